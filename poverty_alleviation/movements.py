"""What the postings of some months come to by code, state and channel: read once, in slices, for every comparison."""

from collections import defaultdict
from typing import NamedTuple

from kit.database import records
from ledger.slices import slices

SETTLEMENTS = "('payments.payment_settled', 'orders.channel_settled')"
"""The journals that move 1101 to the bank, as SQL."""

OWN_CASH = "('traceability.intake_paid', 'poverty_alleviation.period_income')"
"""The journals of money that came from no sale but out of the payer's own pocket, as SQL."""

MADE_BY = (
    "CASE WHEN j.reverses_id IS NULL THEN j.source_type"
    " ELSE (SELECT o.source_type FROM ledger_journal o WHERE o.id = j.reverses_id) END"
)
"""What made the journal ``j``, as SQL: of a reversal, what made the one that it takes back."""


class Kind(NamedTuple):
    """Postings that are added up. ``channel`` owns 1101, 1102 and 5101; it is empty for every other code."""

    book: str
    code: str
    state: str
    channel: str
    settles: bool
    own_cash: bool


class Movement(NamedTuple):
    """What they come to, in fen."""

    debit_fen: int
    credit_fen: int
    postings: int

    @property
    def balance_fen(self) -> int:
        """Debits − credits."""
        return self.debit_fen - self.credit_fen


class Movements(NamedTuple):
    """All of them, and how many journals do not sum to zero in a book, which the guards make 0."""

    by_kind: dict[Kind, Movement]
    unbalanced_journals: int


# One pass over the postings for both: a row of each kind, and one of each journal and book that is off.
_MOVED = f"""
SELECT GROUPING(j.id) = 0 AS is_off, a.book, a.code, a.state, a.channel, j.settles, j.own_cash,
       coalesce(sum(p.amount_fen) FILTER (WHERE p.amount_fen > 0), 0)::bigint,
       coalesce(-sum(p.amount_fen) FILTER (WHERE p.amount_fen < 0), 0)::bigint, count(*)
  FROM (SELECT m.id, m.made_by IN {SETTLEMENTS} AS settles, m.made_by IN {OWN_CASH} AS own_cash
          FROM (SELECT j.id, {MADE_BY} AS made_by FROM ledger_journal j WHERE {{journals}}) AS m) AS j
  JOIN ledger_posting p ON p.journal_id = j.id
  JOIN (SELECT id, book, code, state, CASE WHEN code IN ('1101', '1102', '5101') THEN owner ELSE '' END AS channel
          FROM ledger_account) AS a ON a.id = p.account_id
 GROUP BY GROUPING SETS ((j.id, a.book), (a.book, a.code, a.state, a.channel, j.settles, j.own_cash))
HAVING GROUPING(j.id) = 1 OR sum(p.amount_fen) <> 0
"""


async def movements(after: str, until: str) -> Movements:
    """What the months after one and up to another moved."""
    sums: defaultdict[Kind, list[int]] = defaultdict(lambda: [0, 0, 0])
    off = 0
    async for journals, parameters in slices(after, until):
        for is_off, *kind, debit_fen, credit_fen, postings in await records(
            _MOVED.format(journals=journals), *parameters
        ):
            if is_off:
                off += 1
                continue
            found = sums[Kind(*kind)]
            for place, figure in enumerate((debit_fen, credit_fen, postings)):
                found[place] += figure
    return Movements({kind: Movement(*figures) for kind, figures in sums.items()}, off)
