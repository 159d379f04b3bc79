"""Requests of the referral programme that succeed."""

from datetime import timedelta

from accounts.consents import Consents
from kit.clock import china_day, utc_now
from kit.database import scalar, transaction
from referrals.service import Referrers
from referrals.shares import ReferralShares, ReferredLine, shares_of
from referrals.terms import Programme
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, consumer_of, good
from tests.own_data.good_requests import KIND, document
from tests.referrals.programme import terms


async def programme() -> None:
    """Terms in force and the document that referrers agree to."""
    if not await scalar("SELECT count(*) FROM referral_terms WHERE valid_from <= $1", china_day(utc_now())):
        await Programme(True).set_terms(terms(), "staff:county")
    await document()


async def referrer() -> str:
    """The consumer takes part; answers the code."""
    await programme()
    number = await consumer_of()
    await Consents().give(number, KIND, await document())
    return await Referrers().join(number)


@good("console.set_referral_terms")
async def set_terms(owner: Owner) -> GoodRequest:
    """From the day after the newest ones."""
    await programme()
    newest = await scalar("SELECT max(valid_from) FROM referral_terms")
    body = {
        "valid_from": (newest + timedelta(days=1)).isoformat(), "commission_bp": 100, "order_cap_fen": 100,
        "month_cap_fen": 1000, "source_document": "示例文件 32 号",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("miniapp.show_referral_terms")
async def show_terms(owner: Owner) -> GoodRequest:
    await programme()
    return GoodRequest()


@good("miniapp.become_referrer")
async def join(owner: Owner) -> GoodRequest:
    await referrer()
    await owner.ask("consumer", "DELETE", "/v1/miniapp/referrer")
    return GoodRequest()


@good("miniapp.show_referrer")
async def show(owner: Owner) -> GoodRequest:
    await referrer()
    return GoodRequest()


@good("miniapp.follow_referral")
async def follow(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await referrer()})


@good("console.pay_referrer")
async def pay(owner: Owner) -> GoodRequest:
    """What an earned order has brought."""
    code, shares = await referrer(), ReferralShares()
    line = ReferredLine(
        code=code, order="O-REFERRED", line="O-REFERRED-1", merchant=owner.house.merchant, product=owner.house.product,
        net_fen=10_000,
    )  # fmt: skip
    await Programme(True).opt_in(owner.house.merchant, owner.house.product, "staff:clerk")
    async with transaction():
        await shares.keep(await shares_of("BUYER", [line], utc_now()))
    await shares.note_paid("O-REFERRED")
    await shares.earn("O-REFERRED")
    due = await scalar("SELECT sum(due_fen)::bigint FROM referral_share WHERE state = 'due'")
    return GoodRequest(names={"code": code}, body={"amount_fen": due, "voucher": "示例回单 1"})
