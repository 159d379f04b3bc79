"""Whose a plot was on the day of a harvest."""

from datetime import date

from kit.database import scalar
from traceability.plots.errors import PlotOfAnother


async def plot_of_harvest(number: str, supplier_id: int, harvested_on: date) -> int:
    """The row id of a supplier's plot on a day, in the caller's transaction, which holds up its end.

    Raises :class:`PlotOfAnother`.
    """
    found = await scalar(
        "SELECT id FROM plot WHERE number = $1 AND supplier_id = $2 AND $3 >= valid_from"
        " AND coalesce($3 <= valid_until, true) FOR SHARE",
        number,
        supplier_id,
        harvested_on,
    )
    if found is None:
        raise PlotOfAnother(plot=number)
    return int(found)
