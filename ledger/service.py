"""Writing the books: post, seal, reverse."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from kit.clock import CHINA, Clock, utc_now
from kit.database import execute, in_open_transaction, records, row, rows, single_runner, transaction
from ledger.chain import FIRST, canonical, link
from ledger.chart import CHART, STATISTICS, Book, State
from ledger.errors import (
    AccountUnknown,
    AlreadyReversed,
    JournalUnbalanced,
    JournalUnknown,
)
from ledger.inputs import Input
from ledger.queries import journal_postings, posting_members, reversal_references

SEAL_BATCH = 2_000
REVERSAL = "ledger.reversal"
_SEALING = (
    "SELECT id, period, source_type, source_id, rule, step, occurred_at, booked_at, note, corrects_period, reverses_id"
)
_UNSEALED = f"{_SEALING} FROM ledger_journal WHERE hash IS NULL"

# The row ids of accounts by their places, those that are new with them. They are opened in their order: two who open
# the same do not wait for each other in a circle.
_ACCOUNTS = """
WITH wanted AS MATERIALIZED (
    SELECT w.*, a.id FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
          AS w (code, owner, state, category, place)
      LEFT JOIN ledger_account a ON (a.code, a.owner, a.state, a.category) = (w.code, w.owner, w.state, w.category)
), opened AS (
    INSERT INTO ledger_account (book, code, owner, state, category)
    SELECT CASE WHEN code = ANY($5::text[]) THEN 'statistics' ELSE 'cash' END, code, owner, state, category FROM wanted
     WHERE id IS NULL ORDER BY code, owner, state, category
    ON CONFLICT (code, owner, state, category) DO NOTHING RETURNING id, code, owner, state, category)
SELECT place, id FROM wanted WHERE id IS NOT NULL
UNION ALL SELECT w.place, o.id FROM opened o JOIN wanted w USING (code, owner, state, category)
"""

# Journals and postings come in one statement, so the guards can check each journal whole when it ends. They are written
# in the order of their sources: two who post the same do not wait for each other in a circle.
_WRITE = """
WITH frozen AS MATERIALIZED (SELECT ledger_frozen() AS month), draft AS (
    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[],
        $7::text[], $8::int[], $9::bigint[], $10::text[]) WITH ORDINALITY AS d (booked_at, source_type, source_id, rule,
        step, occurred_at, note, posting_count, reverses, corrects, place)
), journal AS (
    INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at, booked_at, note,
        posting_count, reverses_id, corrects_period)
    SELECT place.period, d.source_type, d.source_id, d.rule, d.step, d.occurred_at, d.booked_at, d.note,
           d.posting_count, d.reverses, coalesce(d.corrects, place.corrects)
      FROM frozen CROSS JOIN draft d CROSS JOIN LATERAL ledger_place(d.occurred_at, d.booked_at, frozen.month) AS place
     ORDER BY d.place
    ON CONFLICT (source_type, source_id, rule, step) DO NOTHING RETURNING id, source_type, source_id, rule, step
), placed AS MATERIALIZED (
    SELECT d.place, j.id FROM journal j JOIN draft d USING (source_type, source_id, rule, step)
), posting AS (
    INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)
    SELECT j.id, w.account, w.subject, w.rule, w.contribution, w.amount_fen
      FROM unnest($11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::bigint[])
          WITH ORDINALITY AS w (draft, account, subject, rule, contribution, amount_fen, place)
      JOIN placed j ON j.place = w.draft ORDER BY w.place)
