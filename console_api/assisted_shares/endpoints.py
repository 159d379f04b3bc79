"""How many of some people are assisted: stated by two accounts of the poverty office, read by the county as a count."""

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from console_api import door
from console_api.assisted_shares.schemas import AssistedShareInput, AssistedSharesQuery, AssistedSharesView
from console_api.corrections.schemas import DecisionInput
from poverty_alleviation.shares.queries import AssistedShareCard, share_card, share_cards
from poverty_alleviation.shares.service import AssistedShares


@door.get("/assisted-shares")
async def list_assisted_shares(
    actor: CountyOfficer | PovertyOfficer | Auditor, query: AssistedSharesQuery
) -> AssistedSharesView:
    """建档立卡人口占比：只有人数与比例；县级部门只见已审核的，人数过少或可推算到个人的不予显示。"""
    whole = not isinstance(actor, CountyOfficer)
    return AssistedSharesView(*await share_cards(query.circle, query.cursor, query.limit, whole=whole))


@door.post("/poverty/assisted-shares", answer=share_card)
async def propose_assisted_share(
    actor: PovertyOfficer, body: AssistedShareInput, key: IdempotencyKey, shares: AssistedShares
) -> Made:
    """按登记册统计某日在岗人员或参训人员中的建档立卡人口；须另一账号审核。"""
    return Made(await shares.propose(body.circle, body.day, actor.caller))


@door.put("/poverty/assisted-shares/<number:str>/decision")
async def decide_assisted_share(
    actor: PovertyOfficer, number: str, body: DecisionInput, shares: AssistedShares
) -> AssistedShareCard:
    """审核占比；提出人不得自批，只能撤回。"""
    await shares.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await share_card(number)
