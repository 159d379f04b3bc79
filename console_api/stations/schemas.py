"""The wire of the use of stations."""

from api_kit.schemas import View
from county.stations import StationUse


class StationUsesView(View):
    """Every operating station and point, by division."""

    stations: list[StationUse]
