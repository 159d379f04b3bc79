"""What this room needs from the world: somebody who delivers subscribe messages."""

from collections.abc import Mapping
from typing import Protocol


class NotWanted(Exception):
    """The person has refused, or has had what was agreed to (43101): normal, never tried again."""


class NotSentNow(Exception):
    """Certainly not sent, and may be tried again."""


class SendRefused(Exception):
    """WeChat will never take this message; ``errcode`` says why."""

    def __init__(self, errcode: int) -> None:
        super().__init__(str(errcode))
        self.errcode = errcode


class SubscribeSender(Protocol):
    """Sends one subscribe message (wechat reference 2.8), values cut to WeChat's limits.

    Raises the three above; any other failure means that nobody knows whether it was sent.
    """

    async def send(self, openid: str, template: str, page: str, values: Mapping[str, str]) -> None:
        """``values`` maps the template's field names (``thing1``) to texts."""
        ...
