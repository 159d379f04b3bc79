"""Whether WeChat holds an order for received, over wechatpy's client, for workers alone (wechat reference 2.7)."""

import asyncio
from dataclasses import dataclass
from typing import Any

import requests
from wechatpy.exceptions import WeChatClientException

from integrations.wechat.background import OFFICIAL_BASE, BackgroundClient
from integrations.wechat.token import TokenUnavailable
from orders.ports import ReceiptUnknown

_RECEIVED = frozenset({3, 4, 6})
"""``order_state``: confirmed, done, awaiting settlement."""


@dataclass(frozen=True)
class WeChatOrderStates:
    """Implements ``orders.ports.WeChatReceipts``. The client blocks, so every call runs in a thread."""

    client: BackgroundClient

    async def is_received(self, transaction_id: str) -> bool:
        """``get_order`` by transaction id."""
        asked = {"transaction_id": transaction_id}
        try:
            answer: Any = await asyncio.to_thread(
                self.client.post, OFFICIAL_BASE + "/wxa/sec/order/get_order", data=asked
            )
            return int(answer["order"]["order_state"]) in _RECEIVED
        except (WeChatClientException, requests.RequestException, TokenUnavailable) as error:
            raise ReceiptUnknown(type(error).__name__) from None
        except (TypeError, KeyError, ValueError):
            raise ReceiptUnknown("the answer cannot be read") from None
