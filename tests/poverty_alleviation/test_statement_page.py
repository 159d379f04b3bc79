"""The private page over HTTP: one answer for who does not know, no name for who does, nothing kept on the way."""

import httpx

from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House
from tests.poverty_alleviation.belongings import give
from tests.products.shelf import VILLAGE

__all__ = ["house", "http", "inside"]


async def test_the_page_tells_figures_to_who_knows_and_the_same_refusal_to_everybody_else(
    house: House, http: httpx.AsyncClient, inside: None
) -> None:
    owner = Owner(house, http, Belongings(), 4711)
    await give(owner)
    path = f"/h/{owner.found.by_pattern['/h/']['token']}"
    asked, unknown = await http.get(path), await http.get(f"/h/{'x' * 32}")
    assert asked.text == unknown.text
    refused = await http.post(path, data={"last_four": "0078"})
    elsewhere = await http.post(f"/h/{'x' * 32}", data={"last_four": "0077"})
    assert (refused.status_code, refused.text) == (elsewhere.status_code, elsewhere.text)
    assert refused.status_code == 403
    for body in (b"", b'{"last_four": "0077"}', b"\xff"):
        odd = await http.post(f"/h/{'y' * 32}", content=body, headers={"content-type": "application/json"})
        assert odd.status_code == 403
    opened = await http.post(path, data={"last_four": "0077"})
    assert opened.status_code == 200
    assert "2021年第2季度" in opened.text
    assert "1.00 元（已付）" in opened.text
    code = owner.found.by_pattern["/v1/console/poverty/households/"]["code"]
    for word in ("示例农户", "章凤村", VILLAGE, code, "19900000077", "贫困", "脱贫"):
        assert word not in opened.text
    for reply in (asked, refused, opened):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-robots-tag"] == "noindex"
        assert "form-action 'self'" in reply.headers["content-security-policy"]
        assert 'name="robots" content="noindex"' in reply.text
