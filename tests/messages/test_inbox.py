"""Pushes become rows once, and the facts that they hold."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kit.clock import utc_now
from kit.database import rows, scalar
from kit.facts import Fact, fact_type
from messages.inbox import Inbox, forget_old_events, media_verdict

OPENID = "oPerson000000000000000001"


async def announced() -> list[Fact]:
    found = await rows("SELECT topic, payload::text AS payload FROM outbox_message ORDER BY id")
    facts = []
    for message in found:
        kind = fact_type(message["topic"])
        assert kind is not None
        facts.append(kind.read(message["payload"]))
    return facts


async def receive(event: str, key: str = "k", kind: str = "event", **members: Any) -> list[dict[str, object]]:
    """What one push announces, as plain values."""
    before = len(await announced())
    await Inbox().receive(key, OPENID, kind, event, members)
    return [{f: getattr(a, f) for f in a.__struct_fields__} for a in (await announced())[before:]]


async def test_a_push_that_comes_five_times_at_once_is_one_row_and_one_fact(database: str) -> None:
    members = {"trace_id": "t1", "errcode": 0, "result": {"suggest": "pass", "label": 100}}
    new = await asyncio.gather(
        *(Inbox().receive("same", OPENID, "event", "wxa_media_check", members) for _ in range(5))
    )
    assert sorted(new) == [False, False, False, False, True]
    assert await scalar("SELECT count(*) FROM pushed_event") == 1
    assert len(await announced()) == 1


@pytest.mark.parametrize(
    ("members", "suggest"),
    [
        ({"errcode": 0, "result": {"suggest": "pass", "label": 100}}, "pass"),
        ({"errcode": "0", "result": {"suggest": "risky", "label": "20002"}}, "risky"),
        ({"errcode": 0, "result": {"suggest": "review", "label": 10001}}, "review"),
        ({"errcode": -1008, "errmsg": "download failed"}, "review"),
        ({"errcode": -1008, "result": {"suggest": "pass", "label": 100}}, "review"),
        ({"errcode": 0, "result": "pass"}, "review"),
        ({"errcode": 0, "result": {"suggest": "fine"}}, "review"),
        ({}, "review"),
    ],
)
async def test_only_a_clear_pass_passes(database: str, members: dict[str, Any], suggest: str) -> None:
    (fact,) = await receive("wxa_media_check", trace_id="t1", **members)
    assert fact["suggest"] == suggest
    verdict = await media_verdict("t1")
    assert verdict is not None
    assert verdict.suggest == suggest
    assert await media_verdict("t2") is None


async def test_settlement_reminder_and_subscriptions(database: str) -> None:
    (settled,) = await receive(
        "trade_manage_order_settlement", merchant_trade_no="P1", transaction_id="4200", confirm_receive_method="2",
        estimated_settlement_time=1764000000, settlement_time="1764000100",
    )  # fmt: skip
    assert (settled["number"], settled["settlement_time"], settled["confirm_receive_method"]) == ("P1", 1764000100, 2)
    (reminded,) = await receive("trade_manage_remind_shipping", "k2", transaction_id="4200", msg="请尽快发货")
    assert (reminded["number"], reminded["message"]) == ("4200", "请尽快发货")
    answer = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"}
    xml: dict[str, Any] = {"SubscribeMsgPopupEvent": {"List": [answer, {**answer, "SubscribeStatusString": "reject"}]}}
    assert [f["accepted"] for f in await receive("subscribe_msg_popup_event", "k3", **xml)] == [True, False]
    one: dict[str, Any] = {"SubscribeMsgPopupEvent": {"List": answer}}
    assert [f["openid"] for f in await receive("subscribe_msg_popup_event", "k4", **one)] == [OPENID]
    sent = {"TemplateId": "T1", "MsgID": "1", "ErrorCode": "0", "ErrorStatus": "success"}
    assert [f["error_status"] for f in await receive("subscribe_msg_sent_event", "k5", List=[sent])] == ["success"]


async def test_customer_service_brings_the_order_along(database: str) -> None:
    (entered,) = await receive("user_enter_tempsession", SessionFrom="pages/order/show?order=20261126ABCDEFGH1X")
    assert (entered["order"], entered["kind"]) == ("20261126ABCDEFGH1X", "event")
    (card,) = await receive("", "k2", "miniprogrampage", PagePath="pages/order/show?order=' OR 1", Title="x")
    assert card["order"] == ""
    (text,) = await receive("", "k3", "text", Content="我的货呢")
    assert (text["path"], text["order"]) == ("", "")


@pytest.mark.parametrize(
    "members",
    [{}, {"trace_id": ["x"]}, {"List": "x"}, {"List": [1, {"TemplateId": ""}]}, {"a": "\0", "b": "\\u0000"},
     {"merchant_trade_no": "", "settlement_time": "9" * 400}, {"result": {"suggest": {"a": []}}}],
)  # fmt: skip
@pytest.mark.parametrize(
    "event", ["wxa_media_check", "trade_manage_order_settlement", "subscribe_msg_sent_event", "something_new", ""]
)
async def test_members_of_another_shape_are_kept_and_acknowledged(
    database: str, event: str, members: dict[str, Any]
) -> None:
    assert await Inbox().receive("k", OPENID, "event", event, members)
    assert await scalar("SELECT count(*) FROM pushed_event") == 1


async def test_events_are_forgotten_after_half_a_year(database: str) -> None:
    await receive("something_new")
    assert await forget_old_events(utc_now() + timedelta(days=179)) == 0
    assert await forget_old_events(utc_now() + timedelta(days=181)) == 1
