"""Writing the books: post, seal, reverse."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from kit.clock import CHINA, Clock, utc_now
from kit.database import execute, in_open_transaction, row, rows, single_runner, transaction
from ledger.chain import FIRST, canonical, link
from ledger.chart import CHART, Book, State
from ledger.errors import (
    AccountUnknown,
    AlreadyReversed,
    JournalUnbalanced,
    JournalUnknown,
)
from ledger.inputs import Input
from ledger.queries import journal_postings, reversal_references

SEAL_BATCH = 500
REVERSAL = "ledger.reversal"
_SEALING = (
    "SELECT id, period, source_type, source_id, rule, step, occurred_at, booked_at, note, corrects_period, reverses_id"
)
_UNSEALED = f"{_SEALING} FROM ledger_journal WHERE hash IS NULL"

# Journals and postings come in one statement, so the guards can check each journal whole when it ends. They are written
# in the order of their sources: two who post the same do not wait for each other in a circle.
_WRITE = """
WITH draft AS (
    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[],
        $7::text[], $8::int[], $9::bigint[], $10::text[]) WITH ORDINALITY AS d (booked_at, source_type, source_id, rule,
        step, occurred_at, note, posting_count, reverses, corrects, place)
), journal AS (
    INSERT INTO ledger_journal (period, source_type, source_id, rule, step, occurred_at, booked_at, note,
        posting_count, reverses_id, corrects_period)
    SELECT place.period, d.source_type, d.source_id, d.rule, d.step, d.occurred_at, d.booked_at, d.note,
           d.posting_count, d.reverses, coalesce(d.corrects, place.corrects)
      FROM draft d CROSS JOIN LATERAL ledger_place(d.occurred_at, d.booked_at) AS place ORDER BY d.place
    ON CONFLICT (source_type, source_id, rule, step) DO NOTHING RETURNING id, source_type, source_id, rule, step
), account AS MATERIALIZED (
    SELECT w.place, a.id FROM unnest($11::text[], $12::text[], $13::text[], $14::text[]) WITH ORDINALITY
          AS w (code, owner, state, category, place)
      JOIN ledger_account a ON (a.code, a.owner, a.state, a.category) = (w.code, w.owner, w.state, w.category)
), posting AS (
    INSERT INTO ledger_posting (journal_id, account_id, subject, rule, contribution, amount_fen)
    SELECT j.id, a.id, w.subject, w.rule, w.contribution, w.amount_fen
      FROM unnest($15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::bigint[])
          WITH ORDINALITY AS w (draft, account, subject, rule, contribution, amount_fen, place)
      JOIN draft d ON d.place = w.draft
      JOIN journal j ON (j.source_type, j.source_id, j.rule, j.step) = (d.source_type, d.source_id, d.rule, d.step)
      JOIN account a ON a.place = w.account
     ORDER BY w.place)
SELECT count(*) AS journals FROM journal
"""


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
    def account(self) -> tuple[str, str, str, str]:
        """What names the account."""
        return self.code, self.owner, str(self.state), self.category


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
        wanted = [fresh[source] for source in sorted(fresh)]
        accounts = sorted({entry.account for draft in wanted for entry in draft.kept})
        columns = [list(column) for column in zip(*accounts, strict=True)]
        await self._open_accounts(columns)
        return await self._write(wanted, columns, {account: place for place, account in enumerate(accounts, 1)})

    async def _open_accounts(self, columns: list[list[str]]) -> None:
        """``columns``: code, owner, state, category."""
        await execute(
            "INSERT INTO ledger_account (book, code, owner, state, category)"
            " SELECT w.book, w.code, w.owner, w.state, w.category"
            " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
            " AS w (book, code, owner, state, category)"
            " WHERE NOT EXISTS (SELECT 1 FROM ledger_account a WHERE (a.code, a.owner, a.state, a.category)"
            " = (w.code, w.owner, w.state, w.category)) ORDER BY w.code, w.owner, w.state, w.category"
            " ON CONFLICT (code, owner, state, category) DO NOTHING",
            [str(CHART[code].book) for code in columns[0]],
            *columns,
        )

    async def _write(
        self, drafts: Sequence[JournalDraft], columns: list[list[str]], places: Mapping[tuple[str, str, str, str], int]
    ) -> int:
        """Each account is named once, by ``columns``; the postings name its place among them."""
        entries = [(place, entry) for place, draft in enumerate(drafts, 1) for entry in draft.kept]
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
            *columns,
            [place for place, _ in entries],
            [places[e.account] for _, e in entries],
            [e.subject for _, e in entries],
            [e.rule for _, e in entries],
            [e.contribution for _, e in entries],
            [e.amount_fen for _, e in entries],
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
            await self._write_seals(await self._seals(waiting))
            return len(waiting)

    async def seal_period(self, period: str) -> None:
        """Seal whatever is unsealed in a month into which nothing is posted any more; waits for another sealer."""
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger.sealer', 0))")
            while waiting := await rows(f"{_UNSEALED} AND period = $2 ORDER BY id LIMIT $1", SEAL_BATCH, period):
                await self._write_seals(await self._seals(waiting))

    async def seal_in_order(self, sources: Sequence[tuple[str, str, str, int]]) -> None:
        """Seal the unsealed journals that these made, in this order: that of other books, which are rebuilt here."""
        types, names, rules, steps = (list(column) for column in zip(*sources, strict=True))
        async with transaction():
            waiting = await rows(
                f"{_SEALING} FROM unnest($1::text[], $2::text[], $3::text[], $4::int[]) WITH ORDINALITY"
                " AS s (source_type, source_id, rule, step, place)"
                " JOIN ledger_journal USING (source_type, source_id, rule, step) WHERE hash IS NULL ORDER BY place",
                types,
                names,
                rules,
                steps,
            )
            if waiting:
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
