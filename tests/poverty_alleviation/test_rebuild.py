"""The books once more from their facts alone, byte for byte."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from kit.database import rows, scalar
from orders.events import LateMoneyRefused
from payments.events import PaymentSettled, RefundSucceeded
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.payouts import PAYOUT
from poverty_alleviation.replay import records
from poverty_alleviation.replay.books import CHANGING, MANY, ONE, RecordMissing
from poverty_alleviation.sales import SalesBooks
from scripts.ledger_rebuild.rebuilding import NotReplayed, rebuild
from scripts.ledger_rebuild.scratch import NotEmpty, fill_empty, scratch
from server.database import ROOT
from server.rights import ONLY_COLUMNS
from tests.conftest import Databases
from tests.orders.mall import environment
from tests.poverty_alleviation.conftest import CHANNEL, NOW, OFFICER, County
from tests.poverty_alleviation.rebuilt import by_the_program, rebuilt, unlike
from tests.poverty_alleviation.test_books_of_sales import SUGAR, announced
from tests.poverty_alleviation.test_lives import close_the_month
from tests.servers import role_url
from tests.statements import counted_statements
from tests.superuser import as_superuser
from traceability.models import IntakeMode


@pytest_asyncio.fixture
async def books(county: County) -> County:
    """A month with a delivery paid at the scale, a line bound late, one refunded and paid out, and its close."""
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    lot = await county.sealed_lot(SUGAR)
    await county.tell(*await announced(), county.paid(freight_fen=800), county.paid("O2"))
    await county.bind({lot: 3})
    await county.tell(county.packed(), county.packed("O2"), county.earned(), county.earned("O2"))
    await county.registry.unlink("示例H2", county.suppliers["H2"], date(2026, 11, 23))
    await county.bind({lot: 3}, "O2")
    await county.tell(county.assigned("O2"), county.refunded(1, 2, 7_314, freight_fen=200))
    owed = -await scalar(
        "SELECT sum(amount_fen)::bigint FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE a.owner = '示例H1' AND a.code = '2101' AND a.state = 'earned'"
    )
    county.now += timedelta(days=1)
    payout = await county.payouts.record("示例H1", county.merchant, owed, "回单1", date(2026, 11, 24), OFFICER)
    await county.payouts.confirm("payout", payout, "visit", "示例走访1", county.now, OFFICER)
    await close_the_month(county)
    await county.tell(county.refunded(2, 1, 3_000))
    return county


async def test_a_month_with_everything(books: County, databases: Databases, tmp_path: Path) -> None:
    """Two corrections in the next month; then the register goes on, which changes nothing behind it."""
    await books.correct("line", "O2-1", date(2026, 11, 10))
    await books.correct("payout", await scalar("SELECT source_id FROM ledger_journal WHERE source_type = $1", PAYOUT))
    await books.correct("intake", await scalar("SELECT intake FROM income_claim WHERE recognition = 'intake_paid'"))
    await books.registry.decide("示例H1", AssistanceStatus.CANCELLED, date(2026, 11, 1), "示例文件9号", OFFICER)
    assert await unlike(databases, tmp_path) == []


async def test_money_without_an_order_and_what_the_bill_confirms(
    county: County, databases: Databases, tmp_path: Path
) -> None:
    late = LateMoneyRefused(
        order="O9", merchant=county.merchant, channel=CHANNEL, amount_fen=500, occurred_at=county.now
    )
    back = RefundSucceeded(
        reference="O9", number="P9", refund_reference="late", refund_number="R9", payee=county.merchant,
        channel=CHANNEL, amount_fen=500, transaction_id="t", refund_id="r", occurred_at=county.now,
    )  # fmt: skip
    bill = PaymentSettled(
        reference="O9", number="P9", refund_reference=None, payee=county.merchant, channel=CHANNEL, gross_fen=500,
        fee_fen=3, transaction_id="t", day=date(2026, 11, 24), occurred_at=NOW,
    )  # fmt: skip
    await county.tell(back, late, back, bill)
    assert await unlike(databases, tmp_path) == []
    assert await scalar("SELECT count(*) FROM ledger_journal") == 3


@pytest.mark.parametrize("seed", range(3))
async def test_the_register_moves_while_many_post(
    county: County, databases: Databases, tmp_path: Path, seed: int
) -> None:
    """Who stood for whom is what each posting saw, whoever committed first.

    Fails when a change of the register does not wait for postings under way (``note_ledger_term``): tried.
    """
    dice = random.Random(seed)
    lot = await county.sealed_lot({"H1": 60_000, "H2": 40_000})
    orders = [f"O{i}" for i in range(24)]
    for order in orders:
        await county.bind({lot: 3}, order)

    async def sell(order: str) -> None:
        await county.tell(county.paid(order))
        await asyncio.sleep(dice.random() / 2)
        await county.tell(county.packed(order))
        await county.tell(county.earned(order), county.refunded(1, 2, 7_314, order=order))

    async def move() -> None:
        """Each decision holds from an earlier day on, so a packing just before and one just after it differ."""
        for place in range(8):
            status = (AssistanceStatus.CANCELLED, AssistanceStatus.REGISTERED)[place % 2]
            await county.registry.decide("示例H1", status, date(2026, 11, 1 + place), f"示例文件{place}号", OFFICER)
            await asyncio.sleep(dice.random() / 10)

    await asyncio.gather(move(), *map(sell, orders))
    assert await unlike(databases, tmp_path) == []


POSTED = "SELECT p.id FROM ledger_posting p JOIN ledger_journal j ON j.id = p.journal_id"
TAMPERED = {
    "an amount": (
        f"UPDATE ledger_posting SET amount_fen = amount_fen - 1 WHERE id = ({POSTED} WHERE j.source_id = 'O1-1'"
        " AND j.source_type = 'orders.order_packed' ORDER BY amount_fen LIMIT 1)",
        "2026-11 orders.order_packed O1-1 0: 账上分录 / posting of the books 2103",
    ),
    "a note": (
        "UPDATE ledger_journal SET note = '' WHERE source_type = 'traceability.intake_paid'",
        "note 账上 / books '', 事实 / facts '示例收购单1'",
    ),
    "a month": ("UPDATE ledger_journal SET period = '2026-10' WHERE source_id = 'O2'", "in the books, follows from no"),
    "a moment": (
        "UPDATE ledger_journal SET booked_at = booked_at + interval '1 s' WHERE source_id = 'O2'",
        "booked_at",
    ),
    "a journal gone": (
        "DELETE FROM ledger_posting WHERE journal_id = (SELECT id FROM ledger_journal WHERE source_id = 'O2');"
        " DELETE FROM ledger_journal WHERE source_id = 'O2'",
        "orders.order_paid O2 0: 事实推得出，账上没有",
    ),
    "a journal more": (
        "INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at, booked_at, note,"
        " posting_count) VALUES ('2026-11', 'orders.order_paid', 'O3', '', 0, now(), now(), '', 2)",
        "orders.order_paid O3 0: 账上有，事实推不出",
    ),
    "a fact": (
        "UPDATE ledger_input SET body = body || '{\"amount_fen\": 12001}' WHERE kind = 'traceability.intake_paid'",
        "posting of the books 2101 示例H1 paid",
    ),
    "a link": ("UPDATE supplier_link SET valid_from = '2026-11-24' WHERE supplier = 'S-H1'", "示例H1"),
    "a contribution": ("UPDATE lot_contribution SET mass_gram = mass_gram / 2 WHERE mass_gram = 25000", "O1-1"),
    "a confirmation": ("UPDATE income_confirmation SET evidence = '示例走访2'", "示例走访2"),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_was_tampered_with_is_named(books: County, databases: Databases, tmp_path: Path, what: str) -> None:
    """By somebody who may switch off every guard. The books before are the same as their facts give."""
    change, told = TAMPERED[what]
    await as_superuser("SET session_replication_role = replica; " + change)
    found = await unlike(databases, tmp_path)
    assert any(told in line for line in found), found


@pytest.mark.parametrize("table", ["payout", "income_confirmation", "supplier_link"])
async def test_a_record_that_is_gone_is_named(books: County, databases: Databases, tmp_path: Path, table: str) -> None:
    await as_superuser(f"SET session_replication_role = replica; DELETE FROM {table}")
    with pytest.raises(NotReplayed, match=r"缺少原始记录") as refused:
        await rebuilt(databases, tmp_path)
    assert isinstance(refused.value.__cause__, RecordMissing)


async def test_a_batch_costs_the_same_statements_whatever_its_lines(
    county: County, databases: Databases, tmp_path: Path
) -> None:
    lot = await county.sealed_lot({"H1": 900_000, "N1": 100_000})
    counted = []
    for first, last in ((0, 4), (4, 24)):
        for i in range(first, last):
            await county.bind({lot: 3}, f"O{i}")
            await county.tell(county.paid(f"O{i}"), county.packed(f"O{i}"), county.earned(f"O{i}"))
        with counted_statements() as sent:
            assert (await rebuilt(databases, tmp_path)).is_same
        counted.append(len(sent))
    assert counted[1] <= counted[0] + 2, counted


@pytest_asyncio.fixture
async def empty(databases: Databases) -> AsyncIterator[str]:
    """The address of an empty database for its owner."""
    name = await databases.create()
    await as_superuser(f'DROP DATABASE "{name}"', f'CREATE DATABASE "{name}" OWNER longchuan_owner')
    port = urlsplit(databases.server_url).port
    assert port
    yield role_url("longchuan_owner", port, name)
    await databases.drop(name)


async def test_making_the_other_database_leaves_the_connection_where_it_is(
    county: County, empty: str, tmp_path: Path
) -> None:
    """Fails when migrations run in the context of whoever is connected: tried."""
    await county.tell(county.paid())
    await fill_empty(empty)
    async with scratch(empty) as beside:
        found = await rebuild(beside, tmp_path)
    journals = found.exports["journals"]
    assert (found.is_same, journals.books.lines, journals.rebuilt.lines) == (True, 1, 1)
    with pytest.raises(NotEmpty):
        await fill_empty(empty)


AS_TOLD = (
    "INSERT INTO outbox_message (topic, subject, payload, created_at, attempts, next_attempt_at, delivered_at)"
    " SELECT kind, source_id, body - 'bound', booked_at, 0, booked_at, booked_at FROM ledger_input WHERE kind LIKE"
    " 'orders.%' OR kind LIKE 'payments.%'"
)
"""The facts that a test has told the books itself, as if the outbox had (deliveries are announced anyway)."""


async def test_the_program(books: County, database: str, empty: str, tmp_path: Path) -> None:
    """Of what scripts/run has started, into a database of its own making; into a given one that has to be empty."""
    into, address = ("--into", empty), urlsplit(database)
    owner = role_url("longchuan_owner", address.port or 0, address.path.lstrip("/"))
    settings = environment(tmp_path, database, MIGRATE_DATABASE_URL=owner)
    before = await rows("SELECT datname FROM pg_database ORDER BY 1")
    (tmp_path / "environment.json").write_text(json.dumps(settings))
    await as_superuser("UPDATE outbox_message SET delivered_at = now()", AS_TOLD)
    code, said = await by_the_program({}, "--state-dir", str(tmp_path))
    assert (code, "逐字节相同" in said, "所述事实相同" in said) == (0, True, True), said
    assert await rows("SELECT datname FROM pg_database ORDER BY 1") == before
    await as_superuser("SET session_replication_role = replica; UPDATE ledger_posting SET amount_fen = amount_fen * 2")
    code, said = await by_the_program(settings, *into, "--keep", str(tmp_path))
    assert (code, "不同 / they differ" in said, "所述事实相同" in said) == (1, True, True), said
    assert (tmp_path / "books.jsonl").read_bytes() != (tmp_path / "rebuilt.jsonl").read_bytes()
    code, said = await by_the_program(settings, *into)
    assert (code, "不是空的" in said) == (2, True), said


SOURCE = Path(records.__file__).read_text()


async def test_nobody_may_delete_what_a_rebuild_reads(database: str) -> None:
    """Nor may the log be changed at all; and the list names every table that the reading's own SQL names."""
    roles = ("longchuan", "longchuan_household")
    for table in records.FACT_TABLES:
        for role in roles:
            for right in ("DELETE", "TRUNCATE"):
                allowed = await scalar("SELECT has_table_privilege($1, to_regclass($2), $3)", role, table, right)
                assert not allowed, (role, right, table)
    assert not await scalar("SELECT has_table_privilege('longchuan', 'ledger_input', 'UPDATE')")
    named = set(re.findall(r"(?:FROM|JOIN) ([a-z_]+)", SOURCE))
    assert named - {"unnest"} <= records.FACT_TABLES


def test_whatever_is_booked_can_be_booked_again() -> None:
    """Every fact that is recorded, and every kind that anybody notes beside facts."""
    again = {each.__name__ for each in (*MANY.values(), *ONE.values())}
    assert again == {name for name in vars(SalesBooks) if name.startswith("record_")}
    room = ROOT / "poverty_alleviation"
    noted = {name for path in room.rglob("*.py") for name in re.findall(r"\bInput\((\w+),", path.read_text())}
    source = (room / "replay" / "books.py").read_text()
    assert noted == set(re.findall(r"case kind if kind == (\w+):", source))
    told = {
        name
        for path in room.rglob("guards.sql")
        for name in re.findall(r"note_ledger_terms\('(\w+)'", path.read_text())
    }
    assert told == set(CHANGING)
    assert [
        path for path in room.rglob("guards.sql") if "CREATE CONSTRAINT TRIGGER ledger_term" in path.read_text()
    ] == [
        room / "guards.sql"  # of a merger (records.MERGED) alone
    ]


def test_the_columns_that_change_are_those_that_the_rights_let_change() -> None:
    assert {table: set(ONLY_COLUMNS.get(table, ())) for table in CHANGING} == {
        table: set(columns) for table, columns in CHANGING.items()
    }
