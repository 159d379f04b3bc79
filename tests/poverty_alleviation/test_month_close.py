"""A month is compared, listed, frozen, signed by two and closed for ever (domain reference 2.5, period close)."""

import asyncio
import itertools
from datetime import UTC, date, datetime
from hashlib import sha256

import asyncpg
import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from kit.clock import CHINA
from kit.database import execute, row, rows, scalar, transaction
from kit.facts import Fact
from ledger.errors import (
    CertificateDiffers,
    CertificateUnknown,
    PeriodItemUnknown,
    PeriodNotMovable,
    PeriodNotOver,
    PeriodNotReady,
    PeriodOutOfOrder,
    PeriodUnknown,
    TwoSignersNeeded,
)
from ledger.jobs import seal_journals
from ledger.models import PERIOD_TRANSITIONS, PeriodState, Signatory
from ledger.periods import Certificate, certificate, period_card, period_cards
from ledger.queries import verify_chain
from ledger.service import Sealer
from payments.differences import Differences
from poverty_alleviation.certificate_text import certificate_text
from poverty_alleviation.month_close import Check, MonthClose, certified, checklist
from poverty_alleviation.queries import Figure, drill_down, statement
from tests.poverty_alleviation.conftest import NOW, OFFICER, County
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_figures import captured, returned, sold
from tests.superuser import as_superuser
from traceability.models import IntakeMode

NOVEMBER, DECEMBER = "2026-11", "2026-12"
LATER = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
OPERATOR = "staff:operator"
REFUSED = (BaseORMException, asyncpg.PostgresError)


def off(checks: list[Check]) -> dict[str, int]:
    return {each.check: each.open for each in checks if each.open}


async def a_month(county: County) -> None:
    """One order of 109.70, sold, received and told; everything in November agrees."""
    await sold(county)
    await county.tell(captured(county, "O1", 10_970))
    await everything_is_delivered()
    county.now = LATER


async def everything_is_delivered() -> None:
    await execute("UPDATE outbox_message SET delivered_at = now()")


async def signed(county: County, found: Certificate) -> Certificate:
    await county.close.sign(found.period, found.digest, Signatory.POVERTY_OFFICE, OFFICER, "示例扶贫干部")
    return await county.close.sign(found.period, found.digest, Signatory.OPERATOR, OPERATOR, "示例县级干部")


async def test_a_month_that_agrees_is_closed_by_two_signatures(county: County) -> None:
    """By hand: 109.70 in; 8.72 + 6.97 households, 4.50 neighbour, 8.77 host, 80.74 merchant = 109.70."""
    await a_month(county)
    found = await checklist(NOVEMBER)
    assert found.is_ready
    assert found.figures.movement_fen == found.figures.told_captured_fen == 10_970
    assert found.figures.payables_fen == {
        "2101": 1_569, "2102": 450, "2103": 8_074, "2104": 877, "2105": 0, "2106": 0, "2107": 0, "2109": 0, "2110": 0,
    }  # fmt: skip
    assert (found.figures.attributed_sales_fen, found.figures.households) == (8_228, 2)
    made = await county.close.begin(NOVEMBER, OFFICER)
    assert made.digest == sha256(made.text.encode()).hexdigest()
    assert (await period_card(NOVEMBER)).state is PeriodState.CLOSING
    done = await signed(county, made)
    card = await period_card(NOVEMBER)
    (chain,) = await verify_chain()
    assert (card.state, card.root, card.unsealed) == (PeriodState.CLOSED, chain.head, 0)
    assert certified(done).root == chain.head
    assert certified(done).figures == found.figures
    text = certificate_text(done)
    assert "109.70 元" in text
    assert chain.head in text
    assert "示例扶贫干部（staff:office）" in text
    assert "示例县级干部（staff:operator）" in text
    assert "示例H1" not in text
    assert f"生成时间 {county.now.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" in text, "as clocks in the county say it"
    assert "+00:00" not in text
    with pytest.raises(PeriodNotMovable):
        await county.close.begin(NOVEMBER, OFFICER)
    with pytest.raises(PeriodNotMovable):
        await county.close.reopen(NOVEMBER, "反悔", OFFICER)


