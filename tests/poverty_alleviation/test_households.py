"""The register keeps who a household is sealed, and its decisions and links in spans that never overlap."""

from datetime import date

import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.database import execute, row, rows
from kit.encryption import FieldUnreadable
from poverty_alleviation.errors import (
    HouseholdExists,
    HouseholdUnknown,
    IdentityNumberInvalid,
    LinkUnknown,
    SpanOverlaps,
    SupplierNotEntered,
)
from poverty_alleviation.households import Identity, mask_name, mask_number
from poverty_alleviation.identity_numbers import read_identity_number
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.products.shelf import TOWNSHIP, VILLAGE

ID_NUMBER = "999999197001010017"
SOMEBODY = Identity(name="示例王五", id_number=ID_NUMBER, phone="10000000042")
ACTOR = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例干部")
OWN_REQUEST = Viewing(ViewingPurpose.OWN_REQUEST, "示例申请 1 号")


async def test_nothing_that_names_a_household_is_readable_in_the_database(county: County) -> None:
    code = await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    async with household_rights():
        stored = await row("SELECT * FROM household WHERE code = $1", code)
    assert stored is not None
    dump = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in stored.values())
    for secret in ("示例王五", ID_NUMBER, "10000000042"):
        assert secret.encode() not in dump
    assert len(code) == 26


async def test_an_unmasked_read_is_on_record_or_does_not_happen(county: County) -> None:
    code = await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    assert await county.registry.identity(ACTOR, code, OWN_REQUEST) == SOMEBODY
    (record,) = await rows("SELECT actor, purpose, document, subject FROM access_log")
    assert record == {
        "actor": OFFICER,
        "purpose": "own_request",
        "document": OWN_REQUEST.document,
        "subject": f"household:{code}",
    }

    class Broken(AccessLogs):
        async def record(self, *_: object, **__: object) -> None:
            raise ConnectionError("the log is gone")

    registry = county.registry
    with pytest.raises(ConnectionError):
        await type(registry)(registry.cipher, Broken(), registry.clock).identity(ACTOR, code, OWN_REQUEST)


async def test_lists_are_masked(county: County) -> None:
    code = await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    card = await county.registry.card(code)
    assert (card.name_masked, card.phone_masked, card.status) == ("示***", "100****0042", None)
    page, cursor = await county.registry.cards(TOWNSHIP, None, 2)
    assert [c.code for c in page] == ["示例H1", "示例H2"]
    assert [c.code for c in (await county.registry.cards(TOWNSHIP, cursor, 2))[0]] == [code]
    assert (await county.registry.cards("533124201", None, 2))[0] == []
    assert (await county.registry.card("示例H1")).suppliers[0].supplier == county.suppliers["H1"]
    assert (mask_name("王"), mask_number("1234")) == ("王", "****")
    assert await rows("SELECT 1 FROM access_log") == []


async def test_a_ciphertext_that_was_moved_to_another_household_does_not_open(county: County) -> None:
    async with household_rights():
        await execute(
            "UPDATE household SET name_cipher = (SELECT name_cipher FROM household WHERE code = '示例H2')"
            " WHERE code = '示例H1'"
        )
    assert (await county.registry.card("示例H1")).unreadable == ["name"]
    with pytest.raises(FieldUnreadable):
        await county.registry.identity(ACTOR, "示例H1", OWN_REQUEST)


async def test_an_identity_number_is_found_and_entered_once(county: County) -> None:
    code = await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    assert await county.registry.of_id_number(ID_NUMBER) == code
    assert await county.registry.of_id_number("999999197001010025") is None
    with pytest.raises(HouseholdExists):
        await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    with pytest.raises(HouseholdExists):
        await county.registry.enter(Identity(name="示例"), TOWNSHIP, VILLAGE, OFFICER, "示例H1")


