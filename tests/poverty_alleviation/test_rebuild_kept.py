"""What stands beside the journals, once more from the facts; and the log of them against the outbox."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from kit.database import execute, rows, scalar, transaction
from kit.facts import Fact
from kit.outbox import Delivery, Reaction, announce
from ledger.jobs import seal_journals
from ledger.service import Sealer
from orders.events import ChannelPaid, ChannelRefunded
from payments.events import PaymentArrivedLate
from poverty_alleviation.replay.books import FACTS
from poverty_alleviation.replay.facts import facts_off
from tests.conftest import Databases
from tests.poverty_alleviation.conftest import NOW, County
from tests.poverty_alleviation.rebuilt import rebuilt, unlike
from tests.poverty_alleviation.test_books_of_sales import SUGAR
from tests.poverty_alleviation.test_figures import captured, returned, settled, sold
from tests.poverty_alleviation.test_lives import close_the_month
from tests.superuser import as_superuser
from traceability.models import IntakeMode

DOUYIN: dict[str, Any] = {"order": "X1", "channel": "douyin", "amount_fen": 900, "occurred_at": NOW}


@pytest_asyncio.fixture
async def books(county: County) -> County:
    """Two closed months, and a third that is sealed in part. What is told late of the first stands in the second."""
    await sold(county)
    late = PaymentArrivedLate(**msgspec.structs.asdict(captured(county, "O9", 700)))
    bill = settled(county, "O1", 10_970, 66)
    await county.tell(captured(county, "O1", 10_970), late, bill, ChannelPaid(**DOUYIN))
    await execute("UPDATE outbox_message SET delivered_at = now()")
    await close_the_month(county)
    refund = returned(county, "O1", 3_656)
    await county.tell(county.refunded(1, 2, 7_314), refund, ChannelRefunded(refund="XF1", **DOUYIN))
    await close_the_month(county)
    await county.tell(county.paid("O2"), captured(county, "O2", 10_970))
    await seal_journals(Sealer())
    await county.tell(county.paid("O3"), captured(county, "O3", 10_970))
    return county


async def test_what_is_kept_beside_journals_follows_from_the_facts(
    books: County, databases: Databases, tmp_path: Path
) -> None:
    found = await rebuilt(databases, tmp_path)
    assert found.is_same
    lines = {name: pair.rebuilt.lines for name, pair in found.exports.items()}
    sealed, journals = await scalar("SELECT count(hash) FROM ledger_journal"), lines["journals"]
    assert (lines["money"], lines["seals"], journals - sealed) == (7, sealed, 1)
    assert lines["totals"] == await scalar("SELECT count(*) FROM ledger_total") > 20
    months = (tmp_path / "rebuilt-months.jsonl").read_text()
    for figure in ('"part.payables_fen","period":"2026-11"', '"root","period":"2026-12"', '"figures.bank_fen"'):
        assert figure in months, months
    told = (tmp_path / "rebuilt-money.jsonl").read_text()
    assert '"kind":"refunded","occurred_at":"2026-11-23T07:30:00.000000Z","period":"2026-12"' in told


TAMPERED = (
    "UPDATE channel_money SET amount_fen = amount_fen + 1 WHERE source_id = 'pay-O2'",
    "DELETE FROM channel_money WHERE source_id = 'pay-O3'",
    "INSERT INTO channel_money (kind, reference, source_id, channel, amount_fen, occurred_at, period)"
    " VALUES ('refunded', 'O2', 'F0', 'c', -1, now(), '2027-01')",
    "UPDATE channel_money SET period = '2027-01' WHERE source_id = 'XF1'",
    "UPDATE ledger_journal SET hash = repeat('a', 64) WHERE period = '2026-11' AND seq = 2",
    "UPDATE ledger_journal SET hash = repeat('b', 64) WHERE period = '2026-12'",
    "UPDATE ledger_total SET debit_fen = debit_fen + 1, credit_fen = credit_fen + 1 FROM ledger_account a"
    " WHERE a.id = account_id AND a.code = '1102' AND period = '2026-11'",
    "UPDATE reconciled_month SET part = jsonb_set(part, '{payables_fen}', '1') WHERE period = '2026-11'",
    "UPDATE ledger_certificate SET text = replace(text, '\"bank_fen\":10904', '\"bank_fen\":10905')",
    'UPDATE ledger_certificate SET text = regexp_replace(text, \'"root":"[0-9a-f]{64}"\', \'"root":"0"\')'
    " WHERE period_id = (SELECT id FROM ledger_period WHERE period = '2026-12')",
)
NAMED = (
    "money 2026-12 refunded XF1: 事实推得出，账上没有",
    "money 2027-01 captured pay-O2: amount_fen 账上 / books 10971, 事实 / facts 10970",
    "money 2027-01 captured pay-O3: 事实推得出，账上没有",
    "money 2027-01 refunded F0: 账上有，事实推不出",
    "money 2027-01 refunded XF1: 账上有，事实推不出",
    "seals 2026-11 2: hash 账上 / books 'aaaa",
    "seals 2026-12 1: hash 账上 / books 'bbbb",
    "totals 2026-11 1102 wechat_miniprogram: credit_fen 账上 / books 1, 事实 / facts 0; debit_fen",
    "months 2026-11 figures.bank_fen: value 账上 / books 10905, 事实 / facts 10904",
    "months 2026-11 part.payables_fen: value 账上 / books 1, 事实 / facts 10970",
    "months 2026-12 root: value 账上 / books '0'",
)


async def test_what_was_tampered_with_beside_the_journals_is_named(
    books: County, databases: Databases, tmp_path: Path
) -> None:
    """By somebody who may switch off every guard; the journals themselves are as their facts give."""
    await as_superuser(*(f"SET session_replication_role = replica; {change}" for change in TAMPERED))
    found = await unlike(databases, tmp_path)
    assert len(found) == len(NAMED), found
    assert all(line.startswith(told) for line, told in zip(found, NAMED, strict=True)), found


async def deliver(county: County, *facts: Fact) -> int:
    """As the dispatcher does, to the books alone; answers how many were tried."""
    reactions = tuple(
        Reaction(kind, f"poverty_alleviation.{kind.__name__}", county.tell)
        for kind in {type(fact) for fact in facts} | set(FACTS.values())
        if kind in FACTS.values()
    )
    async with transaction():
        await announce(*facts)
    return await Delivery(reactions).deliver_due()


@pytest_asyncio.fixture
async def told(county: County) -> County:
    """A line that was packed twice, late bound, refunded; a delivery; money of every kind. All by the outbox."""
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    lot = await county.sealed_lot(SUGAR)
    paid, packed = county.paid(), county.packed()
    await deliver(county, paid, captured(county, "O1", 10_970), packed, packed, county.earned())
    await county.bind({lot: 3})
    await deliver(county, county.assigned(), county.refunded(1, 2, 7_314), returned(county, "O1", 3_656))
    late = PaymentArrivedLate(**msgspec.structs.asdict(captured(county, "O9", 700)))
    await deliver(county, late, settled(county, "O1", 10_970, 66), ChannelPaid(**DOUYIN))
    return county


async def test_outbox_and_log_tell_the_same_facts(told: County) -> None:
    """Who bought is in the outbox alone, which lines had lots in the log alone. What changed nothing is noted too.

    Fails when a packing that comes twice is not noted: tried.
    """
    assert await scalar("SELECT count(*) FROM ledger_journal") > 4
    noted = {each["kind"] for each in await rows("SELECT DISTINCT kind FROM ledger_input")}
    assert len(noted & set(FACTS)) == 11
    assert await facts_off() == []


async def test_a_fact_that_has_not_reached_the_books_is_not_compared(told: County) -> None:
    """And one that has, while others still wait for it, is."""
    async with transaction():
        await announce(told.paid("O2"))
    assert await facts_off() == []

    async def fails(fact: Fact) -> None:
        raise RuntimeError

    books = Reaction(type(told.paid()), "poverty_alleviation.on_order_paid", told.tell)
    await Delivery((books, Reaction(books.fact, "settlements.on_order_paid", fails))).deliver_due()
    assert await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL") == 1
    assert await facts_off() == []
    await as_superuser("SET session_replication_role = replica; DELETE FROM ledger_input WHERE source_id = 'O2'")
    assert [(each.topic, each.told, each.noted) for each in await facts_off()] == [("orders.order_paid", 1, 0)]


async def test_a_fact_that_was_written_with_other_members_says_the_same(told: County) -> None:
    """A newer writer's member is not read; two of which one has it are still two."""
    newer = "UPDATE outbox_message SET payload = payload || '{\"later\": 1}' WHERE topic = 'orders.order_packed'"
    await as_superuser(newer + " AND id = (SELECT max(id) FROM outbox_message WHERE topic = 'orders.order_packed')")
    assert await facts_off() == []
    await as_superuser(newer)
    assert await facts_off() == []


