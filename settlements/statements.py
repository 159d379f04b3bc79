"""Issuing statements: every entry up to a day that no earlier statement has, once and for ever."""

from dataclasses import dataclass
from datetime import date, timedelta

from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from settlements.errors import DayNotOver, StatementEmpty, StatementTaken
from settlements.models import Statement
from settlements.queries import NOT_MOVED

MONTHLY_ON_DAY = 2
"""A month's statement is issued from the second day of the next: by then the bill of its last day is there."""


@dataclass(frozen=True)
class Statements:
    """Issues statements. An entry that comes late for its day goes into the next one."""

    clock: Clock = utc_now

    async def issue(self, merchant: str, last_day: date, by: str) -> str:
        """A new statement up to a day that is over; answers its number.

        Raises :class:`DayNotOver`, :class:`StatementEmpty`, :class:`StatementTaken`.
        """
        now = self.clock()
        if last_day >= china_day(now):
            raise DayNotOver()
        number = public_number(now, "ST")
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"settlement|{merchant}")
            open_entries = await rows(
                "SELECT id FROM settlement_entry WHERE merchant = $1 AND day <= $2 AND statement_id IS NULL",
                merchant,
                last_day,
            )
            taken = [each["id"] for each in open_entries]
            figures = await row(
                "SELECT min(day) AS first_day, count(*) AS entry_count, COALESCE(sum(amount_fen)"
                f" FILTER (WHERE kind NOT IN {NOT_MOVED}), 0)::bigint AS landed_fen"
                " FROM settlement_entry WHERE id = ANY($1)",
                taken,
            )
            if not taken or figures is None:
                raise StatementEmpty()
            try:
                async with transaction():
                    created = await Statement.create(
                        number=number,
                        merchant=merchant,
                        last_day=last_day,
                        issued_at=now,
                        issued_by=by,
                        **figures,
                    )
            except IntegrityError:
                raise StatementTaken() from None
            await execute("UPDATE settlement_entry SET statement_id = $2 WHERE id = ANY($1)", taken, created.id)
        return number

    async def issue_month(self) -> int:
        """Issue last month's statement to every merchant that has none; answers how many."""
        today = china_day(self.clock())
        if today.day < MONTHLY_ON_DAY:
            return 0
        last_day = today.replace(day=1) - timedelta(days=1)
        due = await rows(
            "SELECT DISTINCT e.merchant FROM settlement_entry e WHERE e.statement_id IS NULL AND e.day <= $1"
            " AND NOT EXISTS (SELECT 1 FROM settlement_statement s WHERE s.merchant = e.merchant AND s.last_day >= $1)"
            " ORDER BY 1 LIMIT 200",
            last_day,
        )
        for each in due:
            await self.issue(each["merchant"], last_day, "clock")
        return len(due)