SELECT count(*) AS journals FROM journal
"""

Account = tuple[str, str, str, str]
"""What names an account: code, owner, state, category."""


class Entry(msgspec.Struct, frozen=True):
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
    def account(self) -> Account:
        """What names the account."""
        return self.code, self.owner, self.state, self.category


@dataclass(frozen=True)
class JournalDraft:
    """A journal to be posted.

    ``(source_type, source_id, rule, step)`` names what made it, once and for all. ``booked_at`` is what
    :meth:`Journals.note` has answered for the input that it follows from.
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
    booked_at: datetime = field(kw_only=True)
    kept: list[Entry] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Drop the entries of zero, which say nothing."""
        object.__setattr__(self, "kept", [entry for entry in self.entries if entry.amount_fen])

    @property
    def source(self) -> tuple[str, str, str, int]:
        """What made it."""
        return self.source_type, self.source_id, self.rule, self.step

    def check(self) -> None:
        """Raises :class:`AccountUnknown` or :class:`JournalUnbalanced`.

        The database checks the balance again.
        """
        cash_fen = statistics_fen = 0
        for entry in self.kept:
            if entry.code not in CHART:
                raise AccountUnknown(account=entry.code)
            if entry.code in STATISTICS:
                statistics_fen += entry.amount_fen
            else:
                cash_fen += entry.amount_fen
        if not self.kept or cash_fen or statistics_fen:
            totals = {Book.CASH: cash_fen, Book.STATISTICS: statistics_fen}
            raise JournalUnbalanced(source=f"{self.source_type}:{self.source_id}", totals=totals)


def period_of(moment: datetime) -> str:
    """The calendar month in China, ``2026-11``."""
    return moment.astimezone(CHINA).strftime("%Y-%m")


@dataclass(frozen=True)
class Journals:
    """The one way into the books: what is to be booked is noted first, then its journals are posted."""

    clock: Clock = utc_now

    async def note(self, *inputs: Input) -> list[datetime]:
        """Write down what is to be booked, in the caller's transaction; answers the moments that its journals have.

        Called when the transaction holds the lines that it moves, and before it reads terms: these stand still until it
        ends, so that the books can be rebuilt from the inputs in their order (decision 0051).
        """
        now = self.clock()
        await execute("SELECT ledger_note($1, $2, $3, $4)", *(list(each) for each in zip(*inputs, strict=True)), now)
        return [now] * len(inputs)

    async def post(self, draft: JournalDraft) -> bool:
        """Write one journal in the caller's transaction; False when its source was posted before."""
        return await self.post_many([draft]) == 1

    async def post_many(self, drafts: Sequence[JournalDraft]) -> int:
        """Write journals in the caller's transaction, all or none; answers how many had not been posted before.

        Each goes into the month in which it happened, or, once that is frozen, into the open one (``ledger_place``).
        However many there are, it takes two statements: the accounts, then the journals with their postings, which the
        guards check as one (decision 0050).
        """
        if not in_open_transaction():
            raise RuntimeError("a journal is posted in the transaction of what it records")
        fresh: dict[tuple[str, str, str, int], JournalDraft] = {}
        for draft in drafts:
            draft.check()
            fresh.setdefault(draft.source, draft)
        if not fresh:
            return 0
        return await self._write([fresh[source] for source in sorted(fresh)])

    async def account_ids(self, accounts: Sequence[Account]) -> list[int]:
        """The row ids of accounts, which are opened if they are new."""
        columns = [list(column) for column in zip(*accounts, strict=True)]
        ids = dict(await records(_ACCOUNTS, *columns, STATISTICS))
        if len(ids) < len(accounts):  # Somebody else has opened one meanwhile, which only the next statement sees.
            ids = dict(await records(_ACCOUNTS, *columns, STATISTICS))
        return [ids[place] for place in range(1, len(accounts) + 1)]

    async def _write(self, drafts: Sequence[JournalDraft]) -> int:
        places: dict[Account, int] = {}
        entries = [entry for draft in drafts for entry in draft.kept]
        accounts = [places.setdefault(entry.account, len(places)) for entry in entries]
        ids = await self.account_ids(list(places))
        written = await row(
            _WRITE,
            [draft.booked_at for draft in drafts],
            [draft.source_type for draft in drafts],
            [draft.source_id for draft in drafts],
            [draft.rule for draft in drafts],
            [draft.step for draft in drafts],
            [draft.occurred_at for draft in drafts],
            [draft.note for draft in drafts],
            [len(draft.kept) for draft in drafts],
            [draft.reverses for draft in drafts],
            [draft.corrects_period for draft in drafts],
            [place for place, draft in enumerate(drafts, 1) for _ in draft.kept],
            [ids[place] for place in accounts],
            [e.subject for e in entries],
            [e.rule for e in entries],
            [e.contribution for e in entries],
            [e.amount_fen for e in entries],
        )
        assert written is not None
        return int(written["journals"])


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
            await self._write_seals(await self._seals(waiting, {}))
            return len(waiting)

    async def seal_period(self, period: str) -> None:
        """Seal whatever is unsealed in a month into which nothing is posted any more; waits for another sealer."""
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger.sealer', 0))")
            while waiting := await rows(f"{_UNSEALED} AND period = $2 ORDER BY id LIMIT $1", SEAL_BATCH, period):
                await self._write_seals(await self._seals(waiting, {}))

    async def seal_in_order(self, sources: Sequence[tuple[str, str, str, int]]) -> None:
        """Seal the unsealed journals that these made, in this order: that of other books, which are rebuilt here.

        Hashed batch by batch, and written at once: many journals stand on few accounts, whose totals the seal writes.
        """
        async with transaction():
            heads: dict[str, tuple[int, str]] = {}
            seals = []
            for first in range(0, len(sources), SEAL_BATCH):
                batch = sources[first : first + SEAL_BATCH]
                waiting = await rows(
                    f"{_SEALING} FROM unnest($1::text[], $2::text[], $3::text[], $4::int[]) WITH ORDINALITY"
                    " AS s (source_type, source_id, rule, step, place)"
                    " JOIN ledger_journal USING (source_type, source_id, rule, step) WHERE hash IS NULL ORDER BY place",
                    *(list(column) for column in zip(*batch, strict=True)),
                )
                seals += await self._seals(waiting, heads)
            if seals:
                await self._write_seals(seals)

    async def _seals(
        self, waiting: list[dict[str, Any]], heads: dict[str, tuple[int, str]]
    ) -> list[tuple[int, int, str, str]]:
        """Row id, number, hash before and hash of each. ``heads``: what stands last in each month, kept up here."""
        postings = await posting_members([journal["id"] for journal in waiting])
        references = await reversal_references([journal["reverses_id"] for journal in waiting])
        for period in sorted({journal["period"] for journal in waiting} - heads.keys()):
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


