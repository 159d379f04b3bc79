"""Households that split, merge or change their head. The poverty office alone proposes and decides; auditors read."""

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.household_changes.schemas import ChangeInput, ChangeProposed, ChangesQuery, ChangesView
from poverty_alleviation.lineage.queries import ChangeCard, change_card, change_cards
from poverty_alleviation.lineage.service import HouseholdChanges


@door.post("/poverty/household-changes")
async def propose_household_change(
    actor: PovertyOfficer, body: ChangeInput, key: IdempotencyKey, changes: HouseholdChanges
) -> ChangeProposed:
    """提出分户、并户或户主变更，自某日起；须另一账号审核后生效，原有收入记录不动。"""
    return ChangeProposed(await changes.propose(body.draft(), actor.caller))


@door.get("/poverty/household-changes")
async def list_household_changes(actor: PovertyOfficer | Auditor, query: ChangesQuery) -> ChangesView:
    """户变更单列表，最新在前。"""
    return ChangesView(*await change_cards(query.state, query.cursor, query.limit))


@door.get("/poverty/household-changes/<number:str>")
async def show_household_change(actor: PovertyOfficer | Auditor, number: str) -> ChangeCard:
    """一份户变更单：成员、供货人、协议与合同的去向，只用编码。"""
    return await change_card(number)


@door.put("/poverty/household-changes/<number:str>/decision")
async def decide_household_change(
    actor: PovertyOfficer, number: str, body: DecisionInput, changes: HouseholdChanges
) -> ChangeCard:
    """审核户变更：批准即自该日起生效，提出人不得自批，只能撤回。"""
    await changes.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await change_card(number)
