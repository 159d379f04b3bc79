"""Login, phone and the shared access token against the sandbox and a real Redis."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from wechatpy.exceptions import WeChatClientException

from accounts.ports import CodeRejected, LoginTooFrequent, LoginUnavailable, PersonBlocked
from integrations.wechat.background import BackgroundClient
from integrations.wechat.login import MiniProgramClient
from integrations.wechat.token import TokenKeys, TokenUnavailable
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox
from tests.servers import free_port


@pytest_asyncio.fixture
async def client(wechat: Sandbox, redis_url: str) -> AsyncIterator[MiniProgramClient]:
    wechat.control("DELETE", "/faults")
    redis: Redis = Redis.from_url(redis_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield MiniProgramClient(APPID, APP_SECRET, wechat.base, http, redis)
    await redis.aclose()


def code(wechat: Sandbox, openid: str, kind: str = "login") -> str:
    return str(wechat.control("POST", f"/{kind}-codes", openid=openid)["code"])


def token_calls(wechat: Sandbox) -> int:
    return len(wechat.requests("token.stable"))


async def test_a_login_code_gives_the_person_once(wechat: Sandbox, client: MiniProgramClient) -> None:
    openid = wechat.person()
    login_code = code(wechat, openid)
    identity = await client.exchange_login_code(login_code)
    assert identity.openid == openid
    with pytest.raises(CodeRejected) as refused:
        await client.exchange_login_code(login_code)
    assert refused.value.facts == {"wechat_errcode": 40163}


@pytest.mark.parametrize("junk", ["", "unknown", "x" * 300, "码", "a\nb"])
async def test_junk_is_no_code(client: MiniProgramClient, junk: str) -> None:
    with pytest.raises(CodeRejected):
        await client.exchange_login_code(junk)


async def test_a_blocked_person_and_a_wrong_secret_are_told_apart(wechat: Sandbox, client: MiniProgramClient) -> None:
    blocked = wechat.control("POST", "/people", is_high_risk=True)["people"][0]["openid"]
    with pytest.raises(PersonBlocked):
        await client.exchange_login_code(code(wechat, blocked))
    with pytest.raises(LoginUnavailable) as refused:
        await replace(client, secret="f" * 32).exchange_login_code(code(wechat, wechat.person()))
    assert refused.value.facts == {"wechat_errcode": 40125}
    assert "f" * 32 not in repr(replace(client, secret="f" * 32))


async def test_too_many_logins_are_told_so(wechat: Sandbox, client: MiniProgramClient) -> None:
    openid = wechat.person()
    wechat.control("PATCH", "/settings", login_limit_per_minute=2)
    answers = [await client.exchange_login_code(code(wechat, openid)) for _ in range(2)]
    assert {a.openid for a in answers} == {openid}
    third = code(wechat, openid)
    with pytest.raises(LoginTooFrequent):
        await client.exchange_login_code(third)
    wechat.control("PATCH", "/settings", login_limit_per_minute=100000)


async def test_a_phone_code_gives_the_number_with_its_country(wechat: Sandbox, client: MiniProgramClient) -> None:
    person = wechat.control("POST", "/people", phone="10012345678")["people"][0]["openid"]
    phone_code = code(wechat, person, "phone")
    assert await client.exchange_phone_code(phone_code, person) == "+8610012345678"
    with pytest.raises(CodeRejected):
        await client.exchange_phone_code(phone_code, person)
    another = code(wechat, wechat.person(), "phone")
    with pytest.raises(CodeRejected):
        await client.exchange_phone_code(another, person)


async def test_a_killed_token_is_replaced_once_and_the_call_repeated(
    wechat: Sandbox, client: MiniProgramClient
) -> None:
    await client.token.get()
    before = token_calls(wechat)
    wechat.control("POST", "/tokens/spoilings", state="killed")
    people = [wechat.person() for _ in range(8)]
    phones = await asyncio.gather(*(client.exchange_phone_code(code(wechat, p, "phone"), p) for p in people))
    assert len(phones) == 8
    assert token_calls(wechat) - before == 1


async def test_the_token_key_holds_the_appid_and_leaves_before_its_end(client: MiniProgramClient) -> None:
    token = await client.token.get()
    assert await client.redis.get(f"wechat:{APPID}:access_token") == token.encode()
    assert 6000 < await client.redis.ttl(TokenKeys.of(APPID).token) <= 6900
    assert await client.redis.exists(TokenKeys.of(APPID).lock) == 0


async def test_without_redis_a_person_can_still_log_in(wechat: Sandbox, client: MiniProgramClient) -> None:
    dead: Redis = Redis.from_url(f"redis://127.0.0.1:{free_port()}/0")
    person = wechat.control("POST", "/people", phone="10099998888")["people"][0]["openid"]
    answer = await replace(client, redis=dead).exchange_phone_code(code(wechat, person, "phone"), person)
    assert answer == "+8610099998888"
    await dead.aclose()


async def test_a_holder_that_died_frees_the_lock_by_time(client: MiniProgramClient) -> None:
    await client.redis.set(TokenKeys.of(APPID).lock, "somebody who died", px=400)
    assert await client.token.get()


async def test_wechat_that_does_not_answer_is_unavailable(client: MiniProgramClient) -> None:
    silent = replace(client, base=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(LoginUnavailable) as refused:
        await silent.exchange_login_code("code")
    assert APP_SECRET not in str(refused.value) + repr(refused.value.__cause__)
    with pytest.raises(TokenUnavailable):
        await silent.token.get()


def _get_in_process(base: str, secret: str, redis_url: str, start: Any, answers: Any) -> None:
    client = BackgroundClient(APPID, secret, base=base, redis=BlockingRedis.from_url(redis_url))
    start.wait(40)
    answers.put(client.access_token)


def test_r20_eight_processes_refresh_once(wechat: Sandbox, redis_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(8), context.Queue()
    given = (wechat.base, APP_SECRET, redis_url, start, answers)
    workers = [context.Process(target=_get_in_process, args=given) for _ in range(8)]
    before = token_calls(wechat)
    for worker in workers:
        worker.start()
    tokens = {answers.get(timeout=40) for _ in workers}
    for worker in workers:
        worker.join(10)
    assert len(tokens) == 1
    assert token_calls(wechat) - before == 1


def in_background(wechat: Sandbox, redis_url: str) -> BackgroundClient:
    redis = BlockingRedis.from_url(redis_url)
    return BackgroundClient(APPID, APP_SECRET, base=wechat.base, redis=redis)


async def test_r20_celery_and_the_loop_hold_one_token(
    wechat: Sandbox, client: MiniProgramClient, redis_url: str
) -> None:
    background = in_background(wechat, redis_url)
    before = token_calls(wechat)
    token = await client.token.get()
    assert await asyncio.to_thread(lambda: background.access_token) == token
    assert token_calls(wechat) - before == 1
    with pytest.raises(TokenUnavailable):
        background.fetch_access_token()


async def test_wechatpys_own_modules_reach_the_configured_base_with_a_fresh_token(
    wechat: Sandbox, client: MiniProgramClient, redis_url: str
) -> None:
    background = in_background(wechat, redis_url)
    await client.token.get()
    wechat.control("POST", "/tokens/spoilings", state="expired")
    openid = wechat.person()
    body = {"content": "好茶", "version": 2, "scene": 2, "openid": openid}

    def call() -> Any:
        return background.post("https://api.weixin.qq.com/wxa/msg_sec_check", data=body)

    with pytest.raises(WeChatClientException) as refused:
        await asyncio.to_thread(call)
    assert refused.value.errcode == 61010, "the person has not opened the mini-program"
    await client.exchange_login_code(code(wechat, openid))
    assert (await asyncio.to_thread(call))["result"]["suggest"] == "pass"
    with pytest.raises(ValueError, match="own host"):
        background.get("https://example.com/steal")
