"""Divisions and sites.

Townships have their official codes; the last three digits of a village (901 ...) are made up, because the
official list of the villages is an import that the county has not given yet (domain reference 6.1).
"""

from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places

COUNTY = ("533124", "陇川县")
TOWNSHIPS = {
    "533124101": "章凤镇",
    "533124102": "陇把镇",
    "533124103": "景罕镇",
    "533124104": "城子镇",
    "533124201": "户撒阿昌族乡",
    "533124202": "护国乡",
    "533124203": "清平乡",
    "533124204": "王子树乡",
    "533124205": "勐约乡",
}
FARM = ("533124400", "陇川农场")

_KNOWN_VILLAGES = {
    "533124101": ("章凤村", "芒弄村", "迭撒村", "芒拉村", "拉勐村", "弄贯村", "户弄村"),
    "533124102": ("吕良村",),
    "533124104": ("巴达村", "城子村", "撒定村"),
    "533124201": ("潘乐村", "户早村", "隆光村", "相姐村", "明社村", "曼炳村"),
}
_VILLAGES_IN = dict(zip(TOWNSHIPS, (7, 8, 8, 8, 11, 7, 7, 7, 6), strict=True))
POINTS = 41


def villages() -> dict[str, str]:
    """The 69 villages by code: the names that are known, then names that say they are examples."""
    found = {}
    for township, count in _VILLAGES_IN.items():
        known = _KNOWN_VILLAGES.get(township, ())
        for n in range(count):
            name = known[n] if n < len(known) else f"{TOWNSHIPS[township]}示例村{n + 1:02d}"
            found[f"{township}{901 + n}"] = name
    return found


async def enter_area(places: Places) -> dict[str, int]:
    """Enter everything; answers how many of each."""
    await places.enter_division(*COUNTY)
    for code, name in (*TOWNSHIPS.items(), FARM):
        await places.enter_division(code, name)
    for code, name in villages().items():
        await places.enter_division(code, name)
    sites = 0
    for kind, called in ((SiteKind.SERVICE, "电商服务"), (SiteKind.LOGISTICS, "物流")):
        stands = [(SiteLevel.CENTRE, COUNTY[0], f"陇川县{called}中心")]
        stands += [(SiteLevel.STATION, code, f"{name}{called}站") for code, name in TOWNSHIPS.items()]
        stands += [(SiteLevel.POINT, code, f"{name}{called}点") for code, name in list(villages().items())[:POINTS]]
        for level, division, name in stands:
            code = f"{kind.value[0].upper()}{division}"
            await places.enter_site(code, name, kind, level, division, SiteState.OPERATING)
            sites += 1
    return {"townships": len(TOWNSHIPS), "villages": len(villages()), "sites": sites}