async def test_late_facts_go_into_the_open_month_and_signed_figures_stand(county: County) -> None:
    """Fails when figures of whole months go by occurrence: tried."""
    await a_month(county)
    before = (await statement("示例H1", date(2026, 11, 1), date(2026, 12, 1))).figures
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    # A refund and a payout of November that are told and entered in December.
    county.now = NOW
    late = county.refunded(1, 2, 7_314)
    county.now = LATER
    await county.tell(late)
    journal = await row("SELECT period, corrects_period FROM ledger_journal WHERE source_id = 'O1-F1:O1-1'")
    assert journal == {"period": DECEMBER, "corrects_period": NOVEMBER}
    await county.payouts.record("示例H1", county.merchant, 581, "回单1", date(2026, 11, 30), OFFICER)
    assert (await statement("示例H1", date(2026, 11, 1), date(2026, 12, 1))).figures == before
    december = (await statement("示例H1", date(2026, 12, 1), date(2027, 1, 1))).figures
    assert (december.attributed_sales_fen, december.income_paid_fen) == (3_048 - 4_571, 581)
    apart = await drill_down("示例H1", Figure.INCOME_PAID, date(2026, 12, 1), date(2027, 1, 1))
    assert {part.corrects_period for part in apart.parts} == {NOVEMBER}
    await county.tell(returned(county, "O1", 3_656))
    found = await checklist(DECEMBER)
    assert found.is_ready
    assert found.figures.corrections == {NOVEMBER: 2}
    assert found.figures.movement_fen == -3_656


async def test_what_happens_before_midnight_and_is_booked_after_it_belongs_to_the_old_month(county: County) -> None:
    county.now = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in China
    fact = county.paid()
    county.now = datetime(2026, 11, 30, 16, 0, 2, tzinfo=UTC)
    await county.tell(fact, county.packed())
    found = await rows("SELECT period, corrects_period FROM ledger_journal ORDER BY id")
    assert found == [{"period": NOVEMBER, "corrects_period": None}]  # a line without a lot posts nothing when packed


async def test_every_difference_must_be_listed_with_a_reason_and_holds_for_its_amount_alone(county: County) -> None:
    await county.sealed_lot({"H1": 10_000}, IntakeMode.PAID_AT_SCALE)
    (intake,) = await announced()
    await everything_is_delivered()
    await rows(
        "INSERT INTO outbox_message (topic, subject, payload, created_at, attempts, next_attempt_at)"
        " VALUES ('orders.order_paid', 'O7', '{}', $1, 0, $1) RETURNING 1",
        NOW,
    )
    await county.tell(county.paid("O1"), captured(county, "O1", 10_000), county.paid("O2", net_fen=500))
    county.now = LATER
    wrong = {"intake_unbooked": 1, "line_provisional": 2, "order_money": 2, "fact_underway": 1}
    assert off((await checklist(NOVEMBER)).checks) == wrong
    with pytest.raises(PeriodNotReady) as refused:
        await county.close.begin(NOVEMBER, OFFICER)
    assert refused.value.facts == {"open": wrong}
    assert (await period_card(NOVEMBER)).state is PeriodState.OPEN, "a month that does not agree is open again"
    found = await checklist(NOVEMBER)
    assert {(each.kind, each.key): each.amount_fen for each in found.matters if each.kind == "order_money"} == {
        ("order_money", "O1"): -970, ("order_money", "O2"): -500,
    }  # fmt: skip
    with pytest.raises(PeriodItemUnknown):
        await county.close.list_matters(NOVEMBER, "order_money", ["O9"], "没有此单", OFFICER)
    for kind in wrong:
        keys = [each.key for each in found.matters if each.kind == kind]
        await county.close.list_matters(NOVEMBER, kind, keys, "渠道差错，已报修", OFFICER)
    assert (await checklist(NOVEMBER)).is_ready
    county.now = NOW
    await county.tell(captured(county, "O3", 1), intake)
    county.now = LATER
    assert off((await checklist(NOVEMBER)).checks) == {"order_money": 1}
    await county.close.list_matters(NOVEMBER, "order_money", ["O3"], "一分钱测试", OPERATOR)
    county.now = NOW
    await county.tell(county.paid("O3", net_fen=3))
    county.now = LATER
    grown = [each for each in (await checklist(NOVEMBER)).matters if each.key == "O3"]
    assert [(each.amount_fen, each.reason) for each in grown] == [(-2, None)]


