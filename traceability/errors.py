"""Why an intake or a lot is refused."""

from kit.errors import Conflict, Invalid, NotFound


class SupplierUnknown(NotFound):
    """No such supplier, or it is outside the caller's township or merchant."""

    code = "supplier_unknown"
    title = "供货人不存在"
    title_en = "No such supplier"


class LotUnknown(NotFound):
    """No such lot of this merchant."""

    code = "lot_unknown"
    title = "批次不存在"
    title_en = "No such lot"


class IntakeUnknown(NotFound):
    """No delivery with this number, or it is somebody else's."""

    code = "intake_unknown"
    title = "收购单不存在"
    title_en = "No such intake"


class IntakeInvalid(Invalid):
    """The intake does not say enough: goods paid at the scale need a price and a voucher, all need a mass."""

    code = "intake_invalid"
    title = "收购信息不完整"
    title_en = "The intake is not complete"


class ClientIdReused(Conflict):
    """The client's id was used before for an intake with other contents."""

    code = "client_id_reused"
    title = "该离线单号已用于另一笔收购"
    title_en = "The client id was used for another intake"


class IntakeClaimed(Conflict):
    """An intake goes into one lot once; another lot has it already."""

    code = "intake_claimed"
    title = "该收购单已归入其他批次"
    title_en = "The intake is in another lot already"


class IntakeOfAnother(Conflict):
    """The intake is of another product or another merchant than the lot."""

    code = "intake_of_another"
    title = "收购单与批次的产品或商户不符"
    title_en = "The intake is of another product or merchant"


class LotSealed(Conflict):
    """The lot is sealed; its contributions no longer change."""

    code = "lot_sealed"
    title = "批次已封存"
    title_en = "The lot is sealed"


class LotNotSealed(Conflict):
    """Shares count only once the lot is sealed."""

    code = "lot_not_sealed"
    title = "批次尚未封存"
    title_en = "The lot is not sealed yet"


class LotUnbalanced(Conflict):
    """The contributions do not add up to the lot's input, to the gram."""

    code = "lot_unbalanced"
    title = "供货份额合计与批次投料重量不符"
    title_en = "The contributions do not sum to the input"


class LotShort(Conflict):
    """The lot has less left than the pieces need."""

    code = "lot_short"
    title = "批次余量不足"
    title_en = "The lot has less left than is needed"


class LotOfAnotherProduct(Conflict):
    """The lot is of another product than the line."""

    code = "lot_of_another_product"
    title = "批次与商品不符"
    title_en = "The lot is of another product"


class LineBound(Conflict):
    """The line has its lots already; they are fixed at packing."""

    code = "line_bound"
    title = "该订单行已绑定批次"
    title_en = "The line is bound to its lots already"


class PiecesInvalid(Invalid):
    """Pieces and the mass of one piece are whole numbers above zero."""

    code = "pieces_invalid"
    title = "件数或单件重量有误"
    title_en = "The pieces are not valid"


class LotInvalid(Invalid):
    """The lot's notes contradict each other: a lot in pieces has whole pieces of one mass, days follow each other."""

    code = "lot_invalid"
    title = "批次信息有误"
    title_en = "The lot's notes are not valid"


class LotPastBestBefore(Conflict):
    """The lot was past its best-before day when the parcel was packed."""

    code = "lot_past_best_before"
    title = "批次在装箱时已过保质期"
    title_en = "The lot was past its best-before day"


class LotYoungerThanParcel(Conflict):
    """Something of the lot was weighed or made only after the parcel was packed or the run had ended."""

    code = "lot_younger_than_parcel"
    title = "批次中有装箱或加工完成之后才收购、产出的货物"
    title_en = "The lot holds goods that were not there yet"


class LotOnHold(Conflict):
    """Nothing may be taken from the lot for the time being."""

    code = "lot_on_hold"
    title = "批次已暂停出库"
    title_en = "The lot is on hold"


class LotWithoutCertificate(Conflict):
    """Goods of this category leave with their lot's certificate of conformity: ``lot`` has none that is valid, or
    ``lines`` name no lot that could have one."""

    code = "lot_without_certificate"
    title = "批次缺少承诺达标合格证"
    title_en = "The lot has no certificate of conformity"


class RecipeUnknown(NotFound):
    """No such recipe of this merchant."""

    code = "recipe_unknown"
    title = "加工工艺不存在"
    title_en = "No such recipe"


class RecipeInvalid(Invalid):
    """A recipe has inputs and a yield above nothing."""

    code = "recipe_invalid"
    title = "加工工艺有误"
    title_en = "The recipe is not valid"


class RunInvalid(Invalid):
    """A run takes something from its lots and has ended."""

    code = "run_invalid"
    title = "加工记录有误"
    title_en = "The process run is not valid"


class YieldExceeded(Conflict):
    """More came out than the recipe can make of what went in."""

    code = "yield_exceeded"
    title = "产出超过工艺的最高得率"
    title_en = "More came out than the recipe can yield"
