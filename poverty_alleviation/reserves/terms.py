"""Terms of a merchant's reserve, and giving back what was held long enough (domain reference 2.5, object 10)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from ledger.chart import AFTER_SALES_RESERVE
from ledger.inputs import Input
from ledger.queries import moved, posted
from ledger.service import Entry, JournalDraft, Journals, hold_source
from poverty_alleviation.bases import held_lines
from poverty_alleviation.corrections.plans import to_targets
from poverty_alleviation.reserves.errors import ReserveTermExists, ReserveTermTooEarly
from poverty_alleviation.reserves.models import ReserveTerm
from poverty_alleviation.reserves.queries import claimed_of

RESERVE_RELEASE = "poverty_alleviation.reserve_release"
BATCH = 500


@dataclass(frozen=True)
class Reserves:
    """Entering terms, and releasing what is due. What a line holds back is fixed when it is earned."""

    journals: Journals = field(default_factory=Journals)
    clock: Clock = utc_now

    async def enter(
        self, merchant: str, basis_points: int, hold_days: int, valid_from: date, document: str, by: str
    ) -> None:
        """For lines earned from a later day on. Raises :class:`ReserveTermTooEarly`, :class:`ReserveTermExists`."""
        now = self.clock()
        if valid_from <= china_day(now):
            raise ReserveTermTooEarly()
        try:
            async with transaction():
                await ReserveTerm.create(
                    merchant=merchant,
                    basis_points=basis_points,
                    hold_days=hold_days,
                    valid_from=valid_from,
                    document=document,
                    recorded_by=by,
                    recorded_at=now,
                )
        except IntegrityError:
            raise ReserveTermExists() from None

    async def release_due(self) -> int:
        """Give merchants back what was held for its days, oldest first, as far as refunds have left it in the reserve;
        what households only owe it by claims is not there to be given.

        Answers how many lines hold nothing back any more.
        """
        now = self.clock()
        released = 0
        for each in await rows(
            "SELECT DISTINCT merchant FROM line_basis WHERE reserve_until <= $1 AND reserve_released_at IS NULL"
            " ORDER BY 1",
            china_day(now),
        ):
            while some := await self._release(each["merchant"], now):
                released += some
        return released

    async def _release(self, merchant: str, now: datetime) -> int:
        async with transaction():
            await hold_source("poverty_alleviation.reserve", merchant)
            due = await rows(
                "SELECT line FROM line_basis WHERE merchant = $1 AND reserve_until <= $2"
                " AND reserve_released_at IS NULL ORDER BY reserve_until, line LIMIT $3",
                merchant,
                china_day(now),
                BATCH,
            )
            lines = [each["line"] for each in due]
            await held_lines(lines)
            there_fen = await balance(merchant) - await claimed_of(merchant)
            given = _covered(lines, await _held_by(lines), there_fen)
            if given:
                await self.book(merchant, given)
        return len(given)

    async def book(self, merchant: str, lines: Sequence[str]) -> None:
        """These lines hold nothing back any more. How far the reserve reached stands nowhere else, so it is noted."""
        noted = Input(RESERVE_RELEASE, merchant, msgspec.json.encode({"lines": lines}).decode())
        (now,) = await self.journals.note(noted)
        await execute("UPDATE line_basis SET reserve_released_at = $2 WHERE line = ANY($1)", lines, now)
        entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in await to_targets(await held_lines(lines), []):
            entries[entry.subject].append(entry)
        await self.journals.post_many(
            [JournalDraft(RESERVE_RELEASE, line, now, entries[line], booked_at=now) for line in sorted(entries)]
        )


async def balance(merchant: str) -> int:
    """What stands in a merchant's reserve, in fen; negative: refunds have taken more than was ever held back."""
    return int(
        await scalar(
            f"SELECT coalesce(-sum(m.amount_fen), 0)::bigint FROM ledger_account a JOIN ({moved()}) AS m"
            " ON m.account_id = a.id WHERE a.code = $1 AND a.owner = $2",
            AFTER_SALES_RESERVE,
            merchant,
        )
    )


async def _held_by(lines: list[str]) -> dict[str, int]:
    """What each line holds back now; what it has cost the reserve stands by rule and contribution, and is no part."""
    found: dict[str, int] = defaultdict(int)
    for each in await posted(lines):
        if (each.code, each.rule, each.contribution) == (AFTER_SALES_RESERVE, "", ""):
            found[each.subject] -= each.amount_fen
    return found


def _covered(lines: list[str], held: dict[str, int], standing_fen: int) -> list[str]:
    """As many of the first lines as can be given back from what is there."""
    for place, line in enumerate(lines):
        standing_fen -= held[line]
        if held[line] and standing_fen < 0:
            return lines[:place]
    return lines
