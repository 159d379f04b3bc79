"""Regions by their six digits (GB/T 2260): two name a province, four a prefecture, six a county."""

import re
from collections.abc import Mapping

from logistics.errors import RegionInvalid

_COUNTY = re.compile(r"[1-9][0-9]{5}")
PREFIX_LENGTHS = (6, 4, 2)
"""How long a region's prefix may be, the most exact one first."""

PROVINCES = {
    "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古", "21": "辽宁", "22": "吉林", "23": "黑龙江",
    "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽", "35": "福建", "36": "江西", "37": "山东", "41": "河南",
    "42": "湖北", "43": "湖南", "44": "广东", "45": "广西", "46": "海南", "50": "重庆", "51": "四川", "52": "贵州",
    "53": "云南", "54": "西藏", "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏", "65": "新疆", "71": "台湾",
    "81": "香港", "82": "澳门",
}  # fmt: skip
"""The first two digits and how an address begins (GB/T 2260)."""
_OF_PROVINCE = re.compile("(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)")


def check_region(region: str) -> None:
    """Raises :class:`RegionInvalid` unless it is six digits that name more than a province.

    A prefecture without counties has a code of its own (441900), so the last two digits may be zeros.
    """
    if not _COUNTY.fullmatch(region) or region.endswith("0000"):
        raise RegionInvalid(region=region[:12])


def region_in(address: str, counties: Mapping[str, str]) -> str | None:
    """The one county of some, names by code, that an address names; None when that is not certain.

    The address begins with its province, and no other county stands before the one that is meant. Of two names of which
    one holds the other the longer one counts; two that differ are none.
    """
    text = "".join(address.split())
    province = next((code for code, name in PROVINCES.items() if text.startswith(name)), None)
    if province is None:
        return None
    text = text.removeprefix(PROVINCES[province])
    if suffix := _OF_PROVINCE.match(text):
        text = text[suffix.end() :]
    named = {code: name for code, name in counties.items() if code.startswith(province) and _begins_with(text, name)}
    found = [c for c, name in named.items() if not any(name != other and name in other for other in named.values())]
    return found[0] if len(found) == 1 else None


def _begins_with(text: str, county: str) -> bool:
    """Whether a county is the first one in a text; a prefecture may stand before it."""
    before, meant, _ = text.partition(county)
    return bool(meant) and not any(kind in before.replace("地区", "") for kind in "县区旗")
