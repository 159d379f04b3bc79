"""Notices of the channel.

Stored first, then applied, answered so that the channel repeats what was not finished.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from kit.clock import Clock, utc_now
from kit.database import execute, row
from payments.confirmations import Confirmation
from payments.errors import NoticeNotAccepted, NoticeNotAuthentic, NoticeNotReadable
from payments.models import NoticeOutcome
from payments.ports import Notice, NoticeForged, NoticeUnreadable, PaymentGateway
from payments.refunds import Refunds
from payments.service import Payments
from payments.sharing.service import hurry_split

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notices:
    """Takes in the channel's notices."""

    gateway: PaymentGateway
    payments: Payments
    refunds: Refunds
    clock: Clock = utc_now

    async def receive(self, headers: Mapping[str, str], raw: bytes) -> NoticeOutcome:
        """Verify, store, apply. Returning means: the channel need not tell us again.

        Raises :class:`NoticeNotAuthentic` (nothing is stored: anybody can send junk),
        :class:`NoticeNotReadable` or :class:`NoticeNotAccepted` (stored, marked refused, for a person to
        look at).
        """
        try:
            notice = self.gateway.read_notice(headers, raw)
        except NoticeForged as forged:
            log.warning("notice_forged", extra={"reason": str(forged)})
            raise NoticeNotAuthentic() from None
        except NoticeUnreadable as unreadable:
            log.error("notice_unreadable", extra={"reason": str(unreadable)})
            raise NoticeNotReadable() from None
        stored = await self._store(notice, raw)
        if stored in (NoticeOutcome.APPLIED, NoticeOutcome.IGNORED):
            return stored
        confirmation = await self._apply(notice)
        if confirmation is None:
            return await self._finish(notice, NoticeOutcome.IGNORED, "not followed")
        if not confirmation.is_accepted:
            log.error("notice_refused", extra={"notice": notice.id, "reason": confirmation.value})
            await self._finish(notice, NoticeOutcome.REFUSED, confirmation.value)
            raise NoticeNotAccepted(reason=confirmation.value)
        return await self._finish(notice, NoticeOutcome.APPLIED, confirmation.value)

    async def _store(self, notice: Notice, raw: bytes) -> NoticeOutcome:
        """Keep the notice before anything is done with it; answers what an earlier delivery came to."""
        stored = await row(
            "INSERT INTO payment_notice AS n (notice_id, body_hash, event_type, body, received_at,"
            " times, outcome)"
            " VALUES ($1, $2, $3, $4, $5, 1, 'received')"
            " ON CONFLICT (notice_id) DO UPDATE SET times = n.times + 1 RETURNING outcome",
            notice.id,
            sha256(raw).digest(),
            notice.event_type[:64],
            raw,
            self.clock(),
        )
        assert stored is not None
        return NoticeOutcome(stored["outcome"])

    async def _apply(self, notice: Notice) -> Confirmation | None:
        """Each part by itself: what fits is captured, and the first that does not is what the channel is told."""
        if notice.refund is not None:
            return await self.refunds.confirm(notice.refund)
        if notice.split is not None:
            await hurry_split(notice.split)
            return Confirmation.APPLIED
        made = [await self.payments.confirm(seen) for seen in notice.transactions]
        return next((each for each in made if not each.is_accepted), made[0] if made else None)

    async def _finish(self, notice: Notice, outcome: NoticeOutcome, reason: str) -> NoticeOutcome:
        await execute(
            "UPDATE payment_notice SET outcome = $2, reason = $3, finished_at = $4"
            " WHERE notice_id = $1 AND outcome IN ('received', 'refused')",
            notice.id,
            outcome.value,
            reason[:80],
            self.clock(),
        )
        return outcome
