"""Reading the books. Every figure is a sum over postings; what is sealed was summed when it was sealed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kit.database import records, row, rows, scalar
from ledger.chain import FIRST, POSTING_MEMBERS, Posting, canonical, link
from ledger.chart import CHART

VERIFY_BATCH = 1000


def moved(months: str = "", accounts: str = "") -> str:
    """SQL of what moved on the accounts, ever or where ``months``, a condition on ``{period}``, holds.

    Rows of ``account_id, amount_fen, debit_fen, credit_fen``, several of an account: the totals of what is sealed and
    the postings that are not yet, as one statement sees both (decision 0050). ``accounts`` is SQL that answers the ids
    of those wanted: where they are few, nobody else's totals are read.
    """
    sealed, unsealed = "t.period = ''", "j.hash IS NULL"
    if months:
        sealed = f"t.period <> '' AND {months.format(period='t.period')}"
        unsealed += f" AND {months.format(period='j.period')}"
    if accounts:
        sealed += f" AND t.account_id IN ({accounts})"
        unsealed += f" AND p.account_id IN ({accounts})"
    return (
        "SELECT t.account_id, t.debit_fen - t.credit_fen AS amount_fen, t.debit_fen, t.credit_fen FROM ledger_total t"
        f" WHERE {sealed} UNION ALL"
        " SELECT p.account_id, p.amount_fen, greatest(p.amount_fen, 0), greatest(-p.amount_fen, 0)"
        f" FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id WHERE {unsealed}"
    )


@dataclass(frozen=True)
class TrialBalanceRow:
    """One account. ``balance_fen`` = debits − credits."""

    book: str
    code: str
    name: str
    owner: str
    state: str
    category: str
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Debits − credits."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True)
class ChainReport:
    """One period's chain: ``broken_at`` is the first number whose hash does not follow, or None."""

    period: str
    sealed: int
    unsealed: int
    broken_at: int | None
    head: str


class Posted(msgspec.Struct, frozen=True):
    """What stands on one account for one subject, rule and contribution."""

    code: str
    owner: str
    state: str
    category: str
    subject: str
    rule: str
    contribution: str
    amount_fen: int


async def posted(subjects: Sequence[str]) -> list[Posted]:
    """The sums of these subjects that are not zero, in both books."""
    found = await records(
        "SELECT a.code, a.owner, a.state, a.category, p.subject, p.rule, p.contribution,"
        " sum(p.amount_fen)::bigint AS amount_fen FROM ledger_posting p JOIN ledger_account a ON"
        " a.id = p.account_id"
        " WHERE p.subject = ANY($1) GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(p.amount_fen) <> 0"
        " ORDER BY 5, 1, 2, 3, 4, 6, 7",
        list(subjects),
    )
    return [Posted(*line) for line in found]


async def journal_postings(journal_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The postings of some journals with their accounts, in the order they were written."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for posting in await rows(
        "SELECT p.journal_id, a.book, a.code, a.owner, a.state, a.category, p.subject, p.rule,"
        " p.contribution,"
        " p.amount_fen FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE p.journal_id = ANY($1) ORDER BY p.id",
        list(journal_ids),
    ):
        found[posting["journal_id"]].append(posting)
    return found


async def posting_members(journal_ids: Sequence[int]) -> dict[int, list[Posting]]:
    """The postings of some journals by ``POSTING_MEMBERS``, in no order: for thousands, to be hashed or exported."""
    found: dict[int, list[Posting]] = {journal_id: [] for journal_id in journal_ids}
    for journal_id, *posting in await records(
        f"SELECT p.journal_id, {', '.join(POSTING_MEMBERS)} FROM ledger_posting p JOIN ledger_account a"
        " ON a.id = p.account_id WHERE p.journal_id = ANY($1)",
        list(journal_ids),
    ):
        found[journal_id].append(tuple(posting))
    return found


async def reversal_references(journal_ids: Sequence[int | None]) -> dict[int, list[str | int]]:
    """What names the journals that some others reverse."""
    wanted = [journal_id for journal_id in journal_ids if journal_id is not None]
    if not wanted:
        return {}
    return {
        j["id"]: [j["source_type"], j["source_id"], j["rule"], j["step"]]
        for j in await rows(
            "SELECT id, source_type, source_id, rule, step FROM ledger_journal WHERE id = ANY($1)", wanted
        )
    }


