"""Matches of suppliers with households are proposed to the poverty office alone, once; stations learn nothing."""

from datetime import date
from typing import Any

import asyncpg
import msgspec
import pytest

from kit.database import rows
from kit.errors import DomainError
from poverty_alleviation.errors import IdentityNumberInvalid, SpanOverlaps, VillageUnknown
from poverty_alleviation.households import Identity
from poverty_alleviation.matching.errors import MatchDecided, MatchInvalid, MatchUnknown, SupplierIdentityInvalid
from poverty_alleviation.matching.models import MATCH_TRANSITIONS, MatchState
from poverty_alleviation.matching.queries import MatchCard, match_cards
from poverty_alleviation.matching.service import MatchDecision, MatchProposals, SeenIdentity, SupplierIdentities
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.families import HEADS, WIFE, enter, family
from tests.poverty_alleviation.test_register import SON, members, number_of
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.superuser import as_superuser
from traceability.errors import SupplierUnknown
from traceability.service import Reach

KEEPER = Reach(caller="staff:keeper", township=TOWNSHIP)
ACCEPTED = MatchDecision(is_accepted=True, valid_from=date(2026, 11, 1), document="示例走访 1 号")
REFUSED = MatchDecision(is_accepted=False, reason="示例同名不同人")


def matches(county: County) -> MatchProposals:
    return MatchProposals(county.registry.cipher, county.registry, county.clock)


async def seen(county: County, supplier: str, reach: Reach = KEEPER, **said: Any) -> None:
    await SupplierIdentities(county.registry.cipher, county.clock).note(reach, supplier, SeenIdentity(**said))


async def proposed(state: MatchState | None = MatchState.PROPOSED) -> dict[tuple[str, str], MatchCard]:
    cards, _ = await match_cards(state, None, 100, date(2026, 11, 23))
    return {(each.supplier, each.household): each for each in cards}


async def one_proposal(county: County) -> str:
    """N1 shows the paper of the head of H1; answers the proposal's number."""
    await family(county)
    await seen(county, "S-N1", id_number=HEADS["H1"])
    await matches(county).look()
    (card,) = (await proposed()).values()
    return card.number


async def test_a_paper_a_phone_and_a_name_in_a_village_are_grounds(county: County) -> None:
    """N1 shows the head's paper as a disabled person's, F2 the wife's phone, F3 is called as she and lives there."""
    await family(county)
    wife = msgspec.structs.replace(WIFE, name="示例 配偶乙", phone="10000000061")
    await enter(county, "H2", wife)
    for name in ("F2", "F3", "F4", "F5"):
        await county.enter_supplier(name)
    await as_superuser("UPDATE supplier SET name = '示例配偶乙' WHERE number IN ('S-F3', 'S-F4', 'S-F5')")
    await seen(county, "S-N1", id_number=HEADS["H1"] + "42")
    await seen(county, "S-F2", phone=" 10000000061 ")
    await seen(county, "S-F3", village=VILLAGE)
    await seen(county, "S-F4", village=ANOTHER_VILLAGE)
    assert await matches(county).look() == 3
    found = await proposed()
    assert {pair: card.grounds for pair, card in found.items()} == {
        ("S-N1", "示例H1"): ["id_number"],
        ("S-F2", "示例H2"): ["phone"],
        ("S-F3", "示例H2"): ["name_village"],
    }
    assert {card.is_linked for card in found.values()} == {False}
    assert await matches(county).look() == 0


async def test_the_newest_word_holds_and_grounds_stand_together(county: County) -> None:
    await family(county)
    await seen(county, "S-N1", id_number=number_of("19800101"))
    await seen(county, "S-N1", id_number=HEADS["H1"], phone="10000000001", village=VILLAGE)
    await as_superuser("UPDATE supplier SET name = '示例户主H1' WHERE number = 'S-N1'")
    assert await matches(county).look() == 1
    (card,) = (await proposed()).values()
    assert card.grounds == ["id_number", "name_village", "phone"]


async def test_what_is_refused_is_not_proposed_again_and_what_is_accepted_is_linked(county: County) -> None:
    number, other = await one_proposal(county), number_of("19710101")
    await county.registry.enter(Identity(name="示例户主丙", id_number=other), TOWNSHIP, VILLAGE, OFFICER, "示例H3")
    await matches(county).decide(number, REFUSED, OFFICER)
    assert await matches(county).look() == 0
    assert await proposed() == {}
    await seen(county, "S-N1", id_number=other)
    assert await matches(county).look() == 1
    card = (await proposed())["S-N1", "示例H3"]
    await matches(county).decide(card.number, ACCEPTED, OFFICER)
    linked = (await county.registry.card("示例H3")).suppliers
    assert [(each.supplier, each.valid_from, each.document) for each in linked] == [
        ("S-N1", date(2026, 11, 1), "示例走访 1 号")
    ]
    every = await proposed(None)
    assert [(each.state, each.reason, each.is_linked) for each in every.values()] == [
        ("accepted", "", True),
        ("refused", "示例同名不同人", True),
    ]


