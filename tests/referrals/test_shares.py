"""Commission: fixed at placing, one level, capped, reduced to the fen, owed once (domain reference M01)."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest

from accounts.consents import Consents
from kit.clock import china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from referrals.errors import (
    DueChanged,
    NothingDue,
    ReferralNotAgreed,
    ReferralSplitMissing,
    ReferralTermsTaken,
    ReferralTermsUnknown,
    ReferrerUnknown,
    VoucherTaken,
)
from referrals.models import SHARE_TRANSITIONS, ShareState
from referrals.queries import months_of, programme_results, referrer_of, referrers_due
from referrals.service import ReferralTokens, Referrers, code_in
from referrals.shares import ReferralShares, ReferredLine, shares_of
from referrals.terms import Programme, opt_ins, terms_in_force
from tests.orders.mall import Watch
from tests.referrals.programme import KIND, open_programme, referrer, terms
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio


def line(code: str, net_fen: int, n: int = 1, order: str = "O1", **changes: str) -> ReferredLine:
    members = {"merchant": "M1", "product": "P1", **changes}
    return ReferredLine(code=code, order=order, line=f"{order}-{n}", net_fen=net_fen, **members)


async def placed(lines: list[ReferredLine], buyer: str = "C2") -> list[int]:
    """Promise and store; answers the fen of each line."""
    shares = await shares_of(buyer, lines, utc_now())
    async with transaction():
        await ReferralShares().keep(shares)
    return [share.share_fen for share in shares]


async def earned(order: str, net_fen: int, code: str) -> int:
    """A whole way to the moment at which it is owed."""
    await placed([line(code, net_fen, order=order)])
    await ReferralShares().note_paid(order)
    return await ReferralShares().earn(order)


async def test_only_who_has_agreed_joins_and_gets_one_code(database: str) -> None:
    with pytest.raises(ReferralTermsUnknown):
        await Referrers().join("C1")
    await open_programme()
    with pytest.raises(ReferralNotAgreed):
        await Referrers().join("C1")
    code = await referrer("C1")
    assert set(await asyncio.gather(*(Referrers().join("C1") for _ in range(5)))) == {code}
    await Referrers().leave("C1")
    with pytest.raises(ReferrerUnknown):
        await ReferralTokens("s" * 40).token(code)
    assert await Referrers().join("C1") != code


async def test_a_token_is_believed_for_four_hours_and_a_bare_code_never(database: str) -> None:
    await open_programme()
    code = await referrer("C1")
    tokens = ReferralTokens("s" * 40)
    token = await tokens.token(code)
    assert code_in(tokens.verify(token)) == code
    assert code_in("live:L1") is None
    assert code_in(None) is None
    for wrong in (code, f"referral:{code}", token[:-1] + "0", token.replace(code, "A" * 16)):
        assert tokens.verify(wrong) in (None, f"referral:{code}" if wrong == token else None)
    assert ReferralTokens("other" * 9).verify(token) is None
    assert ReferralTokens("s" * 40, lambda: utc_now() + timedelta(hours=4, seconds=1)).verify(token) is None


async def test_a_share_needs_terms_a_willing_referrer_a_bearing_merchant_and_another_buyer(database: str) -> None:
    await open_programme()
    code, programme = await referrer("C1"), Programme(True)
    assert await placed([line(code, 10_000)]) == []
    await programme.opt_in("M1", "P2", "staff:clerk")
    assert await placed([line(code, 10_000)]) == []
    await programme.opt_in("M1", "P1", "staff:clerk")
    with counted_statements() as sent:
        assert await shares_of("C2", [], utc_now()) == []
        found = await shares_of("C2", [line(code, 10_000)], utc_now())
    assert len(sent) == 2
    assert [share.share_fen for share in found] == [500]
    assert await shares_of("C1", [line(code, 10_000)], utc_now()) == []  # never oneself
    assert await shares_of("C2", [line(code, 19)], utc_now()) == []  # less than a fen
    assert await shares_of("C2", [line(code, 10_000, merchant="M2")], utc_now()) == []
    await programme.opt_out("M1", "P1", "staff:clerk")
    assert await shares_of("C2", [line(code, 10_000)], utc_now()) == []
    await programme.opt_in("M1", "", "staff:clerk")
    assert [share.share_fen for share in await shares_of("C2", [line(code, 10_000)], utc_now())] == [500]
    assert [(each.merchant, each.product) for each in await opt_ins("M1")] == [("M1", ""), ("M1", "P2")]
    await Consents().withdraw("C1", KIND)
    assert await shares_of("C2", [line(code, 10_000)], utc_now()) == []
    await Consents().give("C1", KIND, 1)
    await Referrers().leave("C1")
    assert await shares_of("C2", [line(code, 10_000)], utc_now()) == []


async def test_there_is_no_second_level(database: str) -> None:
    """Who was referred and refers others brings the first referrer nothing: there is no row that could say so."""
    await open_programme()
    await Programme(True).opt_in("M1", "", "staff:clerk")
    first = await referrer("C1")
    await placed([line(first, 10_000)], buyer="C2")
    second = await referrer("C2")
    assert await placed([line(second, 10_000, order="O2")], buyer="C3") == [500]
    found = await rows("SELECT r.code FROM referral_share s JOIN referrer r ON r.id = s.referrer_id"
                       " WHERE s.order_number = 'O2'")  # fmt: skip
    assert [each["code"] for each in found] == [second]
    columns = await rows("SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'referrer'")
    assert {each["name"] for each in columns} == {"id", "code", "consumer", "agreed_version", "joined_at", "left_at"}


async def test_an_orders_shares_together_stay_below_its_cap_to_the_fen(database: str) -> None:
    await open_programme(terms(order_cap=1_000))
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code = await referrer("C1")
    lines = [line(code, 20_000, 1), line(code, 10_000, 2), line(code, 10_001, 3), line(code, 9_000, 1, "O2")]
    assert await placed(lines) == [500, 250, 250, 450]


async def test_terms_change_from_a_later_day_on_and_end_the_programme(database: str) -> None:
    with pytest.raises(ReferralSplitMissing):
        await Programme(False).set_terms(terms(), "staff:county")
    await open_programme()
    with pytest.raises(ReferralTermsTaken):
        await Programme(True).set_terms(terms(bp=100), "staff:county")
    watch = Watch(timedelta(days=1))
    await Programme(True).set_terms(terms(bp=0, clock=watch), "staff:county")
    assert (await terms_in_force()).commission_bp == 500
    with pytest.raises(ReferralTermsUnknown):
        await terms_in_force(watch())


async def test_what_is_owed_is_what_refunds_have_left_and_only_once(database: str) -> None:
    await open_programme()
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code, shares = await referrer("C1"), ReferralShares()
    await placed([line(code, 9_999)])
    assert await shares.earn("O1") == 0  # nobody has paid
    await shares.note_paid("O1")
    assert (await referrer_of("C1")).pending_fen == 499
    await shares.reduce("O1-1", 6_666, "R1")
    await shares.reduce("O1-1", 6_666, "R1")
    assert await asyncio.gather(*(shares.earn("O1") for _ in range(4))) == [332] * 4
    assert await scalar("SELECT count(*) FROM outbox_message WHERE topic = 'referrals.commission_owed'") == 1
    mine = await referrer_of("C1")
    assert (mine.orders, mine.pending_fen, mine.due_fen, mine.paid_fen) == (1, 0, 332, 0)
    assert [each.due_fen for each in await referrers_due()] == [332]
    assert await Referrers().pay(code, 332, "V1", "staff:county") == 332
    with pytest.raises(NothingDue):
        await Referrers().pay(code, 332, "V2", "staff:county")
    assert (await referrer_of("C1")).paid_fen == 332
    assert [(m.month, m.paid_fen, m.capped_fen) for m in await months_of("C1")] == [
        (china_day(utc_now()).replace(day=1), 332, 0)
    ]
    assert await earned("O9", 2_000, code) == 100
    with pytest.raises(DueChanged):  # the bank paid what was due a moment ago
        await Referrers().pay(code, 99, "V3", "staff:county")
    with pytest.raises(VoucherTaken):
        await Referrers().pay(code, 100, "V1", "staff:county")
    today = china_day(utc_now())
    (result,) = await programme_results(None, today, today)
    assert (result.merchant, result.orders, result.goods_fen, result.commission_fen) == ("M1", 2, 11_999, 599)
    assert (result.paid_fen, result.due_fen, result.lost_fen) == (332, 100, 167)
    assert await programme_results("M2", date.min, date.max) == []
    assert await programme_results(None, today + timedelta(days=1), date.max) == []


async def test_a_month_has_a_cap_whatever_is_earned_at_the_same_time(database: str) -> None:
    """Fails when the referrer is not locked: tried."""
    await open_programme(terms(month_cap=1_200))
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code = await referrer("C1")
    for n in range(8):
        await placed([line(code, 10_000, order=f"O{n}")])
        await ReferralShares().note_paid(f"O{n}")
    found = await asyncio.gather(*(ReferralShares().earn(f"O{n}") for n in range(8)))
    assert sorted(found) == [0, 0, 0, 0, 0, 200, 500, 500]
    (month,) = await months_of("C1")
    assert (month.due_fen, month.capped_fen) == (1_200, 2_800)
    # A new code of the same person is the same person's. Fails when a code has a month of its own: tried.
    await Referrers().leave("C1")
    await placed([line(await Referrers().join("C1"), 10_000, order="O8")])
    await ReferralShares().note_paid("O8")
    assert await ReferralShares().earn("O8") == 0
    # The next month is another one.
    code = await Referrers().join("C1")
    later = ReferralShares(lambda: utc_now() + timedelta(days=32))
    await placed([line(code, 10_000, order="O9")])
    await later.note_paid("O9")
    assert await later.earn("O9") == 500


async def test_an_order_that_closes_brings_nothing_and_one_that_is_paid_late_does(database: str) -> None:
    await open_programme()
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code, shares = await referrer("C1"), ReferralShares()
    await placed([line(code, 10_000)])
    await shares.note_closed("O1")
    assert await shares.earn("O1") == 0
    assert (await referrer_of("C1")).orders == 0
    await shares.note_paid("O1")
    await shares.reduce("O1-1", 0, "R1")
    await shares.note_closed("O1")
    await shares.note_paid("O1")  # all of it came back: there is nothing to revive
    assert await scalar("SELECT state FROM referral_share") == "void"


async def test_every_step_of_a_share_goes_where_the_table_says(database: str) -> None:
    await open_programme()
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code, shares = await referrer("C1"), ReferralShares()
    acts: list[Callable[[str], Awaitable[object]]] = [
        lambda _: shares.note_paid("O1"),
        lambda _: shares.note_closed("O1"),
        lambda _: shares.earn("O1"),
        lambda voucher: Referrers().pay(code, 500, voucher, "staff:county"),
    ]
    await placed([line(code, 10_000)])
    payout = await scalar(
        "INSERT INTO referral_payout (number, referrer_id, amount_fen, voucher, paid_at, paid_by, clawback_fen)"
        " SELECT 'P0', id, 1, 'V', now(), 'staff:county', 0 FROM referrer RETURNING id"
    )
    steps = set()
    for before in ShareState:
        for act in acts:
            is_due = before in (ShareState.DUE, ShareState.PAID)
            await execute(
                "UPDATE referral_share SET state = $1, due_fen = $2, month = $3, payout_id = $4",
                before.value,
                500 if is_due else None,
                china_day(utc_now()).replace(day=1) if is_due else None,
                payout if before is ShareState.PAID else None,
            )
            with contextlib.suppress(NothingDue):
                await act(f"V-{before}")
            after = ShareState(await scalar("SELECT state FROM referral_share"))
            if after is not before:
                steps.add((before, after))
    assert steps == {(state, to) for state, targets in SHARE_TRANSITIONS.items() for to in targets}


async def test_refunds_in_any_steps_leave_the_same_part_of_what_is_left(database: str) -> None:
    await open_programme(terms(bp=733, order_cap=10**8, month_cap=10**8))
    await Programme(True).opt_in("M1", "", "staff:clerk")
    code, chance = await referrer("C1"), random.Random(31)
    for n in range(40):
        base = chance.randint(14, 10**7)
        (share,) = await placed([line(code, base, order=f"O{n}")])
        await ReferralShares().note_paid(f"O{n}")
        left = base
        for _ in range(chance.randint(0, 5)):
            left = chance.randint(0, left)
            await ReferralShares().reduce(f"O{n}-1", left, "R1")
        assert share == base * 733 // 10_000
        assert await ReferralShares().earn(f"O{n}") == share * left // base
