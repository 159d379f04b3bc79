"""How long households' data are kept, what holds them, and their erasure by two accounts of the poverty office."""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.retention.schemas import (
    ByDocument,
    DueHouseholdsView,
    ErasureInput,
    ErasuresQuery,
    ErasuresView,
    HoldsView,
    LimitQuery,
    RetentionRecorded,
    RetentionTermInput,
    RetentionTermsView,
)
from poverty_alleviation.retention.service import Retention, RetentionTerm, erasures, holds, retention_terms


@door.post("/poverty/retention-terms", status=204)
async def set_retention_term(
    actor: PovertyOfficer, body: RetentionTermInput, key: IdempotencyKey, retention: Retention
) -> None:
    """登记某类农户资料的保存期限及其依据；以最新生效的为准。"""
    await retention.set_term(msgspec.convert(body, RetentionTerm, from_attributes=True), actor.caller)


@door.get("/poverty/retention-terms")
async def list_retention_terms(actor: PovertyOfficer | Auditor) -> RetentionTermsView:
    """农户资料保存期限，最新在前。"""
    return RetentionTermsView(await retention_terms())


@door.get("/poverty/due-erasures")
async def list_due_erasures(
    actor: PovertyOfficer | Auditor, query: LimitQuery, retention: Retention
) -> DueHouseholdsView:
    """保存期满、可提请清除的农户。"""
    return DueHouseholdsView(await retention.due(query.limit))


@door.post("/poverty/households/<code:str>/holds")
async def hold_household(
    actor: PovertyOfficer, code: str, body: ByDocument, key: IdempotencyKey, retention: Retention
) -> RetentionRecorded:
    """保全某户资料：解除前一律不清除。"""
    return RetentionRecorded(await retention.hold(code, body.document, actor.caller))


@door.get("/poverty/household-holds")
async def list_household_holds(actor: PovertyOfficer | Auditor, query: LimitQuery) -> HoldsView:
    """资料保全，未解除的在前。"""
    return HoldsView(await holds(query.limit))


@door.put("/poverty/household-holds/<number:str>/release", status=204)
async def release_household_hold(actor: PovertyOfficer, number: str, body: ByDocument, retention: Retention) -> None:
    """解除保全；须由另一账号办理。"""
    await retention.release(number, body.document, actor.caller)


@door.post("/poverty/household-erasures")
async def propose_erasure(
    actor: PovertyOfficer, body: ErasureInput, key: IdempotencyKey, retention: Retention
) -> RetentionRecorded:
    """提请清除某户资料：保存期满，或应本户申请；须另一账号审核。"""
    return RetentionRecorded(await retention.propose(body.household, body.ground, body.document, actor.caller))


@door.get("/poverty/household-erasures")
async def list_erasures(actor: PovertyOfficer | Auditor, query: ErasuresQuery) -> ErasuresView:
    """清除申请及结果，最新在前。"""
    return ErasuresView(*await erasures(query.cursor, query.limit))


@door.put("/poverty/household-erasures/<number:str>/decision", status=204)
async def decide_erasure(actor: PovertyOfficer, number: str, body: DecisionInput, retention: Retention) -> None:
    """审核清除申请；提请人不得自批，只能撤回。批准后由系统清除，账簿与查阅记录保留。"""
    await retention.decide(number, actor.caller, body.note, is_approved=body.is_approved)