async def test_months_are_closed_in_their_order_when_they_are_over(county: County) -> None:
    county.now = datetime(2026, 10, 5, tzinfo=UTC)
    await county.tell(county.paid("O0"), captured_at(county, "O0"))
    county.now = NOW
    await county.tell(county.paid("O1"))
    with pytest.raises(PeriodNotOver):
        await county.close.begin(NOVEMBER, OFFICER)
    await a_month(county)
    with pytest.raises(PeriodOutOfOrder) as refused:
        await county.close.begin(NOVEMBER, OFFICER)
    assert refused.value.facts["first"] == "2026-10"
    for unknown in ("2026-09", "1999-01", "2026-13", "x"):
        with pytest.raises(PeriodUnknown):
            await county.close.begin(unknown, OFFICER)
    await county.close.list_matters("2026-10", "line_provisional", ["O0-1"], "预售，十二月发货", OFFICER)
    await signed(county, await county.close.begin("2026-10", OFFICER))
    await county.close.list_matters(NOVEMBER, "line_provisional", ["O0-1"], "预售，十二月发货", OFFICER)
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    assert [(each.period, each.state) for each in await period_cards()] == [
        (NOVEMBER, PeriodState.CLOSED), ("2026-10", PeriodState.CLOSED),
    ]  # fmt: skip


def captured_at(county: County, order: str) -> Fact:
    return msgspec.structs.replace(captured(county, order, 10_970), occurred_at=county.now)


async def test_one_person_does_not_sign_for_two_and_nobody_signs_what_was_not_read(county: County) -> None:
    await a_month(county)
    with pytest.raises(PeriodUnknown):
        await county.close.sign("2019-01", "0" * 64, Signatory.OPERATOR, OPERATOR, "甲")
    with pytest.raises(PeriodNotMovable):
        await county.close.reopen(NOVEMBER, "未关账", OFFICER)
    with pytest.raises(PeriodNotMovable) as open_yet:
        await county.close.sign(NOVEMBER, "0" * 64, Signatory.OPERATOR, OPERATOR, "甲")
    assert open_yet.value.facts["state"] == PeriodState.OPEN
    with pytest.raises(CertificateUnknown):
        await certificate(NOVEMBER)
    made = await county.close.begin(NOVEMBER, OFFICER)
    with pytest.raises(CertificateDiffers):
        await county.close.sign(NOVEMBER, "0" * 64, Signatory.OPERATOR, OPERATOR, "甲")
    for _ in range(2):
        await county.close.sign(NOVEMBER, made.digest, Signatory.POVERTY_OFFICE, OFFICER, "甲")
    for signatory, by in ((Signatory.OPERATOR, OFFICER), (Signatory.POVERTY_OFFICE, "staff:other")):
        with pytest.raises(TwoSignersNeeded):
            await county.close.sign(NOVEMBER, made.digest, signatory, by, "乙")
    assert (await period_card(NOVEMBER)).state is PeriodState.CLOSING
    # Taken back: the next round has another certificate, the signature stays on record and counts no more.
    await county.close.reopen(NOVEMBER, "补录一笔", OPERATOR)
    with pytest.raises(PeriodNotMovable):
        await county.close.sign(NOVEMBER, made.digest, Signatory.OPERATOR, OPERATOR, "乙")
    again = await county.close.begin(NOVEMBER, OFFICER)
    assert (again.round, again.signatures) == (2, [])
    await county.close.sign(NOVEMBER, again.digest, Signatory.OPERATOR, OPERATOR, "乙")
    assert (await period_card(NOVEMBER)).state is PeriodState.CLOSING
    await county.close.sign(NOVEMBER, again.digest, Signatory.POVERTY_OFFICE, OFFICER, "甲")
    steps = await rows("SELECT state, by, note FROM ledger_period_step ORDER BY id")
    assert [(each["state"], each["by"], each["note"]) for each in steps] == [
        ("closing", OFFICER, ""), ("open", OPERATOR, "补录一笔"), ("closing", OFFICER, ""), ("closed", OFFICER, "")
    ]  # fmt: skip


async def stands(state: PeriodState) -> None:
    """By decree, past the guard."""
    await as_superuser("ALTER TABLE ledger_period DISABLE TRIGGER USER")
    root, at = ("x", LATER) if state is PeriodState.CLOSED else (None, None)
    await rows(
        "INSERT INTO ledger_period (period, state, round, root, closed_at) VALUES ($1, $2, 0, $3, $4)"
        " ON CONFLICT (period) DO UPDATE SET state = EXCLUDED.state, root = EXCLUDED.root,"
        " closed_at = EXCLUDED.closed_at RETURNING 1",
        NOVEMBER,
        str(state),
        root,
        at,
    )
    await as_superuser("ALTER TABLE ledger_period ENABLE TRIGGER USER")


