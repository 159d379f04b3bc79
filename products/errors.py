"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class ProductUnknown(NotFound):
    """There is no such product on sale, or it is not the caller's."""

    code = "product_unknown"
    title = "商品不存在或已下架"
    title_en = "No such product"


class ProductNotMovable(Conflict):
    """The product is in a state from which this step does not lead; ``state`` says which."""

    code = "product_state"
    title = "商品当前状态不允许此操作"
    title_en = "Not possible in the product's present state"


class MerchantMayNotSell(Conflict):
    """The merchant is not approved."""

    code = "merchant_may_not_sell"
    title = "商户尚未通过审核或已停用"
    title_en = "The merchant is not approved"


class SalePolicyUnknown(Invalid):
    """No sale policy with this code is in force."""

    code = "sale_policy_unknown"
    title = "销售规则不存在"
    title_en = "No such sale policy"


class SkuUnknown(NotFound):
    """There is no such SKU, or it is not the caller's."""

    code = "sku_unknown"
    title = "商品规格不存在"
    title_en = "No such SKU"


class ShipsFromInvalid(Invalid):
    """A pre-sale ships on a day that is still to come, at most ``days`` ahead."""

    code = "ships_from_invalid"
    title = "预售发货日期须在允许范围内"
    title_en = "The day of shipment is not within the days allowed"


class SkusInvalid(Invalid):
    """A product has one SKU or more, each once, and a SKU that is named belongs to it."""

    code = "skus_invalid"
    title = "商品规格有误"
    title_en = "The SKUs are not valid"


class GtinInvalid(Invalid):
    """A GTIN has fourteen digits, of which the last is the right check digit."""

    code = "gtin_invalid"
    title = "商品条码的校验位有误"
    title_en = "The GTIN's check digit is wrong"


class SpanInvalid(Invalid):
    """A span of validity ends on or after the day on which it begins."""

    code = "span_invalid"
    title = "有效期有误"
    title_en = "The span is not valid"


class PriceRangeInvalid(Invalid):
    """The range of prices ends below its beginning."""

    code = "price_range_invalid"
    title = "价格区间有误"
    title_en = "The range of prices is not valid"


class BrandQuotaUsed(Conflict):
    """The year's quota of the public brand does not cover so many pieces of ``sku``; ``left`` are still covered."""

    code = "brand_quota_used"
    title = "公共品牌年度配额不足"
    title_en = "The year's quota of the brand does not cover it"


class BrandUnknown(NotFound):
    """There is no such public brand."""

    code = "brand_unknown"
    title = "公共品牌不存在"
    title_en = "No such public brand"


class BrandCodeInvalid(Invalid):
    """A brand's code has 1 to 24 lower-case letters, digits and hyphens."""

    code = "brand_code_invalid"
    title = "品牌代码格式有误"
    title_en = "The brand code is not valid"


class MarkUnknown(NotFound):
    """There is no such authorisation or recognition."""

    code = "mark_unknown"
    title = "授权或认定不存在"
    title_en = "No such authorisation or recognition"


class MarkDocumentTaken(Conflict):
    """An authorisation or recognition with this document number exists already."""

    code = "mark_document_taken"
    title = "文号已被使用"
    title_en = "The document number is taken"


class SoldOut(Conflict):
    """Less stock is left than was asked for; ``sku`` and ``left`` say of what and how much."""

    code = "sold_out"
    title = "商品已售罄"
    title_en = "Sold out"


class StockGone(Conflict):
    """The reservation was given back before it was sold."""

    code = "stock_gone"
    title = "库存预留已释放"
    title_en = "The reserved stock was given back"


class ReservationUnknown(NotFound):
    """Nothing was ever reserved under this reference."""

    code = "reservation_unknown"
    title = "库存预留不存在"
    title_en = "No such reservation"


class QuantityInvalid(Invalid):
    """A quantity is a whole number from 1 to 10,000."""

    code = "quantity_invalid"
    title = "数量有误"
    title_en = "The quantity is not valid"


class PutBackExceeded(Conflict):
    """More pieces would come back than were sold under the reference."""

    code = "put_back_exceeded"
    title = "退回数量超过已售数量"
    title_en = "More would come back than was sold"


