"""The feed's sockets against the running API: what is too big, too much, dead or foreign goes, and the rest stays."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import pytest
from tortoise.context import TortoiseContext
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api_kit.sockets import OriginForeign, Socket
from miniapp_api.live.endpoints import Heard
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.doors.belongings import Belongings, Owner
from tests.doors.house import House, start_house
from tests.doors.problems import check_problem
from tests.live.good_requests import on_air

SOCKETS = 4


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An API that holds few sockets and asks every second whether they live."""
    name = asyncio.run(databases.create())
    running = start_house(
        tmp_path_factory.mktemp("sockets"), databases.url(name), FEED_SOCKETS=str(SOCKETS), FEED_PING_S="1",
        FEED_PONG_S="1",
    )  # fmt: skip
    yield running
    running.stop()
    asyncio.run(databases.drop(name))


@pytest.fixture
async def owner(house: House) -> AsyncIterator[Owner]:
    async with (
        TortoiseContext() as context,
        httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http,
    ):
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        yield Owner(house, http, Belongings())
        await context.close_connections()


def feed(owner: Owner, number: str, query: str = "", **more: Any) -> connect:
    base = owner.house.base.replace("http://", "ws://")
    return connect(f"{base}/v1/miniapp/live/sessions/{number}/feed{query}", proxy=None, **more)


async def seated(owner: Owner, number: str) -> ClientConnection:
    """A socket that has been told the room, however long others take to be gone."""
    async with asyncio.timeout(15):
        while True:
            ws = await feed(owner, number)
            try:
                assert json.loads(await ws.recv())["type"] == "snapshot"
                return ws
            except ConnectionClosed:
                await asyncio.sleep(0.2)


async def code_of(ws: ClientConnection) -> tuple[int | None, str]:
    """How the other side ended it."""
    async with asyncio.timeout(15):
        with contextlib.suppress(ConnectionClosed):
            async for _ in ws:
                pass
        await ws.wait_closed()
    return ws.close_code, ws.close_reason or ""


async def test_a_frame_that_is_too_big_ends_its_socket_alone(owner: Owner) -> None:
    number, _ = await on_air(owner)
    async with feed(owner, number) as big, feed(owner, number) as other:
        await big.send("x" * 5000)
        assert (await code_of(big))[0] == 1009
        assert json.loads(await other.recv())["type"] == "snapshot"
        await other.ping()


async def test_a_flood_ends_its_socket_alone_and_nonsense_is_ignored(owner: Owner) -> None:
    number, _ = await on_air(owner)
    async with feed(owner, number) as flooding, feed(owner, number) as other:
        for said in ("", "{", "[]", '{"likes": 0}', '{"likes": 1e9}', '{"likes": 1, "more": 1}', b"\xff\xfe"):
            await other.send(said)
        assert json.loads(await other.recv())["type"] == "snapshot"
        for _ in range(61):
            await flooding.send('{"likes": 1}')
        assert await code_of(flooding) == (1008, "flood")
        await asyncio.wait_for(await other.ping(), 5)


