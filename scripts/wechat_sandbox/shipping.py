"""The shipping information service of mini-programs that sell goods (wechat reference 2.7)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from scripts.wechat_sandbox.errors import MiniProgramError
from scripts.wechat_sandbox.miniprogram import decode_json
from scripts.wechat_sandbox.moments import utc_now
from scripts.wechat_sandbox.records import Order
from scripts.wechat_sandbox.state import Book
from scripts.wechat_sandbox.world import World

MOST_PARCELS = 10
MOST_PARTS = 50
UNCHANGED = 10060023
_MASKED = re.compile(r".*\*+.*\d{4}")


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message in which no unknown field is borne."""


class OrderKey(Strict):
    """Which order: 1 by merchant and number, 2 by transaction id."""

    order_number_type: Literal[1, 2]
    transaction_id: str = ""
    mchid: str = ""
    out_trade_no: str = ""


class Contact(Strict):
    """A masked phone number with its last four digits visible."""

    consignor_contact: str = ""
    receiver_contact: str = ""


class Parcel(Strict, omit_defaults=True):
    """One parcel."""

    item_desc: str = ""
    tracking_no: str = ""
    express_company: str = ""
    contact: Contact | None = None


class Payer(Strict):
    """Who paid."""

    openid: str


class Shipped(Strict, kw_only=True):
    """What was shipped of one order."""

    order_key: OrderKey
    logistics_type: Literal[1, 2, 3, 4]
    delivery_mode: Literal[1, 2]
    shipping_list: list[Parcel]
    is_all_delivered: bool | None = None


class Upload(Shipped, kw_only=True):
    """``POST wxa/sec/order/upload_shipping_info``."""

    upload_time: str
    payer: Payer


class CombinedUpload(Strict):
    """``POST wxa/sec/order/upload_combined_shipping_info``."""

    order_key: OrderKey
    sub_orders: list[Shipped]
    upload_time: str
    payer: Payer


class GetOrder(Strict):
    """``POST wxa/sec/order/get_order``."""

    transaction_id: str = ""
    merchant_id: str = ""
    merchant_trade_no: str = ""
    sub_merchant_id: str = ""


class Arrival(Strict):
    """``POST wxa/sec/order/notify_confirm_receive``."""

    received_time: int
    transaction_id: str = ""
    merchant_id: str = ""
    merchant_trade_no: str = ""
    sub_merchant_id: str = ""


class SpecialOrder(Strict):
    """``POST wxa/sec/order/opspecialorder``: ``order_id`` is a transaction id or a merchant's number."""

    order_id: str
    type: Literal[1, 2]
    delay_to: int = 0


class Presale(msgspec.Struct, kw_only=True):
    """Until when an order's goods are sent."""

    out_trade_no: str
    delay_to: datetime


class Shipment(msgspec.Struct, kw_only=True):
    """What was told about an order's shipping."""

    out_trade_no: str
    logistics_type: int
    delivery_mode: int
    parcels: list[Parcel]
    upload_time: datetime
    is_finished: bool
    reships: int = 0
    is_reminded: bool = False


