"""The whole books as lines of JSON: what an auditor takes away and checks without us.

A manifest fixes how far each month was sealed when the export began; then every journal up to there, month by month and
in its order, the accounts with their sums, the signed certificates, and a last line that counts and hashes all before
it. Sealed journals never change, so no snapshot is held open while somebody reads slowly. ``scripts/verify_ledger``
recomputes all of it from the file alone.

Beside it stands the canonical form, which names neither numbers nor hashes, because these follow the order in which
somebody sealed: books rebuilt from their inputs give the same bytes (decision 0051).
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from kit.database import rows
from kit.paging import read_cursor, write_cursor
from ledger.chain import Posting, moment
from ledger.chart import CHART
from ledger.models import PeriodState
from ledger.periods import certificate, period_cards
from ledger.queries import posting_members, reversal_references

FORMAT = "longchuan-ledger/1"
BATCH = 500

_SEALED = (
    "SELECT id, period, seq, source_type, source_id, rule, step, occurred_at, booked_at, note, corrects_period,"
    " reverses_id, prev_hash, hash FROM ledger_journal"
)


class ExportedJournal(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed journal, member by member as it is hashed. Times are texts, because they are hashed as texts.

    ``postings`` are ``[book, code, owner, state, category, subject, rule, contribution, amount_fen]``, in order.
    ``reverses`` is the ``[source_type, source_id, rule, step]`` of the journal that it takes back.
    """

    period: str
    seq: int
    source_type: str
    source_id: str
    rule: str
    step: int
    occurred_at: str
    booked_at: str
    note: str
    corrects_period: str | None
    reverses: list[str | int] | None
    prev_hash: str
    hash: str
    postings: list[Posting]


class _Place(msgspec.Struct, array_like=True):
    period: Annotated[str, msgspec.Meta(max_length=7)]
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


async def _exported(journals: list[dict[str, Any]]) -> list[ExportedJournal]:
    postings = await posting_members([each["id"] for each in journals])
    references = await reversal_references([each["reverses_id"] for each in journals])
    return [
        ExportedJournal(
            **{name: each[name] for name in _PLAIN},
            occurred_at=moment(each["occurred_at"]),
            booked_at=moment(each["booked_at"]),
            reverses=references.get(each["reverses_id"]),
            postings=sorted(postings[each["id"]]),
        )
        for each in journals
    ]


_PLAIN = ("period", "seq", "source_type", "source_id", "rule", "step", "note", "corrects_period", "prev_hash", "hash")


async def journal_page(
    period: str | None, cursor: str | None, limit: int, account: str | None = None
) -> tuple[list[ExportedJournal], str | None]:
    """Sealed journals of a month or of all, in the order of their numbers, and the cursor of the next page.

    With the code of an ``account`` those that move it: what a total of a certificate is made of.
    """
    after = read_cursor(cursor, _Place) if cursor else _Place("", 0)
    found = await rows(
        f"{_SEALED} WHERE hash IS NOT NULL AND (period, seq) > ($1, $2) AND ($3::text IS NULL OR period = $3)"
        " AND ($5::text IS NULL OR EXISTS (SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE p.journal_id = ledger_journal.id AND a.code = $5)) ORDER BY period, seq LIMIT $4",
        after.period,
        after.seq,
        period,
        limit + 1,
        account,
    )
    page = found[:limit]
    following = write_cursor(page[-1]["period"], page[-1]["seq"]) if len(found) > limit else None
    return await _exported(page), following


async def export_pieces(at: datetime) -> AsyncIterator[bytes]:
    """The export, line by line in pieces of some hundred lines; memory does not grow with the books."""
    count, digest = 0, sha256()

    def lines(*documents: Mapping[str, Any]) -> bytes:
        nonlocal count
        piece = b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in documents)
        count += len(documents)
        digest.update(piece)
        return piece

    cards = sorted(await period_cards(), key=lambda card: card.period)
    heads = {card.period: card.journals for card in cards}
    hashes = {each["period"]: each["hash"] for each in await rows(
        "SELECT j.period, j.hash FROM ledger_journal j JOIN unnest($1::text[], $2::bigint[]) AS h (period, seq)"
        " ON (j.period, j.seq) = (h.period, h.seq)", list(heads), list(heads.values()))}  # fmt: skip
    yield lines(_manifest(at, [(card.period, str(card.state), card.journals, card.unsealed) for card in cards], hashes))
    for period, last in heads.items():
        for first in range(1, last + 1, BATCH):
            found = await rows(
                f"{_SEALED} WHERE period = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq",
                period,
                first,
                min(first + BATCH - 1, last),
            )
            yield lines(*({"kind": "journal", **msgspec.to_builtins(each)} for each in await _exported(found)))
    yield lines(*[{"kind": "account", **each} for each in await _accounts(heads)])
    for card in cards:
        if card.state is PeriodState.CLOSED:
            yield lines({"kind": "certificate", **msgspec.to_builtins(await certificate(card.period))})
    yield lines({"kind": "end", "lines": count, "sha256": digest.hexdigest()})


async def canonical_pieces(last: int) -> AsyncIterator[bytes]:
    """Every journal up to a row id, a line of JSON each, by month, source, rule and step, in pieces of some hundred.

    Memory grows with the journals of one month alone: their row ids.
    """
    for period in sorted(card.period for card in await period_cards()):
        ids = [each["id"] for each in await rows(
            'SELECT id FROM ledger_journal WHERE period = $1 AND id <= $2 ORDER BY source_type COLLATE "C",'
            ' source_id COLLATE "C", rule COLLATE "C", step', period, last)]  # fmt: skip
        for first in range(0, len(ids), BATCH):
            wanted = ids[first : first + BATCH]
            found = {each["id"]: each for each in await rows(f"{_SEALED} WHERE id = ANY($1)", wanted)}
            journals = await _exported([found[each] for each in wanted])
            yield b"".join(msgspec.json.encode(_unsealed(each), order="sorted") + b"\n" for each in journals)


def _unsealed(journal: ExportedJournal) -> dict[str, Any]:
    return {name: getattr(journal, name) for name in _UNSEALED}


_UNSEALED = [name for name in ExportedJournal.__struct_fields__ if name not in ("seq", "prev_hash", "hash")]


def _manifest(at: datetime, months: list[tuple[str, str, int, int]], hashes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": "manifest",
        "format": FORMAT,
        "made_at": at.astimezone(UTC).isoformat(timespec="seconds"),
        "algorithm": "SHA-256",
        "periods": [
            {"period": period, "state": state, "journals": journals, "unsealed": unsealed, "head": hashes.get(period)}
            for period, state, journals, unsealed in months
        ],
        "chart": {code: {"book": str(entry.book), "name": entry.name} for code, entry in CHART.items()},
    }


async def _accounts(heads: Mapping[str, int]) -> list[dict[str, Any]]:
    """The trial balance of what is exported: every account with its sums, by the database and not by this loop."""
    return await rows(
        "SELECT a.book, a.code, a.owner, a.state, a.category,"
        " coalesce(sum(p.amount_fen) FILTER (WHERE p.amount_fen > 0), 0)::bigint AS debit_fen,"
        " coalesce(-sum(p.amount_fen) FILTER (WHERE p.amount_fen < 0), 0)::bigint AS credit_fen"
        " FROM unnest($1::text[], $2::bigint[]) AS h (period, seq)"
        " JOIN ledger_journal j ON j.period = h.period AND j.seq <= h.seq"
        " JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        list(heads),
        list(heads.values()),
    )
