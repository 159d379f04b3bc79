"""A crowded session is handed on to the cloud: through the real media server, to a cloud of our own with signatures."""

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from integrations.cloud_live.tencent import CloudNoticeRefused, CloudSilent, TencentLive
from kit.clock import utc_now
from kit.database import rows
from scripts import cloud_live_sandbox as sandbox
from scripts.local_stack.product import ROOT
from tests.conftest import Databases
from tests.live.centre import CONSOLE, Centre
from tests.live.pictures import decoded_pictures
from tests.live.waiting import until
from tests.servers import free_port

STREAM = "s" * 26


@dataclass
class Twin:
    """The cloud's process and the product that is told of it."""

    centre: Centre
    http_port: int
    push_url: str

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.centre.anonymous.get(f"http://127.0.0.1:{self.http_port}/state")).json()
        return found

    async def has(self, stream: str) -> bool:
        return stream in (await self.state())["live"]

    def pushes(self, stream: str) -> list[psutil.Process]:
        """Our processes that hand this stream on."""
        found = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"]]
        return [p for p in found if any(word.startswith(f"{self.push_url}/{stream}") for word in p.info["cmdline"])]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twin(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> AsyncIterator[Twin]:
    """A centre whose line carries two viewers, and a cloud."""
    name = await databases.create()
    folder = tmp_path_factory.mktemp("crowded")
    port, rtmp_port, control_port = free_port(), free_port(), free_port()
    push_url = f"rtmp://127.0.0.1:{rtmp_port}/live"
    centre = Centre(
        folder, databases.url(name), CLOUD_LIVE_PUSH_URL=push_url, CLOUD_LIVE_PLAY_URL=f"http://127.0.0.1:{port}/live",
        CLOUD_LIVE_PUSH_KEY=sandbox.PUSH_KEY, CLOUD_LIVE_PLAY_KEY=sandbox.PLAY_KEY,
        CLOUD_LIVE_CALLBACK_KEY=sandbox.CALLBACK_KEY, CLOUD_LIVE_SECRET_ID=sandbox.SECRET_ID,
        CLOUD_LIVE_SECRET_KEY=sandbox.SECRET_KEY, CLOUD_LIVE_API_BASE=f"http://127.0.0.1:{port}",
        CLOUD_LIVE_OWN_VIEWERS="2",
    )  # fmt: skip
    process = None
    try:
        await centre.open()
        hears = f"{centre.stack.environment['PUBLIC_BASE_URL']}/v1/webhook/cloud-live/notices"
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "scripts.cloud_live_sandbox", "--port", str(port), "--rtmp-port", str(rtmp_port),
             "--control-port", str(control_port), "--folder", str(folder / "cloud"), "--callback-url", hears,
             "--nginx-folder", str(centre.stack.home / "nginx-debian")],
            cwd=ROOT,
        )  # fmt: skip
        made = Twin(centre, port, push_url)

        async def is_up() -> bool:
            try:
                return bool(await made.state())
            except httpx.HTTPError:
                return False

        await until(is_up, 60)
        yield made
    finally:
        if process is not None:
            process.terminate()
            process.wait(20)
        await centre.close()
        await databases.drop(name)


async def test_viewers_beyond_the_own_line_are_sent_to_the_cloud_until_it_is_cut(twin: Twin) -> None:
    """One push, which comes back after a kill; notices that are old, forged or told again change nothing."""
    centre = twin.centre
    number = await centre.scheduled()
    address = await centre.address(number)
    stream = address["key"].partition("?")[0]
    centre.push(address["url"])
    await centre.until(number, "live")
    assert twin.pushes(stream) == []
    async with AsyncExitStack() as watching:
        await watching.enter_async_context(centre.feed(number, centre.stack.ports["api"]))
        await until(lambda: twin.has(stream), 30)  # one of two: it is begun before it is needed
        assert (await centre.room(number))["playback"]["source"] == "county"
        await watching.enter_async_context(centre.feed(number, centre.stack.ports["api"]))

        async def is_sent_there() -> bool:
            return bool((await centre.room(number))["playback"]["source"] == "cloud")

        await until(is_sent_there, 30)
        plan = (await centre.room(number))["playback"]
        await until(lambda: centre.answers(plan["hls_url"]), 30)
        assert await asyncio.to_thread(decoded_pictures, plan["hls_url"], 1) >= 20
        assert await centre.answers(plan["flv_url"])
        assert not await centre.answers(plan["hls_url"].replace("txSecret=", "txSecret=0"))
        await _one_push_comes_back_after_a_kill(twin, stream)
        await until(is_sent_there, 30)
        await _notices_are_believed_once(twin, number, stream)
        cut = await centre.officer.put(f"{CONSOLE}/{number}/ban", json={"reason": "示例原因"})
        assert cut.status_code == 200

        async def is_cut() -> bool:
            state = await twin.state()
            return stream in state["forbidden"] and stream not in state["live"]

        await until(is_cut, 20)
        assert twin.pushes(stream) == []
        assert (await centre.room(number))["playback"] is None
    cloud = _cloud(twin)
    push = cloud.push_address(stream, utc_now() + timedelta(minutes=5))
    assert await centre.refused(push), "whoever has its push address is kept out too"
    async with centre.database():
        await until(lambda: _filed(2), 20)


