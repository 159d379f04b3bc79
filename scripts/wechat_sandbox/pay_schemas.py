"""What the pay endpoints take: every field, its limits, and no field more (wechat reference 2.3)."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

OutTradeNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")]
Appid = Annotated[str, Meta(min_length=1, max_length=32)]
Mchid = Annotated[str, Meta(min_length=1, max_length=32)]
Openid = Annotated[str, Meta(min_length=1, max_length=128)]
Description = Annotated[str, Meta(min_length=1, max_length=127)]
Attach = Annotated[str, Meta(min_length=1, max_length=128)]
NotifyUrl = Annotated[str, Meta(min_length=1, max_length=255)]
Fen = Annotated[int, Meta(ge=1, le=100_000_000_00)]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A message in which no unknown field is borne. Optional fields may be absent, never null."""


class Amount(Strict):
    """The amount of an order in fen."""

    total: Fen
    currency: Literal["CNY"] = "CNY"


class DirectPayer(Strict):
    """Who pays in direct mode."""

    openid: Openid


class PartnerPayer(Strict):
    """Who pays in partner mode: exactly one of the two."""

    sp_openid: Openid | UnsetType = UNSET
    sub_openid: Openid | UnsetType = UNSET


class GoodsDetail(Strict):
    """One article of the order."""

    merchant_goods_id: Annotated[str, Meta(min_length=1, max_length=32)]
    quantity: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    unit_price: Annotated[int, Meta(ge=0, le=2**53)]
    wechatpay_goods_id: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    goods_name: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET


class Detail(Strict):
    """The discount detail of the order."""

    cost_price: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    invoice_id: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    goods_detail: Annotated[list[GoodsDetail], Meta(min_length=1, max_length=6000)] | UnsetType = UNSET


class StoreInfo(Strict):
    """The shop where it is paid."""

    id: Annotated[str, Meta(min_length=1, max_length=32)]
    name: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    area_code: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    address: Annotated[str, Meta(max_length=512)] | UnsetType = UNSET


class SceneInfo(Strict):
    """Where the payer is."""

    payer_client_ip: Annotated[str, Meta(min_length=1, max_length=45)]
    device_id: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    store_info: StoreInfo | UnsetType = UNSET


class SettleInfo(Strict):
    """Whether the money is frozen for profit sharing."""

    profit_sharing: bool | UnsetType = UNSET


class Prepay(Strict):
    """What both modes share."""

    description: Description
    out_trade_no: OutTradeNo
    notify_url: NotifyUrl
    amount: Amount
    time_expire: Annotated[str, Meta(min_length=20, max_length=64)] | UnsetType = UNSET
    attach: Attach | UnsetType = UNSET
    goods_tag: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    support_fapiao: bool | UnsetType = UNSET
    detail: Detail | UnsetType = UNSET
    scene_info: SceneInfo | UnsetType = UNSET
    settle_info: SettleInfo | UnsetType = UNSET


class DirectPrepay(Prepay, kw_only=True):
    """``POST /v3/pay/transactions/jsapi``."""

    appid: Appid
    mchid: Mchid
    payer: DirectPayer


class PartnerPrepay(Prepay, kw_only=True):
    """``POST /v3/pay/partner/transactions/jsapi``."""

    sp_appid: Appid
    sp_mchid: Mchid
    sub_mchid: Mchid
    payer: PartnerPayer
    sub_appid: Appid | UnsetType = UNSET


class SubAmount(Strict):
    """The amount of one sub-order in fen."""

    total_amount: Fen
    currency: Literal["CNY"]


class SubOrder(Strict):
    """One sub-merchant's part of a combination. ``attach`` is required here, and comes back in query and notice."""

    mchid: Mchid
    sub_mchid: Mchid
    out_trade_no: OutTradeNo
    description: Description
    attach: Attach
    amount: SubAmount
    sub_appid: Appid | UnsetType = UNSET
    detail: Annotated[str, Meta(min_length=1, max_length=6000)] | UnsetType = UNSET
    goods_tag: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    settle_info: SettleInfo | UnsetType = UNSET


class CombinedPayer(Strict):
    """Who pays a combination: exactly one of the two."""

    openid: Openid | UnsetType = UNSET
    sub_openid: Openid | UnsetType = UNSET


class CombinedPrepay(Strict):
    """``POST /v3/combine-transactions/jsapi``. A service provider combines 1 to 50 sub-orders."""

    combine_appid: Appid
    combine_mchid: Mchid
    combine_out_trade_no: OutTradeNo
    sub_orders: Annotated[list[SubOrder], Meta(min_length=1, max_length=50)]
    combine_payer_info: CombinedPayer
    notify_url: NotifyUrl
    scene_info: SceneInfo | UnsetType = UNSET
    time_start: Annotated[str, Meta(min_length=20, max_length=64)] | UnsetType = UNSET
    time_expire: Annotated[str, Meta(min_length=20, max_length=64)] | UnsetType = UNSET


class ClosedPart(Strict):
    """One sub-order that is to be closed."""

    mchid: Mchid
    out_trade_no: OutTradeNo
    sub_mchid: Mchid | UnsetType = UNSET


class CloseCombined(Strict):
    """``POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close``."""

    combine_appid: Appid
    sub_orders: Annotated[list[ClosedPart], Meta(min_length=1, max_length=50)]


class DirectQuery(Strict):
    """The query of a direct look-up."""

    mchid: Mchid


