"""What WeChat has told us. Announced with the row of the event, so each at most once (wechat reference 2.7 to 2.10)."""

from typing import ClassVar

from kit.facts import Fact


class MediaChecked(Fact, frozen=True, kw_only=True):
    """WeChat has judged a picture: ``suggest`` is pass, review or risky; review too when it could not be judged."""

    topic: ClassVar[str] = "messages.media_checked"
    trace_id: str
    suggest: str
    label: str


class TradeSettled(Fact, frozen=True, kw_only=True):
    """WeChat says that an order's money is settled, or when it will be; informational, moments in epoch seconds.

    ``number`` is our number of the payment (``merchant_trade_no``).
    """

    topic: ClassVar[str] = "messages.trade_settled"
    number: str
    transaction_id: str
    confirm_receive_method: int
    estimated_settlement_time: int
    settlement_time: int


class ShippingReminded(Fact, frozen=True, kw_only=True):
    """WeChat reminds the merchant to ship, or to upload that it has shipped."""

    topic: ClassVar[str] = "messages.shipping_reminded"
    number: str
    transaction_id: str
    message: str


class SubscriptionAnswered(Fact, frozen=True, kw_only=True):
    """A person accepted or rejected a template (``subscribe_msg_popup_event`` and ``_change_event``)."""

    topic: ClassVar[str] = "messages.subscription_answered"
    openid: str
    template: str
    accepted: bool
    is_popup: bool


class SubscribeMessageDelivered(Fact, frozen=True, kw_only=True):
    """What became of a subscribe message at WeChat (``subscribe_msg_sent_event``)."""

    topic: ClassVar[str] = "messages.subscribe_message_delivered"
    openid: str
    template: str
    error_code: str
    error_status: str


class ServiceEntered(Fact, frozen=True, kw_only=True):
    """A person has opened customer service or written to it; ``path`` is the page or card that it came from.

    ``order`` is the number in that path, empty when there is none: a hint from a client, never a proof.
    """

    topic: ClassVar[str] = "messages.service_entered"
    openid: str
    kind: str
    path: str
    order: str
