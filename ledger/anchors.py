"""Daily anchors: how far each month is sealed, signed and laid down outside of the database.

The access log is anchored with them, once its chains are recomputed (decision 0061).

Whoever can write the database can write all hashes anew; an anchor that an auditor fetched before, or that lies in a
bucket with a retention lock, tells. The signature is by a key that is not in the database.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import msgspec

from accounts.access_chain import heads, root_of, verify
from content.ports import PRIVATE, ObjectStorage
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.paging import read_cursor, write_cursor
from ledger.ports import AnchorSigner

MOST_PERIODS = 120
ACCESS_LOG = "access"
"""What stands in place of the month in an anchor of the access log."""


class AnchorView(msgspec.Struct, frozen=True, kw_only=True):
    """One anchor. ``message`` is the text that ``signature`` (hexadecimal, Ed25519) is over."""

    day: date
    period: str
    seq: int
    hash: str
    message: str
    signature: str
    public_key: str
    made_at: datetime
    stored_at: datetime | None


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


# The head of every month that has moved since its last anchor.
_MOVED = """
WITH RECURSIVE month AS (
    (SELECT period FROM ledger_journal ORDER BY period DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT j.period FROM ledger_journal j WHERE j.period < m.period ORDER BY j.period DESC LIMIT 1)
      FROM month m WHERE m.period IS NOT NULL)
SELECT m.period, head.seq, head.hash FROM (SELECT period FROM month WHERE period IS NOT NULL LIMIT $2) AS m, LATERAL
    (SELECT j.seq, j.hash FROM ledger_journal j WHERE j.period = m.period AND j.seq IS NOT NULL
      ORDER BY j.seq DESC LIMIT 1) AS head
 WHERE NOT EXISTS (SELECT 1 FROM ledger_anchor a WHERE a.period = m.period AND (a.seq >= head.seq OR a.day = $1))
 ORDER BY m.period
"""


def storage_key(day: date, period: str) -> str:
    """Where an anchor lies; the same anchor is always the same file."""
    return f"{PRIVATE}lg/ledger-anchor-{day.isoformat()}_{period}.json"


def line_of(message: str, signature: str, public_key: str) -> bytes:
    """An anchor as a file, and as a line of what ``scripts/verify_ledger --anchors`` reads."""
    document = {"message": message, "signature": signature, "public_key": public_key}
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True)
class Anchors:
    """Makes anchors once a day and lays them down."""

    signer: AnchorSigner
    storage: ObjectStorage
    clock: Clock = utc_now

    async def make(self) -> int:
        """Anchor every month that has moved, at most once a day each; answers how many."""
        now = self.clock()
        made = 0
        async with transaction():
            for head in await rows(_MOVED, china_day(now), MOST_PERIODS):
                made += await self._add(now, head["period"], head["seq"], head["hash"])
        return made

    async def make_of_access_log(self) -> int:
        """Anchor the chains of the access log when they have moved, at most once a day; answers 1 or 0.

        ``seq`` counts all records, ``hash`` is over the ends of the chains, which the message lists as ``seqs``. Every
        record is recomputed first. Raises ChainBrokenError: what is broken is not signed.
        """
        now, ends = self.clock(), await heads()
        total = sum(end.seq for end in ends)
        latest = await row("SELECT day, seq FROM ledger_anchor WHERE period = $1 ORDER BY id DESC LIMIT 1", ACCESS_LOG)
        if not total or (latest and (latest["seq"] == total or latest["day"] == china_day(now))):
            return 0
        await verify(ends)
        return await self._add(now, ACCESS_LOG, total, root_of(ends), seqs=[end.seq for end in ends])

    async def _add(self, now: datetime, period: str, seq: int, head: str, **more: object) -> int:
        """Sign a head and put it on record; 0 when the day has one."""
        document = {"day": china_day(now).isoformat(), "period": period, "seq": seq, "hash": head, **more}
        message = json.dumps(document, sort_keys=True, separators=(",", ":"))
        created = await rows(
            "INSERT INTO ledger_anchor (day, period, seq, hash, message, signature, public_key, made_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (day, period) DO NOTHING RETURNING 1",
            china_day(now),
            period,
            seq,
            head,
            message,
            self.signer.sign(message.encode()),
            self.signer.public_key,
            now,
        )
        return len(created)

    async def store(self) -> int:
        """Lay down every anchor that is not yet; answers how many. Must not run inside a transaction.

        The same file may be put twice, and nothing is noted before it is there. Raises ``StorageUnavailable``.
        """
        waiting = await rows(
            "SELECT id, day, period, message, signature, public_key FROM ledger_anchor WHERE stored_at IS NULL"
            " ORDER BY id LIMIT $1",
            MOST_PERIODS,
        )
        for each in waiting:
            content = line_of(each["message"], each["signature"], each["public_key"])
            await self.storage.put(storage_key(each["day"], each["period"]), content, "application/json")
            await execute(
                "UPDATE ledger_anchor SET stored_at = $2 WHERE id = $1 AND stored_at IS NULL", each["id"], self.clock()
            )
        return len(waiting)


async def anchor_page(cursor: str | None, limit: int) -> tuple[list[AnchorView], str | None]:
    """Anchors, newest first, and the cursor of the next page."""
    before = read_cursor(cursor, _Key).id if cursor else 2**63 - 1
    found = await rows(
        "SELECT id, day, period, seq, hash, message, signature, public_key, made_at, stored_at FROM ledger_anchor"
        " WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, AnchorView) for each in found[:limit]], following
