"""Merchants draft and stock products, the county reviews them and grants marks."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, PovertyOfficer, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.products.schemas import (
    AuthorisationInput,
    AuthorisationsView,
    BrandInput,
    GrantedView,
    MarksQuery,
    PriceInput,
    ProductInput,
    ProductListQuery,
    ProductListView,
    ReasonInput,
    RecognitionInput,
    RecognitionsView,
    RegisterEntryInput,
    StockInput,
    StockView,
)
from logistics.templates import FreightTemplates
from products.dossiers import ProductDossier, product_dossier, product_summaries
from products.drafts import ProductDraft
from products.errors import SkuUnknown
from products.mark_queries import authorisations, recognitions
from products.marks import Marks, RegisterEntry, Span
from products.service import Catalogue, Stock


def _draft(body: ProductInput) -> ProductDraft:
    return msgspec.convert(body, ProductDraft, from_attributes=True)


@door.post("/products")
async def draft_product(
    actor: MerchantClerk, body: ProductInput, key: IdempotencyKey, catalogue: Catalogue, templates: FreightTemplates
) -> ProductDossier:
    """新建商品草稿。"""
    await templates.check_usable(actor.merchant, body.freight_template)
    return await product_dossier(await catalogue.draft(actor.merchant, _draft(body), actor.caller))


@door.get("/products")
async def list_all_products(
    actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor, query: ProductListQuery
) -> ProductListView:
    """各状态的商品；商户人员只看到自己的。"""
    return ProductListView(*await product_summaries(own_merchant(actor), query.state, query.cursor, query.limit))


@door.get("/products/<code:str>")
async def show_dossier(actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor, code: str) -> ProductDossier:
    """商品档案：规格、库存、标识的授予与终止。"""
    return await product_dossier(code, own_merchant(actor))


@door.put("/products/<code:str>")
async def edit_product(
    actor: MerchantClerk, code: str, body: ProductInput, catalogue: Catalogue, templates: FreightTemplates
) -> ProductDossier:
    """修改草稿；未列出的规格不再出售。"""
    await templates.check_usable(actor.merchant, body.freight_template)
    await catalogue.edit(actor.merchant, code, _draft(body), actor.caller)
    return await product_dossier(code)


@door.put("/products/<code:str>/submission")
async def submit_product(actor: MerchantClerk, code: str, catalogue: Catalogue) -> ProductDossier:
    """提交审核。"""
    await catalogue.submit(actor.merchant, code, actor.caller)
    return await product_dossier(code)


@door.put("/products/<code:str>/listing")
async def list_product(actor: CountyOfficer, code: str, catalogue: Catalogue) -> ProductDossier:
    """审核通过并上架。"""
    await catalogue.list(code, actor.caller)
    return await product_dossier(code)


@door.put("/products/<code:str>/refusal")
async def refuse_product(actor: CountyOfficer, code: str, body: ReasonInput, catalogue: Catalogue) -> ProductDossier:
    """退回修改并说明理由。"""
    await catalogue.refuse(code, body.reason, actor.caller)
    return await product_dossier(code)


@door.put("/products/<code:str>/delisting")
async def delist_product(
    actor: MerchantClerk | CountyOfficer, code: str, body: ReasonInput, catalogue: Catalogue
) -> ProductDossier:
    """下架；已下的订单照常履行。"""
    await catalogue.delist(code, body.reason, actor.caller, own_merchant(actor))
    return await product_dossier(code)


@door.put("/products/<code:str>/draft")
async def reopen_product(actor: MerchantClerk, code: str, catalogue: Catalogue) -> ProductDossier:
    """把已下架的商品改回草稿。"""
    await catalogue.reopen(actor.merchant, code, actor.caller)
    return await product_dossier(code)


@door.put("/skus/<code:str>/price", status=204)
async def reprice(actor: MerchantClerk, code: str, body: PriceInput, catalogue: Catalogue) -> None:
    """调整规格的价格，立即生效；已下的订单不变。"""
    await catalogue.reprice(actor.merchant, code, body.price_fen, actor.caller)


@door.post("/skus/<code:str>/stock")
async def add_stock(
    actor: MerchantClerk, code: str, body: StockInput, key: IdempotencyKey, catalogue: Catalogue, stock: Stock
) -> StockView:
    """入库或核销库存。"""
    if not await catalogue.sells(actor.merchant, code):
        raise SkuUnknown()
    return StockView(code, await stock.add(code, body.quantity, body.note))


@door.put("/brands/<code:str>", status=204)
async def enter_brand(actor: CountyOfficer, code: str, body: BrandInput, marks: Marks) -> None:
    """登记县域公共品牌。"""
    await marks.enter_brand(code, body.name)


@door.post("/brand-authorisations")
async def authorise_brand(actor: CountyOfficer, body: AuthorisationInput, marks: Marks) -> GrantedView:
    """授权商品使用公共品牌。"""
    span = Span(valid_from=body.valid_from, valid_until=body.valid_until)
    return GrantedView(
        await marks.authorise(body.brand, body.product, body.document, span, actor.caller, body.sku, body.quota_pieces)
    )


@door.put("/brand-authorisations/<number:str>/revocation", status=204)
async def revoke_authorisation(actor: CountyOfficer, number: str, body: ReasonInput, marks: Marks) -> None:
    """撤销公共品牌授权，立即生效。"""
    await marks.revoke_authorisation(number, body.reason, actor.caller)


@door.post("/recognised-products")
async def recognise_product(actor: CountyOfficer | PovertyOfficer, body: RecognitionInput, marks: Marks) -> GrantedView:
    """认定扶贫产品：其申请须公示期满且无未处理的异议。"""
    span = Span(valid_from=body.valid_from, valid_until=body.valid_until)
    number = await marks.recognise(
        body.case, body.document, body.recognised_by, body.directory_batch, span, actor.caller
    )
    return GrantedView(number)


@door.put("/recognised-products/<number:str>/revocation", status=204)
async def revoke_recognition(
    actor: CountyOfficer | PovertyOfficer, number: str, body: ReasonInput, marks: Marks
) -> None:
    """撤销扶贫产品认定，立即生效。"""
    await marks.revoke_recognition(number, body.reason, actor.caller)


@door.get("/brand-authorisations")
async def list_authorisations(actor: MerchantClerk | CountyOfficer | Auditor, query: MarksQuery) -> AuthorisationsView:
    """公共品牌授权与年度用量，可只看超出配额的；商户人员只看到自己的。"""
    return AuthorisationsView(*await authorisations(own_merchant(actor), query.overrun, query.cursor, query.limit))


@door.get("/recognised-products")
async def list_recognitions(
    actor: MerchantClerk | CountyOfficer | PovertyOfficer | Auditor, query: MarksQuery
) -> RecognitionsView:
    """认定产品及其材料清单；商户人员只看到自己的。"""
    return RecognitionsView(*await recognitions(own_merchant(actor), query.cursor, query.limit))


@door.post("/recognised-products/<number:str>/register-entries")
async def add_register_entry(
    actor: CountyOfficer | PovertyOfficer, number: str, body: RegisterEntryInput, key: IdempotencyKey, marks: Marks
) -> None:
    """登记名录所载的类别、规格、产能、价值与价格；以最新的为准。"""
    await marks.add_entry(number, msgspec.convert(body, RegisterEntry, from_attributes=True), actor.caller)