async def trial_balance() -> list[TrialBalanceRow]:
    """Every account with its movements, both books; Σ of the balances of a book is zero."""
    found = await rows(
        "SELECT a.book, a.code, a.owner, a.state, a.category, sum(m.debit_fen)::bigint AS debit_fen,"
        f" sum(m.credit_fen)::bigint AS credit_fen FROM ledger_account a JOIN ({moved()}) AS m ON m.account_id = a.id"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    return [TrialBalanceRow(name=CHART[line["code"]].name, **line) for line in found]


async def standing_of(code: str, owners: Sequence[str]) -> dict[str, dict[str, int]]:
    """What stands on a payable of some owners, by owner and state; what is owed is positive. One query."""
    wanted = "SELECT id FROM ledger_account WHERE code = $1 AND owner = ANY($2::text[])"
    found = await rows(
        "SELECT a.owner, a.state, -sum(m.amount_fen)::bigint AS owed_fen FROM ledger_account a"
        f" JOIN ({moved(accounts=wanted)}) AS m ON m.account_id = a.id GROUP BY 1, 2 ORDER BY 1, 2",
        code,
        list(owners),
    )
    standing: dict[str, dict[str, int]] = defaultdict(dict)
    for each in found:
        standing[each["owner"]][each["state"]] = each["owed_fen"]
    return standing


async def totals_off(period: str) -> int:
    """How many accounts have another total in a month than its sealed postings come to. The seal makes it 0."""
    return int(
        await scalar(
            "SELECT count(*) FROM (SELECT p.account_id, sum(greatest(p.amount_fen, 0)) AS debit_fen,"
            " sum(greatest(-p.amount_fen, 0)) AS credit_fen, count(*) AS postings FROM ledger_journal j"
            " JOIN ledger_posting p ON p.journal_id = j.id WHERE j.period = $1 AND j.hash IS NOT NULL GROUP BY 1) AS s"
            " FULL JOIN (SELECT * FROM ledger_total WHERE period = $1) AS t ON t.account_id = s.account_id"
            " WHERE (s.debit_fen, s.credit_fen, s.postings) IS DISTINCT FROM (t.debit_fen, t.credit_fen, t.postings)",
            period,
        )
    )


async def unbalanced_journals() -> int:
    """How many journals do not sum to zero in a book. The guards make it 0; an auditor asks all the same."""
    return int(
        await scalar(
            "SELECT count(*) FROM (SELECT p.journal_id FROM ledger_posting p"
            " JOIN ledger_account a ON a.id = p.account_id GROUP BY p.journal_id, a.book"
            " HAVING sum(p.amount_fen) <> 0) AS wrong"
        )
    )


async def verify_chain() -> list[ChainReport]:
    """Recompute every seal of every period."""
    periods = await rows(
        "SELECT period, count(hash) AS sealed, count(*) - count(hash) AS unsealed FROM ledger_journal"
        " GROUP BY period ORDER BY period"
    )
    return [await _verify_period(p["period"], p["sealed"], p["unsealed"]) for p in periods]


async def verify_period(period: str) -> ChainReport:
    """Recompute every seal of one month."""
    found = await row(
        "SELECT count(hash) AS sealed, count(*) - count(hash) AS unsealed FROM ledger_journal WHERE period = $1", period
    )
    assert found is not None
    return await _verify_period(period, found["sealed"], found["unsealed"])


async def _verify_period(period: str, sealed: int, unsealed: int) -> ChainReport:
    head, number = FIRST, 0
    while True:
        batch = await rows(
            "SELECT id, period, seq, source_type, source_id, rule, step, occurred_at, booked_at, note,"
            " corrects_period, reverses_id, prev_hash, hash FROM ledger_journal"
            " WHERE period = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            period,
            number,
            VERIFY_BATCH,
        )
        if not batch:
            return ChainReport(period, sealed, unsealed, None, head)
        postings = await posting_members([journal["id"] for journal in batch])
        references = await reversal_references([journal["reverses_id"] for journal in batch])
        for journal in batch:
            number += 1
            text = canonical({**journal, "reverses": references.get(journal["reverses_id"])}, postings[journal["id"]])
            whole = journal["seq"] == number and journal["prev_hash"] == head and journal["hash"] == link(head, text)
            if not whole:
                return ChainReport(period, sealed, unsealed, number, head)
            head = journal["hash"]
