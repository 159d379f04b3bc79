"""Poor villages, and how many villages have a point."""

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from console_api import door
from console_api.villages.schemas import CoverageQuery, CoverageView, PoorVillageEndInput, PoorVillageInput
from kit.clock import china_day, utc_now
from places.villages import PoorVillages, coverage


@door.put("/villages/<village:str>/poor-flag", status=204)
async def flag_poor_village(
    actor: PovertyOfficer, village: str, body: PoorVillageInput, register: PoorVillages
) -> None:
    """登记贫困村：须有文件依据，自某日起；同样内容重复提交不产生变化。"""
    await register.flag(village, body.valid_from, body.document, actor.caller)


@door.put("/villages/<village:str>/poor-flag-end", status=204)
async def end_poor_village(
    actor: PovertyOfficer, village: str, body: PoorVillageEndInput, register: PoorVillages
) -> None:
    """自某日起不再是贫困村。"""
    await register.end(village, body.valid_until, actor.caller)


@door.get("/village-coverage")
async def show_village_coverage(actor: PovertyOfficer | CountyOfficer | Auditor, query: CoverageQuery) -> CoverageView:
    """行政村与贫困村的电商服务点、物流点覆盖数：分乡镇及全县。"""
    return CoverageView(await coverage(query.day or china_day(utc_now())))
