"""Requests of the shelf that succeed."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from api_kit.spreadsheets import write_sheet
from console_api.product_tables.schemas import TITLES
from kit.clock import china_day, utc_now
from kit.database import scalar
from products.catalogue_models import KnifeForm, ProductClass
from products.categories import Categories
from products.drafts import SkuDraft
from products.knives import Blade, Knives
from products.recognition.models import NoticeLevel, RecognitionState
from products.service import Catalogue
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, form_with_file, good, mall_of
from tests.products.shelf import TOWNSHIP, case_at, draft_of, skus_of

BY = "staff:test"
REASON = {"reason": "示例原因"}
SPAN = {"valid_from": "2026-01-01", "valid_until": "2030-01-01"}
DRAFT = {
    "title": "示例新商品", "township": TOWNSHIP, "category": "goods", "return_policy": "seven_days",
    "skus": [{"spec": spec, "price_fen": 3990, "mass_gram": 500} for spec in ("500 g/罐", "1 kg/罐")],
}  # fmt: skip


async def drafted(owner: Owner) -> str:
    """A draft of the merchant's."""
    return await Catalogue().draft(owner.house.merchant, draft_of("示例草稿"), BY)


async def submitted(owner: Owner) -> str:
    """One that waits for the county."""
    code = await drafted(owner)
    await Catalogue().submit(owner.house.merchant, code, BY)
    return code


@good("console.draft_product")
async def draft(owner: Owner) -> GoodRequest:
    return GoodRequest(body=DRAFT)


@good("console.edit_product")
async def edit(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await drafted(owner)}, body=DRAFT)


@good("console.submit_product")
async def submit(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await drafted(owner)})


@good("console.list_product", "console.refuse_product")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await submitted(owner)}, body=REASON)


@good("console.add_stock")
async def stock(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": owner.house.sku}, body={"quantity": 5, "note": "示例入库"})


@good("console.import_products")
async def bring_in(owner: Owner) -> GoodRequest:
    """One new product of two SKUs."""
    article = secrets.token_hex(6)

    async def lines() -> AsyncIterator[list[Any]]:
        for spec in ("一斤", "两斤"):
            values: dict[str, Any] = {
                "货号": article, "名称": "示例红糖", "副标题": "土灶慢熬", "产地乡镇代码": TOWNSHIP,
                "类目代码": "goods", "退货规则": "七天无理由", "规格": spec, "价格（元）": "39.90",
                "单件质量（克）": 500, "库存增减": 3,
            }  # fmt: skip
            yield [values.get(title) for title in TITLES]

    raw = b"".join([piece async for piece in write_sheet("csv", TITLES, lines())])
    return form_with_file(raw, "text/csv", purpose="import")


def terms(**more: object) -> dict[str, object]:
    """An offer that begins tomorrow."""
    begin = utc_now() + timedelta(days=1)
    end = begin + timedelta(hours=1)
    return {"price_fen": 100, "pieces": 2, "starts_at": begin.isoformat(), "ends_at": end.isoformat(), **more}


@good("console.open_offer")
async def offer(owner: Owner) -> GoodRequest:
    _, (sku,) = await mall_of(owner.house).another_product()
    return GoodRequest(names={"code": sku}, body=terms())


@good("console.publish_group_offer")
async def group_offer(owner: Owner) -> GoodRequest:
    _, (sku,) = await mall_of(owner.house).another_product()
    return GoodRequest(names={"code": sku}, body=terms(min_buyers=2, form_within_s=3600))


async def authorisation(owner: Owner) -> dict[str, object]:
    """A body that grants the product a new brand."""
    code = f"b{secrets.token_hex(6)}"
    await owner.ask("county_officer", "PUT", f"/v1/console/brands/{code}", {"name": f"示例品牌 {code}"})
    return {"brand": code, "product": owner.house.product, "document": f"示例文件 {code}", **SPAN}


@good("console.authorise_brand")
async def authorise(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await authorisation(owner))


@good("console.revoke_authorisation")
async def revoke_authorisation(owner: Owner) -> GoodRequest:
    granted = await owner.ask("county_officer", "POST", "/v1/console/brand-authorisations", await authorisation(owner))
    return GoodRequest(names={"number": granted["number"]}, body=REASON)


async def recognition(owner: Owner) -> dict[str, object]:
    """A body that recognises a product of its own."""
    product, _ = await mall_of(owner.house).another_product()
    case = await case_at(product)
    return {"case": case, "document": f"示例文件 {product}", "recognised_by": "示例单位", **SPAN}


@good("console.recognise_product")
async def recognise(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await recognition(owner))


async def recognised(owner: Owner) -> str:
    """A recognised product; answers the number of its recognition."""
    made = await owner.ask("county_officer", "POST", "/v1/console/recognised-products", await recognition(owner))
    return str(made["number"])


@good("console.revoke_recognition")
async def revoke_recognition(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await recognised(owner)}, body=REASON)


