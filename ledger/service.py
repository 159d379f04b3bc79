"""Writing the books: post, seal, reverse."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kit.clock import CHINA, Clock, utc_now
from kit.database import execute, in_open_transaction, row, rows, scalar, single_runner, transaction
from ledger.chain import FIRST, canonical, link
from ledger.chart import CHART, Book, State
from ledger.errors import (
    AccountUnknown,
    AlreadyReversed,
    JournalUnbalanced,
    JournalUnknown,
)
from ledger.queries import journal_postings, reversal_references

SEAL_BATCH = 500
REVERSAL = "ledger.reversal"
_UNSEALED = (
    "SELECT id, period, source_type, source_id, rule, step, occurred_at, booked_at, note, corrects_period, reverses_id"
    " FROM ledger_journal WHERE hash IS NULL"
)


@dataclass(frozen=True)
class Entry:
    """One posting to be made. ``amount_fen``: debit positive, credit negative."""

    code: str
    owner: str
    amount_fen: int
    state: State = State.NONE
    category: str = ""
    subject: str = ""
    rule: str = ""
    contribution: str = ""

    @property
    def account(self) -> tuple[str, str, str, str]:
        """What names the account."""
        return self.code, self.owner, str(self.state), self.category


@dataclass(frozen=True)
class JournalDraft:
    """A journal to be posted.

    ``(source_type, source_id, rule, step)`` names what made it, once and for all.
    """

    source_type: str
    source_id: str
    occurred_at: datetime
    entries: Sequence[Entry]
    rule: str = ""
    step: int = 0
    note: str = ""
    reverses: int | None = None
    corrects_period: str | None = None
    kept: list[Entry] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Drop the entries of zero, which say nothing."""
        object.__setattr__(self, "kept", [entry for entry in self.entries if entry.amount_fen])

    def check(self) -> None:
        """Raises :class:`AccountUnknown` or :class:`JournalUnbalanced`.

        The database checks the balance again.
        """
        totals: dict[Book, int] = defaultdict(int)
        for entry in self.kept:
            if entry.code not in CHART:
                raise AccountUnknown(account=entry.code)
            totals[CHART[entry.code].book] += entry.amount_fen
        if not self.kept or any(totals.values()):
            raise JournalUnbalanced(source=f"{self.source_type}:{self.source_id}", totals=dict(totals))


def period_of(moment: datetime) -> str:
    """The calendar month in China, ``2026-11``."""
    return moment.astimezone(CHINA).strftime("%Y-%m")


@dataclass(frozen=True)
class Journals:
    """The one way into the books."""

    clock: Clock = utc_now

    async def post(self, draft: JournalDraft) -> bool:
        """Write the journal in the caller's transaction; False when its source was posted before.

        It goes into the month in which it happened, or, once that is frozen, into the open one (``ledger_place``).
        """
        if not in_open_transaction():
            raise RuntimeError("a journal is posted in the transaction of what it records")
        draft.check()
        now = self.clock()
        journal_id = await scalar(
            "INSERT INTO ledger_journal (period, source_type, source_id, rule, step,"
            " occurred_at, booked_at, note,"
            " posting_count, reverses_id, corrects_period) SELECT place.period, $1, $2, $3, $4::int,"
            " $5::timestamptz, $6::timestamptz, $7, $8::int, $9::bigint, COALESCE($10, place.corrects)"
            " FROM ledger_place($5::timestamptz, $6::timestamptz) AS place"
            " ON CONFLICT (source_type, source_id, rule, step) DO NOTHING RETURNING id",
            draft.source_type,
            draft.source_id,
            draft.rule,
            draft.step,
            draft.occurred_at,
            now,
            draft.note,
            len(draft.kept),
            draft.reverses,
            draft.corrects_period,
        )
        if journal_id is None:
            return False
        await self._open_accounts(draft.kept)
        await self._write_postings(journal_id, draft.kept)
        return True

    async def _open_accounts(self, entries: Sequence[Entry]) -> None:
        accounts = sorted({entry.account for entry in entries})
        code, owner, state, category = (list(column) for column in zip(*accounts, strict=True))
        await execute(
            "INSERT INTO ledger_account (book, code, owner, state, category)"
            " SELECT w.book, w.code, w.owner, w.state, w.category"
            " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
            " AS w (book, code, owner, state, category)"
            " WHERE NOT EXISTS (SELECT 1 FROM ledger_account a WHERE (a.code, a.owner, a.state, a.category)"
            " = (w.code, w.owner, w.state, w.category))"
            " ON CONFLICT (code, owner, state, category) DO NOTHING",
            [str(CHART[c].book) for c in code],
            code,
            owner,
            state,
            category,
        )

    async def _write_postings(self, journal_id: int, entries: Sequence[Entry]) -> None:
        written = await rows(
            "INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)"
            " SELECT $1, a.id, w.subject, w.rule, w.contribution, w.amount_fen"
            " FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
            " $9::bigint[]) WITH ORDINALITY"
            " AS w (code, owner, state, category, subject, rule, contribution, amount_fen, place)"
            " JOIN ledger_account a ON (a.code, a.owner, a.state, a.category)"
            " = (w.code, w.owner, w.state, w.category) ORDER BY w.place RETURNING 1",
            journal_id,
            [e.code for e in entries],
            [e.owner for e in entries],
            [str(e.state) for e in entries],
            [e.category for e in entries],
            [e.subject for e in entries],
            [e.rule for e in entries],
            [e.contribution for e in entries],
            [e.amount_fen for e in entries],
        )
        if len(written) != len(entries):
            raise RuntimeError(f"{len(written)} of {len(entries)} postings were written")


