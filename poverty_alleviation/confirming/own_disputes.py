"""What a household itself says is wrong, behind the code of its statement: rows with a tick, and nothing else.

It goes the way of the office's disputes and is marked :data:`BY_HOUSEHOLD` (decision 0053).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256

import msgspec

from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction
from poverty_alleviation.confirming.disputes import MOST_ROWS, Disputes, RowName
from poverty_alleviation.confirming.errors import OwnDisputeInvalid, TooManyOwnDisputes
from poverty_alleviation.confirming.models import DisputedKind, DisputeState
from poverty_alleviation.confirming.rows import paid_rows
from poverty_alleviation.reserves.clawbacks import CLAWBACK
from poverty_alleviation.statements.figures import StatementText
from poverty_alleviation.statements.quarters import months_of
from poverty_alleviation.vault import household_rights

BY_HOUSEHOLD = "household"
"""Who opened such a dispute; a member of staff is ``staff:`` and a number."""
MOST_A_DAY = 5
MOST_WORDS = 200
_WORDS = re.compile(r"[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*")


class OwnReason(StrEnum):
    """What may be ticked, for those who do not like to write."""

    AMOUNT = "金额不对"
    NOT_RECEIVED = "没有收到"
    NOT_OURS = "不是本户的"
    OTHER = "其他"


class OwnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row as its household sees it. ``last``: the number of the newest dispute about it, '' for none.

    ``about`` is a product's title or a fault. Open to dispute: neither confirmed nor disputed now.
    """

    kind: DisputedKind
    source_id: str
    amount_fen: int
    day: date | None = None
    about: str = ""
    is_confirmed: bool = False
    state: DisputeState | None = None
    last: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it may be ticked."""
        return not self.is_confirmed and self.state not in (DisputeState.OPEN, DisputeState.ANSWERED)

    @property
    def tick(self) -> str:
        """The row in a form, together with what was known of it: an older form opens nothing. No number is readable."""
        return f"{_short(f'{self.kind}|{self.source_id}')}.{_short(self.last)}"


@dataclass(frozen=True)
class OwnDisputes:
    """For who has opened the page of a statement. Nothing is remembered of who that was."""

    disputes: Disputes = field(default_factory=Disputes)
    clock: Clock = utc_now

    @household_rights()
    async def rows_of(self, text: StatementText) -> list[OwnRow]:
        """What was paid in the statement's months, what is due, and claims that stand; four statements."""
        household = text.household
        last = {
            (each["kind"], each["source_id"]): {"state": each["state"], "last": each["number"]}
            for each in await rows(_LAST, household)
        }
        found = [
            {
                "kind": each.kind,
                "source_id": each.source_id,
                "amount_fen": each.amount_fen,
                "day": each.booked_on,
                "is_confirmed": each.confirmed_at is not None,
            }
            for each in await paid_rows(household, months=months_of(text.quarter))
        ]
        found += await rows(_DUE, household)
        found += await rows(_CLAIMS, household, CLAWBACK)
        return [
            msgspec.convert(each | last.get((each["kind"], each["source_id"]), {}), OwnRow)
            for each in found[:MOST_ROWS]
        ]

    @household_rights()
    async def open(self, text: StatementText, ticks: Sequence[str], reason: str, words: str) -> str | None:
        """Dispute what is ticked; answers the number, or None when every tick is of an older form.

        The same form sent again finds the dispute that it opened and opens nothing. Raises :class:`OwnDisputeInvalid`,
        :class:`TooManyOwnDisputes`, and what :meth:`Disputes.open` raises.
        """
        said = words.replace("\r\n", "\n").strip()
        if reason not in set(OwnReason) or len(said) > MOST_WORDS or not _WORDS.fullmatch(said):
            raise OwnDisputeInvalid()
        async with transaction():
            # Whoever sends the form twice at once is one after the other; statements come before sources.
            await rows("SELECT 1 FROM household_statement WHERE number = $1 FOR UPDATE", text.number)
            shown = await self.rows_of(text)
            if (
                not ticks
                or len(ticks) > MOST_ROWS
                or not set(map(_named, ticks)) <= {_named(row.tick) for row in shown}
            ):
                raise OwnDisputeInvalid()
            wanted = [row for row in shown if row.is_open and row.tick in ticks]
            if not wanted:
                return None
            since = self.clock() - timedelta(days=1)
            if int(await scalar(_OF_A_DAY, text.household, BY_HOUSEHOLD, since)) >= MOST_A_DAY:
                raise TooManyOwnDisputes()
            names = [RowName(row.kind, row.source_id) for row in wanted]
            return await self.disputes.open(
                text.household, names, f"{reason}：{said}" if said else reason, BY_HOUSEHOLD
            )


def _named(tick: str) -> str:
    return tick.partition(".")[0]


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:20]


_LAST = (
    "SELECT DISTINCT ON (d.kind, d.source_id) d.kind, d.source_id, i.state, i.number FROM disputed_row d"
    " JOIN income_dispute i ON i.id = d.dispute_id WHERE d.household_code = $1 ORDER BY d.kind, d.source_id, d.id DESC"
)
_DUE = (
    "SELECT 'line' AS kind, p.subject AS source_id, -sum(p.amount_fen)::bigint AS amount_fen, b.title AS about"
    " FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id JOIN line_basis b ON b.line = p.subject"
    " WHERE a.code = '2101' AND a.state = 'earned' AND a.owner = $1 GROUP BY p.subject, b.title"
    " HAVING sum(p.amount_fen) < 0 ORDER BY p.subject LIMIT 30"
)
_CLAIMS = (
    "SELECT 'clawback' AS kind, c.number AS source_id, c.amount_fen, c.fault AS about,"
    " (c.made_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM clawback c JOIN household h ON h.id = c.household_id"
    " WHERE h.code = $1 AND c.state <> 'refused' AND NOT EXISTS (SELECT 1 FROM ledger_journal j JOIN ledger_journal r"
    " ON r.reverses_id = j.id WHERE (j.source_type, j.source_id) = ($2, c.number)) ORDER BY c.id LIMIT 20"
)
_OF_A_DAY = (
    "SELECT count(*) FROM income_dispute i JOIN household h ON h.id = i.household_id WHERE h.code = $1"
    " AND i.opened_by = $2 AND i.opened_at > $3"
)
