"""Pages of what was recorded, the newest first."""

from typing import Any

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


async def newest_first(
    select: str, cursor: str | None, limit: int, *values: object
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of a statement with a WHERE over rows that are called t; its own values are numbered from $3 on."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    found = await rows(f"{select} AND t.id < $1 ORDER BY t.id DESC LIMIT $2", before, limit + 1, *values)
    return found[:limit], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