async def test_who_does_not_answer_pings_is_gone(owner: Owner) -> None:
    number, _ = await on_air(owner)
    base = httpx.URL(owner.house.base)
    reader, writer = await asyncio.open_connection(base.host, base.port)
    key = "AAAAAAAAAAAAAAAAAAAAAA=="
    writer.write(
        f"GET /v1/miniapp/live/sessions/{number}/feed HTTP/1.1\r\nHost: {base.host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    async with asyncio.timeout(20):
        while await reader.read(65536):
            pass
    writer.close()


async def test_no_more_sockets_than_one_process_may_hold(owner: Owner) -> None:
    """A client is told when to come again, at different times, and gets in when there is room."""
    number, _ = await on_air(owner)
    held = [await seated(owner, number) for _ in range(SOCKETS)]
    async with feed(owner, number) as refused:
        code, reason = await code_of(refused)
    assert code == 1013
    assert reason.startswith("retry-after=")
    assert 1 <= int(reason.partition("=")[2]) <= 5
    await held.pop().close()
    held.append(await seated(owner, number))
    for ws in held:
        await ws.close()


@pytest.mark.parametrize("more", [{}, {"X-Forwarded-Host": "shop.example"}], ids=["unread", "by the route"])
async def test_a_foreign_page_opens_no_socket(owner: Owner, more: dict[str, str]) -> None:
    """It is refused before a handshake, which is before anything is parsed unless a proxy says the host, both times by
    the same document in the page's language; a page of our own is let in. Fails when either of the two looks is left
    out, and when the answer has no body: tried.
    """
    number, _ = await on_air(owner)
    unread = await counted(owner, "sockets_foreign_total")
    titles, ids = [], set()
    for language in ("en-GB,en", "zh-CN"):
        told = more | {"Accept-Language": language}
        with pytest.raises(InvalidStatus) as refused:
            async with feed(owner, number, origin="https://evil.example", additional_headers=told):
                pass
        answer = refused.value.response
        assert answer.status_code == 403
        said = check_problem(
            httpx.Response(403, headers=[*answer.headers.raw_items()], content=bytes(answer.body or b"")),
            403,
            "origin_foreign",
        )
        assert answer.headers["x-request-id"] == said["request_id"]
        titles.append((said["title"], answer.headers["content-language"]))
        ids.add(said["request_id"])
    assert titles == [(OriginForeign.title_en, "en"), (OriginForeign.title, "zh-CN")]
    assert len(ids) == 2
    assert await counted(owner, "sockets_foreign_total") - unread == 2 * (not more)
    async with feed(owner, number, origin=owner.house.base, additional_headers=more) as ours:
        assert json.loads(await ours.recv())["type"] == "snapshot"


async def counted(owner: Owner, name: str) -> float:
    """What a metric of the API says."""
    told = (await owner.http.get("/metrics")).text
    return float(next(line.split()[1] for line in told.splitlines() if line.startswith(f"{name} ")))


def asking(number: str, *lines: str) -> bytes:
    """The head of a request for a socket, as it travels."""
    head = f"GET /v1/miniapp/live/sessions/{number}/feed HTTP/1.1\r\nHost: x\r\n"
    return (head + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


UPGRADE = "Upgrade: websocket", "Connection: keep-alive, Upgrade"
HANDSHAKE = *UPGRADE, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (HANDSHAKE, 101), (("Connection: close",), 426), (("Upgrade: websocket", *HANDSHAKE[2:]), 426), (UPGRADE, 400),
        ((*HANDSHAKE[:3], "Sec-WebSocket-Version: 8"), 400), ((*UPGRADE, "Sec-WebSocket-Key: AAAA", HANDSHAKE[3]), 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("cut", [None, 9, 60, -2])
async def test_a_handshake_is_one_or_is_refused_however_it_comes(
    owner: Owner, lines: tuple[str, ...], status: int, cut: int | None
) -> None:
    """Whole, or in two pieces."""
    head = asking((await on_air(owner))[0], *lines)
    base = httpx.URL(owner.house.base)
    reader, writer = await asyncio.open_connection(base.host, base.port)
    for piece in [head] if cut is None else [head[:cut], head[cut:]]:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05)
    async with asyncio.timeout(20):
        assert int((await reader.readline()).split()[1]) == status
    writer.transport.abort()


async def test_a_frame_behind_the_head_is_read(owner: Owner) -> None:
    """It comes in one piece with the handshake. Fails when what Sanic has not parsed is forgotten: tried."""
    number, _ = await on_air(owner)
    base = httpx.URL(owner.house.base)
    reader, writer = await asyncio.open_connection(base.host, base.port)
    writer.write(asking(number, *HANDSHAKE) + b"\x89\x82\0\0\0\0hi")
    async with asyncio.timeout(20):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await reader.readexactly(4) == b"\x8a\x02hi"
    writer.transport.abort()


async def test_a_flood_of_pings_ends_its_socket_too(owner: Owner) -> None:
    """Of all kinds of frames together a socket takes 120 a minute. Fails when pings are not counted: tried."""
    number, _ = await on_air(owner)
    async with feed(owner, number) as flooding:
        with contextlib.suppress(ConnectionClosed):
            for n in range(121):
                await flooding.ping(str(n))
        assert await code_of(flooding) == (1008, "flood")


async def test_likes_that_come_before_there_is_a_place_are_counted() -> None:
    heard, counted = Heard(cast(Socket, None)), list[int]()
    for likes in (3, 4):
        heard.hear(b'{"likes": %d}' % likes)
    heard.begin(counted.append)
    heard.hear(b'{"likes": 2}')
    assert counted == [7, 2]


async def test_likes_and_a_ban_over_the_wire(owner: Owner) -> None:
    """A viewer who is logged in likes, is banned for a message, loses the socket and gets no pictures any more."""
    number, _ = await on_air(owner)
    path = f"/v1/miniapp/live/sessions/{number}"
    room = await owner.ask("consumer", "GET", path)
    assert room["playback"] is not None
    said = await owner.ask("consumer", "POST", f"{path}/messages", {"text": "示例辱骂", "client_key": "a"})
    query = f"?viewer_pass={room['viewer_pass']}"
    async with feed(owner, number, query) as viewer, feed(owner, number) as other:
        await viewer.send('{"likes": 7}')
        likes = 0
        async with asyncio.timeout(10):
            while likes != 7:
                likes = (json.loads(await other.recv()).get("state") or {}).get("likes", likes)
        ban = f"/v1/console/live/sessions/{number}/chat/{said['offset']}/ban"
        await owner.ask("host", "PUT", ban, {"reason": "辱骂他人"})
        assert await code_of(viewer) == (4410, "banned")
        async with feed(owner, number, query) as again:
            assert await code_of(again) == (4410, "banned")
    assert (await owner.ask("consumer", "GET", path))["playback"] is None
    assert (await owner.ask("consumer_two", "GET", path))["playback"] is not None
    log = (await owner.ask("auditor", "GET", f"/v1/console/live/sessions/{number}/moderation-log"))["steps"]
    assert [(step["act"], step["reason"]) for step in log] == [("ban", "辱骂他人")]
