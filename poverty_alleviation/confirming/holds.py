"""Rows that a household says are wrong are held until that is settled."""

from kit.database import scalar
from poverty_alleviation.confirming.errors import RowDisputed

HELD_BY = (
    "SELECT i.number FROM disputed_row d JOIN income_dispute i ON i.id = d.dispute_id"
    " WHERE (d.kind, d.source_id) = ({kind}, {source_id}) AND d.released_at IS NULL"
)
"""The dispute that holds a row of one household, as SQL."""


async def refuse_disputed(kind: str, source_id: str) -> None:
    """Raises :class:`RowDisputed` for a row that is held. The caller holds the row's source and the vault."""
    dispute = await scalar(HELD_BY.format(kind="$1", source_id="$2"), kind, source_id)
    if dispute is not None:
        raise RowDisputed(dispute=dispute)
