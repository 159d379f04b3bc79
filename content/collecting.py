"""Collecting pictures that nothing shows any more.

A picture is dropped by a committed step, then its files go, then that is noted: whoever dies between leaves work that
the next run finds. What proves something (:class:`content.pictures.Purpose`) goes with its owner and never before.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from content.attaching import TAKEN_OFF_KEPT
from content.pictures import PURPOSES, Pictures, address_of, file_key
from kit.database import execute, rows, transaction
from kit.imaging import SIZES

ORPHANED_AFTER = timedelta(days=1)
REFUSED_KEPT = timedelta(days=30)
BATCH = 200

EVIDENCE = [name for name, purpose in PURPOSES.items() if purpose.evidence]


class TakenOff(msgspec.Struct, frozen=True):
    """A picture that its owner shows no more; ``address`` is what others may have copied, '' of a private one."""

    number: str
    owner: str
    address: str
    attached_at: datetime
    taken_off_at: datetime


StillNeeded = Callable[[Sequence[TakenOff]], Awaitable[Collection[str]]]
"""Which of these others still show or must keep, by number."""


async def collect(pictures: Pictures, still_needed: StillNeeded) -> int:
    """Drop what nothing shows and delete files of what was dropped; answers of how many pictures.

    Dropped is what was never attached within a day, what was refused 30 days ago, pictures of words that were, and
    what was taken off 30 days ago and nobody else needs; what is needed is asked about again 30 days later.
    """
    now = pictures.clock()
    await _drop_orphans_and_refused(now)
    await _drop_taken_off(now, still_needed)
    gone = await rows(
        f"SELECT id, stem FROM picture WHERE state = 'dropped' AND files_deleted_at IS NULL ORDER BY id LIMIT {BATCH}"
    )
    for picture in gone:
        await pictures.storage.delete([file_key(picture["stem"], name) for name in SIZES])
        await execute("UPDATE picture SET files_deleted_at = $2 WHERE id = $1", picture["id"], pictures.clock())
    return len(gone)


async def _drop_orphans_and_refused(now: datetime) -> None:
    async with transaction():
        await execute(
            "UPDATE picture SET state = 'dropped', next_check_at = NULL WHERE id IN (SELECT id FROM picture WHERE"
            " (attached_at IS NULL AND uploaded_at < $1 AND state <> 'dropped')"
            " OR (state = 'refused' AND judged_at < $2 AND purpose <> ALL($3::text[]))"
            " OR (state <> 'dropped' AND purpose <> ALL($3::text[]) AND owner IN ("
            "   SELECT subject FROM content_text WHERE state = 'refused' AND judged_at < $2))"
            f" LIMIT {BATCH} FOR UPDATE SKIP LOCKED)",
            now - ORPHANED_AFTER,
            now - REFUSED_KEPT,
            EVIDENCE,
        )


async def _drop_taken_off(now: datetime, still_needed: StillNeeded) -> None:
    found = await rows(
        "SELECT number, taken_from AS owner, stem, base_url, attached_at, taken_off_at FROM picture"
        " WHERE collect_at <= $1 AND state <> 'dropped' AND purpose <> ALL($2::text[]) ORDER BY collect_at, id"
        f" LIMIT {BATCH}",
        now,
        EVIDENCE,
    )
    if not found:
        return
    asked = [TakenOff(p["number"], p["owner"], address_of(p), p["attached_at"], p["taken_off_at"]) for p in found]
    needed = set(await still_needed(asked))
    async with transaction():
        # What was put back meanwhile has no moment to be collected at.
        await execute(
            "UPDATE picture SET state = CASE WHEN number = ANY($2::text[]) THEN state ELSE 'dropped' END,"
            " collect_at = CASE WHEN number = ANY($2::text[]) THEN $4::timestamptz END, next_check_at = NULL"
            " WHERE id IN (SELECT id FROM picture WHERE number = ANY($1::text[]) AND collect_at <= $3 ORDER BY id"
            " FOR UPDATE)",
            [picture.number for picture in asked],
            sorted(needed),
            now,
            now + TAKEN_OFF_KEPT,
        )
