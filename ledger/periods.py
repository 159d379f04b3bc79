"""Months of the books: frozen, signed by two, closed for ever (domain reference 2.5, period close).

This room knows when a month may be frozen and who has signed what. Whether the month agrees with orders, payments and
bills is computed above it and comes here as one text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, scalar, transaction
from ledger.chain import FIRST
from ledger.errors import (
    CertificateDiffers,
    CertificateUnknown,
    PeriodNotMovable,
    PeriodNotOver,
    PeriodOutOfOrder,
    PeriodUnknown,
    TwoSignersNeeded,
)
from ledger.inputs import stand_alone
from ledger.models import PERIOD_TRANSITIONS, PeriodState, Signatory
from ledger.service import Sealer, period_of

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class PeriodCard(msgspec.Struct, frozen=True, kw_only=True):
    """One month. ``journals`` are sealed ones; ``root`` is the last hash, noted when the month was closed."""

    period: str
    state: PeriodState
    round: int
    journals: int
    unsealed: int
    root: str | None
    closed_at: datetime | None


class ListedItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not agree, and why the month is closed all the same."""

    kind: str
    key: str
    amount_fen: int
    reason: str
    listed_by: str
    listed_at: datetime


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """One signature."""

    signatory: Signatory
    signed_by: str
    name: str
    signed_at: datetime


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed, byte for byte, with the signatures that it has."""

    period: str
    round: int
    text: str
    digest: str
    root: str
    made_by: str
    made_at: datetime
    signatures: list[Signed]


# The months that have journals, by steps through the index on (period, seq), never by a scan.
_PERIODS = """
WITH RECURSIVE month AS (
    (SELECT period FROM ledger_journal ORDER BY period LIMIT 1)
    UNION ALL
    SELECT (SELECT j.period FROM ledger_journal j WHERE j.period > m.period ORDER BY j.period LIMIT 1)
      FROM month m WHERE m.period IS NOT NULL)
SELECT m.period, COALESCE(p.state, 'open') AS state, COALESCE(p.round, 0) AS round, p.root, p.closed_at,
       COALESCE((SELECT j.seq FROM ledger_journal j WHERE j.period = m.period AND j.seq IS NOT NULL
         ORDER BY j.seq DESC LIMIT 1), 0) AS journals,
       (SELECT count(*) FROM ledger_journal j WHERE j.hash IS NULL AND j.period = m.period) AS unsealed
  FROM month m LEFT JOIN ledger_period p ON p.period = m.period WHERE m.period IS NOT NULL