class CategoryUnknown(Invalid):
    """There is no such category, it is closed, or it is no leaf to which a product could belong."""

    code = "category_unknown"
    title = "类目不存在或不可用"
    title_en = "No such category"


class CategoryCodeInvalid(Invalid):
    """A category's code has 1 to 24 lower-case letters, digits and hyphens."""

    code = "category_code_invalid"
    title = "类目代码格式有误"
    title_en = "The category code is not valid"


class CategoryInUse(Conflict):
    """The category stands elsewhere in the tree, or what should become its parent is too deep or holds products."""

    code = "category_in_use"
    title = "类目位置不可用"
    title_en = "The category's place is taken"


class RequirementInvalid(Invalid):
    """A rule names one paper or more of its kind (``allowed``), and ends on or after its first day."""

    code = "category_requirement_invalid"
    title = "类目证件要求有误"
    title_en = "The category's requirement is not valid"


class RequirementUnknown(NotFound):
    """There is no such rule."""

    code = "category_requirement_unknown"
    title = "类目证件要求不存在"
    title_en = "No such requirement"


class GateNotMet(Conflict):
    """The product's category demands what is not there today; ``missing`` says what."""

    code = "gate_not_met"
    title = "缺少该类目要求的证件"
    title_en = "The category's papers are missing"


class KnifeFactsMissing(Conflict):
    """A blade is sold by its measures, and this SKU has none; ``sku`` says which."""

    code = "knife_facts_missing"
    title = "请先填写刀具参数"
    title_en = "The blade's measures are missing"


class KnifeNotAllowed(Conflict):
    """The blade is a controlled one, or a long knife; ``objection`` says which rule it meets."""

    code = "knife_not_allowed"
    title = "管制刀具及长刀不得在线销售"
    title_en = "The blade may not be sold online"


class CertificateUnknown(NotFound):
    """There is no such certificate."""

    code = "certificate_unknown"
    title = "证书不存在"
    title_en = "No such certificate"


class CertificateNotMovable(Conflict):
    """The certificate is in a state from which this step does not lead; ``state`` says which."""

    code = "certificate_state"
    title = "证书当前状态不允许此操作"
    title_en = "Not possible in the certificate's present state"


class CertificateRepeated(Conflict):
    """The same document of this kind waits or is accepted already."""

    code = "certificate_repeated"
    title = "证书已提交"
    title_en = "The certificate is there already"


class OfferUnknown(NotFound):
    """There is no such flash offer, or it is not the caller's."""

    code = "offer_unknown"
    title = "限时价活动不存在"
    title_en = "No such offer"


class OfferInvalid(Invalid):
    """The terms of a flash offer are not possible; ``member`` says which. Its price is below the SKU's."""

    code = "flash_offer_invalid"
    title = "限时价设置有误"
    title_en = "The terms of the offer are not valid"


class OfferTaken(Conflict):
    """Another flash offer of the SKU is open."""

    code = "offer_taken"
    title = "该规格已有进行中的限时价"
    title_en = "Another offer of the SKU is open"


class OfferOver(Conflict):
    """The flash offer under which pieces were wanted is not running any more."""

    code = "offer_over"
    title = "限时价已结束"
    title_en = "The offer is over"


class OfferLimitReached(Conflict):
    """The buyer would have more pieces of the flash offer than one may have; ``sku`` says of what."""

    code = "offer_limit_reached"
    title = "已达每人限购数量"
    title_en = "No more pieces for one buyer"


class DatesInvalid(Invalid):
    """The days are in the past, too many, too far ahead, or not the kind in which this SKU is booked."""

    code = "dates_invalid"
    title = "日期不在可预约范围内"
    title_en = "The dates cannot be booked"


class DayNotFree(Conflict):
    """A day is not open, is booked out, or costs something else now; ``day`` says which."""

    code = "day_not_free"
    title = "所选日期不可预约或价格有变化"
    title_en = "A day is not free"


class CapacityTaken(Conflict):
    """More is booked on some days than would be left; ``days`` says which."""

    code = "capacity_taken"
    title = "部分日期已被预约，不能减到该数量"
    title_en = "More is booked than would be left"
