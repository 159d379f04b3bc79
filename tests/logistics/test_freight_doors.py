"""Templates and addresses over HTTP, and freight on a product's page."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from kit.clock import utc_now
from kit.database import scalar
from logistics.errors import FreightTemplateUnknown
from logistics.freight import freight_terms
from products.queries import sku_offers
from tests.accounts.served import Served, served
from tests.products.shelf import approved_merchant, draft_of, listed_product
from tests.products.test_product_doors import DRAFT, clerk_of, keyed
from tests.statements import counted_statements

TEMPLATE: dict[str, Any] = {
    "name": "全国",
    "unit": "weight",
    "rules": [
        {"first": 1000, "first_fen": 1200, "further": 1000, "further_fen": 500, "free_from_fen": 20000},
        {"first": 1000, "first_fen": 600, "further": 1000, "further_fen": 200, "regions": ["53"], "days_to": 3},
    ],
    "not_served": ["65", "54"],
}
ADDRESS = {
    "recipient": "示例收货人", "phone": "19900000001", "region": "533124",
    "region_name": "云南省 德宏州 陇川县", "street": "示例路 1 号",
}  # fmt: skip


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


async def make(doors: Served, clerk: dict[str, str], key: str = "t1", **changes: object) -> Any:
    made = await doors.http.post(
        "/v1/console/freight-templates", headers=keyed(clerk, key), json={**TEMPLATE, **changes}
    )
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_change_is_a_new_version_and_the_old_one_stays(doors: Served) -> None:
    merchant = await approved_merchant()
    clerk = await clerk_of(doors, merchant, "clerk")
    made = await make(doors, clerk)
    assert await make(doors, clerk) == made, "the key's first answer"
    code, http = made["code"], doors.http
    path = f"/v1/console/freight-templates/{code}"
    assert (made["terms"]["version"], made["terms"]["rules"][1]["regions"]) == (1, ["53"])
    before = utc_now()
    assert (await http.put(path, headers=clerk, json=TEMPLATE)).json()["terms"]["version"] == 1, "nothing new"
    changed = await http.put(path, headers=clerk, json={**TEMPLATE, "not_served": []})
    assert (changed.json()["terms"]["version"], changed.json()["terms"]["not_served"]) == (2, [])
    with counted_statements() as sent:
        now, then = await freight_terms([code, ""]), await freight_terms([code], before)
    assert (now[code].version, then[code].version, len(sent)) == (2, 1, 2)
    assert await freight_terms([""]) == {}
    with pytest.raises(FreightTemplateUnknown):
        await freight_terms([code], before - timedelta(days=1))
    listed = (await http.get("/v1/console/freight-templates", headers=clerk)).json()["templates"]
    assert [each["terms"]["version"] for each in listed] == [2]
    assert (await http.put(f"{path}/retirement", headers=clerk)).status_code == 204
    assert (await http.put(path, headers=clerk, json=TEMPLATE)).status_code == 404
    assert (await http.get("/v1/console/freight-templates", headers=clerk)).json()["templates"] == []
    assert (await freight_terms([code]))[code].version == 2, "products that carry it go on with it"


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": []},
        {"unit": "litre"},
        {"rules": [{**TEMPLATE["rules"][0], "first": 0}]},
        {"rules": [{**TEMPLATE["rules"][0], "further_fen": -1}]},
        {"rules": [{**TEMPLATE["rules"][0], "further_fen": 1.5}]},
        {"rules": [{**TEMPLATE["rules"][0], "regions": ["5"]}]},
        {"rules": [{**TEMPLATE["rules"][0], "regions": ["533"]}]},
        {"rules": [TEMPLATE["rules"][0], TEMPLATE["rules"][0]]},
        {"not_served": ["53"]},
        {"not_served": ["5301", "5301"]},
    ],
)
async def test_wrong_terms_are_refused(doors: Served, changes: dict[str, object]) -> None:
    clerk = await clerk_of(doors, await approved_merchant(), "clerk")
    refused = await doors.http.post(
        "/v1/console/freight-templates", headers=keyed(clerk, "k"), json={**TEMPLATE, **changes}
    )
    assert refused.status_code == 422, refused.text
    assert await scalar("SELECT count(*) FROM freight_template") == 0


async def test_a_product_carries_its_merchants_own_template_alone(doors: Served) -> None:
    owner, other = await approved_merchant(1), await approved_merchant(2, "另一家示例合作社")
    clerk, stranger = await clerk_of(doors, owner, "clerk"), await clerk_of(doors, other, "stranger")
    code, http = (await make(doors, clerk))["code"], doors.http
    for path in (f"/v1/console/freight-templates/{code}", f"/v1/console/freight-templates/{code}/retirement"):
        assert (await http.put(path, headers=stranger, json=TEMPLATE)).status_code == 404
    assert (await http.get(f"/v1/console/freight-templates/{code}", headers=stranger)).status_code == 404
    body = {**DRAFT, "freight_template": code}
    refused = await http.post("/v1/console/products", headers=keyed(stranger, "p"), json=body)
    assert refused.json()["code"] == "freight_template_unknown"
    drafted = await http.post("/v1/console/products", headers=keyed(clerk, "p"), json=body)
    assert (drafted.status_code, drafted.json()["freight_template"]) == (201, code)
    sku = drafted.json()["skus"][0]["code"]
    assert (await sku_offers([sku]))[sku].freight_template == code
    path = f"/v1/console/products/{drafted.json()['code']}"
    free = await http.put(path, headers=clerk, json=DRAFT)
    assert free.json()["freight_template"] == ""
    await http.put(f"/v1/console/freight-templates/{code}/retirement", headers=clerk)
    assert (await http.put(path, headers=clerk, json=body)).status_code == 404, "retired: not taken up any more"


async def test_a_products_page_says_what_sending_costs(doors: Served) -> None:
    merchant = await approved_merchant()
    clerk = await clerk_of(doors, merchant, "clerk")
    code = (await make(doors, clerk))["code"]
    product, (sku,) = await listed_product(merchant, draft_of(freight_template=code))
    free, _ = await listed_product(merchant, draft_of("另一种商品"))
    ask = f"/v1/miniapp/products/{product}/freight"

    async def fen(**query: object) -> Any:
        found = await doors.http.get(ask, params=query)  # type: ignore[arg-type]
        assert found.status_code == 200, found.text
        return found.json()["freight_fen"]

    assert [await fen(region="110105", quantity=n) for n in (1, 2, 3, 5, 6)] == [1200, 1200, 1700, 2200, 0]
    with counted_statements() as sent:
        near = (await doors.http.get(ask, params={"region": "533124", "sku": sku})).json()
    assert len(sent) == 2, sent
    assert near == {
        "region": "533124", "served": True, "freight_fen": 600, "free_from_fen": None, "free_from_pieces": None,
        "days_from": 1, "days_to": 3,
    }  # fmt: skip
    far = (await doors.http.get(ask, params={"region": "650102"})).json()
    assert (far["served"], far["freight_fen"], far["days_to"]) == (False, None, None)
    nothing = await doors.http.get(f"/v1/miniapp/products/{free}/freight", params={"region": "650102"})
    assert (nothing.json()["served"], nothing.json()["freight_fen"]) == (True, 0)
    for query, status in ((("region", "530000"), 422), (("region", "53"), 422), (("sku", "KNONE"), 404)):
        wrong = await doors.http.get(ask, params={"region": "533124", query[0]: query[1]})
        assert wrong.status_code == status, wrong.text


async def test_an_address_is_kept_changed_offered_and_removed(doors: Served) -> None:
    one, two = await doors.consumer("openid-one"), await doors.consumer("openid-two")
    http, path = doors.http, "/v1/miniapp/addresses"
    made = [await http.post(path, headers=keyed(one, "a"), json=ADDRESS) for _ in range(2)]
    assert made[0].json() == made[1].json()
    number = made[0].json()["number"]
    chosen = {
        "userName": "示例收货人", "telNumber": "19900000002", "nationalCode": "440105", "provinceName": "广东省",
        "cityName": "广州市", "countyName": "海珠区", "streetName": "示例街道", "detailInfo": "示例路 397 号",
        "postalCode": "510000", "errMsg": "chooseAddress:ok",
    }  # fmt: skip
    imported = await http.post(f"{path}/wechat", headers=keyed(one, "w"), json=chosen)
    assert imported.status_code == 201, imported.text
    await http.put(f"{path}/{imported.json()['number']}/default", headers=one)
    with counted_statements() as sent:
        listed = (await http.get(path, headers=one)).json()["addresses"]
    assert len(sent) == 2, sent  # the session and the list
    assert [(each["number"], each["is_default"]) for each in listed] == [
        (imported.json()["number"], True),
        (number, False),
    ]
    assert listed[0]["address"] == {
        "recipient": "示例收货人", "phone": "19900000002", "region": "440105",
        "region_name": "广东省 广州市 海珠区", "street": "示例街道示例路 397 号",
    }  # fmt: skip
    for method, tail in (("PUT", ""), ("PUT", "/default"), ("DELETE", "")):
        strange = await http.request(method, f"{path}/{number}{tail}", headers=two, json=ADDRESS)
        assert (strange.status_code, strange.json()["code"]) == (404, "address_unknown")
    assert (await http.get(path, headers=two)).json() == {"addresses": []}
    assert (await http.put(f"{path}/{number}", headers=one, json={**ADDRESS, "region": "530000"})).status_code == 422
    assert (await http.put(f"{path}/{number}", headers=one, json={**ADDRESS, "phone": "12 34"})).status_code == 422
    assert (await http.put(f"{path}/{number}", headers=one, json={**ADDRESS, "street": "新街 9 号"})).status_code == 204
    assert (await http.delete(f"{path}/{number}", headers=one)).status_code == 204
    assert len((await http.get(path, headers=one)).json()["addresses"]) == 1
