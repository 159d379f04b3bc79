"""What time does to accounts."""

from datetime import timedelta

from accounts.access_chain import BATCH, heads, verify
from accounts.closures import Closures
from accounts.models import AccountSession, LoginFailure
from kit.clock import Clock, utc_now

KEPT_AFTER_END = timedelta(days=180)
"""Log-ins are kept for six months as the cyber security law asks for logs (domain reference 5)."""


async def forget_old_sessions(clock: Clock = utc_now) -> int:
    """Delete sessions that ended half a year ago and failures of yesterday; answers how many rows went."""
    now = clock()
    gone = await AccountSession.filter(expires_at__lt=now - KEPT_AFTER_END).delete()
    return gone + await LoginFailure.filter(last_failed_at__lt=now - timedelta(days=1)).delete()


async def erase_closed_accounts(closures: Closures) -> int:
    """Erase accounts whose cooling-off has passed; answers how many."""
    return await closures.erase_due()


async def verify_access_log() -> int:
    """Recompute the newest records of each chain; all of them before each day's anchor (:mod:`ledger.anchors`).

    Answers 0: nothing was moved. Raises ChainBrokenError, which is logged and counted as a failed job.
    """
    await verify(await heads(), BATCH)
    return 0
