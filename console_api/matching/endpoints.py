"""A station writes down what it sees of a supplier; the poverty office alone reads what may follow from it."""

import msgspec

from accounts.actors import MerchantClerk, PovertyOfficer, StationKeeper
from console_api import door
from console_api.matching.schemas import (
    MatchDecisionInput,
    MatchesQuery,
    MatchesView,
    MatchLookView,
    SupplierIdentityInput,
)
from console_api.traceability.endpoints import reach_of
from poverty_alleviation.matching.queries import match_cards
from poverty_alleviation.matching.service import MatchDecision, MatchProposals, SeenIdentity, SupplierIdentities


@door.put("/suppliers/<number:str>/identity", status=204)
async def note_supplier_identity(
    actor: StationKeeper | MerchantClerk, number: str, body: SupplierIdentityInput, identities: SupplierIdentities
) -> None:
    """登记供货人证件、电话或行政村；只存不可还原的索引，不回显，也不作任何答复。"""
    seen = SeenIdentity(id_number=body.id_number, phone=body.phone, village=body.village)
    await identities.note(reach_of(actor), number, seen)


@door.post("/poverty/match-looks", status=200)
async def look_for_matches(actor: PovertyOfficer, proposals: MatchProposals) -> MatchLookView:
    """立即查找供货人与农户的可能匹配；每一对只建议一次。"""
    return MatchLookView(await proposals.look())


@door.get("/poverty/match-proposals")
async def list_match_proposals(actor: PovertyOfficer, query: MatchesQuery) -> MatchesView:
    """匹配建议，最新在前；仅扶贫部门可见。"""
    return MatchesView(*await match_cards(query.state, query.cursor, query.limit))


@door.put("/poverty/match-proposals/<number:str>/decision", status=204)
async def decide_match(actor: PovertyOfficer, number: str, body: MatchDecisionInput, proposals: MatchProposals) -> None:
    """采纳匹配建议（自某日起关联）或说明理由不采纳；不采纳的不再建议。"""
    await proposals.decide(number, msgspec.convert(body, MatchDecision, from_attributes=True), actor.caller)