async def _filed(count: int) -> bool:
    """Whether so many files of the cloud are known."""
    return len(await rows("SELECT url FROM live_cloud_recording")) == count


async def _one_push_comes_back_after_a_kill(twin: Twin, stream: str) -> None:
    [push] = twin.pushes(stream)
    told = len((await twin.state())["notices"])
    push.kill()

    async def is_back() -> bool:
        state = await twin.state()
        new = [each["event_type"] for each in state["notices"][told:]]
        return 0 in new and 1 in new and len(twin.pushes(stream)) == 1

    await until(is_back, 30)
    assert twin.pushes(stream)[0].pid != push.pid


async def _notices_are_believed_once(twin: Twin, number: str, stream: str) -> None:
    """An end that was told already, one that is forged, and one whose time is over change nothing."""
    centre = twin.centre
    state = await twin.state()
    told = [each for each in state["notices"] if each["stream_id"] == stream]
    [ended], [recorded] = ([each for each in told if each["event_type"] == kind] for kind in (0, 100))
    begun = [each for each in told if each["event_type"] == 1]
    async with centre.database():
        await until(lambda: _filed(1), 20)
    old = int(time.time()) - 1
    old_sign = hashlib.md5(f"{sandbox.CALLBACK_KEY}{old}".encode()).hexdigest()
    for notice, status in (
        (ended, 200),
        (begun[0], 200),
        (recorded, 200),
        (begun[-1] | {"event_type": 0, "sign": "0" * 32}, 403),
        (begun[-1] | {"event_type": 0, "t": old, "sign": old_sign}, 403),
        ({"event_type": 0}, 403),
    ):
        answer = await centre.anonymous.post("/v1/webhook/cloud-live/notices", json=notice)
        assert answer.status_code == status, notice
    assert (await centre.room(number))["playback"]["source"] == "cloud"


def _cloud(twin: Twin, **other: Any) -> TencentLive:
    known: dict[str, Any] = {
        "push_url": twin.push_url, "play_url": "http://127.0.0.1/live", "push_key": sandbox.PUSH_KEY,
        "play_key": sandbox.PLAY_KEY, "callback_key": sandbox.CALLBACK_KEY, "secret_id": sandbox.SECRET_ID,
        "secret_key": sandbox.SECRET_KEY, "http": twin.centre.anonymous,
        "api_base": f"http://127.0.0.1:{twin.http_port}",
    }  # fmt: skip
    return TencentLive(**known | other)


async def test_a_command_is_obeyed_when_it_is_signed_right(twin: Twin) -> None:
    good = _cloud(twin)
    await good.drop_publisher(STREAM)
    assert (await twin.state())["commands"][-1] == f"DropLiveStream {STREAM}"
    for wrong in (
        _cloud(twin, secret_key="another"),  # pragma: allowlist secret
        _cloud(twin, secret_id="AKIDother"),
        _cloud(twin, clock=lambda: utc_now() - timedelta(minutes=6)),
        _cloud(twin, api_base="http://127.0.0.1:9"),
    ):
        with pytest.raises(CloudSilent):
            await wrong.forbid(STREAM, utc_now() + timedelta(days=1))
    assert STREAM not in (await twin.state())["forbidden"]


async def test_addresses_carry_the_secret_of_the_documentation() -> None:
    """Key, stream and the time in hexadecimal, one behind the other, in MD5."""
    cloud = TencentLive(
        push_url="rtmp://push.example/live", play_url="https://play.example/live", push_key="k1", play_key="k2",
        callback_key="k3", secret_id="", secret_key="", http=httpx.AsyncClient(), api_base="https://api.example",
    )  # fmt: skip
    until_ = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
    expires = f"{int(until_.timestamp()):X}"
    secret = hashlib.md5(f"k1{STREAM}{expires}".encode()).hexdigest()
    assert cloud.push_address(STREAM, until_) == (
        f"rtmp://push.example/live/{STREAM}?txSecret={secret}&txTime={expires}"
    )
    flv, hls = cloud.play_addresses(STREAM, until_)
    secret = hashlib.md5(f"k2{STREAM}{expires}".encode()).hexdigest()
    assert flv == f"https://play.example/live/{STREAM}.flv?txSecret={secret}&txTime={expires}"
    assert hls == flv.replace(".flv", ".m3u8")
    far = int((utc_now() + timedelta(hours=1)).timestamp())
    for body in (
        b"",
        b"[]",
        b'{"t": "x", "sign": "", "event_type": 1}',
        f'{{"t": {far}, "sign": "{hashlib.md5(f"k3{far}".encode()).hexdigest()}", "event_type": 1}}'.encode(),
    ):
        with pytest.raises(CloudNoticeRefused):
            cloud.read_event(body)


pytestmark = pytest.mark.asyncio(loop_scope="module")
