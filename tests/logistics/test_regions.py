"""Which county an address names, when it is certain."""

import pytest

from logistics.regions import region_in

COUNTIES = {
    "533124": "陇川县",
    "533102": "瑞丽市",
    "110105": "朝阳区",
    "220104": "朝阳区",
    "130104": "桥西区",
    "130503": "桥西区",
    "140502": "城区",
    "310115": "浦东新区",
    "232761": "漠河市",
    "150525": "奈曼旗",
    "450102": "兴宁区",
}


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("云南省德宏傣族景颇族自治州陇川县章凤镇示例路 1 号", "533124"),
        ("云南 德宏州 陇川县 示例路", "533124"),
        ("云南省德宏州瑞丽市示例路", "533102"),
        ("北京市朝阳区示例路", "110105"),
        ("吉林省长春市朝阳区示例路", "220104"),
        ("上海市浦东新区示例路", "310115"),
        ("黑龙江省大兴安岭地区漠河市示例路", "232761"),
        ("内蒙古自治区通辽市奈曼旗示例路", "150525"),
        ("广西壮族自治区南宁市兴宁区示例路", "450102"),
        ("山西省晋城市城区示例路", "140502"),
        ("河北省邢台市桥西区示例路", None),  # two of that name in the province
        ("朝阳区示例路", None),  # two of that name in the country
        ("陇川县示例路", None),
        ("云南省昆明市盘龙区陇川县办事处", None),  # it lies elsewhere
        ("云南省昆明市示例路", None),
        ("", None),
    ],
)
def test_the_county_of_an_address(address: str, region: str | None) -> None:
    """Fails when the province or what stands before the county does not count: tried."""
    assert region_in(address, COUNTIES) == region
