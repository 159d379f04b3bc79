"""A small shop for tests, built through the services: a township, an approved merchant, products on sale."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from kit.clock import Clock, china_day, utc_now
from kit.database import scalar
from merchants.licences import Licence, LicenceKind
from merchants.service import Merchants
from places.service import Places
from products.catalogue_models import ProductClass
from products.categories import Categories
from products.drafts import ProductDraft, ReturnPolicy, SkuDraft
from products.recognition.models import NoticeLevel, RecognitionState
from products.recognition.service import CasePaper, Recognitions
from products.service import Catalogue, SalePolicies, Stock

TOWNSHIP = "533124101"
VILLAGE = "533124101901"
ANOTHER_VILLAGE = "533124101902"


async def open_county() -> None:
    """The county, two townships, two villages, a category without rules, two sale policies; once per database."""
    if await scalar("SELECT 1 FROM division LIMIT 1"):
        return
    for code, name in (
        ("533124", "陇川县"),
        (TOWNSHIP, "章凤镇"),
        ("533124201", "户撒阿昌族乡"),
        (VILLAGE, "章凤村"),
        (ANOTHER_VILLAGE, "芒弄村"),
    ):
        await Places().enter_division(code, name)
    await Categories().enter("goods", "百货", ProductClass.GOODS)
    policies = SalePolicies(lambda: datetime(2020, 1, 1, tzinfo=UTC))
    await policies.enter("standard", 1800, 7 * 86400, "seven_days", "示例文件 1 号")
    await policies.enter("story", 60, 5, "seven_days", "示例文件 2 号")


async def approved_merchant(serial: int = 1, name: str = "示例合作社", clock: Clock = utc_now) -> str:
    """A merchant that may sell; answers its number."""
    await open_county()
    merchants = Merchants(clock)
    licence = Licence(kind=LicenceKind.COOPERATIVE, number=f"DEMO{serial:06d}", valid_from=date(2020, 1, 1))
    number = await merchants.enter(name, licence, TOWNSHIP, f"19000{serial:05d}", "staff:test")
    await merchants.approve(number, "staff:test")
    return number


def draft_of(title: str = "古法红糖", skus: Sequence[SkuDraft] | None = None, **changes: object) -> ProductDraft:
    """A draft with one SKU of 39.90 unless told otherwise."""
    described: dict[str, object] = {
        "title": title,
        "township": TOWNSHIP,
        "category": "goods",
        "return_policy": ReturnPolicy.SEVEN_DAYS,
        "skus": skus or [SkuDraft(spec="500 g/罐", price_fen=3990, mass_gram=500)],
        **changes,
    }
    return ProductDraft(**described)  # type: ignore[arg-type]


async def skus_of(product: str) -> list[str]:
    """The SKU codes of a product, in the order of its page."""
    found: str = await scalar(
        "SELECT COALESCE(string_agg(s.code, ',' ORDER BY s.position), '') FROM sku s"
        " JOIN product p ON p.id = s.product_id WHERE p.code = $1 AND s.active",
        product,
    )
    return found.split(",")


async def listed_product(
    merchant: str, draft: ProductDraft | None = None, stock: int = 10, clock: Clock = utc_now
) -> tuple[str, list[str]]:
    """A product on sale with ``stock`` pieces of each SKU; answers its code and its SKU codes."""
    catalogue = Catalogue(clock)
    code = await catalogue.draft(merchant, draft or draft_of(), "staff:test")
    await catalogue.submit(merchant, code, "staff:test")
    await catalogue.list(code, "staff:test")
    skus = await skus_of(code)
    for sku in skus:
        if stock:
            await Stock(clock).add(sku, stock, "入库")
    return code, skus


def case_paper(dated: date, level: NoticeLevel | None = None) -> CasePaper:
    """A paper of a step."""
    return CasePaper(title="示例材料", document=f"示例文件 {dated}", dated=dated, level=level)


async def case_at(product: str, state: RecognitionState = RecognitionState.NOTICED, clock: Clock = utc_now) -> str:
    """A case that has come to a state by the usual way, each paper two days after the last; answers its number."""
    service, day = Recognitions(clock), china_day(clock()) - timedelta(days=15)
    await service.set_rule(2, date(2020, 1, 1), "示例文件 3 号", "staff:test")
    number = await service.apply(None, product, "示例申请主体", case_paper(day), "staff:test")
    for step in list(RecognitionState)[1:]:
        if step is RecognitionState.OBJECTED or state is RecognitionState.APPLIED:
            continue
        day += timedelta(days=2)
        papers = (
            [case_paper(day, level) for level in NoticeLevel]
            if step is RecognitionState.ON_NOTICE
            else [case_paper(day)]
        )
        await service.act(
            number,
            step,
            "示例单位",
            papers,
            "staff:second" if step is RecognitionState.COUNTY_DECIDED else "staff:test",
        )
        if step is state:
            break
    return number
