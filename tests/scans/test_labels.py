"""Labels of lots over the console: who makes them, what they say, and the sheet that is printed."""

import asyncio
import re

import httpx
import pytest
from tortoise.exceptions import OperationalError

from kit.clock import utc_now
from kit.database import execute, scalar
from kit.gs1 import read_digital_link
from scans.labels import note_scan
from tests.content.paint import opened
from tests.doors.conftest import house, http, inside
from tests.doors.house import House, idempotency_key
from tests.doors.problems import check_problem
from tests.public_pages.test_pages import labelled, owner_of
from tests.scans.belongings import GTIN, sealed_lot

__all__ = ["house", "http", "inside"]


async def make(
    http: httpx.AsyncClient, house: House, lot: str, role: str = "merchant_clerk", key: str = "", **body: object
) -> httpx.Response:
    headers = house.headers(role, idempotency_key=key or idempotency_key())
    return await http.post(f"/v1/console/lots/{lot}/labels", json={"sku": house.sku, **body}, headers=headers)


async def test_a_lot_has_one_shared_label_and_as_many_serials_as_are_asked_for(
    house: House, http: httpx.AsyncClient, inside: House
) -> None:
    lot = await sealed_lot(owner_of(house, http))
    shared = await asyncio.gather(*(make(http, house, lot) for _ in range(6)))
    assert {reply.status_code for reply in shared} == {201}
    assert len({reply.json()["labels"][0]["code"] for reply in shared}) == 1
    key = idempotency_key()
    made = [(await make(http, house, lot, key=key, serials=5)).json() for _ in range(2)]
    assert made[0] == made[1], "one effect under one key"
    assert len({label["serial"] for label in made[0]["labels"]} - {None}) == 5
    listed = (await http.get(f"/v1/console/lots/{lot}/labels", headers=house.headers("merchant_clerk"))).json()
    assert [label["serial"] is None for label in listed["items"]] == [False] * 5 + [True]
    page = await http.get(
        f"/v1/console/lots/{lot}/labels", params={"limit": 4}, headers=house.headers("county_officer")
    )
    following = {"limit": 4, "cursor": page.json()["next_cursor"]}
    rest = await http.get(f"/v1/console/lots/{lot}/labels", params=following, headers=house.headers("county_officer"))
    assert page.json()["items"] + rest.json()["items"] == listed["items"]
    assert rest.json()["next_cursor"] is None


async def test_labels_are_of_sealed_lots_of_the_own_goods(house: House, http: httpx.AsyncClient, inside: House) -> None:
    owner = owner_of(house, http)
    lot = await sealed_lot(owner)
    check_problem(await make(http, house, lot, "foreign_clerk"), 404, "lot_unknown")
    check_problem(await make(http, house, "NOBODY"), 404, "lot_unknown")
    check_problem(await make(http, house, lot, "county_officer"), 403)
    check_problem(await make(http, house, lot, sku=house.foreign_sku), 404, "sku_unknown")
    check_problem(await make(http, house, lot, serials=241), 422)
    intake = (await owner_intake(house, http))["number"]
    goods = {"product": house.product, "input_gram": 1000, "intakes": [intake]}
    open_lot = (await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"]
    check_problem(await make(http, house, open_lot), 409, "lot_not_sealed")
    label = (await make(http, house, lot)).json()["labels"][0]
    foreign = house.headers("foreign_clerk")
    for path in (f"lots/{lot}/labels", f"labels/{label['code']}/file", f"label-batches/{label['batch']}/sheet"):
        check_problem(await http.get(f"/v1/console/{path}", headers=foreign), 404)


async def owner_intake(house: House, http: httpx.AsyncClient) -> dict[str, str]:
    """A delivery that is in no lot yet: the only one of a lot that is never sealed."""
    owner = owner_of(house, http)
    farmer = {"name": "示例供货人乙", "kind": "farmer", "township": "533124101"}
    supplier = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", farmer))["supplier"]
    delivery = {
        "client_id": f"unsealed-{owner.turn:04}", "supplier": supplier, "merchant": house.merchant,
        "product": house.product, "mass_gram": 1000, "grade": "一级", "unit_price_fen": 800, "mode": "consignment",
        "weighed_at": "2026-11-20T08:00:00Z",
    }  # fmt: skip
    found: dict[str, str] = await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", delivery)
    return found


async def test_labels_are_drawn_alone_and_as_a_sheet(house: House, http: httpx.AsyncClient, inside: House) -> None:
    label = await labelled(house, http, serials=3, gtin=GTIN)
    found = read_digital_link(label.link)
    assert (found.value, found.of("10"), found.of("21")) == (GTIN, label.lot, label.serial)
    headers = house.headers("merchant_clerk")
    svg = await http.get(f"/v1/console/labels/{label.code}/file", headers=headers)
    assert (svg.headers["content-type"], b"<svg" in svg.content) == ("image/svg+xml", True)
    png = await http.get(f"/v1/console/labels/{label.code}/file", params={"format": "png"}, headers=headers)
    assert opened(png.content).format == "PNG"
    path = f"/v1/console/label-batches/{label.batch}/sheet"
    sheet = await http.get(path, params={"copies": 10}, headers=headers)
    assert sheet.headers["content-type"] == "text/html; charset=utf-8"
    assert "script" not in sheet.text
    assert (sheet.text.count("<section>"), sheet.text.count("<svg")) == (2, 30)
    assert (sheet.text.count(f"批次 {label.lot}"), sheet.text.count(str(label.serial))) == (30, 10)
    assert len(set(re.findall(r"<svg.*?</svg>", sheet.text))) == 3
    check_problem(await http.get(path, params={"copies": 200}, headers=headers), 422, "sheet_too_large")


async def test_a_printed_label_stays_as_it_is(house: House, http: httpx.AsyncClient, inside: House) -> None:
    label = await labelled(house, http, gtin=GTIN)
    await execute("UPDATE sku SET gtin = NULL WHERE code = $1", house.sku)
    again = (await make(http, house, label.lot)).json()["labels"][0]
    assert (again["code"], again["link"]) == (label.code, label.link), "what hangs on the goods still leads somewhere"
    await note_scan(label.code, utc_now())
    for forbidden in ("UPDATE trace_label SET serial = 'X'", "DELETE FROM trace_label", "DELETE FROM label_scan"):
        with pytest.raises(OperationalError):
            await execute(forbidden)
    assert await scalar("SELECT count(*) FROM trace_label WHERE code = $1", label.code) == 1
