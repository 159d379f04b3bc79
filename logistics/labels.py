"""Printed waybills that will not be used: wanted back with the change that left them over, taken back by a job."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, rows
from kit.errors import DomainError
from logistics.carriers import Carriers
from logistics.errors import CarrierAccountMissing, LabelRefused
from logistics.models import LABEL_CANCELLATION_TRANSITIONS, LabelCancellationState
from logistics.ports import CarrierService, LabelCancel

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a claimed cancellation is left alone by the other workers; a killed one's comes due again after it."""

PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)
"""A carrier that has not answered for so long will not; the merchant is told to see to it."""


@dataclass(frozen=True)
class LabelCancellations:
    """Tells the carriers. Without a carrier service nothing is told."""

    service: CarrierService | None
    carriers: Carriers
    clock: Clock = utc_now

    async def cancel_due(self, limit: int = 20) -> int:
        """Take back the waybills that are due, one call each, outside any transaction; answers how many."""
        if self.service is None:
            return 0
        claimed = await self._claim(limit)
        for each in claimed:
            await self._cancel(self.service, each)
        return len(claimed)

    async def claim_lost(self, limit: int) -> list[Row]:
        """The printings that are due of which nobody has heard the end."""
        return await self._claim(limit, is_lost=True)

    async def _claim(self, limit: int, *, is_lost: bool = False) -> list[Row]:
        return await rows(
            "UPDATE label_cancellation l SET due_at = $1::timestamptz + $2::interval, attempts = l.attempts + 1"
            " FROM parcel p, carrier c WHERE p.id = l.parcel_id AND c.code = l.carrier AND l.id IN"
            " (SELECT id FROM label_cancellation WHERE state = 'pending' AND (waybill IS NULL) = $4 AND due_at <= $1"
            " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING l.id, l.carrier, l.waybill,"
            " l.carrier_order, l.print_key, l.attempts, l.wanted_at, p.merchant, p.number AS parcel, c.kuaidi100_code",
            self.clock(),
            LEASE,
            limit,
            is_lost,
        )

    async def _cancel(self, service: CarrierService, wanted: Row) -> None:
        try:
            contract = await self.carriers.contract(wanted["merchant"], wanted["carrier"])
            await service.cancel_label(
                LabelCancel(
                    carrier=wanted["kuaidi100_code"],
                    waybill=wanted["waybill"],
                    carrier_order=wanted["carrier_order"],
                    partner_id=contract.partner_id,
                    partner_key=contract.partner_key,
                )
            )
        except DomainError as error:
            await self.note_failure(wanted, error)
        else:
            await self._settle(wanted, LabelCancellationState.CANCELLED, None)

    async def note_failure(self, wanted: Row, error: DomainError) -> None:
        """What the carrier will not do is for the merchant to see; what it does not answer is tried later."""
        log.warning("label_not_cancelled", extra={"code": error.code})
        is_over = self.clock() - wanted["wanted_at"] >= GIVEN_UP_AFTER
        if is_over or isinstance(error, LabelRefused | CarrierAccountMissing):
            reason = str(error.facts.get("reason") or "") or error.title
            await self._settle(wanted, LabelCancellationState.FAILED, reason)
        else:
            await self._wait(wanted, error.title)

    async def _settle(self, wanted: Row, to: LabelCancellationState, note: str | None) -> None:
        """What a slow worker says after another has settled it changes nothing."""
        sources = [state.value for state, targets in LABEL_CANCELLATION_TRANSITIONS.items() if to in targets]
        await execute(
            "UPDATE label_cancellation SET state = $2, note = left($3, 200), settled_at = $4"
            " WHERE id = $1 AND state = ANY($5::text[])",
            wanted["id"],
            to.value,
            note,
            self.clock(),
            sources,
        )

    async def _wait(self, wanted: Row, note: str) -> None:
        pause = min(PAUSE * 2 ** min(wanted["attempts"] - 1, 10), LONGEST_PAUSE)
        await execute(
            "UPDATE label_cancellation SET due_at = $2, note = left($3, 200) WHERE id = $1 AND state = 'pending'",
            wanted["id"],
            self.clock() + pause,
            note,
        )