async def test_every_pair_of_states_of_a_month_moves_as_the_table_says(county: County) -> None:
    """By the service and by the database's own guard; fails when ``guard_period`` lets everything through: tried."""
    await a_month(county)
    periods = county.close.periods
    for source, target in itertools.product(PeriodState, PeriodState):
        await stands(source)
        if target not in PERIOD_TRANSITIONS[source]:
            with pytest.raises(PeriodNotMovable):
                async with transaction():
                    await periods._move(await periods._held(NOVEMBER), target, OFFICER)
            root, at = ("x", LATER) if target is PeriodState.CLOSED else (None, None)
            with pytest.raises(BaseORMException, match="no such step"):
                await execute("UPDATE ledger_period SET state = $1, root = $2, closed_at = $3", str(target), root, at)
        elif target is PeriodState.CLOSED:
            with pytest.raises(BaseORMException, match="not signed by two"):
                async with transaction():
                    await periods._move(await periods._held(NOVEMBER), target, OFFICER)
        else:
            async with transaction():
                await periods._move(await periods._held(NOVEMBER), target, OFFICER)
            assert (await period_card(NOVEMBER)).state is target


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at, booked_at, note,"
        " posting_count) VALUES ('2026-11', 'hand', 'h', '', 0, now(), now(), '', 2)",
        "INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at, booked_at, note,"
        " posting_count) VALUES ('2026-10', 'hand', 'h', '', 0, now(), now(), '', 2)",
        "UPDATE ledger_period SET state = 'open', root = NULL, closed_at = NULL",
        "UPDATE ledger_period SET root = 'x'",
        "DELETE FROM ledger_period",
        "UPDATE ledger_certificate SET text = '{}'",
        "DELETE FROM ledger_signature",
        "UPDATE ledger_signature SET signed_by = 'staff:mine'",
        "DELETE FROM ledger_period_step",
        "UPDATE ledger_period_item SET reason = 'x'",
        "INSERT INTO ledger_period (period, state, round, root, closed_at) VALUES ('2026-12', 'closed', 1, 'x', now())",
    ],
)
async def test_the_database_keeps_a_closed_month(county: County, attack: str) -> None:
    await county.tell(county.paid("O9", net_fen=5), captured(county, "O9", 5))
    await a_month(county)
    await county.close.list_matters(NOVEMBER, "line_provisional", ["O9-1"], "预售", OFFICER)
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    before = await scalar("SELECT count(*) FROM ledger_journal")
    with pytest.raises(REFUSED):
        await execute(attack)
    assert await scalar("SELECT count(*) FROM ledger_journal") == before


async def test_a_posting_under_way_is_waited_for_and_the_next_one_goes_elsewhere(county: County) -> None:
    """Fails when ``freeze`` does not take the lock alone: tried."""
    await a_month(county)
    county_then = County(merchant=county.merchant, product=county.product, now=NOW)
    written, may_commit = asyncio.Event(), asyncio.Event()

    async def slow_posting() -> None:
        async with transaction():
            await county_then.books.record_paid_orders([county_then.paid("O2", net_fen=700)])
            await county_then.books.record_captures([captured(county, "O2", 700)])
            written.set()
            await may_commit.wait()

    posting = asyncio.create_task(slow_posting())
    await written.wait()
    closing = asyncio.create_task(county.close.periods.freeze(NOVEMBER, OFFICER))
    await asyncio.sleep(0.3)
    assert not closing.done(), "the month was frozen over a posting that is not committed"
    may_commit.set()
    await posting
    await closing
    assert (await period_card(NOVEMBER)).unsealed == 0
    assert await scalar("SELECT period FROM ledger_journal WHERE source_id = 'O2'") == NOVEMBER
    await county_then.tell(county_then.paid("O3", net_fen=900))
    place = await row("SELECT period, corrects_period FROM ledger_journal WHERE source_id = 'O3'")
    assert place == {"period": "2026-12", "corrects_period": NOVEMBER}


