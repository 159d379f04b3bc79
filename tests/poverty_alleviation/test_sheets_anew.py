"""A sheet is accepted by who has looked at it; two in one picture wait; what was filed wrongly is filed anew."""

from datetime import date
from io import BytesIO
from pathlib import Path

import asyncpg
import pytest
from PIL import Image, ImageDraw
from tortoise.exceptions import BaseORMException

from content.evidence.errors import EvidenceUnknown
from content.evidence.service import evidence_of
from kit.database import execute
from poverty_alleviation.confirming.confirmations import statement_standing
from poverty_alleviation.confirming.errors import SheetConfirmed, SheetFiledBySame, SheetNotSeen
from poverty_alleviation.confirming.models import SheetState, Unfiled
from poverty_alleviation.confirming.sheets import StatementSheets, sheet_cards
from tests.content.paint import paint
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County, balances
from tests.poverty_alleviation.said import (
    CONFIRMED,
    PAID,
    code_alone,
    looked,
    payout_of,
    photograph,
    sheets_of,
    statements,
)
from tests.poverty_alleviation.test_statements import statements_of, try_out

SIGNED = date(2027, 1, 6)


async def a_filed_one(county: County, sheets: StatementSheets, statement: str) -> str:
    (taken,) = await sheets.take([await photograph(county, statement)], OFFICER)
    assert taken.number is not None
    return taken.number


async def test_a_sheet_is_accepted_by_who_has_looked_at_its_photograph(county: County, tmp_path: Path) -> None:
    """Fails when anybody's look is enough, or none is asked for: tried."""
    first, second = await statements(county)
    sheets = sheets_of(county, tmp_path)
    number, other = await a_filed_one(county, sheets, first), await a_filed_one(county, sheets, second)
    await looked(county, tmp_path, number, SECOND)
    await looked(county, tmp_path, other)
    with pytest.raises(SheetNotSeen):
        await sheets.accept(number, SIGNED, "", OFFICER)
    assert (await balances())[PAID] == -872
    await looked(county, tmp_path, number)
    assert (await sheets.accept(number, SIGNED, "", OFFICER)).confirmed == 1


def beside(raw: bytes, *more: bytes) -> bytes:
    """Pictures side by side in one."""
    pictures = [Image.open(BytesIO(each)).convert("RGB") for each in (raw, *more)]
    table = Image.new("RGB", (sum(each.width for each in pictures), max(each.height for each in pictures)), "white")
    at, buffer = 0, BytesIO()
    for each in pictures:
        table.paste(each, (at, 0))
        at += each.width
    table.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def scratched(raw: bytes) -> bytes:
    """A code that cannot be read whole: a thumb lies on it."""
    picture, buffer = Image.open(BytesIO(raw)).convert("RGB"), BytesIO()
    across = picture.width
    ImageDraw.Draw(picture).ellipse([across * 0.35, across * 0.35, across * 0.8, across * 0.8], fill="white")
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


async def test_two_sheets_in_one_picture_wait_for_a_person_who_is_told_why(county: County, tmp_path: Path) -> None:
    """Fails when only codes that lead to statements count as sheets, or only those that can be read: tried."""
    first, second = await statements(county)
    sheets, room = sheets_of(county, tmp_path), statements_of(county)
    mine, neighbours = (code_alone(f"https://longchuan.example/h/{room.token(each)}") for each in (first, second))
    old = code_alone(f"https://longchuan.example/h/{'x' * 32}")
    several = [beside(mine, neighbours), beside(mine, old), beside(mine, scratched(neighbours))]
    taken = await sheets.take([*several, beside(mine, mine), old, paint()], OFFICER)
    assert [(each.state, each.statement, each.unfiled) for each in taken] == [
        *[(SheetState.UNREAD, None, Unfiled.SEVERAL_SHEETS)] * 3,
        (SheetState.FILED, first, None),
        (SheetState.UNREAD, None, Unfiled.NO_STATEMENT),
        (SheetState.UNREAD, None, Unfiled.NO_CODE),
    ]
    waiting, _ = await sheet_cards(SheetState.UNREAD, None, 10)
    assert [each.unfiled for each in waiting] == [each.unfiled for each in taken if each.unfiled]
    await sheets.file(str(taken[0].number), second, OFFICER)
    await looked(county, tmp_path, str(taken[0].number))
    assert (await sheets.accept(str(taken[0].number), SIGNED, "", OFFICER)).confirmed == 1


