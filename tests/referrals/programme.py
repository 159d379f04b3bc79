"""A referral programme for tests: terms in force, a document, and consumers who take part."""

from datetime import timedelta

from accounts.consents import Consents, LegalDocuments
from accounts.own_data_models import DocumentKind
from kit.clock import Clock, china_day, utc_now
from referrals.service import Referrers
from referrals.terms import Programme, TermsView

KIND = DocumentKind.REFERRAL_TERMS


def terms(bp: int = 500, order_cap: int = 2_000, month_cap: int = 10_000, clock: Clock = utc_now) -> TermsView:
    """Five in a hundred unless told otherwise, from today on."""
    return TermsView(
        valid_from=china_day(clock()), commission_bp=bp, order_cap_fen=order_cap, month_cap_fen=month_cap,
        source_document="示例文件 31 号",
    )  # fmt: skip


async def open_programme(given: TermsView | None = None, clock: Clock = utc_now) -> None:
    """Terms and the document that referrers agree to."""
    await Programme(True, clock).set_terms(given or terms(clock=clock), "staff:county")
    before = clock() - timedelta(minutes=1)
    await LegalDocuments(lambda: before).announce(KIND, "推荐活动协议", "只有一级。", before, "staff:county")


async def referrer(consumer: str, clock: Clock = utc_now) -> str:
    """A consumer who has agreed and joined; answers the code."""
    await Consents(clock).give(consumer, KIND, 1)
    return await Referrers(clock).join(consumer)
