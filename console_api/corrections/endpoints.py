"""What is wrong in the books: proposed by one account of the poverty office, decided by another, read by auditors."""

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import (
    CorrectionInput,
    CorrectionProposed,
    CorrectionsQuery,
    CorrectionsView,
    DecisionInput,
)
from poverty_alleviation.corrections.queries import CorrectionPostings, correction_cards, correction_postings
from poverty_alleviation.corrections.service import Corrections


@door.post("/poverty/corrections")
async def propose_correction(
    actor: PovertyOfficer, body: CorrectionInput, key: IdempotencyKey, corrections: Corrections
) -> CorrectionProposed:
    """提出更正：冲销收购、结算或付款凭证，或按某日的关联与规则重分订单行、重记收购；须另一账号审核后入账。"""
    number = await corrections.propose(body.kind, body.target, body.as_of, body.reason, body.evidence, actor.caller)
    return CorrectionProposed(number)


@door.get("/poverty/corrections")
async def list_corrections(actor: PovertyOfficer | Auditor, query: CorrectionsQuery) -> CorrectionsView:
    """更正单列表，最新在前。"""
    return CorrectionsView(*await correction_cards(query.state, query.cursor, query.limit))


@door.get("/poverty/corrections/<number:str>")
async def show_correction(actor: PovertyOfficer | Auditor, number: str) -> CorrectionPostings:
    """一份更正单及其分录：待审的按当前账簿试算，已审的为入账分录。"""
    return await correction_postings(number)


@door.put("/poverty/corrections/<number:str>/decision")
async def decide_correction(
    actor: PovertyOfficer, number: str, body: DecisionInput, corrections: Corrections
) -> CorrectionPostings:
    """审核更正：批准即入账，提出人不得自批，只能撤回。"""
    await corrections.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await correction_postings(number)