async def test_a_sheet_that_was_filed_wrongly_is_filed_anew_and_accepted_by_another(
    county: County, tmp_path: Path
) -> None:
    """Fails when who filed it anew may accept it: tried. The table's CHECK says so as well."""
    first, second = await statements(county)
    sheets = sheets_of(county, tmp_path)
    number = await a_filed_one(county, sheets, first)
    await sheets.file(number, first, SECOND)
    await sheets.file(number, second, SECOND)
    for by in (OFFICER, SECOND):
        await looked(county, tmp_path, number, by)
    with pytest.raises(SheetFiledBySame):
        await sheets.accept(number, SIGNED, "", SECOND)
    (card,), _ = await sheet_cards(None, None, 10)
    assert (card.state, card.statement, card.household, card.filed_by) == (SheetState.FILED, second, "示例H2", SECOND)
    assert [(each.state, each.statement, each.filed_by, each.replaced_by) for each in card.earlier] == [
        (SheetState.FILED, first, None, SECOND)
    ]
    assert await evidence_of("household_statement", [first]) == []
    assert [each.number for each in await evidence_of("household_statement", [second])] == [number]
    assert (await statement_standing(first, with_words=True)).sheets == []
    with pytest.raises((BaseORMException, asyncpg.PostgresError)):
        await try_out(
            "UPDATE statement_sheet SET state = 'accepted', decided_by = filed_by, decided_at = now(),"
            " signed_on = '2027-01-06' WHERE number = $1",
            number,
        )
    assert (await sheets.accept(number, SIGNED, "", OFFICER)).confirmed == 1
    found = await balances()
    assert (found[PAID], found[("2101", "示例H2", "confirmed")]) == (-872, -1200)


async def test_a_rejected_sheet_is_filed_anew_and_what_was_said_of_it_stays(county: County, tmp_path: Path) -> None:
    first, _ = await statements(county)
    sheets = sheets_of(county, tmp_path)
    number = await a_filed_one(county, sheets, first)
    await sheets.reject(number, "看不清签字", OFFICER)
    for attack in (
        "UPDATE statement_sheet SET note = '' WHERE number = $1",
        "UPDATE statement_sheet SET state = 'filed', filed_by = 'staff:x', filings = 1, decided_by = NULL,"
        " decided_at = NULL, note = '' WHERE number = $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, number)
    await sheets.file(number, first, SECOND)
    (card,), _ = await sheet_cards(SheetState.FILED, None, 10)
    (before,) = card.earlier
    assert (before.state, before.note, before.decided_by) == (SheetState.REJECTED, "看不清签字", OFFICER)
    assert (card.note, card.decided_by) == ("", None)
    for attack in (
        "UPDATE earlier_filing SET note = 'x' WHERE note <> $1",
        "DELETE FROM earlier_filing WHERE note <> $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, number)
    await looked(county, tmp_path, number)
    assert (await sheets.accept(number, SIGNED, "", OFFICER)).confirmed == 1


async def test_what_a_sheet_has_confirmed_is_corrected_by_two_before_it_is_filed_anew(
    county: County, tmp_path: Path
) -> None:
    """Fails when an accepted sheet moves while its confirmations stand: tried."""
    first, second = await statements(county)
    sheets, payout = sheets_of(county, tmp_path), await payout_of(county)
    number = await a_filed_one(county, sheets, first)
    for by in (OFFICER, SECOND):
        await looked(county, tmp_path, number, by)
    await sheets.accept(number, SIGNED, "示例", OFFICER)
    with pytest.raises(SheetConfirmed) as refused:
        await sheets.file(number, second, SECOND)
    assert refused.value.facts["rows"] == [f"payout:{payout.source_id}"]
    await county.correct("payout", payout.source_id)
    assert CONFIRMED not in await balances()
    await sheets.file(number, second, SECOND)
    (card,), _ = await sheet_cards(SheetState.FILED, None, 10)
    assert [(each.state, each.statement, each.signed_on) for each in card.earlier] == [
        (SheetState.ACCEPTED, first, SIGNED)
    ]
    assert (await sheets.accept(number, SIGNED, "", OFFICER)).confirmed == 1
    assert (await balances())[("2101", "示例H2", "confirmed")] == -1200


async def test_a_photograph_that_is_forgotten_is_filed_nowhere(county: County, tmp_path: Path) -> None:
    first, second = await statements(county)
    sheets = sheets_of(county, tmp_path)
    number = await a_filed_one(county, sheets, first)
    await execute("UPDATE evidence SET forgotten_at = now() WHERE number = $1", number)
    with pytest.raises(EvidenceUnknown):
        await sheets.file(number, second, SECOND)
    (card,), _ = await sheet_cards(None, None, 10)
    assert (card.statement, card.earlier) == (first, [])
