"""A refund after an order was earned: what is owed shrinks, what was paid comes off the next payment."""

import asyncio
import random
from typing import Any

import pytest

from kit.clock import china_day, utc_now
from kit.database import rows, scalar
from referrals.errors import DueChanged, NothingDue
from referrals.events import CommissionReduced, ReferrerPaid
from referrals.queries import ReferrerDue, months_of, programme_results, referrer_of, referrers_due
from referrals.service import Referrers
from referrals.shares import ReferralShares
from referrals.terms import Programme
from tests.orders.mall import facts
from tests.referrals.programme import open_programme, referrer, terms
from tests.referrals.test_shares import earned, line, placed

pytestmark = pytest.mark.asyncio


async def begun(**changes: Any) -> str:
    """A programme that the merchant takes part in; answers the code of C1."""
    await open_programme(terms(**changes))
    await Programme(True).opt_in("M1", "", "staff:clerk")
    return await referrer("C1")


async def reduced(order: str, net_fen: int) -> None:
    """So much of its one line is left after a refund, of which the fact comes twice."""
    for _ in range(2):
        await ReferralShares().reduce(f"{order}-1", net_fen, f"R{net_fen}")


async def test_what_is_owed_is_the_same_part_of_what_is_left(database: str) -> None:
    """Fails when a refund moves only what is pending: tried."""
    code = await begun()
    assert await earned("O1", 10_000, code) == 500
    await reduced("O1", 6_000)
    assert (await referrer_of("C1")).due_fen == 300
    assert [(each.fen, each.refund) for each in await facts(CommissionReduced)] == [(200, "R6000")]
    with pytest.raises(DueChanged):
        await Referrers().pay(code, 500, "V1", "staff:county")
    assert await Referrers().pay(code, 300, "V1", "staff:county") == 300
    await reduced("O1", 0)
    mine = await referrer_of("C1")
    assert (mine.due_fen, mine.paid_fen, mine.clawback_fen) == (0, 300, 300)
    with pytest.raises(NothingDue):
        await Referrers().pay(code, 300, "V2", "staff:county")


async def test_what_the_month_has_capped_is_lost_first(database: str) -> None:
    code = await begun(month_cap=700)
    assert [await earned(f"O{n}", 10_000, code) for n in (1, 2)] == [500, 200]
    await reduced("O2", 5_000)  # 250 are left of it, and 200 were owed
    (month,) = await months_of("C1")
    assert (month.due_fen, month.capped_fen) == (700, 50)
    await reduced("O1", 0)
    assert (await referrer_of("C1")).due_fen == 200
    # The month has room for what is really owed, paid or not.
    assert await earned("O3", 10_000, code) == 500
    await Referrers().pay(code, 700, "V1", "staff:county")
    assert await earned("O4", 10_000, code) == 0
    await reduced("O3", 2_000)
    assert await earned("O5", 10_000, code) == 400


async def test_what_was_paid_too_much_comes_off_the_next_payment_on_any_code(database: str) -> None:
    """Fails when a new code begins with a clean sheet: tried."""
    code = await begun()
    await earned("O1", 10_000, code)
    await Referrers().pay(code, 500, "V1", "staff:county")
    await reduced("O1", 4_000)
    assert (await referrer_of("C1")).clawback_fen == 300
    await earned("O2", 4_000, code)
    assert await referrers_due() == []  # 200 less 300
    with pytest.raises(NothingDue):
        await Referrers().pay(code, 200, "V2", "staff:county")
    await Referrers().leave("C1")
    other = await Referrers().join("C1")
    await earned("O3", 10_000, other)
    assert await referrers_due() == [ReferrerDue(other, "C1", 200, 300)]
    assert await Referrers().pay(other, 200, "V2", "staff:county") == 200
    assert [(each.fen, each.offsets) for each in await facts(ReferrerPaid)] == [(500, {}), (200, {code: 300})]
    assert await referrers_due() == [ReferrerDue(code, "C1", 200, 0)]
    assert await Referrers().pay(code, 200, "V3", "staff:county") == 200
    mine = await referrer_of("C1")
    # Of 4,000, 4,000 and 10,000 fen of goods five in a hundred.
    assert (mine.due_fen, mine.clawback_fen, mine.paid_fen) == (0, 0, 900)
    assert await scalar("SELECT sum(amount_fen)::bigint FROM referral_payout") == 900
    await reduced("O1", 0)
    assert (await referrer_of("C1")).clawback_fen == 200
    today = china_day(utc_now())
    (result,) = await programme_results("M1", today, today)
    assert result.commission_fen == 1_200
    assert (result.paid_fen, result.clawback_fen, result.lost_fen) == (900, 200, 500)


async def test_refunds_and_payments_at_the_same_time_lose_no_fen(database: str) -> None:
    """Any order of earning, refunds and payments: paid + due - to take back is what is left, and the facts say so."""
    code, chance = await begun(bp=733, order_cap=10**8, month_cap=10**8), random.Random(7)
    left: dict[str, int] = {}
    base: dict[str, int] = {}
    for n in range(30):
        order = f"O{n}"
        base[order] = left[order] = chance.randint(20, 100_000)
        await placed([line(code, base[order], order=order)])
        await ReferralShares().note_paid(order)
        acts = [ReferralShares().earn(order)]
        for each in chance.sample(sorted(left), min(3, len(left))):
            left[each] = chance.randint(0, left[each])
            acts.append(ReferralShares().reduce(f"{each}-1", left[each], f"R{n}"))  # type: ignore[arg-type]
        due = await scalar("SELECT COALESCE(sum(due_fen), 0)::bigint FROM referral_share WHERE state = 'due'")
        back = await scalar("SELECT COALESCE(sum(clawed_fen - recovered_fen), 0)::bigint FROM referral_share")
        acts.append(Referrers().pay(code, due - back, f"V{n}", "staff:county"))
        found = await asyncio.gather(*acts, return_exceptions=True)
        assert {type(each) for each in found if isinstance(each, BaseException)} <= {DueChanged, NothingDue}
        mine = await referrer_of("C1")
        wanted = sum(base[each] * 733 // 10_000 * left[each] // base[each] for each in left)
        assert mine.paid_fen + mine.due_fen - mine.clawback_fen == wanted
        if n % 5 == 4 and mine.due_fen > mine.clawback_fen:  # at the same time it may lose to the others every time
            await Referrers().pay(code, mine.due_fen - mine.clawback_fen, f"W{n}", "staff:county")
    told = await rows(
        "SELECT sum((payload->>'fen')::bigint) FILTER (WHERE topic = 'referrals.commission_owed')::bigint AS owed,"
        " sum((payload->>'fen')::bigint) FILTER (WHERE topic = 'referrals.commission_reduced')::bigint AS reduced,"
        " sum((payload->>'fen')::bigint) FILTER (WHERE topic = 'referrals.referrer_paid')::bigint AS paid"
        " FROM outbox_message"
    )
    assert told[0]["owed"] - told[0]["reduced"] == wanted
    assert told[0]["paid"] == (await referrer_of("C1")).paid_fen
    assert told[0]["paid"] > 0
