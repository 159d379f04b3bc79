"""What the measured server serves: 1,000 products, made through the services, and logged-in consumers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

import msgspec

from accounts.models import ConsumerAccount
from accounts.service import Sessions
from kit.clock import china_day, utc_now
from kit.database import execute, rows
from kit.numbers import public_number
from merchants.licences import Licence, LicenceKind
from merchants.service import Merchants
from places.service import Places
from products.catalogue_models import ProductClass
from products.categories import Categories
from products.drafts import ProductDraft, ReturnPolicy, SkuDraft
from products.marks import Marks, Span
from products.recognition.models import RecognitionState
from products.recognition.service import Recognitions
from products.service import Catalogue, SalePolicies
from products.stock import Stock
from scripts.demo_county.recognitions import walk

PRODUCTS, MERCHANTS, CONSUMERS = 1000, 40, 100
STOCK = 900_000
BY = "staff:benchmark"
TOWNSHIPS = {"533124101": "章凤镇", "533124102": "陇把镇", "533124201": "户撒阿昌族乡", "533124203": "清平乡"}
GOODS = ("古法红糖", "高山云雾茶", "过手米线", "小粒咖啡豆", "野生菌干", "景颇酸笋", "甘蔗醋", "阿昌刀鞘挂饰")
TELL = "产自陇川县，由合作社统一收购、分拣、检测后包装。每一批次可在详情页查看产地、采收日期与检测报告。"
AT_ONCE = 8


class Shelf(msgspec.Struct, frozen=True):
    """What the load needs: product codes, one SKU of each product with its price, SKUs by merchant, bearer tokens."""

    products: list[str]
    skus: list[str]
    prices_fen: dict[str, int]
    skus_by_merchant: list[list[str]]
    tokens: list[str]


async def build_county() -> Shelf:
    """Everything, on an empty migrated database."""
    for code, name in (("533124", "陇川县"), *TOWNSHIPS.items()):
        await Places().enter_division(code, name)
    await SalePolicies().enter("standard", 1800, 7 * 86400, "seven_days", "示例文件 1 号")
    await Categories().enter("goods", "百货", ProductClass.GOODS)
    await Marks().enter_brand("longchuan", "陇川臻品")
    await Recognitions().set_rule(7, date(2020, 1, 1), "示例公示规定", BY)
    merchants = [await _merchant(serial) for serial in range(1, MERCHANTS + 1)]
    await _several(range(PRODUCTS), lambda i: _product(i, merchants[i % MERCHANTS]))
    found = await rows(
        "SELECT DISTINCT ON (p.id) p.code AS product, m.number AS merchant, s.code AS sku, s.price_fen FROM sku s"
        " JOIN product p ON p.id = s.product_id JOIN merchant m ON m.id = p.merchant_id ORDER BY p.id, s.code"
    )
    return Shelf(
        products=[r["product"] for r in found],
        skus=[r["sku"] for r in found],
        prices_fen={r["sku"]: r["price_fen"] for r in found},
        skus_by_merchant=[[r["sku"] for r in found if r["merchant"] == number] for number in merchants],
        tokens=[await _token(serial) for serial in range(CONSUMERS)],
    )


async def _several(work: Sequence[int], one: Callable[[int], Awaitable[None]]) -> None:
    """Some at once; each in a task of its own, so none is inside another's transaction."""
    waiting = iter(work)

    async def worker() -> None:
        for item in waiting:
            await one(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())


async def _merchant(serial: int) -> str:
    licence = Licence(kind=LicenceKind.COOPERATIVE, number=f"DEMO{serial:06d}", valid_from=date(2020, 1, 1))
    township = list(TOWNSHIPS)[serial % len(TOWNSHIPS)]
    number = await Merchants().enter(f"示例合作社 {serial} 号", licence, township, f"19000{serial:05d}", BY)
    await Merchants().approve(number, BY)
    return number


async def _product(i: int, merchant: str) -> None:
    """A product with one to three SKUs; every fifth carries the public brand, every seventh is recognised."""
    catalogue, name = Catalogue(), GOODS[i % len(GOODS)]
    draft = ProductDraft(
        title=f"{name} {i:04d}",
        subtitle="合作社直供，批次可追溯",
        description=TELL * 8,
        township=list(TOWNSHIPS)[i % len(TOWNSHIPS)],
        category="goods",
        return_policy=ReturnPolicy.SEVEN_DAYS,
        host_commission_bp=500,
        skus=[SkuDraft(spec=f"{250 * (n + 1)} g/袋", price_fen=1990 + 700 * n, mass_gram=250 * (n + 1))
              for n in range(i % 3 + 1)],
    )  # fmt: skip
    code = await catalogue.draft(merchant, draft, BY)
    cover = f"https://images.example/products/{i:04d}/cover-750x750.jpg"
    await execute("UPDATE product SET image = $2 WHERE code = $1", code, cover)
    await catalogue.submit(merchant, code, BY)
    await catalogue.list(code, BY)
    found = await rows("SELECT s.code FROM sku s JOIN product p ON p.id = s.product_id WHERE p.code = $1", code)
    for sku in found:
        await Stock().add(sku["code"], STOCK, "入库")
    today = china_day(utc_now())
    span = Span(valid_from=today - timedelta(days=30), valid_until=today + timedelta(days=330))
    if i % 5 == 0:
        await Marks().authorise("longchuan", code, f"示例授权 {i} 号", span, BY)
    if i % 7 == 0:
        case = await walk(Recognitions(), code, i, RecognitionState.NOTICED, today)
        await Marks().recognise(case, f"示例认定 {i} 号", "示例单位", "示例批次", span, BY)


async def _token(serial: int) -> str:
    now = utc_now()
    consumer = await ConsumerAccount.create(
        number=public_number(now, "C"), appid="wxbenchmark", openid=f"benchmark-{serial}",
        created_at=now, last_login_at=now,
    )  # fmt: skip
    return (await Sessions().open_for_consumer(consumer.id)).token