async def test_who_is_linked_who_has_left_and_a_firm_are_not_proposed(county: County) -> None:
    await family(county)
    await seen(county, "S-H2", id_number=HEADS["H1"])
    assert await matches(county).look() == 0
    wife = await enter(county, "H2", msgspec.structs.replace(WIFE, phone="10000000061"))
    await members(county).end("示例H2", wife, date(2026, 11, 23), OFFICER)
    await seen(county, "S-N1", phone="10000000061")
    assert await matches(county).look() == 0
    with pytest.raises(SupplierIdentityInvalid):
        await seen(county, "S-COOP", phone="10000000001")


async def test_a_match_that_came_too_late_is_not_accepted(county: County) -> None:
    number = await one_proposal(county)
    await county.registry.link("示例H2", "S-N1", date(2026, 11, 1), "示例文件 9 号", OFFICER)
    with pytest.raises(SpanOverlaps):
        await matches(county).decide(number, ACCEPTED, OFFICER)
    assert (await proposed())["S-N1", "示例H1"].is_linked


@pytest.mark.parametrize("state", MatchState)
@pytest.mark.parametrize("decision", [ACCEPTED, REFUSED])
async def test_every_decision_in_every_state_of_a_proposal_goes_where_the_table_says(
    county: County, state: MatchState, decision: MatchDecision
) -> None:
    number = await one_proposal(county)
    if state is not MatchState.PROPOSED:
        await matches(county).decide(number, ACCEPTED if state is MatchState.ACCEPTED else REFUSED, OFFICER)
    to = MatchState.ACCEPTED if decision.is_accepted else MatchState.REFUSED
    if to in MATCH_TRANSITIONS[state] or to is state:
        await matches(county).decide(number, decision, OFFICER)
        assert [each.state for each in (await proposed(None)).values()] == [to]
    if to not in MATCH_TRANSITIONS[state]:
        with pytest.raises(MatchDecided):
            await matches(county).decide(number, decision, SECOND)


async def test_a_decision_says_why_and_stays(county: County) -> None:
    number = await one_proposal(county)
    for wrong in (
        MatchDecision(is_accepted=False, reason=" "),
        MatchDecision(is_accepted=True, document="示例"),
        MatchDecision(is_accepted=True, valid_from=date(2026, 11, 1)),
    ):
        with pytest.raises(MatchInvalid):
            await matches(county).decide(number, wrong, OFFICER)
    with pytest.raises(MatchUnknown):
        await matches(county).decide("X404", REFUSED, OFFICER)
    await matches(county).decide(number, REFUSED, OFFICER)
    for statement in (
        "UPDATE household.match_proposal SET state = 'proposed', decided_by = NULL, decided_at = NULL, reason = ''",
        "DELETE FROM household.match_proposal",
        "UPDATE household.supplier_identity SET village = NULL",
        "DELETE FROM household.supplier_identity",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_superuser(statement)


@pytest.mark.parametrize(
    ("reach", "said", "refusal"),
    [
        (Reach(caller="staff:keeper", township="533124102"), {"phone": "10000000061"}, SupplierUnknown),
        (Reach(caller="staff:clerk", merchant="M-OTHER"), {"phone": "10000000061"}, SupplierUnknown),
        (KEEPER, {}, SupplierIdentityInvalid),
        (KEEPER, {"phone": "  "}, SupplierIdentityInvalid),
        (KEEPER, {"village": "533124102901"}, VillageUnknown),
        (KEEPER, {"id_number": "999999199001010010"}, IdentityNumberInvalid),
    ],
)
async def test_what_nobody_may_write_of_a_supplier(
    county: County, reach: Reach, said: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        await seen(county, "S-N1", reach, **said)


async def test_nothing_that_a_station_reads_of_a_supplier_changes(county: County) -> None:
    """Whoever delivers, household or not; and the paper stands nowhere in clear."""
    await family(county)
    before = await rows("SELECT * FROM supplier ORDER BY id")
    for number in (HEADS["H1"], str(SON.id_number), number_of("19810101")):
        await seen(county, "S-N1", id_number=number)
    assert await rows("SELECT * FROM supplier ORDER BY id") == before
    async with household_rights():
        kept = await rows("SELECT * FROM supplier_identity ORDER BY id")
    assert HEADS["H1"][6:] not in str(kept)
    assert [len(each["id_number_index"]) for each in kept] == [32] * 3
