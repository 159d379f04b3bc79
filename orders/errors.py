"""What orders refuse."""

from typing import ClassVar

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class OrderNotFound(NotFound):
    """There is no such order, or it is somebody else's."""

    code = "order_not_found"
    title = "订单不存在"
    title_en = "No such order"


class TradeNotFound(NotFound):
    """There is no such trade, or it is somebody else's."""

    code = "trade_not_found"
    title = "交易单不存在"
    title_en = "No such trade"


class WaveUnknown(NotFound):
    """The merchant has no such packing wave."""

    code = "wave_unknown"
    title = "波次不存在"
    title_en = "No such packing wave"


class WaveEmpty(Conflict):
    """No order is due to be packed, or all that are wait in a wave already."""

    code = "wave_empty"
    title = "没有待装箱的订单"
    title_en = "Nothing is due to be packed"


class GroupUnknown(NotFound):
    """There is no such group under the offer."""

    code = "group_unknown"
    title = "拼团不存在"
    title_en = "No such group"


class GroupClosed(Conflict):
    """Nobody can join the group any more: its time is over, or it takes no further orders."""

    code = "group_closed"
    title = "该团已截止，请另开新团"
    title_en = "The group takes no more orders"


class GroupNotFormed(Conflict):
    """The order waits for its group, or is being given back because the group was not formed."""

    code = "group_not_formed"
    title = "尚未成团，暂不能进行此操作"
    title_en = "The group is not formed"


class GroupAlone(Invalid):
    """What is bought in a group is a checkout of its own; ``sku`` is what the offer sells."""

    code = "group_alone"
    title = "拼团商品须单独结算"
    title_en = "A group's goods are bought alone"


class GroupPlaceDiffers(Invalid):
    """The group's goods go elsewhere: to one of the pick-up ``sites``, or as a parcel when there is none."""

    code = "group_place_differs"
    title = "收货方式与该团不一致"
    title_en = "The group's goods go elsewhere"


class GroupSoldOut(Conflict):
    """The pieces set aside for groups do not suffice; ``left`` says how many there are."""

    code = "group_sold_out"
    title = "团购数量不足"
    title_en = "Too few pieces are left for groups"


class RoomSoldOut(Conflict):
    """The pieces set aside for a live room do not suffice; ``left`` says how many of ``sku`` ``source`` has."""

    code = "room_sold_out"
    title = "直播间限量已抢完"
    title_en = "Too few pieces are left in the room"


class CartFull(Conflict):
    """The cart holds as many lines as it may; ``limit`` says how many."""

    code = "cart_full"
    title = "购物车已满，请先清理"
    title_en = "The cart is full"


class CartLineTooLarge(Conflict):
    """One line of the cart holds at most ``limit`` pieces."""

    code = "cart_line_too_large"
    title = "单个规格数量超过上限"
    title_en = "Too many pieces on one line"


class CartEmpty(Invalid):
    """An order needs at least one line."""

    code = "cart_empty"
    title = "请选择商品"
    title_en = "Nothing was chosen"


class SkuRepeated(Invalid):
    """One SKU stands on two lines of a request."""

    code = "sku_repeated"
    title = "同一规格重复出现"
    title_en = "A SKU appears twice"


class NotOnSale(Conflict):
    """A SKU is unknown, not listed, or its merchant may not sell."""

    code = "not_on_sale"
    title = "商品未上架或已下架"
    title_en = "Not on sale"


class QuoteChanged(Conflict):
    """What the client expected is not what it costs now; ``quote`` is what it costs."""

    code = "quote_changed"
    title = "价格或优惠有变化，请确认后重新提交"
    title_en = "The price has changed"


class AmountTooLarge(Invalid):
    """The trade is above the limit of a single payment."""

    code = "amount_too_large"
    title = "订单金额超出单笔限额"
    title_en = "The amount is above the limit of one payment"


class OrderNotPayable(Conflict):
    """The order has been paid or closed, or its time to pay is over."""

    code = "order_not_payable"
    title = "订单不可支付"
    title_en = "The order cannot be paid"


class OrderStateConflict(Conflict):
    """The order is not in the state that this step starts from."""

    code = "order_state_conflict"
    title = "订单当前状态不允许此操作"
    title_en = "The order is in another state"


class LineNotFound(NotFound):
    """The order has no such line."""

    code = "order_line_not_found"
    title = "订单行不存在"
    title_en = "No such order line"


class NothingToRefund(Conflict):
    """The pieces asked for are refunded already or are in another open case."""

    code = "nothing_to_refund"
    title = "可退数量不足"
    title_en = "Fewer pieces are left than asked for"


class AfterSalesOver(Conflict):
    """The after-sales window of the order has passed."""

    code = "after_sales_over"
    title = "已超过售后期限"
    title_en = "The after-sales period is over"


class CaseNotFound(NotFound):
    """There is no such after-sales case, or it is another merchant's."""

    code = "after_sales_case_not_found"
    title = "售后单不存在"
    title_en = "No such after-sales case"


class CaseDecided(Conflict):
    """The case has been decided already."""

    code = "after_sales_case_decided"
    title = "售后单已处理"
    title_en = "The case has been decided"


