"""What this room asks of the world."""

from typing import Protocol


class ReceiptUnknown(Exception):
    """WeChat did not answer, or not in a way that says something; it is asked again."""


class WeChatReceipts(Protocol):
    """WeChat's own view of an order of physical goods (wechat reference 2.7). Never called inside a transaction."""

    async def is_received(self, transaction_id: str) -> bool:
        """Whether the buyer has confirmed receipt with WeChat's component, or WeChat has for it.

        Raises :class:`ReceiptUnknown`.
        """
        ...
