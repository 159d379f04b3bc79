"""How a product comes to be recognised: application, reviews, decision, public notice and recommendation."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, PovertyOfficer, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.recognitions.schemas import (
    ActInput,
    AddedPaperInput,
    ApplicationInput,
    CasePaperInput,
    CasesQuery,
    CasesView,
    CaseView,
    RuleInput,
    RulesView,
)
from products.recognition.queries import recognition_cases, recognition_rules
from products.recognition.service import CasePaper, Recognitions


@door.post("/recognition-cases")
async def apply_for_recognition(
    actor: MerchantClerk | CountyOfficer | PovertyOfficer,
    body: ApplicationInput,
    key: IdempotencyKey,
    recognitions: Recognitions,
) -> CaseView:
    """申请认定扶贫产品：申请主体须为证照有效的市场主体；商户人员只能为本商户的商品申请。"""
    paper = _paper(body.paper)
    return CaseView(await recognitions.apply(own_merchant(actor), body.product, body.office, paper, actor.caller))


@door.get("/recognition-cases")
async def list_recognition_cases(
    actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor, query: CasesQuery
) -> CasesView:
    """认定申请及其所处环节、各环节办理单位与材料；商户人员只看到自己的。"""
    return CasesView(
        *await recognition_cases(own_merchant(actor), query.state, query.product, query.cursor, query.limit)
    )


@door.post("/recognition-cases/<number:str>/acts")
async def record_recognition_act(
    actor: CountyOfficer | PovertyOfficer,
    number: str,
    body: ActInput,
    key: IdempotencyKey,
    recognitions: Recognitions,
) -> None:
    """登记认定的一个环节：镇办初审、行业复审、县级审定、三级公示、异议、公示期满、推荐上报，或不予认定、撤回。"""
    papers = [_paper(each) for each in body.papers]
    await recognitions.act(number, body.state, body.office, papers, actor.caller, body.reason)


@door.post("/recognition-cases/<number:str>/papers")
async def add_dossier_paper(
    actor: CountyOfficer | PovertyOfficer,
    number: str,
    body: AddedPaperInput,
    key: IdempotencyKey,
    recognitions: Recognitions,
) -> None:
    """为认定申请补充一份材料；材料只增不改。"""
    await recognitions.add_paper(number, body.step, _paper(body), actor.caller)


@door.post("/recognition-rules")
async def set_recognition_rule(
    actor: CountyOfficer | PovertyOfficer, body: RuleInput, key: IdempotencyKey, recognitions: Recognitions
) -> None:
    """登记公示天数及其依据文件，自某日起张贴的公示适用。"""
    await recognitions.set_rule(body.notice_days, body.valid_from, body.source_document, actor.caller)


@door.get("/recognition-rules")
async def list_recognition_rules(actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor) -> RulesView:
    """公示天数及其依据文件。"""
    return RulesView(await recognition_rules())


def _paper(body: CasePaperInput) -> CasePaper:
    return msgspec.convert(body, CasePaper, from_attributes=True)