class RefundUnfinished(Conflict):
    """The refund of the case has failed so far, and WeChat still holds its money; it is settled there."""

    code = "refund_unfinished"
    title = "退款在微信侧尚未结束，请先在商户平台处理"
    title_en = "WeChat has not finished the refund"


class ClaimNotPossible(Conflict):
    """The order's state or the line's return policy does not allow this kind of claim; ``because`` says which."""

    code = "claim_not_possible"
    title = "该商品或订单状态不支持此类售后"
    title_en = "This claim is not possible here"


class PicturesMissing(Invalid):
    """A bad-fruit claim shows the goods in at least one picture."""

    code = "pictures_missing"
    title = "坏果包赔须上传照片"
    title_en = "A picture is needed"


class OfferInvalid(Invalid):
    """An offer is a part of the claim, at least one fen, and may be made three times."""

    code = "offer_invalid"
    title = "协商金额须小于申请金额，最多三次"
    title_en = "The offer is not a part of the claim, or was made too often"


class ReturnAddressMissing(Conflict):
    """Goods can only come back once the merchant has said where to."""

    code = "return_address_missing"
    title = "请先设置退货地址"
    title_en = "There is no return address"


class RemindedAlready(Conflict):
    """The merchant was reminded of this order a short while ago."""

    code = "reminded_already"
    title = "已提醒商家，请稍后再试"
    title_en = "The merchant has been reminded already"


class ReceiptNotExtendable(Conflict):
    """The time to confirm receipt can be extended once, while the order is on its way."""

    code = "receipt_not_extendable"
    title = "收货时间只能延长一次"
    title_en = "Receipt cannot be extended"


class PiecesNotLeft(Conflict):
    """Fewer pieces of the lines named are packed and in no parcel; ``lines`` says which."""

    code = "pieces_not_left"
    title = "可发件数不足"
    title_en = "Fewer pieces are left to send"


class DeliveriesDiffer(Conflict):
    """Orders of several buyers, or to several addresses, do not go into one parcel."""

    code = "deliveries_differ"
    title = "收货人或收货地址不同，不能合并发货"
    title_en = "The orders go to different receivers"


class ParcelsFull(Conflict):
    """An order is sent in as many parcels as it may be; ``limit`` says how many."""

    code = "parcels_full"
    title = "订单的包裹数量已达上限"
    title_en = "The order has too many parcels"


class WaybillsRefused(Invalid):
    """Rows of a file of waybills are wrong, so none was taken; ``rows`` says which and why."""

    code = "waybills_refused"
    title = "运单文件有误，未导入任何一行"
    title_en = "Rows of the file are wrong; none was taken"


class FreightWouldRise(Conflict):
    """Sending to the new region costs more than was paid; ``freight_fen`` and ``paid_fen`` say how much."""

    code = "freight_would_rise"
    title = "新地址的运费高于已付运费，请联系商家"
    title_en = "Sending there costs more than was paid"


class ShipmentNotDue(Conflict):
    """The goods are a pre-sale; they are sent from the day ``ships_from`` on."""

    code = "shipment_not_due"
    title = "预售商品尚未到发货日期"
    title_en = "The day of shipment has not come"


class PickupNotFound(NotFound):
    """No parcel of this order is fetched at a station, or it is at another township's."""

    code = "pickup_not_found"
    title = "自提单不存在"
    title_en = "No such parcel to be fetched"


class PickupNotWaiting(Conflict):
    """The parcel is not at the station to be fetched: not there yet, fetched already, or on its way back."""

    code = "pickup_not_waiting"
    title = "包裹当前不在待取状态"
    title_en = "The parcel is not waiting to be fetched"


class RedemptionCodeWrong(Invalid):
    """This is not the code; ``left`` attempts are left for today."""

    code = "redemption_code_wrong"
    title = "核销码不正确"
    title_en = "The code is wrong"


class RedemptionBlocked(NotPermitted):
    """Too many wrong codes were tried, for this one thing in a day or at this desk in an hour."""

    status: ClassVar[int] = 429
    code = "redemption_blocked"
    title = "核销码错误次数过多，请稍后再试"
    title_en = "Too many wrong codes; try again later"


class BookedAlone(Invalid):
    """A service with dates is a trade of its own."""

    code = "booked_alone"
    title = "预约类商品须单独下单"
    title_en = "A booking is ordered by itself"


class GuestNeeded(Invalid):
    """A booking names its guest and no address; goods that are sent name an address and no guest."""

    code = "guest_needed"
    title = "预约类商品须填写入住或使用人"
    title_en = "A booking names its guest"


class CancellationOver(Conflict):
    """A booking is given up freely until ``free_until``, as its product says."""

    code = "cancellation_over"
    title = "已超过可取消的时间"
    title_en = "It can no longer be given up"


class VoucherNotUsable(Conflict):
    """The voucher is not of today, was used or given up, or its days are over."""

    code = "voucher_not_usable"
    title = "凭证当前不可使用"
    title_en = "The voucher cannot be used now"


class GiftForNobody(Invalid):
    """A gift is for an order of this checkout; ``merchants`` are those of whom nothing is bought."""

    code = "gift_for_nobody"
    title = "礼物留言对应的商户不在本次结算中"
    title_en = "A gift is for a merchant of this checkout"
