"""The catalogue over HTTP: a product from a clerk's draft to a consumer's screen."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from accounts.roles import Role
from accounts.staff import GrantedRole
from kit.database import scalar
from tests.accounts.people import staff_member
from tests.accounts.served import Served, served
from tests.products.shelf import TOWNSHIP, approved_merchant, case_at, listed_product
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio

DRAFT: dict[str, Any] = {
    "title": "古法红糖",
    "township": TOWNSHIP,
    "category": "goods",
    "return_policy": "seven_days_unopened",
    "skus": [{"spec": "500 g/罐", "price_fen": 3990, "mass_gram": 500}],
}


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


async def clerk_of(doors: Served, merchant: str, login: str) -> dict[str, str]:
    await staff_member(login, GrantedRole(Role.MERCHANT_CLERK, merchant))
    return await doors.staff(login)


async def officer(doors: Served) -> dict[str, str]:
    await staff_member("officer")
    return await doors.staff("officer")


def keyed(header: dict[str, str], key: str) -> dict[str, str]:
    return {**header, "idempotency-key": key}


async def test_a_product_goes_from_draft_to_the_consumers_screen(doors: Served) -> None:
    http = doors.http
    county = await officer(doors)
    await approved_merchant()  # opens the county
    applied = await http.post(
        "/v1/console/merchants",
        headers=county,
        json={
            "name": "示例新商户",
            "licence": {"kind": "company", "number": "DEMO-NEW-1", "valid_from": "2020-01-01"},
            "township": TOWNSHIP,
            "sub_mchid": "1900000099",
        },
    )
    assert (applied.status_code, applied.json()["state"]) == (201, "applied")
    merchant = applied.json()["number"]
    clerk = await clerk_of(doors, merchant, "clerk")
    too_early = await http.post("/v1/console/products", headers=keyed(clerk, "k1"), json=DRAFT)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "merchant_may_not_sell")
    await http.put(f"/v1/console/merchants/{merchant}/approval", headers=county)
    drafted = await http.post("/v1/console/products", headers=keyed(clerk, "k1"), json=DRAFT)
    repeated = await http.post("/v1/console/products", headers=keyed(clerk, "k1"), json=DRAFT)
    assert drafted.status_code == 201
    assert repeated.json() == drafted.json()
    code, sku = drafted.json()["code"], drafted.json()["skus"][0]["code"]
    stock = {"quantity": 12, "note": "首次入库"}
    for _ in range(2):
        added = await http.post(f"/v1/console/skus/{sku}/stock", headers=keyed(clerk, "k2"), json=stock)
        assert added.json() == {"sku": sku, "available": 12}
    assert (await http.get(f"/v1/miniapp/products/{code}")).status_code == 404
    await http.put(f"/v1/console/products/{code}/submission", headers=clerk)
    refusal = {"reason": "标题请注明规格"}
    refused = await http.put(f"/v1/console/products/{code}/refusal", headers=county, json=refusal)
    assert (refused.json()["state"], refused.json()["refusal_reason"]) == ("draft", "标题请注明规格")
    better = {**DRAFT, "title": "古法红糖 500 g", "skus": [{**DRAFT["skus"][0], "code": sku}]}
    await http.put(f"/v1/console/products/{code}", headers=clerk, json=better)
    await http.put(f"/v1/console/products/{code}/submission", headers=clerk)
    own = await http.put(f"/v1/console/products/{code}/listing", headers=clerk)
    assert own.status_code == 403
    assert (await http.put(f"/v1/console/products/{code}/listing", headers=county)).json()["state"] == "listed"
    await mark(doors, county, code)
    page = (await http.get(f"/v1/miniapp/products/{code}")).json()
    assert page["marks"] == ["public_brand", "poverty_product"]
    assert page["skus"] == [
        {"code": sku, "spec": "500 g/罐", "options": [], "price_fen": 3990, "list_price_fen": 3990, "mass_gram": 500,
         "available": 12, "return_policy": "seven_days_unopened", "offer": None, "calendar": None}
    ]  # fmt: skip
    listed = (await http.get("/v1/miniapp/products", params={"mark": "poverty_product"})).json()
    assert [(p["code"], p["price_from_fen"]) for p in listed["products"]] == [(code, 3990)]
    reason = {"reason": "季节结束"}
    await http.put(f"/v1/console/products/{code}/delisting", headers=clerk, json=reason)
    assert (await http.get(f"/v1/miniapp/products/{code}")).json()["code"] == "product_unknown"


async def mark(doors: Served, county: dict[str, str], code: str) -> None:
    """Brand and recognition, one of them revoked and granted anew."""
    span = {"product": code, "valid_from": "2020-01-01", "valid_until": "2099-12-31"}
    await doors.http.put("/v1/console/brands/longchuan", headers=county, json={"name": "示例品牌"})
    bad = await doors.http.put("/v1/console/brands/Not%20One", headers=county, json={"name": "示例品牌"})
    assert bad.json()["code"] == "brand_code_invalid"
    for document in ("DEMO-B-1", "DEMO-B-2"):
        body = {**span, "brand": "longchuan", "document": document}
        granted = await doors.http.post("/v1/console/brand-authorisations", headers=county, json=body)
        assert granted.status_code == 201
        if document == "DEMO-B-1":
            path = f"/v1/console/brand-authorisations/{granted.json()['number']}/revocation"
            await doors.http.put(path, headers=county, json={"reason": "材料不全"})
            assert (await doors.http.get(f"/v1/miniapp/products/{code}")).json()["marks"] == []
    body = {**span, "case": await case_at(code), "document": "DEMO-R-1", "recognised_by": "示例认定单位"}
    del body["product"]
    assert (await doors.http.post("/v1/console/recognised-products", headers=county, json=body)).is_success


async def test_r8_a_clerk_meets_only_404_at_somebody_elses_goods(doors: Served) -> None:
    owner, other = await approved_merchant(1), await approved_merchant(2, "另一家示例合作社")
    code, (sku,) = await listed_product(owner)
    stranger = await clerk_of(doors, other, "stranger")
    http = doors.http
    missing = await http.get("/v1/console/products/PNONE", headers=stranger)
    answers = [
        await http.get(f"/v1/console/products/{code}", headers=stranger),
        await http.put(f"/v1/console/products/{code}", headers=stranger, json=DRAFT),
        await http.put(f"/v1/console/products/{code}/submission", headers=stranger),
        await http.put(f"/v1/console/products/{code}/delisting", headers=stranger, json={"reason": "x"}),
        await http.put(f"/v1/console/products/{code}/draft", headers=stranger),
    ]
    for answer in answers:
        assert answer.status_code == 404
        assert {**answer.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    stock = {"quantity": 5, "note": "x"}
    foreign = await http.post(f"/v1/console/skus/{sku}/stock", headers=keyed(stranger, "k"), json=stock)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "sku_unknown")
    assert (await http.get(f"/v1/console/merchants/{owner}", headers=stranger)).status_code == 404
    assert (await http.get("/v1/console/products", headers=stranger)).json()["products"] == []
    mine = (await http.get("/v1/console/merchants", headers=stranger)).json()["merchants"]
    assert [m["number"] for m in mine] == [other]
    assert await scalar("SELECT available FROM sku WHERE code = $1", sku) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"state": "listed"},
        {"merchant": "M1"},
        {"title": ""},
        {"title": "a\u0000b"},
        {"title": "长" * 61},
        {"township": "53"},
        {"image": "/pictures/somebody-elses.jpg"},
        {"pictures": [{"number": "../x", "kind": "cover"}]},
        {"host_commission_bp": 5001},
        {"skus": []},
        {"skus": [{"spec": "x", "price_fen": 0, "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": -1, "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": 2**63, "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": 1.5, "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": True, "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": "39", "mass_gram": 1}]},
        {"skus": [{"spec": "x", "price_fen": 1, "mass_gram": 1, "available": 9}]},
    ],
)
async def test_a_bad_draft_changes_nothing(doors: Served, change: dict[str, object]) -> None:
    clerk = await clerk_of(doors, await approved_merchant(), "clerk")
    answer = await doors.http.post("/v1/console/products", headers=keyed(clerk, "k"), json={**DRAFT, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "content_invalid")
    assert answer.json()["errors"][0]["pointer"].startswith("#")
    assert await scalar("SELECT count(*) FROM product") == 0


@pytest.mark.parametrize("quantity", [0, 2**31, 2**63, 1.5, "5", True, None])
async def test_a_bad_quantity_of_stock_changes_nothing(doors: Served, quantity: object) -> None:
    merchant = await approved_merchant()
    _, (sku,) = await listed_product(merchant, stock=3)
    clerk = await clerk_of(doors, merchant, "clerk")
    body = {"quantity": quantity, "note": "x"}
    answer = await doors.http.post(f"/v1/console/skus/{sku}/stock", headers=keyed(clerk, "k"), json=body)
    assert answer.status_code == 422
    assert await scalar("SELECT available FROM sku WHERE code = $1", sku) == 3


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "township=1",
        "township=%00",
        "mark=none",
        "sort=price",
        "cursor=x",
        "limit=1&limit=2",
    ],
)
async def test_r10_an_odd_query_is_a_problem(doors: Served, query: str) -> None:
    answer = await doors.http.get(f"/v1/miniapp/products?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("code", ["%00", "a%00b", "'%20OR%201=1", "%F0%9F%8D%AC", "x" * 3000])
async def test_an_odd_code_is_not_found(doors: Served, code: str) -> None:
    answer = await doors.http.get(f"/v1/miniapp/products/{code}")
    assert 400 <= answer.status_code < 500, answer.text


async def test_r19_each_read_is_one_statement_and_a_page_ends_with_its_cursor(doors: Served) -> None:
    merchant = await approved_merchant()
    codes = [(await listed_product(merchant))[0] for _ in range(5)]
    with counted_statements() as statements:
        first = (await doors.http.get("/v1/miniapp/products", params={"limit": 3})).json()
    assert len(statements) == 1
    with counted_statements() as statements:
        assert (await doors.http.get(f"/v1/miniapp/products/{codes[0]}")).is_success
    assert len(statements) == 2, "the product, and what buyers think of it"
    rest = await doors.http.get("/v1/miniapp/products", params={"limit": 3, "cursor": first["next_cursor"]})
    assert [p["code"] for p in first["products"] + rest.json()["products"]] == codes[::-1]
    assert rest.json()["next_cursor"] is None
    header = await doors.consumer("o1")
    with counted_statements() as statements:
        await doors.http.get("/v1/miniapp/me", headers=header)
    assert len(statements) == 2  # one for the session, one for the account
