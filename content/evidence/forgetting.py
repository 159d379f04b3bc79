"""Photographs that are to be destroyed: they are forgotten with what they prove, and their files go after that."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from content.evidence.models import EvidenceKind
from content.evidence.service import new_file_key
from content.ports import ObjectStorage
from kit.clock import utc_now
from kit.database import execute, rows

UNCLAIMED_AFTER = timedelta(days=1)
Claimed = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Which of these files a room has a row of, by number."""


async def forget_evidence(subject_type: str, subjects: Sequence[str], at: datetime) -> int:
    """Nobody opens the photographs of some things any more, from the caller's commit on; answers how many they are."""
    return await execute(
        "UPDATE evidence SET forgotten_at = $3 WHERE subject_type = $1 AND subject_number = ANY($2::text[])"
        " AND stored_at IS NOT NULL AND forgotten_at IS NULL",
        subject_type,
        list(subjects),
        at,
    )


async def forget_unclaimed(kind: EvidenceKind, claimed: Claimed) -> int:
    """Forget papers that were stored a day ago and that no row claims: who took them in died in between.

    The same file may come again. Answers how many they are.
    """
    before = utc_now() - UNCLAIMED_AFTER
    found = await rows(
        "SELECT number FROM evidence WHERE kind = $1 AND stored_at < $2 AND forgotten_at IS NULL ORDER BY id",
        kind.value,
        before,
    )
    numbers = {str(each["number"]) for each in found}
    return await execute(
        "UPDATE evidence SET forgotten_at = $2 WHERE number = ANY($1::text[]) AND forgotten_at IS NULL",
        sorted(numbers - set(await claimed(sorted(numbers)))),
        utc_now(),
    )


async def drop_never_stored(storage: ObjectStorage) -> int:
    """Delete files of photographs that were begun a day ago and never noted as stored. Raises StorageUnavailable.

    A row gets another key first: whoever takes the same photograph in at this moment writes another file.
    """
    before = utc_now() - UNCLAIMED_AFTER
    found = await rows(
        "SELECT number, stored_key FROM evidence WHERE stored_at IS NULL AND dropped_at IS NULL AND taken_at < $1"
        " ORDER BY id LIMIT 100",
        before,
    )
    for each in found:
        await execute(
            "UPDATE evidence SET stored_key = $3, spare_key = $2, spare_since = $4 WHERE number = $1"
            " AND stored_key = $2 AND stored_at IS NULL AND taken_at < $5",
            each["number"],
            each["stored_key"],
            new_file_key(),
            utc_now(),
            before,
        )
    spare = await rows("SELECT number, spare_key FROM evidence WHERE stored_at IS NULL AND spare_key IS NOT NULL")
    for each in spare:
        await storage.delete([each["spare_key"]])
        await execute(
            "UPDATE evidence SET spare_key = NULL, spare_since = NULL, dropped_at = CASE WHEN stored_at IS NULL"
            " AND taken_at < $3 THEN $4 ELSE dropped_at END WHERE number = $1 AND spare_key = $2",
            each["number"],
            each["spare_key"],
            before,
            utc_now(),
        )
    return len(spare)


async def drop_forgotten(storage: ObjectStorage) -> int:
    """Delete the files of forgotten photographs; their rows stay. Raises StorageUnavailable."""
    found = await rows(
        "SELECT number, stored_key, spare_key FROM evidence WHERE forgotten_at IS NOT NULL AND dropped_at IS NULL"
        " ORDER BY id LIMIT 100"
    )
    for each in found:
        await storage.delete([key for key in (each["stored_key"], each["spare_key"]) if key])
        await execute(
            "UPDATE evidence SET dropped_at = $2 WHERE number = $1 AND stored_key = $3",
            each["number"],
            utc_now(),
            each["stored_key"],
        )
    return len(found)
