"""Implements ``logistics.ports.ShippingInformation`` with wechatpy's client, in Celery's workers alone.

The client blocks, so each call runs on a thread; the loop of a worker is never held up (wechat reference 1.1, 2.7).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from wechatpy.exceptions import WeChatClientException

from integrations.wechat.background import OFFICIAL_BASE, BackgroundClient
from integrations.wechat.token import TokenUnavailable
from kit.clock import CHINA
from logistics.ports import Answer, ReportedParcel, ShippingNews, WeChatSilent

_UPLOAD = "/wxa/sec/order/upload_shipping_info"
_COMBINED = "/wxa/sec/order/upload_combined_shipping_info"
_SPECIAL = "/wxa/sec/order/opspecialorder"
_PRESALE = 1
_ARRIVED = "/wxa/sec/order/notify_confirm_receive"
_BY_NUMBER = 1
_BY_TRANSACTION, _UNIFIED, _SPLIT = 2, 1, 2


@dataclass(frozen=True)
class WeChatShipping:
    """Uploads shipping information. ``mchid`` is under whose number payments are combined."""

    client: BackgroundClient
    mchid: str = ""

    async def tell_shipped(self, news: ShippingNews) -> Answer:
        """``upload_shipping_info``: one parcel as unified delivery, several, or a part, as split delivery."""
        return await asyncio.to_thread(self._post, _UPLOAD, _shipment(news) | _told(news))

    async def tell_combined(self, combination: str, parts: Sequence[ShippingNews]) -> Answer:
        """``upload_combined_shipping_info`` [unconfirmed beyond its members: that parts may come in several calls]."""
        order = {"order_number_type": _BY_NUMBER, "mchid": self.mchid, "out_trade_no": combination}
        body = {"order_key": order, "sub_orders": [_shipment(part) for part in parts]} | _told(parts[0])
        return await asyncio.to_thread(self._post, _COMBINED, body)

    async def tell_arrived(self, transaction_id: str, arrived_at: datetime) -> Answer:
        """``notify_confirm_receive``."""
        body = {"transaction_id": transaction_id, "received_time": int(arrived_at.timestamp())}
        return await asyncio.to_thread(self._post, _ARRIVED, body)

    async def tell_presale(self, transaction_id: str, promised_at: datetime) -> Answer:
        """``opspecialorder``: WeChat waits for the goods until then."""
        body = {"order_id": transaction_id, "type": _PRESALE, "delay_to": int(promised_at.timestamp())}
        return await asyncio.to_thread(self._post, _SPECIAL, body)

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        try:
            answer = self.client.post(OFFICIAL_BASE + path, data=body)
        except WeChatClientException as error:
            if error.errcode is None:
                raise WeChatSilent(f"{path}: no errcode") from None
            return Answer(int(error.errcode), str(error.errmsg))
        except (requests.RequestException, TokenUnavailable) as error:
            # The address carries the token: the chained error would print it.
            raise WeChatSilent(f"{path}: {type(error).__name__}") from None
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            raise WeChatSilent(f"{path}: the answer cannot be read")
        return Answer(0, "ok")


def _told(news: ShippingNews) -> dict[str, Any]:
    return {
        "upload_time": news.told_at.astimezone(CHINA).isoformat(timespec="milliseconds"),
        "payer": {"openid": news.payer_openid},
    }


def _shipment(news: ShippingNews) -> dict[str, Any]:
    """What was shipped of one payment."""
    told: dict[str, Any] = {
        "order_key": {"order_number_type": _BY_TRANSACTION, "transaction_id": news.transaction_id},
        "logistics_type": news.logistics_type,
        "delivery_mode": _SPLIT if news.is_split else _UNIFIED,
        "shipping_list": [_parcel(parcel) for parcel in news.parcels],
    }
    return told | {"is_all_delivered": news.is_complete} if news.is_split else told


def _parcel(parcel: ReportedParcel) -> dict[str, Any]:
    if not parcel.waybill:
        return {"item_desc": parcel.goods}
    told: dict[str, Any] = {
        "tracking_no": parcel.waybill,
        "express_company": parcel.carrier,
        "item_desc": parcel.goods,
    }
    if parcel.phone_tail:
        told["contact"] = {"receiver_contact": f"***{parcel.phone_tail}"}
    return told