class PartnerQuery(Strict):
    """The query of a partner's look-up."""

    sp_mchid: Mchid
    sub_mchid: Mchid


class RefundAmount(Strict):
    """How much goes back of how much, in fen."""

    refund: Fen
    total: Fen
    currency: Literal["CNY"]
    refund_from: list[dict[str, str | int]] | UnsetType = msgspec.field(default=UNSET, name="from")


class RefundGoods(Strict):
    """One article that is given back."""

    merchant_goods_id: Annotated[str, Meta(min_length=1, max_length=32)]
    unit_price: Annotated[int, Meta(ge=0)]
    refund_amount: Annotated[int, Meta(ge=0)]
    refund_quantity: Annotated[int, Meta(ge=1)]
    wechatpay_goods_id: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    goods_name: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET


class CreateRefund(Strict):
    """``POST /v3/refund/domestic/refunds``."""

    out_refund_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    amount: RefundAmount
    transaction_id: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    out_trade_no: OutTradeNo | UnsetType = UNSET
    reason: Annotated[str, Meta(min_length=1, max_length=80)] | UnsetType = UNSET
    notify_url: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    funds_account: Literal["AVAILABLE", "UNSETTLED"] | UnsetType = UNSET
    goods_detail: list[RefundGoods] | UnsetType = UNSET
    sub_mchid: Mchid | UnsetType = UNSET


class QueryRefund(Strict):
    """The query of a refund look-up."""

    sub_mchid: Mchid | UnsetType = UNSET


class AbnormalRefund(Strict):
    """``POST .../{refund_id}/apply-abnormal-refund``. Bank data come encrypted and are not looked at."""

    out_refund_no: str
    type: Literal["USER_BANK_CARD", "MERCHANT_BANK_CARD"]
    sub_mchid: Mchid | UnsetType = UNSET
    bank_type: str | UnsetType = UNSET
    bank_account: str | UnsetType = UNSET
    real_name: str | UnsetType = UNSET


OutOrderNo = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
TransactionId = Annotated[str, Meta(min_length=1, max_length=32)]
ShareText = Annotated[str, Meta(min_length=1, max_length=80)]


class AddReceiver(Strict):
    """``POST /v3/profitsharing/receivers/add``. The name of a merchant comes encrypted."""

    sub_mchid: Mchid
    appid: Appid
    type: Literal["MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"]
    account: Annotated[str, Meta(min_length=1, max_length=64)]
    relation_type: Literal[
        "SERVICE_PROVIDER", "STORE", "STAFF", "STORE_OWNER", "PARTNER", "HEADQUARTER", "BRAND", "DISTRIBUTOR", "USER",
        "SUPPLIER", "CUSTOM",
    ]  # fmt: skip
    name: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET
    custom_relation: Annotated[str, Meta(min_length=1, max_length=10)] | UnsetType = UNSET


class Share(Strict):
    """One receiver's share in fen."""

    type: Literal["MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"]
    account: Annotated[str, Meta(min_length=1, max_length=64)]
    amount: Fen
    description: ShareText
    name: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET


class CreateSplit(Strict):
    """``POST /v3/profitsharing/orders``. This sandbox splits with one receiver at a time."""

    sub_mchid: Mchid
    appid: Appid
    transaction_id: TransactionId
    out_order_no: OutOrderNo
    receivers: Annotated[list[Share], Meta(min_length=1, max_length=1)]
    unfreeze_unsplit: bool


class Unfreeze(Strict):
    """``POST /v3/profitsharing/orders/unfreeze``."""

    sub_mchid: Mchid
    transaction_id: TransactionId
    out_order_no: OutOrderNo
    description: ShareText


class QuerySplit(Strict):
    """The query of a split's look-up."""

    sub_mchid: Mchid
    transaction_id: TransactionId


class CreateReturn(Strict):
    """``POST /v3/profitsharing/return-orders``."""

    sub_mchid: Mchid
    out_order_no: OutOrderNo
    out_return_no: OutOrderNo
    return_mchid: Mchid
    amount: Fen
    description: ShareText


class QueryReturn(Strict):
    """The query of a return's look-up."""

    sub_mchid: Mchid
    out_order_no: OutOrderNo


class QueryAmounts(Strict):
    """The query of what is left to split."""

    sub_mchid: Mchid


BillDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class TradeBillQuery(Strict):
    """``GET /v3/bill/tradebill``."""

    bill_date: BillDate
    bill_type: Literal["ALL", "SUCCESS", "REFUND"] = "ALL"
    tar_type: Literal["GZIP"] | UnsetType = UNSET
    sub_mchid: Mchid | UnsetType = UNSET


class FundFlowBillQuery(Strict):
    """``GET /v3/bill/fundflowbill``."""

    bill_date: BillDate
    account_type: Literal["BASIC", "OPERATION", "FEES"] = "BASIC"
    tar_type: Literal["GZIP"] | UnsetType = UNSET


class SubMerchantFundQuery(Strict):
    """``GET /v3/bill/sub-merchant-fundflowbill``."""

    bill_date: BillDate
    sub_mchid: Mchid
    algorithm: Literal["AEAD_AES_256_GCM"]
    account_type: Literal["BASIC"] = "BASIC"


class BillToken(Strict):
    """``GET /v3/billdownload/file``."""

    token: Annotated[str, Meta(min_length=1, max_length=256)]
