"""Everything the rooms know about a consumer, for the consumer (PIPL, article 45)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from accounts.actors import Consumer
from accounts.own_data_errors import ExportEnded, ExportLimitReached, ExportUnknown
from accounts.service import AccessLogs
from kit.belongings import MAX_ROWS, Part, Person
from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number

LASTS = timedelta(hours=24)
FETCHES = 10
"""How often one export may be fetched."""


class ExportTicket(msgspec.Struct, frozen=True):
    """An export that may be fetched until ``expires_at``."""

    number: str
    expires_at: datetime


class Export(msgspec.Struct, frozen=True):
    """Room -> kind -> rows, as they stood when it was fetched. ``cut`` names kinds of which only a part is here."""

    number: str
    made_at: datetime
    data: dict[str, dict[str, list[dict[str, Any]]]]
    cut: list[str]


@dataclass(frozen=True)
class Exports:
    """Hands out exports. Nothing is stored but the right to one: the rooms are read when it is fetched."""

    parts: Sequence[Part]
    access_logs: AccessLogs
    per_day: int
    clock: Clock = utc_now

    async def ask(self, consumer: Consumer) -> ExportTicket:
        """A new export. Raises :class:`ExportLimitReached`."""
        now = self.clock()
        number = public_number(now, "X")
        async with transaction():
            await scalar(
                "SELECT pg_advisory_xact_lock(hashtextextended('data_export|' || $1, 0))::text", consumer.number
            )
            asked = await scalar(
                "SELECT count(*) FROM data_export WHERE consumer = $1 AND asked_at > $2",
                consumer.number,
                now - timedelta(days=1),
            )
            if asked >= self.per_day:
                raise ExportLimitReached(allowed_per_day=self.per_day)
            await row(
                "INSERT INTO data_export (number, consumer, asked_at, expires_at, fetched)"
                " VALUES ($1, $2, $3, $4, 0) RETURNING id",
                number,
                consumer.number,
                now,
                now + LASTS,
            )
        return ExportTicket(number, now + LASTS)

    async def fetch(self, consumer: Consumer, number: str) -> Export:
        """The data, with a record in the access log. Raises :class:`ExportUnknown` and :class:`ExportEnded`."""
        now = self.clock()
        async with transaction():
            if not await execute(
                "UPDATE data_export SET fetched = fetched + 1"
                " WHERE number = $1 AND consumer = $2 AND expires_at > $3 AND fetched < $4",
                number,
                consumer.number,
                now,
                FETCHES,
            ):
                if not await scalar(
                    "SELECT 1 FROM data_export WHERE number = $1 AND consumer = $2", number, consumer.number
                ):
                    raise ExportUnknown()
                raise ExportEnded()
            await self.access_logs.record(consumer, "export", consumer.caller, [part.room for part in self.parts])
        person = Person(consumer.number, consumer.openid)
        data = {part.room: told for part in self.parts if (told := await part.personal_data(person))}
        cut = [f"{room}.{kind}" for room, told in data.items() for kind, rows in told.items() if len(rows) >= MAX_ROWS]
        return Export(number, now, data, cut)
