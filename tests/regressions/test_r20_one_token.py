"""R20: eight processes share one access token, and a token that WeChat refuses costs one new one, never a storm.

Fails when ``SharedToken.forget`` drops the key without looking whose token it is: tried. ``force_refresh`` is asked for
by nobody, so its quota of twenty a day cannot run out. That eight processes fetch once at the start is
``tests/integrations/test_wechat_login.py::test_r20_eight_processes_refresh_once``.
"""

import multiprocessing
from typing import Any

import httpx
import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from wechatpy.exceptions import WeChatClientException

from accounts.ports import LoginUnavailable
from integrations.wechat.background import BackgroundClient
from integrations.wechat.login import MiniProgramClient
from integrations.wechat.token import TokenKeys, token_request
from tests.integrations.conftest import redis_url, wechat
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox

__all__ = ["redis_url", "wechat"]


def _calls_after_a_refusal(base: str, secret: str, url: str, start: Any, answers: Any) -> None:
    """One process: hold the token, wait until it has been killed, then call five times."""
    client = BackgroundClient(APPID, secret, base=base, redis=BlockingRedis.from_url(url))
    assert client.access_token
    start.wait(40)
    start.wait(40)
    refused = 0
    for _ in range(5):
        try:
            client.post("https://api.weixin.qq.com/wxa/sec/order/is_trade_managed", data={"appid": APPID})
        except WeChatClientException:
            refused += 1
    answers.put((refused, client.access_token))


def test_eight_processes_replace_a_killed_token_once(wechat: Sandbox, redis_url: str) -> None:
    wechat.control("DELETE", "/faults")
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(9), context.Queue()
    given = (wechat.base, APP_SECRET, redis_url, start, answers)
    workers = [context.Process(target=_calls_after_a_refusal, args=given) for _ in range(8)]
    for worker in workers:
        worker.start()
    start.wait(40)
    before = len(wechat.requests("token.stable"))
    wechat.control("POST", "/tokens/spoilings", state="killed")
    start.wait(40)
    ended = [answers.get(timeout=40) for _ in workers]
    for worker in workers:
        worker.join(10)
    assert {refused for refused, _ in ended} == {0}
    assert len({token for _, token in ended}) == 1
    assert len(wechat.requests("token.stable")) - before == 1


async def test_a_token_that_stays_refused_is_replaced_once_a_call(wechat: Sandbox, redis_url: str) -> None:
    wechat.control("DELETE", "/faults")
    redis: Redis = Redis.from_url(redis_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        client = MiniProgramClient(APPID, APP_SECRET, wechat.base, http, redis)
        await client.token.get()
        wechat.fault("phone.exchange", "answer", times=None, code="40001", message="invalid credential")
        tokens, calls = len(wechat.requests("token.stable")), len(wechat.requests("phone.exchange"))
        for turn in range(1, 4):
            with pytest.raises(LoginUnavailable):
                await client.exchange_phone_code("code", "oSomebody")
            assert len(wechat.requests("phone.exchange")) - calls == 2 * turn
            assert len(wechat.requests("token.stable")) - tokens == turn
        # A complaint about an old token does not throw away the new one.
        fresh = await client.token.get()
        tokens = len(wechat.requests("token.stable"))
        await client.token.forget("an older token")
        assert await client.token.get() == fresh
        assert len(wechat.requests("token.stable")) == tokens
    await redis.aclose()
    wechat.control("DELETE", "/faults")


def test_keys_hold_the_appid_and_nobody_forces() -> None:
    assert TokenKeys.of("wx1") != TokenKeys.of("wx2")
    assert "wx1" in TokenKeys.of("wx1").token
    assert "wx1" in TokenKeys.of("wx1").lock
    assert token_request("wx1", "s")["force_refresh"] is False
