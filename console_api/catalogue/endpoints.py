"""The county keeps the tree and its rules; merchants hand in certificates and measures, the county checks them."""

from datetime import timedelta

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, PovertyOfficer, own_merchant
from api_kit.doors import IdempotencyKey
from api_kit.errors import ContentInvalid
from console_api import door
from console_api.catalogue.schemas import (
    BladeInput,
    BladeReviewInput,
    CategoriesView,
    CategoryInput,
    CertificateInput,
    CertificatesQuery,
    CertificatesView,
    DecisionInput,
    ExpiringQuery,
    ExpiringView,
    RequirementEndInput,
    RequirementInput,
)
from console_api.products.schemas import GrantedView
from kit.clock import china_day, utc_now
from products.categories import Categories, category_tree
from products.certificates import Certificate, Certificates, certificate_records, expiring
from products.knives import Blade, Knives


@door.get("/categories")
async def show_categories(actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor) -> CategoriesView:
    """类目树与各类目的证件要求。"""
    return CategoriesView(await category_tree())


@door.put("/categories/<code:str>")
async def enter_category(
    actor: CountyOfficer, code: str, body: CategoryInput, categories: Categories
) -> CategoriesView:
    """登记类目，或更正其名称、类别与排序。"""
    await categories.enter(code, body.name, body.product_class, body.parent, body.position)
    return CategoriesView(await category_tree())


@door.put("/categories/<code:str>/closure")
async def close_category(actor: CountyOfficer, code: str, categories: Categories) -> CategoriesView:
    """停用类目：不再接受新商品，已上架的不受影响。"""
    await categories.close(code)
    return CategoriesView(await category_tree())


@door.post("/category-requirements")
async def require_papers(
    actor: CountyOfficer, body: RequirementInput, key: IdempotencyKey, categories: Categories
) -> CategoriesView:
    """为类目及其下级规定须持有的证件，自某日起生效。"""
    await categories.require(
        body.category,
        body.kind,
        body.any_of,
        body.effective_from,
        body.effective_until,
        body.source_document,
        actor.caller,
    )
    return CategoriesView(await category_tree())


@door.put("/category-requirements/<rule:int>/end")
async def end_requirement(
    actor: CountyOfficer, rule: int, body: RequirementEndInput, categories: Categories
) -> CategoriesView:
    """规定某项证件要求的最后一天。"""
    await categories.end_requirement(rule, body.last_day)
    return CategoriesView(await category_tree())


@door.post("/products/<code:str>/certificates")
async def submit_certificate(
    actor: MerchantClerk, code: str, body: CertificateInput, key: IdempotencyKey, certificates: Certificates
) -> GrantedView:
    """提交商品证书（如承诺达标合格证），等待县级核验。"""
    handed_in = msgspec.convert(body, Certificate, from_attributes=True)
    return GrantedView(await certificates.submit(actor.merchant, code, handed_in, actor.caller))


@door.get("/certificates")
async def list_certificates(
    actor: MerchantClerk | CountyOfficer | Auditor, query: CertificatesQuery
) -> CertificatesView:
    """商品证书，最新在前；商户人员只看到自己的。"""
    return CertificatesView(
        *await certificate_records(own_merchant(actor), query.product, query.state, query.cursor, query.limit)
    )


@door.put("/certificates/<number:str>/decision", status=204)
async def decide_certificate(
    actor: CountyOfficer, number: str, body: DecisionInput, certificates: Certificates
) -> None:
    """核验证书：通过、退回或撤销；后两者须说明理由。"""
    if body.decision == "accepted":
        await certificates.accept(number, actor.caller)
        return
    if body.reason is None:
        raise ContentInvalid(errors=[{"pointer": "#/reason", "detail": "a reason is needed"}])
    step = certificates.refuse if body.decision == "refused" else certificates.revoke
    await step(number, body.reason, actor.caller)


@door.put("/skus/<code:str>/blade", status=204)
async def measure_blade(actor: MerchantClerk, code: str, body: BladeInput, knives: Knives) -> None:
    """填写刀具参数：刃长、刀尖角度与弧度、开刃、血槽、护手、锁定装置。"""
    await knives.measure(actor.merchant, code, msgspec.convert(body, Blade, from_attributes=True))


@door.put("/skus/<code:str>/blade-review", status=204)
async def review_blade(actor: CountyOfficer, code: str, body: BladeReviewInput, knives: Knives) -> None:
    """登记主管部门对刀具的审核文件；管制刀具与长刀一律不通过。"""
    await knives.review(code, body.document, actor.caller)


@door.delete("/skus/<code:str>/blade-review")
async def withdraw_blade_review(actor: CountyOfficer, code: str, knives: Knives) -> None:
    """撤回刀具审核，商品立即停止销售。"""
    await knives.withdraw(code)


@door.get("/expiring")
async def list_expiring(actor: MerchantClerk | CountyOfficer | Auditor, query: ExpiringQuery) -> ExpiringView:
    """若干天内到期的证书、品牌授权与产品认定；商户人员只看到自己的。"""
    today = china_day(utc_now())
    return ExpiringView(await expiring(own_merchant(actor), today, today + timedelta(days=query.days)))
