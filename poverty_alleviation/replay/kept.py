"""What is kept of the books beside journals: what payments told, and what closed months came to.

Read where the books are, and again where they were rebuilt, as lines that are compared byte for byte.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec

from kit.database import rows, scalar
from ledger.chain import moment
from ledger.kept import BATCH, as_lines, sealed_heads
from ledger.periods import Periods, certificate
from poverty_alleviation.month_close import certified
from poverty_alleviation.month_figures import MonthFigures, month_figures
from poverty_alleviation.reconciliation import MonthsPart, part_of


class KeptMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A closed month: what the months after ``after`` up to it came to, and what its certificate says of the books."""

    period: str
    after: str
    part: MonthsPart
    root: str
    journals: int
    figures: MonthFigures


async def last_told() -> int:
    """The row of what payments told last, at a moment at which nobody posts."""
    return int(await scalar("SELECT coalesce(max(id), 0) FROM channel_money"))


async def told_pieces(last: int) -> AsyncIterator[bytes]:
    """What payments told up to a row, a line of JSON each, by month, kind and source."""
    for month in await rows("SELECT DISTINCT period FROM channel_money WHERE id <= $1 ORDER BY 1", last):
        ids = [each["id"] for each in await rows(
            'SELECT id FROM channel_money WHERE period = $1 AND id <= $2 ORDER BY kind, source_id COLLATE "C"',
            month["period"], last)]  # fmt: skip
        for first in range(0, len(ids), BATCH):
            found = await rows(
                "SELECT c.period, c.kind, c.source_id, c.reference, c.channel, c.amount_fen, c.occurred_at"
                " FROM unnest($1::bigint[]) WITH ORDINALITY AS w (id, place) JOIN channel_money c ON c.id = w.id"
                " ORDER BY w.place",
                ids[first : first + BATCH],
            )
            yield as_lines([{**each, "occurred_at": moment(each["occurred_at"])} for each in found])


async def kept_months() -> list[KeptMonth]:
    """What was kept of each closed month, and signed."""
    found: list[KeptMonth] = []
    for each in await rows("SELECT period, part::text AS part FROM reconciled_month ORDER BY period"):
        signed = certified(await certificate(each["period"]))
        found.append(
            KeptMonth(
                period=each["period"],
                after=found[-1].period if found else "",
                part=msgspec.json.decode(each["part"], type=MonthsPart),
                root=signed.root,
                journals=signed.journals,
                figures=signed.figures,
            )
        )
    return found


async def months_again(months: Sequence[KeptMonth]) -> list[KeptMonth]:
    """The same from the journals of the books that this is awaited in."""
    heads = await sealed_heads()
    return [
        KeptMonth(
            period=each.period,
            after=each.after,
            part=await part_of(each.after, each.period),
            root=await Periods().head(each.period),
            journals=heads.get(each.period, 0),
            figures=await month_figures(each.period),
        )
        for each in months
    ]


async def month_pieces(months: Sequence[KeptMonth]) -> AsyncIterator[bytes]:
    """Each figure of each month, a line of JSON each.

    How many households had part in a month is left out: two that have merged since, as of a day before its end, were
    two when it was signed.
    """
    for each in months:
        figures = dict(_figures("", msgspec.to_builtins(each)))
        del figures["figures.households"]
        yield as_lines(
            [{"period": each.period, "figure": name, "value": value} for name, value in sorted(figures.items())]
        )


def _figures(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    for member, part in value.items():
        yield from _figures(f"{name}.{member}" if name else member, part)
