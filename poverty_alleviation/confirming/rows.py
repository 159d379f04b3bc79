"""What a household was paid, row by row, and what it has said to each."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from kit.database import rows
from poverty_alleviation.payouts import PAID_BY


class PaidRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payout, a delivery paid at the scale or a line of a sheet of income.

    ``booked_on``: when the books first said so. ``dispute``: the household's objection that holds it.
    """

    kind: str
    source_id: str
    amount_fen: int
    booked_on: date
    confirmed_at: datetime | None
    dispute: str | None

    @property
    def is_open(self) -> bool:
        """Whether it waits for the household's word and may have it."""
        return self.confirmed_at is None and self.dispute is None


_PAID = """
SELECT k.kind, j.source_id, -sum(p.amount_fen)::bigint AS amount_fen,
       min((j.booked_at AT TIME ZONE 'Asia/Shanghai')::date) AS booked_on, c.confirmed_at, i.number AS dispute
  FROM ledger_account a
  JOIN ledger_posting p ON p.account_id = a.id
  JOIN ledger_journal j ON j.id = p.journal_id
  JOIN unnest($2::text[], $3::text[]) AS k (kind, source_type) ON k.source_type = j.source_type
  LEFT JOIN income_confirmation c ON (c.source_type, c.source_id, c.step) = (k.kind, j.source_id, j.step)
  LEFT JOIN disputed_row d ON (d.kind, d.source_id) = (k.kind, j.source_id) AND d.released_at IS NULL
  LEFT JOIN income_dispute i ON i.id = d.dispute_id
 WHERE a.code = '2101' AND a.state = 'paid' AND a.owner = $1
   AND ($4::text[] IS NULL OR j.period = ANY($4)) AND ($5::text[] IS NULL OR j.source_id = ANY($5))
   AND NOT EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id)
 GROUP BY 1, 2, 5, 6 ORDER BY 1, 2"""


async def paid_rows(
    household: str, *, months: Sequence[str] | None = None, sources: Sequence[str] | None = None
) -> list[PaidRow]:
    """What a household was paid in some months of the books, or by some sources; what was taken back is left out.

    The caller holds the vault. One statement.
    """
    found = await rows(
        _PAID,
        household,
        list(PAID_BY),
        list(PAID_BY.values()),
        None if months is None else list(months),
        None if sources is None else list(sources),
    )
    return [msgspec.convert(each, PaidRow) for each in found]