async def test_two_closers_and_many_postings_at_once_leave_one_whole_month(county: County) -> None:
    await a_month(county)
    then = County(merchant=county.merchant, product=county.product, now=NOW)

    async def post(number: int) -> None:
        await asyncio.sleep(number / 200)
        order = f"P{number}"
        fact = then.paid(order, net_fen=100 + number)
        async with transaction():
            await then.books.record_paid_orders([fact])
            await then.books.record_captures([captured(county, order, 100 + number)])

    async def close(by: str) -> Certificate | None:
        await asyncio.sleep(0.1)
        for _ in range(50):
            waiting = [m.key for m in (await checklist(NOVEMBER)).matters if m.kind == "line_provisional"]
            try:
                if waiting:
                    await county.close.list_matters(NOVEMBER, "line_provisional", waiting, "十二月发货", by)
                return await county.close.begin(NOVEMBER, by)
            except (PeriodNotReady, PeriodNotMovable):
                await asyncio.sleep(0.05)
        return None

    found = await asyncio.gather(close(OFFICER), close(OPERATOR), *(post(number) for number in range(60)))
    standing = await certificate(NOVEMBER)
    assert standing.digest in {each.digest for each in found[:2] if each}
    await asyncio.gather(
        *(
            county.close.sign(NOVEMBER, standing.digest, signatory, by, "示例")
            for signatory, by in ((Signatory.POVERTY_OFFICE, OFFICER), (Signatory.OPERATOR, OPERATOR))
            for _ in range(2)
        )
    )
    await seal_journals(Sealer())
    month = certified(await certificate(NOVEMBER))
    november = (await checklist(NOVEMBER)).figures
    assert (await period_card(NOVEMBER)).root == month.root
    assert month.figures == november, "the month has moved after it was certified"
    assert month.figures.movement_fen == month.figures.told_captured_fen
    assert await scalar("SELECT count(*) FROM ledger_journal WHERE source_type = 'orders.order_paid'") == 61
    stray = (
        "SELECT count(*) FROM ledger_journal WHERE period = '2026-12' AND corrects_period IS DISTINCT FROM '2026-11'"
    )
    assert await scalar(stray) == 0
    assert all(each.broken_at is None for each in await verify_chain())


async def test_who_begins_at_the_same_time_does_not_undo_the_others_certificate(county: County) -> None:
    """The second looks while the first certifies, and finds what came after. Fails when it reopens anyway: tried."""
    await a_month(county)
    made: list[Certificate] = []

    class Meanwhile(Differences):
        async def collect(self) -> int:
            made.append(await county.close.begin(NOVEMBER, OFFICER))
            await rows(
                "INSERT INTO bill_difference (number, key, bill, day, account, reason, payment_number, refund_number,"
                " transaction_id, amount_fen, state, seen_at) VALUES ('BD1', 'trade:9', 'trade', '2026-11-30', 'm',"
                " 'amount', '', '', 't', 7, 'open', now()) RETURNING 1"
            )
            return 0

    second = MonthClose(county.close.periods, Meanwhile(county.close.differences.gateway, county.clock), county.clock)
    assert await second.begin(NOVEMBER, OPERATOR) == made[0]
    card = await period_card(NOVEMBER)
    assert (card.state, card.round) == (PeriodState.CLOSING, 1)
    await signed(county, made[0])
    assert await scalar("SELECT count(*) FROM ledger_period_step WHERE state = 'open'") == 0


async def test_a_close_that_was_cut_off_goes_on(county: County) -> None:
    await a_month(county)
    await county.close.periods.freeze(NOVEMBER, OFFICER)
    assert (await period_card(NOVEMBER)).state is PeriodState.CLOSING
    made = await county.close.begin(NOVEMBER, OPERATOR)
    assert (made.round, await county.close.begin(NOVEMBER, OFFICER)) == (1, made)
    await signed(county, made)


async def test_a_bill_of_a_day_is_here_and_matched_or_a_person_has_said_why_not(county: County) -> None:
    await a_month(county)
    await rows(
        "INSERT INTO bill_difference (number, key, bill, day, account, reason, payment_number, refund_number,"
        " transaction_id, amount_fen, state, seen_at) VALUES ('BD1', 'trade:999', 'trade', '2026-11-30', 'm', 'amount',"
        " '', '', 't', 7, 'open', now()) RETURNING 1"
    )
    assert off((await checklist(NOVEMBER)).checks) == {"bill_difference": 1}
    await execute("UPDATE bill_difference SET state = 'closed', owner = 'U1'")
    await rows(
        "INSERT INTO bill_difference_step (item_id, state, at, by, note) SELECT id, 'closed', now(), 'staff:U1',"
        " '微信侧更正' FROM bill_difference RETURNING 1"
    )
    found = await checklist(NOVEMBER)
    assert found.is_ready
    assert [(m.kind, m.key, m.reason) for m in found.matters] == [("bill_difference", "BD1", "微信侧更正")]
