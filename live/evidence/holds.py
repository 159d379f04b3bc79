"""Who inspects has evidence held and checked; who lifts a hold is another person than who has placed it."""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from live.errors import SessionNotFound
from live.evidence.errors import (
    EvidenceDeleted,
    EvidenceHoldUnknown,
    EvidenceMoving,
    EvidenceNotCold,
    EvidenceNotSealed,
)
from live.evidence.models import BundleState, CopyState, EvidenceCheck, EvidenceHold

_KEPT = frozenset({BundleState.SEALING, BundleState.SEALED})


@dataclass(frozen=True)
class EvidenceDesk:
    """``by`` is the account held to it."""

    clock: Clock = utc_now

    async def hold(self, number: str, document: str, by: str) -> str:
        """From now on nothing of the session is deleted, whatever its day; answers the hold's number.

        It may be placed before the bundle is there. Raises ``SessionNotFound`` and :class:`EvidenceDeleted`.
        """
        hold = public_number(self.clock(), "EH")
        async with transaction():
            session = await scalar("SELECT id FROM live_session WHERE number = $1", number)
            if session is None:
                raise SessionNotFound(number=number)
            # The deletion takes the same row, so either it sees this hold or this sees the deletion.
            state = await scalar("SELECT state FROM live_evidence_bundle WHERE session_id = $1 FOR UPDATE", session)
            if state is not None and BundleState(state) not in _KEPT:
                raise EvidenceDeleted(number=number)
            await EvidenceHold.create(
                number=hold, session_id=session, document=document, placed_by=by, placed_at=self.clock()
            )
        return hold

    async def release(self, hold: str, document: str, by: str) -> None:
        """Lift a hold. Raises :class:`EvidenceHoldUnknown`, ``SecondPersonNeeded`` for who has placed it."""
        placed_by = await scalar(
            "SELECT placed_by FROM live_evidence_hold WHERE number = $1 AND released_at IS NULL", hold
        )
        if placed_by is None:
            raise EvidenceHoldUnknown(hold=hold)
        if placed_by == by:
            raise SecondPersonNeeded()
        if not await execute(
            "UPDATE live_evidence_hold SET released_by = $2, lifting_document = $3, released_at = $4"
            " WHERE number = $1 AND released_at IS NULL",
            hold,
            by,
            document,
            self.clock(),
        ):
            raise EvidenceHoldUnknown(hold=hold)

    async def ask_check(self, number: str, by: str) -> None:
        """Have the bundle held against its manifest; as long as one waits, asking again adds none.

        Raises :class:`EvidenceNotSealed`.
        """
        found = await row(
            "SELECT b.id, EXISTS (SELECT FROM live_evidence_check c WHERE c.bundle_id = b.id AND c.checked_at IS NULL)"
            " AS is_asked FROM live_evidence_bundle b JOIN live_session s ON s.id = b.session_id"
            " WHERE s.number = $1 AND b.state = 'sealed'",
            number,
        )
        if found is None:
            raise EvidenceNotSealed(number=number)
        if not found["is_asked"]:
            await EvidenceCheck.create(bundle_id=found["id"], asked_by=by, asked_at=self.clock())

    async def fetch_back(self, number: str, by: str) -> None:
        """Have evidence and pictures brought onto the volume again; asking twice asks once.

        Raises :class:`EvidenceNotSealed`, :class:`EvidenceDeleted`, :class:`EvidenceNotCold`, :class:`EvidenceMoving`.
        """
        found = await row(
            "SELECT b.session_id, b.state, c.state AS copy FROM live_evidence_bundle b"
            " JOIN live_session s ON s.id = b.session_id LEFT JOIN live_evidence_copy c ON c.session_id = s.id"
            " WHERE s.number = $1 AND b.state <> 'sealing'",
            number,
        )
        if found is None:
            raise EvidenceNotSealed(number=number)
        if found["state"] != BundleState.SEALED:
            raise EvidenceDeleted(number=number)
        if found["copy"] == CopyState.COPIED:
            raise EvidenceMoving(number=number)
        if found["copy"] not in (CopyState.COLD, CopyState.RESTORING):
            raise EvidenceNotCold(number=number)
        await execute(
            "UPDATE live_evidence_copy SET state = 'restoring', asked_by = $2, asked_at = $3, next_attempt_at = $3"
            " WHERE session_id = $1 AND state = 'cold'",
            found["session_id"],
            by,
            self.clock(),
        )