class ShippingDesk:
    """Takes shipping information and shows it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._shipments: Book[Shipment] = Book(world.store, "shipments", Shipment)
        self._presales: Book[Presale] = Book(world.store, "presales", Presale)

    def upload(self, body: bytes) -> dict[str, Any]:
        """Take the shipping information of one order."""
        asked = decode_json(body, Upload)
        new = self._read(asked, asked.payer, read_upload_time(asked.upload_time))
        self._shipments.put(new.out_trade_no, new)
        return {"errcode": 0, "errmsg": "ok"}

    def upload_combined(self, body: bytes) -> dict[str, Any]:
        """Take what was shipped of parts of a combined order: all of it or nothing.

        Parts that are not named stay as they are; a part without news is borne beside one that has some.
        """
        asked = decode_json(body, CombinedUpload)
        key, moment = asked.order_key, read_upload_time(asked.upload_time)
        combination = self._world.combinations.get(key.out_trade_no)
        if key.order_number_type != 1 or combination is None or key.mchid != combination.mchid:
            raise MiniProgramError(10060001, "支付单不存在")
        if not 1 <= len(asked.sub_orders) <= MOST_PARTS:
            raise MiniProgramError(10060024, "子单列表长度超限")
        new = []
        for part in asked.sub_orders:
            if self._paid_order(part.order_key).out_trade_no not in combination.parts:
                raise MiniProgramError(10060014, "子单不属于该合单")
            try:
                new.append(self._read(part, asked.payer, moment))
            except MiniProgramError as error:
                if error.errcode != UNCHANGED:
                    raise
        numbers = [self._paid_order(part.order_key).out_trade_no for part in asked.sub_orders]
        if len(set(numbers)) < len(numbers):
            raise MiniProgramError(10060013, "子单重复")
        if not new:
            raise MiniProgramError(UNCHANGED, "发货信息未更新")
        for shipment in new:
            self._shipments.put(shipment.out_trade_no, shipment)
        return {"errcode": 0, "errmsg": "ok"}

    def _read(self, asked: Shipped, payer: Payer, moment: datetime) -> Shipment:
        """What becomes of one order; kept by the caller."""
        order = self._paid_order(asked.order_key)
        if payer.openid not in (order.sp_openid, order.sub_openid):
            raise MiniProgramError(10060031, "支付者 openid 不匹配")
        if sum(refund.refund for refund in self._world.refunds_for(order.out_trade_no)) >= order.total:
            raise MiniProgramError(10060004, "支付单处于不可发货的状态")
        check_parcels(asked)
        is_finished = asked.delivery_mode == 1 or bool(asked.is_all_delivered)
        known = self._shipments.get(order.out_trade_no)
        new = Shipment(
            out_trade_no=order.out_trade_no,
            logistics_type=asked.logistics_type,
            delivery_mode=asked.delivery_mode,
            parcels=asked.shipping_list,
            upload_time=moment,
            is_finished=is_finished,
        )
        if known is not None:
            self._check_repeat(known, new)
        return new

    def show(self, body: bytes) -> dict[str, Any]:
        """Show the order with what is known of its shipping."""
        asked = decode_json(body, GetOrder)
        number = asked.merchant_trade_no
        if asked.transaction_id:
            number = self._world.orders_by_transaction_id.get(asked.transaction_id, "")
        order = self._world.orders.get(number)
        if order is None or order.success_at is None:
            raise MiniProgramError(10060001, "支付单不存在")
        if not asked.transaction_id and (asked.merchant_id, asked.sub_merchant_id) != (
            order.mchid,
            order.sub_mchid,
        ):
            raise MiniProgramError(10060001, "支付单不存在")
        shipment = self._shipments.get(order.out_trade_no)
        return {"errcode": 0, "errmsg": "ok", "order": self._view(order, shipment)}

    def remind(self, body: bytes) -> dict[str, Any]:
        """Remind the buyer to confirm, once, when everything was shipped by express."""
        asked = decode_json(body, Arrival)
        number = asked.merchant_trade_no
        if asked.transaction_id:
            number = self._world.orders_by_transaction_id.get(asked.transaction_id, "")
        if self._world.orders.get(number) is None:
            raise MiniProgramError(10060001, "支付单不存在")
        shipment = self._shipments.get(number)
        if shipment is None or not shipment.is_finished:
            raise MiniProgramError(10060028, "支付单未完成发货")
        if shipment.logistics_type != 1:
            raise MiniProgramError(10060032, "只有快递可以提醒确认收货")
        if datetime.fromtimestamp(asked.received_time, UTC) > utc_now() + timedelta(minutes=1):
            raise MiniProgramError(10060029, "签收时间有误")
        if shipment.is_reminded:
            raise MiniProgramError(10060030, "已使用过提醒收货")
        shipment.is_reminded = True
        self._shipments.put(number, shipment)
        return {"errcode": 0, "errmsg": "ok"}

    def declare_special(self, body: bytes) -> dict[str, Any]:
        """Take an order for a pre-sale that is sent 15 to 330 days after its payment, or for a test order."""
        asked = decode_json(body, SpecialOrder)
        order = self._world.orders.get(self._world.orders_by_transaction_id.get(asked.order_id, asked.order_id))
        if order is None or order.success_at is None:
            raise MiniProgramError(268546001, "订单不存在")
        if asked.type == 1:
            delay_to = datetime.fromtimestamp(asked.delay_to, UTC)
            if not timedelta(days=15) <= delay_to - order.success_at <= timedelta(days=330, minutes=1):
                raise MiniProgramError(268546002, "预售发货时间须在 15 至 330 天之间")
            self._presales.put(order.out_trade_no, Presale(out_trade_no=order.out_trade_no, delay_to=delay_to))
        return {"errcode": 0, "errmsg": "ok"}

    def _paid_order(self, key: OrderKey) -> Order:
        if key.order_number_type == 2:
            if not key.transaction_id:
                raise MiniProgramError(268485195, "order_key.transaction_id 不能为空")
            number = self._world.orders_by_transaction_id.get(key.transaction_id, "")
        else:
            if not key.mchid or not key.out_trade_no:
                raise MiniProgramError(268485196, "order_key.mchid 与 out_trade_no 不能为空")
            number = key.out_trade_no
        order = self._world.orders.get(number)
        # The order appears about a minute after the payment; until then it does not exist here.
        wait = timedelta(seconds=self._world.scaled(self._world.conditions.shipping_wait_seconds))
        if order is None or order.success_at is None or utc_now() - order.success_at < wait:
            raise MiniProgramError(10060001, "支付单不存在")
        if key.order_number_type == 1 and key.mchid != order.account:
            raise MiniProgramError(10060001, "支付单不存在")
        return order

    @staticmethod
    def _check_repeat(known: Shipment, new: Shipment) -> None:
        is_same = (known.logistics_type, known.delivery_mode, known.parcels) == (
            new.logistics_type,
            new.delivery_mode,
            new.parcels,
        )
        if is_same and known.is_finished == new.is_finished:
            raise MiniProgramError(UNCHANGED, "发货信息未更新")
        if new.upload_time <= known.upload_time:
            raise MiniProgramError(268485216, "upload_time 须晚于上一次")
        new.reships, new.is_reminded = known.reships, known.is_reminded
        if known.is_finished:
            if known.reships:
                raise MiniProgramError(10060003, "支付单已使用重新发货机会")
            new.reships = 1

    @staticmethod
    def _view(order: Order, shipment: Shipment | None) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "transaction_id": order.transaction_id,
            "merchant_id": order.mchid,
            "sub_merchant_id": order.sub_mchid,
            "merchant_trade_no": order.out_trade_no,
            "description": order.description,
            "paid_amount": order.total,
            "openid": order.payer_openid,
            "trade_create_time": int(order.created_at.timestamp()),
            "pay_time": int(order.success_at.timestamp()) if order.success_at else 0,
            "order_state": 2 if shipment and shipment.is_finished else 1,
            "in_complaint": False,
        }
        if shipment is not None:
            shown["shipping"] = {
                "delivery_mode": shipment.delivery_mode,
                "logistics_type": shipment.logistics_type,
                "finish_shipping": shipment.is_finished,
                "finish_shipping_count": 1 + shipment.reships if shipment.is_finished else 0,
                "goods_desc": shipment.parcels[0].item_desc,
                "shipping_list": [
                    {
                        "tracking_no": parcel.tracking_no,
                        "express_company": parcel.express_company,
                        "goods_desc": parcel.item_desc,
                        "upload_time": int(shipment.upload_time.timestamp()),
                        "contact": msgspec.to_builtins(parcel.contact) if parcel.contact else {},
                    }
                    for parcel in shipment.parcels
                ],
            }
        return shown


def read_upload_time(text: str) -> datetime:
    """The moment of the upload; 268485216 when it cannot be read."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise MiniProgramError(268485216, "upload_time 格式错误") from error
    if moment.tzinfo is None:
        raise MiniProgramError(268485216, "upload_time 缺少时区")
    return moment


