"""A host on air through the real media server, two API processes, the relay and the supervisor.

One broadcast is followed from the plan to the replay; each test looks at one part of what it left behind.
"""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from integrations.media_server.remux import FfmpegRemuxer
from kit.clock import utc_now
from kit.database import row, scalar
from kit.numbers import opaque_id
from live.media.keys import LiveKeys
from live.replays.jobs import Archive, make_archive_file
from scripts.local_stack.probes import answers_http
from tests.live.centre import CONSOLE, MINIAPP, Centre
from tests.live.pictures import FFMPEG, decoded_pictures
from tests.live.waiting import until


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
    await centre.end(number)
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
        stock = (await centre.room(number))["shelf"][0]["stock"]
        assert stock > 0
        unsigned = await centre.host.put(f"{CONSOLE}/{number}/pin", json={"sku": centre.sku})
        assert unsigned.json()["code"] == "live_product_not_signed"
        signed = await centre.officer.post(
            f"{CONSOLE}/{number}/sign-offs", json={"skus": [centre.sku]}, headers={"idempotency-key": opaque_id()}
        )
        assert signed.status_code == 201, signed.text
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
    assert steady.state["shelf"][0]["stock"] == stock
    room = await centre.room(number)
    assert [each["merchant"] for each in room["attributions"]] == [centre.merchant]
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
        of_it = "FROM live_recording r JOIN live_session s ON s.id = r.session_id WHERE s.number = $1"
        kept = await row(f"SELECT duration_ms, segments {of_it}", number)
        assert kept is not None
        assert kept["segments"] == text.count("#EXTINF")
        assert pictures == pytest.approx(kept["duration_ms"] / 40, abs=3)
        media = Path(centre.stack.environment["MEDIA_DIR"])
        archive = Archive(media / "hls", media / "archive", FfmpegRemuxer(FFMPEG))
        while await make_archive_file(archive):
            """Those of other tests may be due too."""
        assert (
            await scalar(f"SELECT file_bytes {of_it}", number) == (media / "archive" / f"{number}.mp4").stat().st_size
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
    with pytest.raises(InvalidStatus) as refused:
        async with centre.feed(number, port, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    with pytest.raises(ConnectionClosed) as closed:
        async with centre.feed("L20260101NOSUCH0001", port) as socket:
            await asyncio.wait_for(socket.recv(), 5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404
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


pytestmark = pytest.mark.asyncio(loop_scope="package")