"""


async def period_cards() -> list[PeriodCard]:
    """Every month that has journals, newest first."""
    return [msgspec.convert(each, PeriodCard) for each in await rows(_PERIODS + " ORDER BY m.period DESC")]


async def period_card(period: str) -> PeriodCard:
    """One month. Raises :class:`PeriodUnknown`."""
    found = await row(_PERIODS + " AND m.period = $1", period)
    if found is None:
        raise PeriodUnknown(period=period[:10])
    return msgspec.convert(found, PeriodCard)


async def listed_items(period: str) -> list[ListedItem]:
    """What was listed for a month, oldest first."""
    found = await rows(
        "SELECT kind, key, amount_fen, reason, listed_by, listed_at FROM ledger_period_item WHERE period = $1"
        " ORDER BY id",
        period,
    )
    return [msgspec.convert(each, ListedItem) for each in found]


_CERTIFICATE = (
    "SELECT p.period, c.round, c.text, c.digest, c.root, c.made_by, c.made_at,"
    " COALESCE((SELECT jsonb_agg(jsonb_build_object('signatory', s.signatory, 'signed_by', s.signed_by,"
    "   'name', s.name, 'signed_at', s.signed_at) ORDER BY s.id) FROM ledger_signature s"
    "   WHERE s.certificate_id = c.id), '[]')::text AS signatures, p.state,"
    " c.round = p.round AND p.state <> 'open' AS stands"
    " FROM ledger_period p JOIN ledger_certificate c ON c.period_id = p.id"
)


async def certificate(period: str) -> Certificate:
    """The standing certificate of a month that is closing or closed. Raises :class:`CertificateUnknown`."""
    found = await row(f"{_CERTIFICATE} AND c.round = p.round WHERE p.period = $1 AND p.state <> 'open'", period)
    if found is None:
        raise CertificateUnknown(period=period[:10])
    return _certificate(found)


async def certificate_by_digest(digest: str) -> tuple[Certificate, PeriodState | None]:
    """The certificate with this digest, and where its month stands; None when its closing was taken back.

    Raises :class:`CertificateUnknown`.
    """
    found = await row(f"{_CERTIFICATE} WHERE c.digest = $1", digest)
    if found is None:
        raise CertificateUnknown()
    return _certificate(found), PeriodState(found["state"]) if found["stands"] else None


def _certificate(found: Row) -> Certificate:
    signatures = msgspec.json.decode(found["signatures"], type=list[Signed])
    return msgspec.convert({**found, "signatures": signatures}, Certificate)


@dataclass(frozen=True)
class Periods:
    """The steps of a month. ``by`` is the caller held to each of them."""

    clock: Clock = utc_now
    sealer: Sealer = field(default_factory=Sealer)

    async def freeze(self, period: str, by: str) -> int:
        """Let nothing more be posted into a month and seal it whole; answers the round. Repeatable while it closes.

        Raises :class:`PeriodUnknown`, :class:`PeriodNotOver`, :class:`PeriodOutOfOrder`, :class:`PeriodNotMovable`.
        """
        if not _MONTH.fullmatch(period):
            raise PeriodUnknown(period=period[:10])
        if period >= period_of(self.clock()):
            raise PeriodNotOver(period=period)
        async with transaction():
            await stand_alone()
            await self._check_order(period)
            standing = await self._held(period)
            if standing["state"] != PeriodState.CLOSING:
                standing = await self._move(standing, PeriodState.CLOSING, by)
        await self.sealer.seal_period(period)
        return int(standing["round"])

    async def reopen(self, period: str, by: str, note: str) -> None:
        """Take back the closing of a month that is not closed; what was signed stays on record.

        Raises :class:`PeriodUnknown`, :class:`PeriodNotMovable`.
        """
        async with transaction():
            await stand_alone()
            await self._move(await self._held(period, make=False), PeriodState.OPEN, by, note)

    async def abandon(self, period: str, round: int, by: str, note: str) -> bool:
        """Take back this round of a closing, unless its certificate stands or it is over; whether it was taken back.

        Two may begin the same round at once: who finds something off must not undo what the other has certified.
        Raises :class:`PeriodUnknown`.
        """
        async with transaction():
            await stand_alone()
            standing = await self._held(period, make=False)
            if (standing["state"], standing["round"]) != (PeriodState.CLOSING, round):
                return False
            if await scalar(
                "SELECT 1 FROM ledger_certificate WHERE period_id = $1 AND round = $2", standing["id"], round
            ):
                return False
            await self._move(standing, PeriodState.OPEN, by, note)
            return True

    async def certify(self, period: str, round: int, text: str, by: str) -> None:
        """Keep what is to be signed in this round; a second text of the same round changes nothing.

        Raises :class:`PeriodNotMovable` when the round is over.
        """
        async with transaction():
            standing = await self._held(period, make=False)
            if (standing["state"], standing["round"]) != (PeriodState.CLOSING, round):
                raise PeriodNotMovable(state=standing["state"])
            await rows(
                "INSERT INTO ledger_certificate (period_id, round, text, digest, root, made_by, made_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (period_id, round) DO NOTHING RETURNING 1",
                standing["id"],
                round,
                text,
                sha256(text.encode()).hexdigest(),
                await self.head(period),
                by,
                self.clock(),
            )

    async def sign(self, period: str, digest: str, signatory: Signatory, by: str, name: str) -> bool:
        """Sign the certificate with this digest; the second signature closes the month. True when it is closed.

        Signing again changes nothing. Raises :class:`PeriodUnknown`, :class:`PeriodNotMovable`,
        :class:`CertificateUnknown`, :class:`CertificateDiffers`, :class:`TwoSignersNeeded`.
        """
        async with transaction():
            standing = await self._held(period, make=False)
            if standing["state"] == PeriodState.OPEN:
                raise PeriodNotMovable(state=standing["state"])
            found = await certificate(period)
            if found.digest != digest:
                raise CertificateDiffers(digest=found.digest)
            if any((each.signatory, each.signed_by) == (signatory, by) for each in found.signatures):
                return bool(standing["state"] == PeriodState.CLOSED)
            if any(each.signatory == signatory or each.signed_by == by for each in found.signatures):
                raise TwoSignersNeeded(period=period)
            await rows(
                "INSERT INTO ledger_signature (certificate_id, signatory, signed_by, name, signed_at)"
                " SELECT id, $3, $4, $5, $6 FROM ledger_certificate WHERE period_id = $1 AND round = $2 RETURNING 1",
                standing["id"],
                standing["round"],
                str(signatory),
                by,
                name,
                self.clock(),
            )
            if len(found.signatures) + 1 < len(Signatory):
                return False
            if await self.head(period) != found.root:
                raise CertificateDiffers(digest=found.digest)
            await self._move(standing, PeriodState.CLOSED, by)
            return True

    async def list_items(self, period: str, found: Sequence[tuple[str, str, int]], reason: str, by: str) -> None:
        """List things (kind, key, fen) of an open month with one reason; what is listed already keeps its own.

        Raises :class:`PeriodNotMovable`.
        """
        kinds, keys, amounts = (list(column) for column in zip(*found, strict=True))
        async with transaction():
            standing = await self._held(period)
            if standing["state"] != PeriodState.OPEN:
                raise PeriodNotMovable(state=standing["state"])
            await rows(
                "INSERT INTO ledger_period_item (period, kind, key, amount_fen, reason, listed_by, listed_at)"
                " SELECT $1, i.kind, i.key, i.fen, $5, $6, $7"
                " FROM unnest($2::text[], $3::text[], $4::bigint[]) AS i (kind, key, fen)"
                " ON CONFLICT (period, kind, key, amount_fen) DO NOTHING RETURNING 1",
                period,
                kinds,
                keys,
                amounts,
                reason,
                by,
                self.clock(),
            )

    async def head(self, period: str) -> str:
        """The hash of the last sealed journal of a month, 64 zeros when there is none."""
        found = await scalar(
            "SELECT hash FROM ledger_journal WHERE period = $1 AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1", period
        )
        return str(found or FIRST)

    async def _check_order(self, period: str) -> None:
        first = await scalar(
            "SELECT min(m.period) FROM (" + _PERIODS + ") AS m WHERE m.period <= $1 AND m.state <> 'closed'", period
        )
        if first is None and not await scalar("SELECT 1 FROM ledger_period WHERE period = $1", period):
            raise PeriodUnknown(period=period)
        if first is not None and first != period:
            raise PeriodOutOfOrder(first=first)

    async def _held(self, period: str, *, make: bool = True) -> Row:
        """The month's row, locked. Without ``make`` a month that nobody has begun to close is open, so it raises
        :class:`PeriodNotMovable`, or :class:`PeriodUnknown` when there is no such month."""
        if make:
            await rows("INSERT INTO ledger_period (period, state, round) VALUES ($1, 'open', 0)"
                       " ON CONFLICT (period) DO NOTHING RETURNING 1", period)  # fmt: skip
        found = await row("SELECT id, period, state, round FROM ledger_period WHERE period = $1 FOR UPDATE", period)
        if found is None:
            raise PeriodNotMovable(state=(await period_card(period)).state)
        return found

    async def _move(self, standing: Row, to: PeriodState, by: str, note: str = "") -> Row:
        """One step of a month whose row is locked. Raises :class:`PeriodNotMovable`."""
        if to not in PERIOD_TRANSITIONS[PeriodState(standing["state"])]:
            raise PeriodNotMovable(state=standing["state"])
        now, is_closed = self.clock(), to is PeriodState.CLOSED
        moved = await rows(
            "UPDATE ledger_period SET state = $2, round = round + $3, root = $4, closed_at = $5 WHERE id = $1"
            " RETURNING id, period, state, round",
            standing["id"],
            str(to),
            int(to is PeriodState.CLOSING),
            await self.head(standing["period"]) if is_closed else None,
            now if is_closed else None,
        )
        await rows(
            "INSERT INTO ledger_period_step (period_id, state, at, by, note) VALUES ($1, $2, $3, $4, $5) RETURNING 1",
            standing["id"],
            str(to),
            now,
            by,
            note,
        )
        return moved[0]