async def test_a_person_is_entered_once_whichever_paper_says_so(county: County) -> None:
    """Fails when the index is made of the text as it was typed: tried."""
    await county.registry.enter(SOMEBODY, TOWNSHIP, VILLAGE, OFFICER)
    for paper in (" ９９９９９９ 19700101 0017 ", f"{ID_NUMBER}42", f"{ID_NUMBER}42".lower()):
        with pytest.raises(HouseholdExists):
            await county.registry.enter(Identity(name="示例", id_number=paper), TOWNSHIP, VILLAGE, OFFICER)
        assert await county.registry.of_id_number(paper) is not None
    code = await county.registry.enter(
        Identity(name="示例", id_number="99999919700101005x42"), TOWNSHIP, VILLAGE, OFFICER
    )
    assert (await county.registry.identity(ACTOR, code, OWN_REQUEST)).id_number == "99999919700101005X42"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("999999197001010018", "check_character"),
        ("99999919700101001X", "check_character"),
        ("999999197002300013", "birthday"),
        ("999999290001010013", "birthday"),
        ("99999919700101001", "length"),
        ("9999991970010100171", "length"),
        (f"{ID_NUMBER}82", "disability"),
        (f"{ID_NUMBER}45", "disability"),
        ("9999991970O1010017", "characters"),
        ("999999-19700101001", "characters"),
        ("²99999197001010017", "check_character"),
    ],
)
def test_a_number_that_cannot_be_is_refused_without_being_quoted(number: str, reason: str) -> None:
    with pytest.raises(IdentityNumberInvalid) as refused:
        read_identity_number(number, date(2026, 11, 26))
    assert refused.value.facts == {"reason": reason}
    assert number not in str(refused.value)


async def test_decisions_follow_each_other_without_overlap(county: County) -> None:
    decide = county.registry.decide
    await decide("示例H1", AssistanceStatus.EXITED_WITH_POLICY, date(2020, 12, 1), "示例文件3号", OFFICER)
    spans = (await county.registry.card("示例H1")).statuses
    assert [(s.status, s.valid_from, s.valid_until) for s in spans] == [
        ("registered", date(2020, 1, 1), date(2020, 12, 1)),
        ("exited_with_policy", date(2020, 12, 1), None),
    ]
    with pytest.raises(SpanOverlaps):
        await decide("示例H1", AssistanceStatus.CANCELLED, date(2020, 6, 1), "示例文件4号", OFFICER)
    with pytest.raises(SpanOverlaps):
        await decide("示例H1", AssistanceStatus.CANCELLED, date(2020, 12, 1), "示例文件4号", OFFICER)
    with pytest.raises(HouseholdUnknown):
        await decide("示例H9", AssistanceStatus.CANCELLED, date(2021, 1, 1), "示例文件4号", OFFICER)
    assert (await county.registry.card("示例H1")).statuses == spans


async def test_a_supplier_stands_for_one_household_at_a_time(county: County) -> None:
    link, supplier = county.registry.link, county.suppliers["H1"]
    with pytest.raises(SpanOverlaps):
        await link("示例H2", supplier, date(2026, 1, 1), "示例文件5号", OFFICER)
    with pytest.raises(SupplierNotEntered):
        await link("示例H2", "S404", date(2026, 1, 1), "示例文件5号", OFFICER)
    await county.registry.unlink("示例H1", supplier, date(2026, 2, 1))
    with pytest.raises(LinkUnknown):
        await county.registry.unlink("示例H1", supplier, date(2026, 3, 1))
    await link("示例H2", supplier, date(2026, 2, 1), "示例文件5号", OFFICER)


async def test_the_database_itself_refuses_an_overlap(county: County) -> None:
    with pytest.raises(BaseORMException, match="no_overlap"):
        async with household_rights():
            await execute(
                "INSERT INTO supplier_link (supplier, household_id, valid_from, document, linked_by, linked_at)"
                " SELECT supplier, household_id, '2025-01-01', 'x', 'x', now() FROM supplier_link"
            )
