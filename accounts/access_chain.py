"""The hash chains of the access log: recomputed here, and taken away by auditors.

A record's ``hash = SHA-256(prev_hash || text)``, both UTF-8, in lower-case hexadecimal; ``text`` is :func:`text_of`,
and the first record of a chain follows 64 zeros. All records of one actor stand in one of sixteen chains. The database
computes the hash as a record is added (``guards.sql``); a signed anchor keeps how far the chains had come each day.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from kit.database import rows

FORMAT = "longchuan-access-log/1"
CHAINS = 16
FIRST = "0" * 64
BATCH = 1000
"""As many of the newest records of each chain does the frequent check read."""

_MEMBERS = ("chain", "seq", "actor", "acting_as", "purpose", "document", "subject", "fields_read", "at")
_RECORDS = (
    "SELECT chain, seq, actor, acting_as, purpose, document, subject, fields_read::text AS fields_read, at, prev_hash,"
    " hash FROM access_log WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4"
)
_HEADS = """
SELECT c.chain, coalesce(l.seq, 0) AS seq, coalesce(l.hash, repeat('0', 64)) AS hash
  FROM generate_series(0, $1::int - 1) AS c(chain) LEFT JOIN LATERAL
       (SELECT seq, hash FROM access_log WHERE chain = c.chain ORDER BY seq DESC LIMIT 1) AS l ON true
 ORDER BY c.chain
"""


class ChainBrokenError(Exception):
    """A record of the access log was changed or taken out: somebody has written past the house."""


class ChainHead(msgspec.Struct, frozen=True):
    """How far a chain has come; an empty one has 0 and zeros."""

    chain: int
    seq: int
    hash: str


def text_of(record: Mapping[str, Any]) -> str:
    """What is hashed of a record: its members as a JSON array, the moment as ``2026-11-27T07:30:00.000000Z``."""
    return json.dumps([record[name] for name in _MEMBERS], ensure_ascii=False)


async def heads() -> list[ChainHead]:
    """The end of every chain, in their order. One statement."""
    return [msgspec.convert(each, ChainHead) for each in await rows(_HEADS, CHAINS)]


def root_of(ends: list[ChainHead]) -> str:
    """One hash over the ends of all chains."""
    return sha256("".join(end.hash for end in ends).encode()).hexdigest()


async def verify(ends: list[ChainHead], newest: int | None = None) -> int:
    """Recompute every record up to ``ends``, or the ``newest`` of each chain; answers how many.

    Raises :class:`ChainBrokenError` at the first that does not follow.
    """
    checked = 0
    for end in ends:
        first = max(end.seq - newest, 0) if newest is not None else 0
        previous, expected = FIRST if first == 0 else None, first
        async for record in _records(end, first):
            expected += 1
            follows = previous is None or record["prev_hash"] == previous
            computed = sha256((record["prev_hash"] + text_of(record)).encode()).hexdigest()
            if record["seq"] != expected or not follows or record["hash"] != computed:
                raise ChainBrokenError(f"chain {end.chain} of the access log breaks at {expected}")
            previous, checked = record["hash"], checked + 1
        if expected != end.seq or (end.seq and previous != end.hash):
            raise ChainBrokenError(f"chain {end.chain} of the access log breaks at its end {end.seq}")
    return checked


async def _records(end: ChainHead, after: int) -> AsyncIterator[dict[str, Any]]:
    while after < end.seq:
        found = await rows(_RECORDS, end.chain, after, end.seq, BATCH)
        for record in found:
            moment = record["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            yield {**record, "fields_read": json.loads(record["fields_read"]), "at": moment}
        if not found:
            return
        after = found[-1]["seq"]


async def export_pieces(at: datetime) -> AsyncIterator[bytes]:
    """The whole log as lines of JSON: a manifest with the ends of the chains, each record, a line that counts them.

    ``scripts/verify_access_log`` recomputes it from the file alone. Memory does not grow with the log.
    """
    count, digest, ends = 0, sha256(), await heads()

    def line(document: Mapping[str, Any]) -> bytes:
        nonlocal count
        piece = msgspec.json.encode(document, order="sorted") + b"\n"
        count += 1
        digest.update(piece)
        return piece

    made_at = at.astimezone(UTC).isoformat(timespec="seconds")
    chains = [msgspec.to_builtins(end) for end in ends]
    yield line({"kind": "manifest", "format": FORMAT, "made_at": made_at, "algorithm": "SHA-256", "chains": chains})
    for end in ends:
        async for record in _records(end, 0):
            yield line({"kind": "record", **record})
    yield line({"kind": "end", "lines": count, "sha256": digest.hexdigest()})
