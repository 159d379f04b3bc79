"""Papers: a merchant hands them in, the county reviews them and watches their days."""

from datetime import timedelta

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.merchants.endpoints import check_own
from console_api.papers.schemas import (
    EndingQuery,
    ExemptionRuleInput,
    ExemptionRulesView,
    PaperInput,
    PapersQuery,
    PapersView,
    ReasonInput,
)
from kit.clock import china_day, utc_now
from merchants.paper_queries import PaperCard, exemption_rules, paper, papers, papers_ending, papers_of
from merchants.papers import Paper, Papers
from merchants.service import Merchants


@door.post("/merchants/<number:str>/papers")
async def submit_paper(
    actor: MerchantClerk | CountyOfficer, number: str, body: PaperInput, key: IdempotencyKey, desk: Papers
) -> PaperCard:
    """提交商户证照，等待县级审核。"""
    check_own(actor, number)
    handed_in = msgspec.convert(body, Paper, from_attributes=True)
    return await paper(await desk.submit(number, handed_in, actor.caller))


@door.get("/merchants/<number:str>/papers")
async def list_papers_of_merchant(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> PapersView:
    """商户的证照与全部审核记录，最新的在前。"""
    check_own(actor, number)
    return PapersView(await papers_of(number))


@door.get("/merchant-papers")
async def list_papers(actor: CountyOfficer | Auditor, query: PapersQuery) -> PapersView:
    """各商户的证照，最早提交的在前。"""
    return PapersView(*await papers(query.state, query.cursor, query.limit))


@door.get("/merchant-papers/ending")
async def list_ending_papers(actor: CountyOfficer | Auditor, query: EndingQuery) -> PapersView:
    """到期预警：即将到期或已到期、尚无新证替换的证照，最早到期的在前。"""
    return PapersView(await papers_ending(china_day(utc_now()) + timedelta(days=query.days)))


@door.put("/merchant-papers/<number:str>/acceptance")
async def accept_paper(actor: CountyOfficer, number: str, desk: Papers) -> PaperCard:
    """证照审核通过；营业执照或自我声明通过后成为商户的经营依据。"""
    await desk.accept(number, actor.caller)
    return await paper(number)


@door.put("/merchant-papers/<number:str>/refusal")
async def refuse_paper(actor: CountyOfficer, number: str, body: ReasonInput, desk: Papers) -> PaperCard:
    """退回证照并说明理由；也可撤销已通过的证照。"""
    await desk.refuse(number, body.reason, actor.caller)
    return await paper(number)


@door.get("/exemption-rules")
async def list_exemption_rules(actor: CountyOfficer | Auditor | MerchantClerk) -> ExemptionRulesView:
    """自然人免登记规则：年度限额与复核周期，按生效日排列。"""
    return ExemptionRulesView(await exemption_rules())


@door.post("/exemption-rules")
async def enter_exemption_rule(
    actor: CountyOfficer, body: ExemptionRuleInput, key: IdempotencyKey, county: Merchants
) -> ExemptionRulesView:
    """登记自某日起适用的自然人免登记规则。"""
    await county.enter_exemption_rule(
        body.valid_from, body.yearly_limit_fen, body.recheck_days, body.source_document, actor.caller
    )
    return ExemptionRulesView(await exemption_rules())
