"""A household's quarter is issued from closed months, printed to the fen, and opened by who knows four characters."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
import zxingcpp
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.database import execute, rows, scalar
from poverty_alleviation.errors import VillageUnknown
from poverty_alleviation.queries import statement
from poverty_alleviation.statements.errors import QuarterNotClosed, StatementUnknown
from poverty_alleviation.statements.figures import CATEGORIES, StatementText
from poverty_alleviation.statements.paper import SIGNATURES, bundle_paper, statement_paper
from poverty_alleviation.statements.quarters import QuarterInvalid, months_of, quarter_span
from poverty_alleviation.statements.service import ATTEMPTS, HouseholdStatements
from poverty_alleviation.vault import household_rights
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.papers import drawn_code, pages_of
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_figures import captured, sold
from tests.poverty_alleviation.test_month_close import NOVEMBER, everything_is_delivered, signed
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE
from traceability.models import IntakeMode

QUARTER = "2026-Q4"
JANUARY = datetime(2027, 1, 5, 2, 0, tzinfo=UTC)
PRINTER = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例扶贫干部")


@household_rights()
async def kept(sql: str, *parameters: object) -> list[dict[str, Any]]:
    """Rows of the vault."""
    return await rows(sql, *parameters)


@household_rights()
async def try_out(attack: str, number: str) -> None:
    """As the room itself might."""
    await execute(attack, number)


def statements_of(county: County) -> HouseholdStatements:
    cipher = throwaway_cipher()
    return HouseholdStatements(cipher, AccessLogs(county.clock), "https://longchuan.example", county.clock)


async def a_closed_quarter(county: County) -> HouseholdStatements:
    """November: 109.70 sold (8.72 to H1, 6.97 to H2 earned), 8.72 of it paid; H2 is paid 12.00 at the scale."""
    await sold(county)
    await county.payouts.record("示例H1", county.merchant, 872, "回单1", date(2026, 11, 24), OFFICER)
    await county.sealed_lot({"H2": 1_000}, IntakeMode.PAID_AT_SCALE)
    await county.tell(*await announced(), captured(county, "O1", 10_970))
    await everything_is_delivered()
    county.now = JANUARY
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    return statements_of(county)


async def issued(county: County) -> tuple[HouseholdStatements, list[str]]:
    """The numbers of the statements of both households, by code."""
    room = await a_closed_quarter(county)
    assert await room.issue(TOWNSHIP, VILLAGE, QUARTER, OFFICER) == 2
    found = await kept("SELECT number FROM household_statement s JOIN household h ON h.id = household_id ORDER BY code")
    return room, [each["number"] for each in found]


async def test_a_statement_says_what_the_figures_say_by_category_and_product(county: County) -> None:
    """Fails when a part of a figure is left out of the products: tried with the intakes."""
    room, numbers = await issued(county)
    cards, following = await room.cards(QUARTER, TOWNSHIP, None, 10)
    assert following is None
    assert [card.number for card in cards] == numbers
    for card, number in zip(cards, numbers, strict=True):
        (found,) = await kept("SELECT text, digest FROM household_statement WHERE number = $1", number)
        assert sha256(found["text"].encode()).hexdigest() == found["digest"] == card.digest
        assert "示例户主" not in found["text"]
        text = (await room.to_print(PRINTER, number)).text
        said = await statement(card.household, *quarter_span(QUARTER))
        for name in ("attributed_sales_fen", "income_paid_fen", "income_confirmed_fen"):
            assert getattr(text, name) == getattr(said.figures, name) == getattr(card, name)
        assert [each for each in text.income_by_category if each.paid_fen] == said.income_by_category
        assert [each.category for each in text.income_by_category] == list(CATEGORIES)
        assert sum(line.attributed_sales_fen for line in text.lines) == text.attributed_sales_fen
        assert sum(line.income_paid_fen for line in text.lines) == text.income_paid_fen
        assert {line.title for line in text.lines} == {"古法红糖 500 g"}
        assert text.roots == {NOVEMBER: await scalar("SELECT root FROM ledger_period")}
    assert [card.income_paid_fen for card in cards] == [872, 1_200]


async def test_only_what_can_no_longer_move_is_issued_and_it_never_changes(county: County) -> None:
    await sold(county)
    room = statements_of(county)
    for moment in (county.now, JANUARY):
        county.now = moment
        with pytest.raises(QuarterNotClosed):
            await room.issue(TOWNSHIP, VILLAGE, QUARTER, OFFICER)
    with pytest.raises(QuarterInvalid):
        await room.issue(TOWNSHIP, VILLAGE, "2026-Q5", OFFICER)
    assert await kept("SELECT 1 FROM household_statement") == []


async def test_issuing_again_issues_nothing_and_the_rows_stand(county: County) -> None:
    room, (first, _) = await issued(county)
    before = await kept("SELECT * FROM household_statement ORDER BY id")
    assert await room.issue(TOWNSHIP, VILLAGE, QUARTER, OFFICER) == 0
    assert await room.issue(TOWNSHIP, ANOTHER_VILLAGE, QUARTER, OFFICER) == 0
    for township, village in ((TOWNSHIP, f"{TOWNSHIP}777"), ("533124999", VILLAGE)):
        with pytest.raises(VillageUnknown):  # a slip of the pen is no village without statements
            await room.issue(township, village, QUARTER, OFFICER)
    assert await kept("SELECT * FROM household_statement ORDER BY id") == before
    for attack in (
        "UPDATE household_statement SET text = '{}' WHERE number = $1",
        "UPDATE household_statement SET page_hash = 'a' WHERE number = $1",
        "DELETE FROM household_statement WHERE number = $1",
    ):
        with pytest.raises((BaseORMException, asyncpg.PostgresError)):
            await try_out(attack, first)


async def test_the_paper_carries_the_figures_to_the_fen_and_is_the_same_again(county: County) -> None:
    """The code is read back from what is drawn. The neighbour, who is nobody's household here, has no paper."""
    room, (first, second) = await issued(county)
    shown = await room.to_print(PRINTER, first)
    paper = statement_paper(shown)
    assert paper == statement_paper(await room.to_print(PRINTER, first)), "byte for byte"
    (page,) = pages_of(paper)
    cells = page.split("\n")
    text = shown.text
    assert cells[cells.index("带动销售额") + 3 :][:3] == [yuan(text.attributed_sales_fen), "8.72", "0.00"]
    by_category = {each.category: yuan(each.paid_fen) for each in text.income_by_category}
    for category, name in CATEGORIES.items():
        assert cells[cells.index(name) + 1] == by_category[category]
    assert cells[cells.index("古法红糖 500 g") + 1 :][:2] == [yuan(text.attributed_sales_fen), "8.72"]
    assert [cell for cell in cells if cell in SIGNATURES] == list(SIGNATURES)
    assert "2026年第4季度" in page
    assert "示例户主H1" in page
    assert shown.digest in page.replace("\n", "")
    assert "10000000001" not in page
    (code,) = zxingcpp.read_barcodes(drawn_code(paper, 0))
    assert code.text == shown.link
    assert (await room.to_print(PRINTER, second)).link != shown.link


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


