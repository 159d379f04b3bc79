"""Codes on papers over HTTP: whoever holds the paper reads what the records say, and no name; nobody else anything."""

import httpx

from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House
from tests.doors.problems import check_page
from tests.poverty_alleviation.belongings import give as give_poverty
from tests.public_pages.test_pages import check_good
from tests.traceability.belongings import give as give_goods

__all__ = ["house", "http", "inside"]


async def test_codes_of_papers_open_without_names_and_wrong_ones_are_refused(
    house: House, http: httpx.AsyncClient, inside: None
) -> None:
    owner = Owner(house, http, Belongings(), 4712)
    await give_goods(owner)
    await give_poverty(owner)
    digest = owner.found.by_pattern["/c/"]["digest"]
    text = check_good(await http.get(f"/c/{digest}"))
    assert "有效：双方已签字" in text
    assert digest in text
    assert "示例" not in text
    check_page(await http.get(f"/c/{digest[::-1]}"), 404)
    receipt = owner.found.by_pattern["/r/"]
    text = check_good(await http.get(f"/r/{receipt['number']}/{receipt['token']}"))
    assert "1.000 千克" in text
    assert "8.00 元" in text
    assert "供货人甲" not in text
    check_page(await http.get(f"/r/{receipt['number']}/{'0' * 24}"), 404)
