"""Photographs that are to be destroyed: they are forgotten with what they prove, and their files go after that."""

from collections.abc import Sequence
from datetime import datetime

from content.ports import ObjectStorage
from kit.clock import utc_now
from kit.database import execute, rows


async def forget_evidence(subject_type: str, subjects: Sequence[str], at: datetime) -> int:
    """Nobody opens the photographs of some things any more, from the caller's commit on; answers how many they are."""
    return await execute(
        "UPDATE evidence SET forgotten_at = $3 WHERE subject_type = $1 AND subject_number = ANY($2::text[])"
        " AND stored_at IS NOT NULL AND forgotten_at IS NULL",
        subject_type,
        list(subjects),
        at,
    )


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
