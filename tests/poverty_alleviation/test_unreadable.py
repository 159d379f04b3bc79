"""One damaged ciphertext hides nothing else, is told, and pays nobody."""

from typing import Any

import pytest
import structlog

from accounts.roles import Role
from kit.encryption import FieldUnreadable
from poverty_alleviation.exports.items import carried_households, household_values
from poverty_alleviation.households import UNREADABLE
from poverty_alleviation.payout_runs.errors import PayeesUnreadable
from poverty_alleviation.payout_runs.models import RunState
from poverty_alleviation.payout_runs.queries import run_shown
from poverty_alleviation.payouts import due
from server.sealed_fields import SEALED_TABLES
from server.unreadable_fields import UNREADABLE as COUNTED
from server.unreadable_fields import UnreadableFields, UnreadableRow, unreadable_rows
from tests.accounts.people import throwaway_cipher
from tests.payments.conftest import sandbox
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.damage import DAMAGES, damage
from tests.poverty_alleviation.families import WIFE, enter, family
from tests.poverty_alleviation.test_doors import CHECK, Console, console
from tests.poverty_alleviation.test_help import H1, Help
from tests.poverty_alleviation.test_matching import matches, proposed, seen
from tests.poverty_alleviation.test_payout_runs import account, runs_of, two_owed
from tests.poverty_alleviation.test_statements import PRINTER, QUARTER, issued, kept
from tests.poverty_alleviation.transfer_desk import Desk, desk
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import as_superuser

__all__ = ["console", "desk", "sandbox"]

OF_H1 = "code = '示例H1'"
IN_H1 = f"household_id = (SELECT id FROM household WHERE {OF_H1})"
PAYING = {"purpose": "payout", "document": "示例核查 1 号"}


@pytest.mark.parametrize("how", DAMAGES)
async def test_a_list_shows_the_others_and_says_what_is_damaged(county: County, console: Console, how: str) -> None:
    """Fails when a list asks the cipher itself: tried."""
    await damage("household", "name_cipher", how, OF_H1)
    reply = await console.ask(Role.POVERTY_OFFICER, "GET", "/poverty/households")
    assert reply.status_code == 200, reply.text
    first, second = reply.json()["households"]
    assert (first["code"], first["name_masked"], first["unreadable"]) == ("示例H1", "", ["name"])
    assert first["phone_masked"] == "100****0001"
    assert (second["name_masked"], second["unreadable"]) == ("示*****", [])
    one = await console.ask(Role.POVERTY_OFFICER, "GET", "/poverty/households/示例H1")
    assert (one.status_code, one.json()["unreadable"]) == (200, ["name"])
    assert one.json()["suppliers"]
    looked = await console.ask(Role.POVERTY_OFFICER, "POST", "/poverty/households/示例H1/identity-views", CHECK)
    told = looked.json()
    assert (looked.status_code, told["code"], told["field"], told["because"]) == (409, "field_unreadable", "name", how)
    assert await kept("SELECT 1 FROM access_log") == [], "nothing was seen"
    other = await console.ask(Role.POVERTY_OFFICER, "POST", "/poverty/households/示例H2/identity-views", CHECK)
    assert other.json()["name"] == "示例户主H2"


async def test_members_accounts_and_helpers_stand_beside_a_damaged_one(county: County, console: Console) -> None:
    who = await family(county)
    _, code = await account(county, "示例H1")
    await account(county, "示例H1", "6200000000000033")
    await damage("household_member", "phone_cipher", where=f"code = '{who['son']}'")
    await damage("household_account", "number_cipher", where=f"code = '{code}'")
    at = "/poverty/households/示例H1"
    members = (await console.ask(Role.POVERTY_OFFICER, "GET", f"{at}/members")).json()["members"]
    assert {each["code"]: each["unreadable"] for each in members if each["unreadable"]} == {who["son"]: ["phone"]}
    (son,) = [each for each in members if each["code"] == who["son"]]
    assert (son["name_masked"], son["phone_masked"]) == ("示***", None)
    accounts = (await console.ask(Role.POVERTY_OFFICER, "GET", f"{at}/accounts")).json()["accounts"]
    assert [(each["number_masked"], each["unreadable"]) for each in accounts] == [
        ("", ["number"]),
        ("620*********0033", []),
    ]
    looked = await console.ask(Role.POVERTY_OFFICER, "POST", f"{at}/accounts/{code}/number-views", PAYING)
    assert (looked.status_code, looked.json()["code"]) == (409, "field_unreadable")
    register = Help(county)
    await register.helper_of(H1)
    await damage("helper", "phone_cipher")
    (card,), _ = await register.helpers.cards(None, 5)
    assert (card.name_masked, card.phone_masked, card.unreadable) == ("示****", "", ["phone"])