LAST = "(SELECT max(id) FROM {} WHERE {} = 'orders.line_refunded')"
MESSAGE, INPUT = LAST.format("outbox_message", "topic"), LAST.format("ledger_input", "kind")
OFF = {
    "a fact": (f"UPDATE outbox_message SET payload = payload || '{{\"freight_fen\": 1}}' WHERE id = {MESSAGE}", 2),
    "a fact that nobody can read": (f"UPDATE outbox_message SET payload = payload - 'order' WHERE id = {MESSAGE}", 2),
    "a fact gone": (f"DELETE FROM outbox_message WHERE id = {MESSAGE}", 1),
    "an input": (f"UPDATE ledger_input SET body = body || '{{\"amount_fen\": 1}}' WHERE id = {INPUT}", 2),
    "an input gone": (f"DELETE FROM ledger_input WHERE id = {INPUT}", 1),
    "an input twice": (
        "INSERT INTO ledger_input (kind, source_id, body, booked_at) SELECT kind, source_id, body, booked_at"
        f" FROM ledger_input WHERE id = {INPUT}",
        1,
    ),
}


@pytest.mark.parametrize("what", OFF)
async def test_a_log_that_is_not_what_was_told_is_named(told: County, what: str) -> None:
    change, many = OFF[what]
    await as_superuser("SET session_replication_role = replica; " + change)
    found = await facts_off()
    assert [each.topic for each in found] == ["orders.line_refunded"] * many
    assert all("O1" in str(each) and "日志" in str(each) for each in found)
