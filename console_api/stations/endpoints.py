"""Which stations are used."""

from accounts.actors import Auditor, CountyOfficer
from console_api import door
from console_api.stations.schemas import StationUsesView
from county.stations import station_uses
from kit.clock import china_day, utc_now
from poverty_alleviation.office.thresholds import thresholds


@door.get("/station-uses")
async def list_station_uses(actor: CountyOfficer | Auditor) -> StationUsesView:
    """各乡镇站与村级点最近一次收购、到件或自提的日期，以及是否闲置。"""
    today = china_day(utc_now())
    return StationUsesView(await station_uses(today, (await thresholds(today))["station_idle_days"]))