async def test_nobody_is_paid_at_a_damaged_account_and_the_others_are(county: County) -> None:
    """Fails when the line goes to the bank without a name, or takes the file with it: tried."""
    await two_owed(county)
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    await damage("household_member", "name_cipher", where=IN_H1)
    lines = await runs.export(PRINTER, number)
    assert [(each.reference, each.name, each.amount_fen) for each in lines] == [(f"{number}-2", "示例之子示例H2", 697)]
    shown = await run_shown(number)
    assert [(each.state, each.reason) for each in shown.items] == [("dropped", "unreadable"), ("ready", "")]
    assert [(each.household, each.amount_fen) for each in await due()] == [("示例H1", 872)], "due again"
    # The bank may have this one: it is not taken out in silence.
    await damage(
        "household_account",
        "number_cipher",
        "key_unknown",
        "household_id = (SELECT id FROM household WHERE code = '示例H2')",
    )
    with pytest.raises(PayeesUnreadable) as refused:
        await runs.export(PRINTER, number)
    assert refused.value.facts == {"positions": [2]}
    assert [each.state for each in (await run_shown(number)).items] == ["dropped", "ready"]


async def test_a_file_of_damaged_payees_alone_is_refused(county: County) -> None:
    await two_owed(county)
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    await runs.decide(number, RunState.APPROVED, "", SECOND)
    await damage("household_account", "number_cipher")
    with pytest.raises(PayeesUnreadable):
        await runs.export(PRINTER, number)
    assert (await run_shown(number)).run.state is RunState.APPROVED


async def test_a_transfer_to_a_damaged_name_fails_and_the_next_one_goes(desk: Desk) -> None:
    """Fails when the job stops at the first one: tried."""
    run = await desk.sent("示例H1", "示例H2")
    await damage("household_member", "name_cipher", where=f"code = '{desk.codes['示例H1'][0]}'")
    await desk.on(minutes=2)
    assert [each["openid"] for each in desk.at_wechat()] == [desk.people["示例H2"].openid]
    assert sorted(await desk.states(run)) == ["accepted", "asked"]
    await desk.on(minutes=11)
    await desk.on(minutes=11)
    assert sorted(await desk.states(run)) == ["accepted", "failed"]
    assert [(each.household, each.amount_fen) for each in await due()] == [("示例H1", 872)], "due again"


async def test_a_damaged_name_is_nobodys_namesake(county: County) -> None:
    await enter(county, "H2", WIFE)
    await enter(county, "H1", WIFE)
    await county.enter_supplier("F3")
    await as_superuser("UPDATE supplier SET name = '示例配偶' WHERE number = 'S-F3'")
    await seen(county, "S-F3", village=VILLAGE)
    await damage("household_member", "name_cipher", where=IN_H1)
    await damage("household", "name_cipher", where=OF_H1)
    assert await matches(county).look() == 1
    assert list(await proposed()) == [("S-F3", "示例H2")]


async def test_papers_and_files_say_that_a_name_cannot_be_read(county: County) -> None:
    """And a statement opens by the other number."""
    room, (first, _) = await issued(county)
    await damage("household", "name_cipher", where=OF_H1)
    assert (await room.to_print(PRINTER, first)).name == UNREADABLE
    bundle = await room.village_to_print(PRINTER, TOWNSHIP, VILLAGE, QUARTER)
    assert [each.name for each in bundle] == [UNREADABLE, "示例户主H2"]
    carried = await carried_households(QUARTER, None)
    values = await household_values(carried, {"household.name"}, throwaway_cipher())
    assert [each["household.name"] for each in values] == [UNREADABLE, "示例户主H2"]
    await damage("household", "id_number_cipher", "not_sealed", OF_H1)
    assert await room.open_page(room.token(first), "0001") is not None
    await damage("household", "phone_cipher", where=OF_H1)
    assert await room.open_page(room.token(first), "0001") is None


def counted(table: str, column: str) -> float:
    return float(COUNTED.labels(table, column)._value.get())


def test_a_process_tells_of_a_damaged_field_once_and_of_no_value() -> None:
    ring, met = throwaway_cipher(), UnreadableFields()
    before = counted("household", "name")
    with structlog.testing.capture_logs() as logs:
        for place in ("household|name|示例H1", "household|name|示例H1", "household|name|示例H2"):
            with pytest.raises(FieldUnreadable) as refused:
                ring.decrypt(b"\x07", place)
            met.note(refused.value)
    assert [(each["name"], each["reason"]) for each in logs] == [("household.name", "not_sealed")] * 2
    assert "示例H1" not in repr(logs)
    assert counted("household", "name") == before + 2


async def test_the_search_names_every_damaged_row(county: County) -> None:
    ring = throwaway_cipher()
    await family(county)
    assert await unreadable_rows(ring) == []
    await damage("household", "phone_cipher", where=OF_H1)
    await damage("household_member", "name_cipher", "key_unknown", "name_cipher IS NOT NULL")
    (household,) = await kept("SELECT id FROM household WHERE code = '示例H1'")
    found: dict[str, Any] = {}
    for each in await unreadable_rows(ring):
        found.setdefault(each.table, []).append(each)
    assert found["household"] == [UnreadableRow("household", household["id"], ["phone_cipher"])]
    assert [each.columns for each in found["household_member"]] == [["name_cipher"]] * 3
    assert set(found) == {"household", "household_member"} <= {each.table for each in SEALED_TABLES}