async def test_a_villages_bundle_is_one_paper_in_order_behind_its_list(county: County) -> None:
    room, numbers = await issued(county)
    shown = await room.village_to_print(PRINTER, TOWNSHIP, VILLAGE, QUARTER)
    bundle = bundle_paper(shown)
    cover, *pages = pages_of(bundle)
    assert bundle == bundle_paper(shown)
    assert [number for number in cover.split("\n") if number in numbers] == numbers
    assert len(pages) == 2
    for at, (page, each) in enumerate(zip(pages, shown, strict=True), start=1):
        assert each.name in page
        assert each.text.number in page
        (code,) = zxingcpp.read_barcodes(drawn_code(bundle, at))
        assert code.text == each.link
    with pytest.raises(StatementUnknown):
        await room.village_to_print(PRINTER, TOWNSHIP, ANOTHER_VILLAGE, QUARTER)


async def test_a_name_is_printed_only_after_the_look_is_on_record(county: County) -> None:
    room, (first, _) = await issued(county)
    await room.to_print(PRINTER, first)
    await room.village_to_print(PRINTER, TOWNSHIP, VILLAGE, QUARTER)
    noted = await rows("SELECT actor, purpose, subject FROM access_log ORDER BY id")
    assert [each["subject"] for each in noted] == [
        f"household_statement:{first}", f"household_statements:{VILLAGE}:{QUARTER}",
    ]  # fmt: skip
    assert {each["purpose"] for each in noted} == {"statement"}
    with pytest.raises(StatementUnknown):
        await room.to_print(PRINTER, "T404")


async def test_the_code_opens_for_who_knows_four_characters_and_rests_after_five_wrong_ones(county: County) -> None:
    """Fails when wrong ones are not counted: tried."""
    room, (first, second) = await issued(county)
    token = room.token(first)
    found = await kept("SELECT number, page_hash FROM household_statement")
    assert token not in str(found), "only its hash is stored"
    opened = await room.open_page(token, " 0001 ")
    assert isinstance(opened, StatementText)
    assert opened.number == first
    assert await room.open_page(token, "０００１") is not None, "a Chinese keyboard writes digits so"
    for wrong in ("", "1", "0002", "零001", "00001"):
        assert await room.open_page(token, wrong) is None
    assert await room.open_page(token, "0001") is None, "it rests"
    assert await room.open_page(room.token(second), "0001") is not None
    assert await room.open_page("x" * 32, "0001") is None
    county.now += timedelta(days=1, seconds=1)
    assert await room.open_page(token, "0001") is not None
    await asyncio.gather(*[room.open_page(token, "9999") for _ in range(12)])
    assert await kept("SELECT attempts FROM household_statement WHERE number = $1", first) == [{"attempts": ATTEMPTS}]


def test_quarters() -> None:
    assert months_of("2026-Q4") == ["2026-10", "2026-11", "2026-12"]
    assert quarter_span("2026-Q4") == (date(2026, 10, 1), date(2027, 1, 1))
    assert quarter_span("2027-Q1") == (date(2027, 1, 1), date(2027, 4, 1))
    for wrong in ("2026-Q0", "26-Q1", "2026Q1", "2026-Q1 ", "1999-Q1"):
        with pytest.raises(QuarterInvalid):
            quarter_span(wrong)