def check_parcels(asked: Shipped) -> None:
    """Refuse parcels that do not fit the way of delivery."""
    if asked.delivery_mode == 1 and len(asked.shipping_list) != 1:
        raise MiniProgramError(268485228, "统一发货时 shipping_list 必须恰有一项")
    if asked.delivery_mode == 2:
        if asked.logistics_type != 1:
            raise MiniProgramError(10060006, "只有快递可以拆分发货")
        if asked.is_all_delivered is None:
            raise MiniProgramError(10060007, "拆分发货须填 is_all_delivered")
        if not 1 <= len(asked.shipping_list) <= MOST_PARCELS:
            raise MiniProgramError(10060024, "物流信息列表长度超限")
    for parcel in asked.shipping_list:
        if not parcel.item_desc:
            raise MiniProgramError(10060008, "商品信息不能为空")
        if len(parcel.item_desc) > 120:
            raise MiniProgramError(10060009, "商品信息过长")
        if asked.logistics_type == 1:
            _check_express(parcel)


def _check_express(parcel: Parcel) -> None:
    if not parcel.tracking_no:
        raise MiniProgramError(268485226, "物流单号不能为空")
    if not parcel.express_company:
        raise MiniProgramError(268485227, "物流公司不能为空")
    if len(parcel.express_company) > 128:
        raise MiniProgramError(10060025, "物流公司编码过长")
    if len(parcel.tracking_no) > 128:
        raise MiniProgramError(10060026, "物流单号过长")
    if parcel.express_company == "SF":
        contact = parcel.contact
        shown = (contact.consignor_contact or contact.receiver_contact) if contact else ""
        if not _MASKED.fullmatch(shown):
            raise MiniProgramError(10060014, "顺丰须填掩码后的联系方式，末四位可见")
