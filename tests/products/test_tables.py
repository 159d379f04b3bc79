"""Products and stock as tables: everything or nothing, the same file once, and what goes out comes in unchanged."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from accounts.roles import Role
from accounts.staff import GrantedRole
from api_kit.spreadsheets import write_sheet
from console_api.product_tables.schemas import TITLES
from kit.database import execute, scalar, transaction
from products.dossiers import product_dossier
from products.drafts import SkuDraft
from products.service import Catalogue
from tests.accounts.people import staff_member
from tests.accounts.served import Served, served
from tests.products.shelf import TOWNSHIP, approved_merchant, draft_of, listed_product

IMPORTS, EXPORTS = "/v1/console/product-imports", "/v1/console/product-exports"


class Desk:
    """A clerk who works with tables."""

    def __init__(self, doors: Served, merchant: str, header: dict[str, str]) -> None:
        self.http, self.merchant, self.header, self.keys = doors.http, merchant, header, 0

    async def send(self, raw: bytes, dry_run: bool = False) -> httpx.Response:
        self.keys += 1
        return await self.http.post(
            IMPORTS,
            params={"dry_run": str(dry_run).lower()},
            headers={**self.header, "idempotency-key": f"k{self.keys}"},
            files={"file": ("table", raw)},
            data={"purpose": "import"},
        )

    async def bring_in(self, rows: list[list[Any]], dry_run: bool = False) -> dict[str, Any]:
        answer = await self.send(await table(rows), dry_run)
        assert answer.status_code == 201, answer.text
        report: dict[str, Any] = answer.json()
        return report


@pytest_asyncio.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with served() as doors:
        merchant = await approved_merchant()
        await staff_member("clerk", GrantedRole(Role.MERCHANT_CLERK, merchant))
        yield Desk(doors, merchant, await doors.staff("clerk"))


async def table(rows: list[list[Any]], file_format: Any = "csv") -> bytes:
    async def each() -> AsyncIterator[list[Any]]:
        for row in rows:
            yield row

    return b"".join([piece async for piece in write_sheet(file_format, TITLES, each())])


def line(article: str | None, spec: str, price: str = "39.90", stock: int | None = None, **changes: Any) -> list[Any]:
    """A row of a new product unless ``product`` and ``sku`` say otherwise."""
    values: dict[str, Any] = {
        "商品代码": None, "货号": article, "名称": f"红糖 {article}", "副标题": "土灶慢熬", "产地乡镇代码": TOWNSHIP,
        "类目代码": "goods", "退货规则": "七天无理由", "规格代码": None, "规格": spec, "价格（元）": price,
        "单件质量（克）": 500, "商品条码": None, "库存增减": stock, "当前可售（只读）": None, **changes,
    }  # fmt: skip
    return [values[title] for title in TITLES]


async def state() -> tuple[int, int, int]:
    """Products, SKUs, pieces."""
    return (
        await scalar("SELECT count(*) FROM product"),
        await scalar("SELECT count(*) FROM sku"),
        await scalar("SELECT COALESCE(sum(available), 0)::int FROM sku"),
    )


async def test_a_table_is_tried_brought_in_once_and_never_again(desk: Desk) -> None:
    rows = [line("A", "一罐", stock=5), line("B", "一袋"), line("A", "三罐", "110.00", 7)]
    tried = await desk.bring_in(rows, dry_run=True)
    assert (tried["number"], tried["created"], tried["stocked"], tried["problems"]) == (None, 2, 2, [])
    assert await state() == (0, 0, 0)
    done = await desk.bring_in(rows)
    assert done["number"].startswith("I")
    assert {**done, "number": None, "dry_run": True} == tried
    assert await state() == (2, 3, 12)
    again = await desk.bring_in(rows)
    assert again == {**done, "repeated": True}
    assert await state() == (2, 3, 12)


async def test_prices_are_changed_in_the_order_in_which_an_order_takes_its_skus(desk: Desk) -> None:
    """Fails with a deadlock when a table locks SKUs in the order of its rows: tried."""
    codes = sorted([(await listed_product(desk.merchant, draft_of(f"红糖 {n}")))[1][0] for n in range(2)])
    dossiers = {code: await scalar("SELECT p.code FROM product p JOIN sku s ON s.product_id = p.id"
                                   " WHERE s.code = $1", code) for code in codes}  # fmt: skip
    titles = {code: await scalar("SELECT title FROM product WHERE code = $1", dossiers[code]) for code in codes}
    table_ = [
        line(None, "500 g/罐", "49.90", 名称=titles[code], 副标题="", 商品代码=dossiers[code], 规格代码=code)
        for code in reversed(codes)
    ]
    async with transaction():
        await execute("SELECT 1 FROM sku WHERE code = $1 FOR UPDATE", codes[0])
        importing = asyncio.create_task(desk.bring_in(table_))
        for _ in range(100):
            await asyncio.sleep(0.02)
            if await scalar("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            " AND datname = current_database()"):  # fmt: skip
                break
        await execute("SELECT 1 FROM sku WHERE code = $1 FOR UPDATE", codes[1])
    assert (await importing)["repriced"] == 2


async def test_one_bad_row_keeps_everything_out_and_every_bad_row_is_told(desk: Desk) -> None:
    own, (sku,) = await listed_product(desk.merchant, draft_of("在售红糖"), stock=3)
    other = await approved_merchant(2, "另一家示例合作社")
    foreign, (foreign_sku,) = await listed_product(other)
    before = await state()
    cells = await desk.bring_in([line("A", "一罐"), line("B", "", "x", 0), line("C", "一", 产地乡镇代码="1")])
    assert {(p["row"], p["column"]) for p in cells["problems"]} == {(3, "规格"), (3, "价格（元）"), (4, "产地乡镇代码")}
    same: dict[str, Any] = {"名称": "在售红糖", "副标题": ""}
    bad = await desk.bring_in(
        [
            line("A", "一罐", stock=5),
            line("B", "一袋", 类目代码="nowhere"),
            line("C", "一袋", 产地乡镇代码="533124999"),
            line("D", "甲"),
            line("D", "乙", 名称="别的名字"),
            line("E", "甲"),
            line("E", "甲"),
            line(None, "一袋", 商品代码=foreign, 规格代码=foreign_sku),
            line(None, "改名", stock=5, **{**same, "商品代码": own, "规格代码": sku}),
        ]
    )
    assert sorted(p["row"] for p in bad["problems"]) == [3, 4, 6, 7, 9, 10]
    assert bad["number"] is None
    nameless = await desk.bring_in([line(None, "一罐")])
    assert [(p["row"], p["column"]) for p in nameless["problems"]] == [(2, "货号")]
    written_off = await desk.bring_in(
        [line("A", "一罐"), line(None, "500 g/罐", "39.90", -4, **{**same, "商品代码": own, "规格代码": sku})]
    )
    assert [(p["row"], p["column"]) for p in written_off["problems"]] == [(3, "库存增减")]
    assert await state() == before
    assert await scalar("SELECT count(*) FROM catalogue_import") == 0


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
async def test_an_export_comes_in_unchanged_and_a_changed_one_changes_that_alone(desk: Desk, file_format: str) -> None:
    skus = [SkuDraft(spec=s, price_fen=3990 + i, mass_gram=500, options=(s,)) for i, s in enumerate(("=一罐", "三罐"))]
    listed, (first, _) = await listed_product(desk.merchant, draft_of("+红糖", skus, axes=("规格",)), stock=4)
    draft = await Catalogue().draft(desk.merchant, draft_of("草稿", description="<p>说明</p>", axes=()), "staff:clerk")
    await listed_product(await approved_merchant(2, "另一家示例合作社"))
    exported = await desk.http.get(EXPORTS, params={"format": file_format}, headers=desk.header)
    assert exported.status_code == 200
    assert f'.{file_format}"' in exported.headers["content-disposition"]
    report = (await desk.send(exported.content)).json()
    assert (report["problems"], report["row_count"], report["unchanged"]) == ([], 3, 3)
    assert report["created"] == report["edited"] == report["repriced"] == report["stocked"] == 0
    if file_format == "csv":
        changed = exported.content.decode().replace("39.90", "41.00", 1).replace("草稿", "新名字")
        report = (await desk.send(changed.encode())).json()
        assert (report["problems"], report["repriced"], report["edited"], report["unchanged"]) == ([], 1, 1, 1)
        assert (await product_dossier(listed)).skus[0].price_fen == 4100
        dossier = await product_dossier(draft)
        assert (dossier.title, dossier.description) == ("新名字", "<p>说明</p>")
        assert await scalar("SELECT count(*) FROM price_change") == 1
    assert first


async def test_the_history_of_a_sku_is_paged_and_ones_own(desk: Desk) -> None:
    _, (sku,) = await listed_product(desk.merchant, stock=3)
    _, (foreign,) = await listed_product(await approved_merchant(2, "另一家示例合作社"))
    path = f"/v1/console/skus/{sku}/movements"
    for n in range(4):
        body = {"quantity": n + 1, "note": f"第 {n} 次"}
        key = {"idempotency-key": f"s{n}"}
        await desk.http.post(f"/v1/console/skus/{sku}/stock", headers={**desk.header, **key}, json=body)
    page = (await desk.http.get(path, params={"limit": 3}, headers=desk.header)).json()
    rest = (await desk.http.get(path, params={"cursor": page["next_cursor"]}, headers=desk.header)).json()
    assert [m["quantity"] for m in page["movements"] + rest["movements"]] == [4, 3, 2, 1, 3]
    assert rest["next_cursor"] is None
    stranger = await desk.http.get(f"/v1/console/skus/{foreign}/movements", headers=desk.header)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "sku_unknown")


async def test_a_hostile_or_odd_file_is_refused(desk: Desk) -> None:
    for raw, code in ((b"PK\x03\x04", "spreadsheet_refused"), ("名称\n甲".encode(), "spreadsheet_refused")):
        answer = await desk.send(raw)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    many = await desk.send(await table([line(str(n), "一") for n in range(501)]))
    assert many.json()["reason"] == "too_many_rows"
    assert await state() == (0, 0, 0)


async def test_a_wrong_check_digit_in_a_table_names_its_column(desk: Desk) -> None:
    told = await desk.bring_in(
        [line("A", "一罐", 商品条码="09520000000012"), line("B", "一袋", 商品条码="09520000000011")]
    )
    assert [(problem["row"], problem["column"], problem["detail"]) for problem in told["problems"]] == [
        (2, "商品条码", "校验位有误")
    ]
    assert await state() == (0, 0, 0)