class StandingJournal(NamedTuple):
    """A journal that nobody has taken back, by its row."""

    id: int
    period: str
    step: int


async def standing_journal(source_type: str, source_id: str) -> StandingJournal:
    """The last journal of a source. Raises :class:`JournalUnknown`, :class:`AlreadyReversed`."""
    found = await row(
        "SELECT j.id, j.period, j.step, EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id)"
        " AS is_reversed FROM ledger_journal j WHERE (j.source_type, j.source_id, j.rule) = ($1, $2, '')"
        " ORDER BY j.step DESC LIMIT 1",
        source_type,
        source_id,
    )
    if found is None:
        raise JournalUnknown(source=f"{source_type}:{source_id}")
    if found.pop("is_reversed"):
        raise AlreadyReversed(source=f"{source_type}:{source_id}")
    return StandingJournal(**found)


async def reversal(source_type: str, source_id: str, now: datetime, note: str) -> JournalDraft:
    """The journal that takes the last one of a source back: its negative, naming the month that it corrects if that is
    another.

    Who posts it has asked two persons. Raises :class:`JournalUnknown`, :class:`AlreadyReversed`.
    """
    wrong = await standing_journal(source_type, source_id)
    postings = (await journal_postings([wrong.id]))[wrong.id]
    return JournalDraft(
        source_type=REVERSAL,
        source_id=f"{source_type}:{source_id}",
        step=wrong.step,
        occurred_at=now,
        booked_at=now,
        note=note,
        reverses=wrong.id,
        corrects_period=wrong.period if wrong.period != period_of(now) else None,
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