PAPER = {"title": "示例材料", "document": "示例文件 9 号", "dated": china_day(utc_now()).isoformat()}


@good("console.apply_for_recognition")
async def apply(owner: Owner) -> GoodRequest:
    product, _ = await mall_of(owner.house).another_product()
    return GoodRequest(body={"product": product, "office": "示例申请主体", "paper": PAPER})


@good("console.record_recognition_act")
async def act(owner: Owner) -> GoodRequest:
    """The notice, which has most papers."""
    product, _ = await mall_of(owner.house).another_product()
    number = await case_at(product, RecognitionState.COUNTY_DECIDED)
    papers = [{**PAPER, "level": str(level)} for level in NoticeLevel]
    return GoodRequest(names={"number": number}, body={"state": "on_notice", "office": "示例单位", "papers": papers})


@good("console.add_dossier_paper")
async def dossier_paper(owner: Owner) -> GoodRequest:
    product, _ = await mall_of(owner.house).another_product()
    number = await case_at(product, RecognitionState.APPLIED)
    return GoodRequest(names={"number": number}, body={"step": "application", **PAPER})


@good("console.set_recognition_rule")
async def set_rule(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"notice_days": 7, "valid_from": "2026-01-01", "source_document": "示例文件 7 号"})


@good("console.add_register_entry")
async def register_entry(owner: Owner) -> GoodRequest:
    body = {
        "list_number": "示例名录 1-1", "category": "示例类别", "spec": "500 克", "capacity": "示例年产 10 吨",
        "value_fen": 50_000_000, "price_from_fen": 3_990, "price_to_fen": 7_980, "compared": "示例同规格市价",
        "document": "示例文件 10 号",
    }  # fmt: skip
    return GoodRequest(names={"number": await recognised(owner)}, body=body)


def requirement() -> dict[str, object]:
    """A paper that a category of its own demands."""
    return {
        "kind": "certificate", "any_of": ["commitment"], "effective_from": "2026-01-01",
        "source_document": "示例文件 8 号",
    }  # fmt: skip


async def category() -> str:
    """A category of nobody's goods."""
    code = f"c{secrets.token_hex(6)}"
    await Categories().enter(code, f"示例类目 {code}", ProductClass.GOODS)
    return code


@good("console.require_papers")
async def require(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"category": await category(), **requirement()})


@good("console.end_requirement")
async def end_requirement(owner: Owner) -> GoodRequest:
    body = {"category": await category(), **requirement()}
    await owner.ask("county_officer", "POST", "/v1/console/category-requirements", body)
    rule = await scalar("SELECT max(id) FROM category_requirement")
    return GoodRequest(names={"rule": str(rule)}, body={"last_day": china_day(utc_now()).isoformat()})


@good("console.decide_certificate")
async def decide_certificate(owner: Owner) -> GoodRequest:
    product, _ = await mall_of(owner.house).another_product()
    body = {"kind": "commitment", "document": f"示例{product}", "issuer": "示例单位", "issued_on": "2026-01-01", **SPAN}
    made = await owner.ask("merchant_clerk", "POST", f"/v1/console/products/{product}/certificates", body)
    return GoodRequest(names={"number": made["number"]}, body={"decision": "accepted"})


BLADE = {
    "form": "kitchen", "blade_mm": 180, "tip_degrees": 90, "tip_radius_um": 3000, "sharpened": True,
    "has_groove": False, "has_guard": False, "has_lock": False,
}  # fmt: skip


async def knife(owner: Owner, *, measured: bool = False, reviewed: bool = False) -> str:
    """The SKU of a drafted knife."""
    await Categories().enter("knives", "刀具", ProductClass.KNIFE)
    skus = [SkuDraft(spec="一把", price_fen=9900, mass_gram=400)]
    code = await Catalogue().draft(owner.house.merchant, draft_of("示例厨刀", skus, category="knives"), BY)
    (sku,) = await skus_of(code)
    if measured or reviewed:
        await Knives().measure(owner.house.merchant, sku, Blade(**{**BLADE, "form": KnifeForm.KITCHEN}))  # type: ignore[arg-type]
    if reviewed:
        await Knives().review(sku, "示例审核 1 号", BY)
    return sku


@good("console.measure_blade")
async def measure(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await knife(owner)}, body=BLADE)


@good("console.review_blade")
async def review(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await knife(owner, measured=True)}, body={"document": "示例审核 1 号"})


@good("console.withdraw_blade_review")
async def withdraw_review(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await knife(owner, reviewed=True)})