@dataclass(frozen=True)
class Sealer:
    """Numbers committed journals and chains their hashes, one sealer at a time over all processes."""

    async def seal(self, limit: int = SEAL_BATCH) -> int:
        """Seal up to ``limit`` journals; answers how many. 0 also while another sealer works."""
        async with single_runner("ledger.sealer") as mine:
            if not mine:
                return 0
            waiting = await rows(f"{_UNSEALED} ORDER BY id LIMIT $1", limit)
            if not waiting:
                return 0
            await self._write_seals(await self._seals(waiting))
            return len(waiting)

    async def seal_period(self, period: str) -> None:
        """Seal whatever is unsealed in a month into which nothing is posted any more; waits for another sealer."""
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger.sealer', 0))")
            while waiting := await rows(f"{_UNSEALED} AND period = $2 ORDER BY id LIMIT $1", SEAL_BATCH, period):
                await self._write_seals(await self._seals(waiting))

    async def _seals(self, waiting: list[dict[str, Any]]) -> list[tuple[int, int, str, str]]:
        postings = await journal_postings([journal["id"] for journal in waiting])
        references = await reversal_references([journal["reverses_id"] for journal in waiting])
        heads: dict[str, tuple[int, str]] = {}
        for period in sorted({journal["period"] for journal in waiting}):
            head = await row(
                "SELECT seq, hash FROM ledger_journal WHERE period = $1 AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1",
                period,
            )
            heads[period] = (head["seq"], head["hash"]) if head else (0, FIRST)
        seals = []
        for journal in waiting:
            seq, prev_hash = heads[journal["period"]]
            facts = {**journal, "seq": seq + 1, "reverses": references.get(journal["reverses_id"])}
            digest = link(prev_hash, canonical(facts, postings[journal["id"]]))
            heads[journal["period"]] = (seq + 1, digest)
            seals.append((journal["id"], seq + 1, prev_hash, digest))
        return seals

    async def _write_seals(self, seals: list[tuple[int, int, str, str]]) -> None:
        ids, numbers, before, digests = (list(column) for column in zip(*seals, strict=True))
        await execute(
            "UPDATE ledger_journal j SET seq = s.seq, prev_hash = s.prev_hash, hash = s.hash"
            " FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS s (id, seq, prev_hash, hash)"
            " WHERE j.id = s.id",
            ids,
            numbers,
            before,
            digests,
        )


async def hold_source(source_type: str, source_id: str) -> None:
    """Let nobody else who asks take back, or build upon, what this source posted until the transaction ends."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"ledger.source:{source_type}:{source_id}")


async def reversal(source_type: str, source_id: str, now: datetime, note: str) -> JournalDraft:
    """The journal that takes another one back: its negative, naming the month that it corrects if that is another.

    Who posts it has asked two persons. Raises :class:`JournalUnknown`, :class:`AlreadyReversed`.
    """
    wrong = await row(
        "SELECT j.id, j.period, EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id) AS is_reversed"
        " FROM ledger_journal j WHERE (j.source_type, j.source_id, j.rule, j.step) = ($1, $2, '', 0)",
        source_type,
        source_id,
    )
    if wrong is None:
        raise JournalUnknown(source=f"{source_type}:{source_id}")
    if wrong["is_reversed"]:
        raise AlreadyReversed(source=f"{source_type}:{source_id}")
    postings = (await journal_postings([wrong["id"]]))[wrong["id"]]
    return JournalDraft(
        source_type=REVERSAL,
        source_id=f"{source_type}:{source_id}",
        occurred_at=now,
        note=note,
        reverses=wrong["id"],
        corrects_period=wrong["period"] if wrong["period"] != period_of(now) else None,
        entries=[_negative(posting) for posting in postings],
    )


def _negative(posting: dict[str, Any]) -> Entry:
    return Entry(
        code=posting["code"],
        owner=posting["owner"],
        state=State(posting["state"]),
        category=posting["category"],
        subject=posting["subject"],
        rule=posting["rule"],
        contribution=posting["contribution"],
        amount_fen=-posting["amount_fen"],
    )
