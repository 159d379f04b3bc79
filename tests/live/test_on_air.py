"""A host on air through the real media server, two API processes, the relay and the supervisor.

One broadcast is followed from the plan to the replay; each test looks at one part of what it left behind.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from tortoise.context import TortoiseContext
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from accounts.models import ConsumerAccount
from accounts.passwords import Passwords
from accounts.roles import Role
from accounts.service import Sessions as AccountSessions
from accounts.staff import GrantedRole, StaffAccounts, StaffLogin
from integrations.media_server.remux import FfmpegRemuxer
from integrations.media_server.taps import FfmpegTap
from kit.clock import utc_now
from kit.database import row, scalar
from kit.numbers import opaque_id
from kit.qr_codes import qr_code
from live.media.flv import FlvReader
from live.media.keys import LiveKeys
from live.media.vitals import Limits, Meter, WarningKind
from live.replays.jobs import Archive, make_archive_file
from scripts.local_stack.probes import answers_http
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment
from scripts.local_stack.stack import LocalStack
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.live.pictures import FFMPEG, decoded_pictures, make_flv, run_ffmpeg
from tests.live.rooms import House
from tests.live.waiting import until
from tests.products.shelf import approved_merchant, listed_product
from tests.servers import free_port, owner_url

PROCESSES = ("redis", "nginx", "api", "flv-relay", "live-supervisor")
CONSOLE, MINIAPP = "/v1/console/live/sessions", "/v1/miniapp/live/sessions"


class Centre:
    """The running system, one host, one viewer and one product on sale."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.second_port = free_port()
        given = {"DATABASE_URL": database_url, "MIGRATE_DATABASE_URL": owner_url(database_url)}
        self.stack = LocalStack(folder / "state", PROCESSES, given=given, usual_ports=False)
        self.source = make_flv(folder / "source.flv", 6)
        self.pushers: list[subprocess.Popen[bytes]] = []
        self.clients: list[httpx.AsyncClient] = []
        self.second: subprocess.Popen[bytes] | None = None

    async def open(self) -> None:
        """Start everything, then a second API process beside the first."""
        await asyncio.to_thread(self.stack.start)
        self.start_second()
        async with self.database():
            self.merchant = await approved_merchant()
            _, [self.sku] = await listed_product(self.merchant, stock=40)
            made = StaffAccounts(Passwords())
            roles = {"host-one": Role.HOST, "host-two": Role.HOST, "officer": Role.COUNTY_OFFICER}
            for login, role in roles.items():
                await made.create(login, "主播", "correct horse battery", (GrantedRole(role),), "staff:test")
            staff = StaffLogin(Passwords(), AccountSessions())
            opened = [await staff.log_in(name, "correct horse battery", "127.0.0.1") for name in roles]
            now = utc_now()
            consumer = await ConsumerAccount.create(
                number="C20260101TESTVIEW1", appid="wx0", openid="o-test", created_at=now, last_login_at=now
            )
            viewer = await AccountSessions().open_for_consumer(consumer.id)
        self.host, self.other_host, self.officer = (self.client(o.opened.token) for o in opened)
        self.viewer, self.anonymous = self.client(viewer.token), self.client(None)
        await until(lambda: asyncio.to_thread(answers_http, self.second_port, "/health/ready"), 20)

    def start_second(self) -> None:
        """Another API process on the same database and the same Redis."""
        self.second = self.start("server.app", API_PORT=str(self.second_port))

    def start(self, module: str, **given: str) -> subprocess.Popen[bytes]:
        """One more process of the system."""
        return subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env={**plain_environment(), **self.stack.environment, **given},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def client(self, token: str | None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = self.stack.environment["PUBLIC_BASE_URL"]
        self.clients.append(httpx.AsyncClient(base_url=base, headers=headers, trust_env=False))
        return self.clients[-1]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[None]:
        async with TortoiseContext() as context:
            url = self.stack.environment["DATABASE_URL"]
            await context.init(config=tortoise_config(DatabaseSettings(url=url, pool_max=2)))
            yield
            await context.close_connections()

    def push(self, url: str, source: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a publisher."""
        pusher = subprocess.Popen(
            [FFMPEG, "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(source or self.source),
             "-c", "copy", "-f", "flv", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.pushers.append(pusher)
        return pusher

    async def refused(self, url: str) -> bool:
        """Whether a publisher is turned away."""
        return await asyncio.to_thread(self.push(url).wait, 15) != 0

    async def accepts_again(self, url: str) -> bool:
        """Whether a publisher who tries again, as OBS does, is still there after two seconds."""
        pusher = self.push(url)
        try:
            await asyncio.to_thread(pusher.wait, 2)
        except subprocess.TimeoutExpired:
            return True
        return False

    async def answers(self, url: str) -> bool:
        """Whether there is something at an address."""
        return (await self.anonymous.get(url)).status_code == 200

    async def room(self, number: str) -> dict[str, Any]:
        answer = await self.anonymous.get(f"{MINIAPP}/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, number: str, state: str, seconds: float = 60) -> dict[str, Any]:
        async def is_there() -> bool:
            return bool((await self.room(number))["state"] == state)

        await until(is_there, seconds)
        return await self.room(number)

    async def scheduled(self) -> str:
        plan = {"title": "红糖专场", "merchant": self.merchant, "planned_at": utc_now().isoformat()}
        answer = await self.host.post(CONSOLE, json=plan, headers={"idempotency-key": opaque_id()})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    async def address(self, number: str) -> dict[str, Any]:
        answer = await self.host.post(f"{CONSOLE}/{number}/push-address")
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def feed(self, number: str, port: int, query: str = "", **options: Any) -> Any:
        return connect(f"ws://127.0.0.1:{port}{MINIAPP}/{number}/feed{query}", proxy=None, **options)

    async def close(self) -> None:
        for pusher in self.pushers:
            pusher.kill()
            pusher.wait()
        for client in self.clients:
            await client.aclose()
        if self.second is not None:
            self.second.terminate()
            self.second.wait(20)
        await asyncio.to_thread(self.stack.destroy)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> AsyncIterator[Centre]:
    """The system of this module."""
    name = await databases.create()
    made = Centre(tmp_path_factory.mktemp("centre"), databases.url(name))
    try:
        await made.open()
        yield made
    finally:
        await made.close()
        await databases.drop(name)


class Watching:
    """A viewer's socket and what it showed."""

    def __init__(self) -> None:
        self.epoch, self.offset = "", -1
        self.kinds: dict[int, str] = {}
        self.state: dict[str, Any] = {}

    async def read(self, socket: Any, seconds: float = 30) -> None:
        """Take one frame."""
        frame = msgspec.json.decode(await asyncio.wait_for(socket.recv(), seconds))
        if frame["type"] == "frame":
            assert frame["from"] == self.offset
        for message in frame.get("messages", []):
            assert message["offset"] not in self.kinds
            self.kinds[message["offset"]] = message["kind"]
        self.epoch, self.offset = frame["epoch"], frame.get("to", frame.get("offset"))
        self.state = frame.get("state") or self.state

    async def read_on(self, socket: Any) -> None:
        """Take frames until the socket closes."""
        while True:
            await self.read(socket)


async def test_a_broadcast_from_plan_to_replay(centre: Centre) -> None:
    number = await centre.scheduled()
    assert (await centre.other_host.get(f"{CONSOLE}/{number}")).status_code == 404
    assert (await centre.room(number))["playback"] is None
    address = await centre.address(number)
    assert address["url"] == f"{address['server']}/{address['key']}"
    await wrong_keys_are_refused(centre, number, address["url"])
    pusher = centre.push(address["url"])
    room = await centre.until(number, "live")
    assert await centre.refused(address["url"]), "a second publisher on a key in use"
    assert pusher.poll() is None
    plan = room["playback"]
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    counted = await asyncio.gather(
        asyncio.to_thread(decoded_pictures, plan["flv_url"], 2),
        asyncio.to_thread(decoded_pictures, plan["hls_url"], 2, "-live_start_index", "-2"),
    )
    assert min(counted) >= 40, counted
    for forged in (plan["flv_url"][:-1] + "x", plan["hls_url"].replace("/hls/1", "/hls/2")):
        assert (await centre.anonymous.get(forged)).status_code == 403
    await viewers_follow_and_resume(centre, number)
    await the_host_is_away_for_a_moment(centre, number, pusher, address["url"])
    assert (await centre.host.post(f"{CONSOLE}/{number}/ending")).json()["state"] == "ended"
    await until(lambda: centre.pushers[-1].poll() is not None, 30)
    room = await centre.until(number, "replay_ready")
    assert await centre.refused(address["url"]), "a key of an ended session"
    await the_replay_is_whole(centre, number, plan["hls_url"], room)


async def wrong_keys_are_refused(centre: Centre, number: str, url: str) -> None:
    """A forged and an expired key; the session has seen nothing of it."""
    stream, nonce = url.split("/")[-1].partition("?")[0], url.partition("&n=")[2].partition("&")[0]
    keys = LiveKeys(centre.stack.environment["SECRET_KEY"], "")
    expired = keys.push_key(stream, nonce, utc_now() - timedelta(seconds=1))
    for wrong in (url[:-1] + ("0" if url[-1] != "0" else "1"), url.partition("?")[0] + "?" + expired.query):
        assert await centre.refused(wrong)
    polluted = url + "&name=other&clientid=7"
    assert await centre.refused(polluted)
    assert (await centre.room(number))["state"] == "ready"


async def viewers_follow_and_resume(centre: Centre, number: str) -> None:
    """Two viewers at two API processes; one drops its socket, both see the same record."""
    steady, moving = Watching(), Watching()
    ports = (centre.stack.ports["api"], centre.second_port)
    async with centre.feed(number, ports[0]) as one:
        await steady.read(one)
        async with centre.feed(number, ports[1]) as two:
            await moving.read(two)
        put = await centre.host.put(f"{CONSOLE}/{number}/shelf/{centre.sku}")
        assert put.status_code == 200, put.text
        pinned = await centre.host.put(f"{CONSOLE}/{number}/pin", json={"sku": centre.sku})
        assert pinned.json()["pinned"] == centre.sku
        said = [
            await centre.viewer.post(f"{MINIAPP}/{number}/messages", json={"text": "甜不甜？", "client_key": key})
            for key in ("a", "b", "b")
        ]
        assert [a.status_code for a in said] == [201, 201, 201]
        assert (await centre.anonymous.post(f"{MINIAPP}/{number}/messages", json={})).status_code == 401
        last = said[-1].json()["offset"]
        async with centre.feed(number, ports[1], f"?epoch={moving.epoch}&offset={moving.offset}") as two:
            while steady.offset < last or moving.offset < last:
                if steady.offset < last:
                    await steady.read(one)
                if moving.offset < last:
                    await moving.read(two)
            while steady.state["viewers"] != 2 or steady.state["pinned"] != centre.sku:
                await steady.read(one)
    assert steady.kinds == moving.kinds
    assert [kind for _, kind in sorted(steady.kinds.items())][-4:] == ["shelf", "pin", "chat", "chat"]
    assert steady.state["shelf"][0]["stock"] == 40
    room = await centre.room(number)
    assert (room["pinned"], room["shelf"][0]["price_fen"]) == (centre.sku, 3990)
    assert (await centre.host.delete(f"{CONSOLE}/{number}/pin")).status_code == 204


async def the_host_is_away_for_a_moment(centre: Centre, number: str, pusher: subprocess.Popen[bytes], url: str) -> None:
    """The same session goes on, and so does a player that never closed its connection."""
    flv = (await centre.room(number))["playback"]["flv_url"]
    player = asyncio.create_task(asyncio.to_thread(decoded_pictures, flv, 5))
    await asyncio.sleep(1.5)
    pusher.kill()
    await centre.until(number, "interrupted")
    await asyncio.sleep(1)
    assert not player.done()
    centre.push(url)
    await centre.until(number, "live")
    assert await player >= 100


async def the_replay_is_whole(centre: Centre, number: str, hls_url: str, room: dict[str, Any]) -> None:
    """The address of the broadcast plays both publishes; the pin is a chapter; one file is made of it."""
    text = (await centre.anonymous.get(hls_url)).text
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert text.count("#EXT-X-DISCONTINUITY") == 1
    assert room["playback"]["flv_url"] is None
    pictures = await asyncio.to_thread(decoded_pictures, hls_url, 600, timeout_s=60)
    async with centre.database():
        kept = await row("SELECT duration_ms, segments FROM live_recording")
        assert kept is not None
        assert kept["segments"] == text.count("#EXTINF")
        assert pictures == pytest.approx(kept["duration_ms"] / 40, abs=3)
        media = Path(centre.stack.environment["MEDIA_DIR"])
        archive = Archive(media / "hls", media / "archive", FfmpegRemuxer(FFMPEG))
        assert await make_archive_file(archive) == 1
        assert await make_archive_file(archive) == 0
        assert (
            await scalar("SELECT file_bytes FROM live_recording")
            == (media / "archive" / f"{number}.mp4").stat().st_size
        )
    assert decoded_pictures(media / "archive" / f"{number}.mp4", 600) == pictures
    [chapter] = room["chapters"]
    assert chapter["code"] == centre.sku
    assert 0 < chapter["offset_ms"] < chapter["end_offset_ms"] <= kept["duration_ms"]


async def test_a_callback_is_heard_only_from_the_media_server(centre: Centre) -> None:
    number = await centre.scheduled()
    address = await centre.address(number)
    stream, _, query = address["key"].partition("?")
    form = f"app=live&flashver=F&addr=127.0.0.1&clientid=1&call=publish&name={stream}&type=live&{query}"
    secret = centre.stack.environment["MEDIA_CALLBACK_SECRET"]
    headers = {"content-type": "application/x-www-form-urlencoded"}

    async def call(path: str, body: str) -> int:
        answer = await centre.anonymous.post(f"/v1/webhook/media/{path}", content=body, headers=headers)
        if answer.status_code != 204:
            assert answer.headers["content-type"].startswith("application/problem+json")
        return answer.status_code

    for path, body in (
        ("publish", form),
        ("publish?secret=wrong", form),
        (f"publish?secret={secret}", form + "&addr=10.0.0.1"),
        (f"publish?secret={secret}", form.replace("call=publish", "call=play")),
        (f"publish?secret={secret}", form.replace("app=live", "app=other")),
        (f"publish?secret={secret}", ""),
        (f"publish?secret={secret}", "&".join(f"x{n}=1" for n in range(500))),
        ("publish-done?secret=wrong", form),
    ):
        assert await call(path, body) == 403, (path, body[:40])
    assert await call(f"publish?secret={secret}", "x" * 20_000) == 413
    assert (await centre.room(number))["state"] == "ready"
    assert await call(f"publish?secret={secret}", form) == 204
    assert (await centre.room(number))["state"] == "live"
    # Nobody publishes: the supervisor finds out although no callback ever says so.
    await centre.until(number, "interrupted", 12)


async def test_a_socket_of_a_foreign_page_or_to_no_room_is_closed(centre: Centre) -> None:
    number = await centre.scheduled()
    port = centre.stack.ports["api"]
    for code, target, query, origin in (
        (4403, number, "", "https://evil.example"),
        (4404, "L20260101NOSUCH0001", "", None),
    ):
        with pytest.raises(ConnectionClosed) as closed:
            async with centre.feed(target, port, query, origin=origin) as socket:
                await asyncio.wait_for(socket.recv(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
    for query in ("?offset=minus", "?offset=-1", "?place=1", "?offset=1&offset=2"):
        with pytest.raises(WebSocketException):
            async with centre.feed(number, port, query) as socket:
                await asyncio.wait_for(socket.recv(), 5)
    async with centre.feed(number, port, origin="https://servicewechat.com") as socket:
        watching = Watching()
        await watching.read(socket)
        assert watching.state["state"] == "scheduled"


async def test_an_api_process_that_stops_lets_its_viewers_go_at_once(centre: Centre) -> None:
    number = await centre.scheduled()
    async with centre.feed(number, centre.second_port) as socket:
        watching = Watching()
        await watching.read(socket)
        assert centre.second is not None
        centre.second.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            await watching.read_on(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    await asyncio.to_thread(centre.second.wait, 20)
    query = f"?epoch={watching.epoch}&offset={watching.offset}"
    async with centre.feed(number, centre.stack.ports["api"], query) as socket:
        await watching.read(socket)
    centre.start_second()
    await until(lambda: asyncio.to_thread(answers_http, centre.second_port, "/health/ready"), 20)


class Player:
    """A viewer of a relay who counts what arrives until the relay hangs up."""

    def __init__(self) -> None:
        self.bytes, self.over = 0, False

    async def watch(self, client: httpx.AsyncClient, url: str) -> None:
        with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
            async with client.stream("GET", url, timeout=30) as answer:
                assert answer.status_code == 200
                async for piece in answer.aiter_raw():
                    self.bytes += len(piece)
        self.over = True


@asynccontextmanager
async def second_relay(centre: Centre) -> AsyncIterator[str]:
    """Another relay process; answers the start of its addresses."""
    port = free_port()
    relay = centre.start("server.flv_relay", FLV_PORT=str(port))
    try:
        await until(lambda: asyncio.to_thread(answers_http, port, "/health/ready"), 20)
        yield f"http://127.0.0.1:{port}/"
    finally:
        relay.terminate()
        relay.wait(20)


async def test_a_ban_cuts_push_and_play_at_once_and_keeps_the_evidence(centre: Centre) -> None:
    """By an officer's request; then by a commit after which its process dies, so that the supervisor alone can act.

    Fails when the relay does not ask who is barred, when nginx does not, and when the supervisor does not: tried.
    """
    async with second_relay(centre) as second:
        for dies in (False, True):
            await _one_ban(centre, second, dies)


async def _one_ban(centre: Centre, second: str, dies: bool) -> None:
    number = await centre.scheduled()
    address = await centre.address(number)
    pusher, stream = centre.push(address["url"]), address["key"].partition("?")[0]
    plan = (await centre.until(number, "live"))["playback"]
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    playlist = (await centre.anonymous.get(plan["hls_url"])).text.splitlines()
    segment = plan["hls_url"].replace("index.m3u8", next(line for line in playlist if line.endswith(".ts")))
    assert await centre.answers(segment)
    flv = [plan["flv_url"], second + plan["flv_url"].split("/", 3)[3]]
    players = [Player() for _ in flv]
    async with asyncio.TaskGroup() as watching:
        for player, url in zip(players, flv, strict=True):
            watching.create_task(player.watch(centre.anonymous, url))
        await until(lambda: all(player.bytes > 100_000 for player in players), 30)
        await _cut(centre, number, dies)
        await until(lambda: all(player.over for player in players), 20)
    seen = [player.bytes for player in players]
    await until(lambda: pusher.poll() is not None, 20)
    for url in (plan["hls_url"], segment, *flv):
        assert (await centre.anonymous.get(url)).status_code == 403, url
    folder = Path(centre.stack.environment["MEDIA_DIR"]) / "hls" / stream
    kept = sorted(folder.glob("*.ts"))
    assert await centre.refused(address["url"]), "the key is dead"
    again = await centre.host.post(f"{CONSOLE}/{number}/push-address")
    assert (again.status_code, again.json()["code"]) == (409, "live_session_state")
    assert sorted(folder.glob("*.ts")) == kept
    assert [player.bytes for player in players] == seen
    room = await centre.room(number)
    assert (room["state"], room["playback"]) == ("banned", None)
    listed = await centre.anonymous.get(MINIAPP)
    assert number not in {line["number"] for line in listed.json()["sessions"]}
    async with centre.database():

        async def is_filed() -> bool:
            return bool(await scalar(
                "SELECT 1 FROM live_recording r JOIN live_session s ON s.id = r.session_id"
                " WHERE s.number = $1 AND r.segments > 0", number,
            ))  # fmt: skip

        await until(is_filed, 30)
    told = await centre.host.get(f"{CONSOLE}/{number}/ban")
    assert (told.json()["reason"], told.json()["banned_by"]) == ("示例原因", None)
    assert (await centre.other_host.get(f"{CONSOLE}/{number}/ban")).status_code == 404


async def _cut(centre: Centre, number: str, dies: bool) -> None:
    """An officer's request, or its commit alone."""
    if not dies:
        body = {"reason": "示例原因"}
        assert (await centre.host.put(f"{CONSOLE}/{number}/ban", json=body)).status_code == 403
        cut = await centre.officer.put(f"{CONSOLE}/{number}/ban", json=body)
        assert (cut.status_code, cut.json()["state_before"]) == (200, "live"), cut.text
        return
    async with centre.database():
        # Its media server and its bell are away.
        await House().bans.ban(number, "staff:S20260101TESTOFFICE", "示例原因")


def readers_of(centre: Centre, stream: str) -> tuple[list[int], list[int]]:
    """The processes that read a stream: for the relay, and for the supervisor, which looks at the pictures."""
    source = f"{centre.stack.environment['RTMP_INTERNAL_URL']}/{stream}"
    found = {p.pid: p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])}
    reading = {pid: words for pid, words in found.items() if source in words and "pipe:1" in words}
    return [p for p, words in reading.items() if "-vf" not in words], [p for p in reading if "-vf" in reading[p]]


async def test_what_dies_comes_back_and_never_twice(centre: Centre) -> None:
    """kill -9 of ffmpeg, the relay and the media server while a host is on air."""
    number = await centre.scheduled()
    address = await centre.address(number)
    centre.push(address["url"])
    stream = address["key"].partition("?")[0]
    flv = (await centre.until(number, "live"))["playback"]["flv_url"]

    def pipes() -> list[int]:
        return readers_of(centre, stream)[0]

    assert await asyncio.to_thread(decoded_pictures, flv, 1) >= 20
    [pipe] = pipes()
    os.kill(pipe, signal.SIGKILL)
    assert await asyncio.to_thread(decoded_pictures, flv, 1) >= 20
    [again] = pipes()
    assert again != pipe
    old = centre.stack.kill("flv-relay", signal.SIGKILL)
    await asyncio.to_thread(centre.stack.wait_until_up, "flv-relay", after=old, patience_s=20)
    await until(lambda: asyncio.to_thread(lambda: decoded_pictures(flv, 1) > 0), 15)
    assert len(pipes()) == 1
    assert again not in pipes()
    old = centre.stack.kill("nginx", signal.SIGKILL)
    await asyncio.to_thread(centre.stack.wait_until_up, "nginx", after=old, patience_s=20)
    await until(lambda: centre.accepts_again(address["url"]), 30, 0.5)
    assert await asyncio.to_thread(decoded_pictures, flv, 1) >= 20
    assert (await centre.room(number))["state"] == "live"


async def test_a_host_is_shown_how_the_broadcast_arrives_and_nobody_else(centre: Centre) -> None:
    """Through the real media server; after a kill -9 of the supervisor one ffmpeg listens again."""
    number = await centre.scheduled()
    path = f"{CONSOLE}/{number}/vitals"
    before = (await centre.host.get(path)).json()
    assert (before["is_current"], before["bits_per_s"], before["warnings"]) == (False, None, [])
    address = await centre.address(number)
    assert address["qr_svg"] == qr_code(address["url"], "svg").decode()
    pusher, stream = centre.push(address["url"]), address["key"].partition("?")[0]

    async def is_measured() -> bool:
        told = (await centre.host.get(path)).json()
        return bool(told["is_current"] and told["key_frame_interval_ms"] and told["sound_level_db"])

    await until(is_measured, 30)
    await asyncio.sleep(5)  # the window is full
    told = (await centre.host.get(path)).json()
    assert told["key_frame_interval_ms"] == pytest.approx(1000, abs=50), told
    assert told["frames_per_s"] == pytest.approx(25, abs=3), told
    assert 250_000 < told["bits_per_s"] < 800_000, told
    assert told["sound_level_db"] == pytest.approx(-21, abs=2), told
    assert told["warnings"] == []
    assert (await centre.officer.get(path)).status_code == 200
    assert (await centre.other_host.get(path)).status_code == 404
    assert (await centre.viewer.get(path)).status_code in (401, 403)
    assert "bits_per_s" not in (await centre.anonymous.get(f"{MINIAPP}/{number}")).text
    [tap] = readers_of(centre, stream)[1]
    old = centre.stack.kill("live-supervisor", signal.SIGKILL)
    await asyncio.to_thread(centre.stack.wait_until_up, "live-supervisor", after=old, patience_s=20)
    await until(lambda: len(readers_of(centre, stream)[1]) == 1 and tap not in readers_of(centre, stream)[1], 30)
    await until(is_measured, 30)
    assert len(readers_of(centre, stream)[1]) == 1
    pusher.kill()
    await centre.until(number, "interrupted")
    await until(lambda: readers_of(centre, stream)[1] == [], 20)

    async def is_old() -> bool:
        return not (await centre.host.get(path)).json()["is_current"]

    await until(is_old, 20)


async def test_a_rehearsal_is_seen_by_host_and_county_and_leaves_nothing(centre: Centre) -> None:
    """Then the same key goes on air. Fails when nothing is cleared away, and when the key is let in before: tried."""
    number = await centre.scheduled()
    address = await centre.address(number)
    path, stream = f"{CONSOLE}/{number}/rehearsal", address["key"].partition("?")[0]
    assert (await centre.host.put(path)).json()["state"] == "waiting"
    pusher = centre.push(address["url"])

    async def state() -> str:
        return str((await centre.host.get(path)).json()["state"])

    async def is_in(wanted: str) -> bool:
        return await state() == wanted

    await until(lambda: is_in("publishing"), 20)
    plan = (await centre.officer.get(path)).json()
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    assert await asyncio.to_thread(decoded_pictures, plan["flv_url"], 2) >= 40
    room = await centre.room(number)
    assert (room["state"], room["playback"], room["started_at"]) == ("ready", None, None)
    assert await centre.refused(address["url"]), "a second publisher in a rehearsal"
    for stranger, status in ((centre.other_host, 404), (centre.viewer, 401)):
        assert (await stranger.get(path)).status_code in (status, 403)

    async def is_measured() -> bool:
        told = (await centre.host.get(f"{CONSOLE}/{number}/vitals")).json()
        return bool(told["is_current"] and told["key_frame_interval_ms"])

    await until(is_measured, 30)
    folder = Path(centre.stack.environment["MEDIA_DIR"]) / "hls" / stream
    rehearsed = {path.name for path in folder.glob("*.ts")}
    assert rehearsed
    assert (await centre.host.delete(path)).status_code == 204
    await until(lambda: pusher.poll() is not None, 20)
    assert await state() == "clearing"
    assert await centre.refused(address["url"]), "a key before all is cleared away"
    await until(lambda: is_in("none"), 20)
    assert not folder.exists()
    centre.push(address["url"])
    plan = (await centre.until(number, "live"))["playback"]
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    shown = set((await centre.anonymous.get(plan["hls_url"])).text.splitlines())
    assert not shown & rehearsed
    assert (await centre.host.post(f"{CONSOLE}/{number}/ending")).json()["state"] == "ended"
    await centre.until(number, "replay_ready")
    assert not {path.name for path in folder.glob("*.ts")} & rehearsed


async def test_the_detectors_find_silence_black_and_a_still_picture(centre: Centre, tmp_path: Path) -> None:
    """Four seconds of pictures and a tone, eight of black without a sound, again and again."""
    broken = tmp_path / "broken.flv"
    done = run_ffmpeg(
        "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=440", "-t", "12",
        "-vf", "drawbox=enable='gte(t,4)':color=black:t=fill", "-af", "volume=enable='gte(t,4)':volume=0",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", "-f", "flv",
        broken,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number = await centre.scheduled()
    address = await centre.address(number)
    centre.push(address["url"], broken)
    await centre.until(number, "live")
    limits = Limits(silent_s=3, frozen_s=3, black_s=2)
    loop = asyncio.get_running_loop()
    meter, heard = Meter(loop.time(), limits), set[str]()

    def hear(name: str, value: str) -> None:
        heard.add(name)
        meter.hear(name, value, loop.time())

    tap = FfmpegTap(FFMPEG, centre.stack.environment["RTMP_INTERNAL_URL"])
    wanted = {WarningKind.SILENT, WarningKind.BLACK, WarningKind.FROZEN}
    seen, cleared = set[WarningKind](), False
    reader = FlvReader()
    found = tap.read(address["key"].partition("?")[0], limits, hear)
    async with asyncio.timeout(60), contextlib.aclosing(found) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            for tag in reader.feed(piece):
                meter.take(tag, loop.time())
            now = meter.reading(loop.time()).warnings
            seen |= now
            cleared = cleared or (seen >= wanted and not now)
            if cleared:
                break
    assert seen >= wanted, heard


pytestmark = pytest.mark.asyncio(loop_scope="module")
