"""What exports need from the world: somebody who writes, fills and reads table files."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, Protocol

Value = str | int | Decimal


class Workbooks(Protocol):
    """Files of tables. Every text that a spreadsheet program would run as a formula is written so that none does."""

    async def table(self, file_format: Literal["xlsx", "csv"], rows: Sequence[Sequence[Value]]) -> bytes:
        """A file of one table; the first row is its header."""
        ...

    async def sheet_names(self, raw: bytes) -> list[str]:
        """The sheets of a stranger's workbook, judged before it is opened.

        Raises a DomainError for whatever runs, fetches, unfolds too far or cannot be filled.
        """
        ...

    async def unfillable(self, raw: bytes, cells: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
        """Which cells of which sheets cannot be filled, and why: ``sheet``, ``formula`` or ``merged``."""
        ...

    async def filled(self, raw: bytes, cells: Mapping[str, Mapping[str, Value]], notice: str) -> bytes:
        """The workbook with values in cells. Formulas, formats and every other part stay as they are.

        ``notice`` is written below the last row of every sheet.
        """
        ...

    async def replaced(self, raw: bytes, old: str, new: str) -> bytes:
        """The file with one text of it in the place of another."""
        ...

    async def text_of(self, raw: bytes) -> str:
        """Everything that is written in a file of either kind, to be searched."""
        ...
