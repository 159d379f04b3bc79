"""What does not open of what is sealed: told once by each process that meets it, and looked for over every table.

Neither tells a value or whose it is: the log and ``/metrics`` say table and column, the search says row ids, which
lead to the row whoever may read the tables (decision 0016).
"""

from dataclasses import dataclass, field

import msgspec
import structlog
from prometheus_client import Counter

from integrations.field_encryption.cipher import KeyRing
from kit.database import Row, rows
from kit.encryption import FieldUnreadable
from poverty_alleviation.vault import household_rights
from server.sealed_fields import SEALED_TABLES, SealedTable

UNREADABLE = Counter(
    "sealed_fields_unreadable", "Sealed fields that did not open, each once for each process", ["table", "column"]
)
MOST_KNOWN = 10_000
log = structlog.get_logger("unreadable_fields")


class UnreadableRow(msgspec.Struct, frozen=True):
    """A row by its id, and which of its columns do not open."""

    table: str
    id: int
    columns: list[str]


@dataclass
class UnreadableFields:
    """Those that this process has met. Who has met very many of them tells of no more: it has said enough."""

    _met: set[str] = field(default_factory=set)

    def note(self, found: FieldUnreadable) -> None:
        """Log and count a field the first time."""
        if found.place in self._met or len(self._met) >= MOST_KNOWN:
            return
        self._met.add(found.place)
        table, column = (*found.place.split("|"), "")[:2]
        UNREADABLE.labels(table, column).inc()
        log.error("sealed_field_unreadable", name=f"{table}.{column}", reason=found.facts["because"])


async def unreadable_rows(ring: KeyRing) -> list[UnreadableRow]:
    """Every row of which something does not open, of every table; reads and opens all that is sealed."""
    found = []
    for table in SEALED_TABLES:
        if table.is_household:
            async with household_rights():
                found += await _of_table(ring, table)
        else:
            found += await _of_table(ring, table)
    return found


async def _of_table(ring: KeyRing, table: SealedTable) -> list[UnreadableRow]:
    found: list[UnreadableRow] = []
    last = 0
    while batch := await rows(
        f"SELECT t.id, {table.named}, {', '.join(f't.{c}' for c in table.columns)} FROM {table.table} t"
        " WHERE t.id > $1 ORDER BY t.id LIMIT $2",
        last,
        table.batch,
    ):
        found += [each for each in (_looked_at(ring, table, row) for row in batch) if each.columns]
        last = batch[-1]["id"]
    return found


def _looked_at(ring: KeyRing, table: SealedTable, found: Row) -> UnreadableRow:
    columns = []
    for column, place in table.columns.items():
        try:
            if found[column]:
                ring.unseal(bytes(found[column]), place(found))
        except FieldUnreadable:
            columns.append(column)
    return UnreadableRow(table.table, found["id"], columns)
