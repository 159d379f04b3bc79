"""The inbox: every push is one row, and what others may care for is announced with it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from kit.facts import Fact
from kit.outbox import announce
from messages.events import (
    MediaChecked,
    ServiceEntered,
    ShippingReminded,
    SubscribeMessageDelivered,
    SubscriptionAnswered,
    TradeSettled,
)

KEPT_FOR = timedelta(days=180)
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_ORDER = re.compile(r"[0-9A-Z]{1,32}")
Members = Mapping[str, Any]


@dataclass(frozen=True)
class Inbox:
    """Takes in what the door has verified and decrypted."""

    clock: Clock = utc_now

    async def receive(self, key: str, sender: str, kind: str, event: str, members: Members) -> bool:
        """Keep a push and announce what it says; False when it was there already.

        Members of another shape than documented are kept and announce nothing: WeChat changes its events, and a push
        that is not acknowledged is sent again.
        """
        facts = list(_facts(sender, kind, event, members))
        async with transaction():
            new = await row(
                "INSERT INTO pushed_event (key, sender, kind, event, subject, members, received_at)"
                " VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7) ON CONFLICT (key) DO NOTHING RETURNING id",
                sha256(key.encode()).hexdigest(),
                _text(sender, 64),
                _text(kind, 40),
                _text(event, 60),
                facts[0].key[:80] if facts else "",
                _storable(members),
                self.clock(),
            )
            if new is None:
                return False
            for fact in facts:
                await announce(fact)
        return True


async def media_verdict(trace_id: str) -> MediaChecked | None:
    """The verdict that was pushed for a trace id, or None."""
    found = await scalar(
        "SELECT members::text FROM pushed_event WHERE event = 'wxa_media_check' AND subject = $1 LIMIT 1", trace_id
    )
    return next(_media_checked(msgspec.json.decode(found)), None) if found else None


async def forget_old_events(now: datetime) -> int:
    """Delete what was pushed half a year ago; answers how many."""
    return await execute("DELETE FROM pushed_event WHERE received_at < $1", now - KEPT_FOR)


def _facts(sender: str, kind: str, event: str, members: Members) -> Iterator[Fact]:
    if event == "wxa_media_check":
        yield from _media_checked(members)
    elif event == "trade_manage_order_settlement":
        yield from _trade_settled(members)
    elif event == "trade_manage_remind_shipping":
        yield from _shipping_reminded(members)
    elif event.startswith("subscribe_msg_"):
        yield from _subscriptions(sender, event, members)
    elif event == "user_enter_tempsession" or (not event and kind in ("text", "image", "miniprogrampage")):
        path = _text(members.get("SessionFrom") or members.get("PagePath") or "", 200)
        yield ServiceEntered(openid=_text(sender, 64), kind=kind, path=path, order=_order_in(path))


def _media_checked(members: Members) -> Iterator[MediaChecked]:
    trace_id = _text(members.get("trace_id", ""), 64)
    result = members.get("result")
    if not trace_id:
        return
    suggest, label = "review", ""
    if isinstance(result, Mapping) and _number(members.get("errcode", 0)) == 0:
        suggest, label = str(result.get("suggest", "review")), _text(result.get("label", ""), 60)
    if suggest not in ("pass", "risky"):
        suggest = "review"
    yield MediaChecked(trace_id=trace_id, suggest=suggest, label=label)


def _trade_settled(members: Members) -> Iterator[TradeSettled]:
    if number := _text(members.get("merchant_trade_no", ""), 64):
        yield TradeSettled(
            number=number,
            transaction_id=_text(members.get("transaction_id", ""), 64),
            confirm_receive_method=_number(members.get("confirm_receive_method")),
            estimated_settlement_time=_number(members.get("estimated_settlement_time")),
            settlement_time=_number(members.get("settlement_time")),
        )


def _shipping_reminded(members: Members) -> Iterator[ShippingReminded]:
    transaction_id = _text(members.get("transaction_id", ""), 64)
    number = _text(members.get("merchant_trade_no", ""), 64)
    if number or transaction_id:
        message = _text(members.get("msg", ""), 200)
        yield ShippingReminded(number=number or transaction_id, transaction_id=transaction_id, message=message)


def _subscriptions(sender: str, event: str, members: Members) -> Iterator[Fact]:
    """One push lists several templates: ``List`` in JSON, an element of its own name with ``List`` in XML."""
    for answer in _listed(members):
        template = _text(answer.get("TemplateId", ""), 64)
        if not template:
            continue
        if event == "subscribe_msg_sent_event":
            yield SubscribeMessageDelivered(
                openid=_text(sender, 64),
                template=template,
                error_code=_text(answer.get("ErrorCode", ""), 20),
                error_status=_text(answer.get("ErrorStatus", ""), 60),
            )
        else:
            yield SubscriptionAnswered(
                openid=_text(sender, 64),
                template=template,
                accepted=answer.get("SubscribeStatusString") == "accept",
                is_popup=event == "subscribe_msg_popup_event",
            )


def _listed(members: Members) -> list[Members]:
    found: Any = members.get("List")
    for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent"):
        outer = members.get(name)
        if found is None and isinstance(outer, Mapping):
            found = outer.get("List")
    given = found if isinstance(found, list) else [found]
    return [answer for answer in given[:20] if isinstance(answer, Mapping)]


def _order_in(path: str) -> str:
    """The order's number that the client carried along in ``?order=``."""
    found = parse_qs(urlsplit(path).query).get("order", [""])[0]
    return found if _ORDER.fullmatch(found) else ""


def _text(value: object, longest: int) -> str:
    return str(value).replace("\0", "")[:longest]


def _storable(members: Members) -> str:
    """As JSON; PostgreSQL has no text with U+0000."""
    return _NUL.sub(r"\1", msgspec.json.encode(members).decode())


def _number(value: object) -> int:
    text = str(value)
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0
