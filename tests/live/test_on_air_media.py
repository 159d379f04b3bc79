"""The real media server: a broadcast is cut, measured, and rehearsed."""

import asyncio
import contextlib
import itertools
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from integrations.media_server.taps import FfmpegTap
from kit.database import scalar
from kit.qr_codes import qr_code
from live.media.flv import VIDEO, FlvReader
from live.media.vitals import Limits, Meter, WarningKind
from scripts.local_stack.probes import answers_http
from tests.live.centre import CONSOLE, MINIAPP, Centre, taps_of
from tests.live.pictures import FFMPEG, decoded_pictures, run_ffmpeg
from tests.live.rooms import House
from tests.live.waiting import until
from tests.servers import free_port


def encoders_of(centre: Centre, stream: str) -> list[psutil.Process]:
    """The processes that make the smaller rendition of a stream."""
    target = f"{centre.stack.environment['RTMP_INTERNAL_URL'].removesuffix('/live')}/rung/{stream}"
    return [p for p in psutil.process_iter(["cmdline"]) if {target, "libx264"} <= set(p.info["cmdline"] or [])]


def height_of(url: str) -> int:
    """The lines of the pictures at an address."""
    said = run_ffmpeg("-i", url, "-t", "1", "-f", "null", "-").stderr
    found = re.search(r"Video: h264.*?\d{2,}x(\d+)", said)
    assert found is not None, said
    return int(found[1])


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
    """By an officer's request; then by a commit after which its process dies, so that the supervisor alone can act."""
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
    [tap] = taps_of(centre, stream)
    old = centre.stack.kill("live-supervisor", signal.SIGKILL)
    await asyncio.to_thread(centre.stack.wait_until_up, "live-supervisor", after=old, patience_s=20)
    await until(lambda: len(taps_of(centre, stream)) == 1 and tap not in taps_of(centre, stream), 30)
    await until(is_measured, 30)
    assert len(taps_of(centre, stream)) == 1
    pusher.kill()
    await centre.until(number, "interrupted")
    await until(lambda: taps_of(centre, stream) == [], 20)

    async def is_old() -> bool:
        return not (await centre.host.get(path)).json()["is_current"]

    await until(is_old, 20)


async def test_a_rehearsal_is_seen_by_host_and_county_and_leaves_nothing(centre: Centre) -> None:
    """Then the same key goes on air."""
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
    await centre.end(number)
    await centre.until(number, "replay_ready")
    assert not {path.name for path in folder.glob("*.ts")} & rehearsed


async def test_a_smaller_rendition_is_made_offered_and_cut_with_its_broadcast(centre: Centre, tmp_path: Path) -> None:
    """Of 720 lines, 480; by FLV and HLS, with key frames every two seconds; after a kill -9 it comes back."""
    source = tmp_path / "high.flv"
    done = run_ffmpeg(
        "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25", "-f", "lavfi", "-i", "sine=440", "-t", "6",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "1500k", "-c:a", "aac",
        "-f", "flv", source,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number = await centre.scheduled()
    path = f"{CONSOLE}/{number}/second-rung"
    address = await centre.address(number)
    stream = address["key"].partition("?")[0]
    assert (await centre.host.put(path)).status_code == 409, "nothing is on air"
    centre.push(address["url"], source)
    assert (await centre.until(number, "live"))["playback"]["rung"] is None
    for _ in range(2):
        assert (await centre.host.put(path)).status_code == 200
    assert (await centre.other_host.put(path)).status_code == 404

    async def is_offered() -> bool:
        return (await centre.room(number))["playback"]["rung"] is not None

    await until(is_offered, 40)
    rung = (await centre.room(number))["playback"]["rung"]
    await until(lambda: centre.answers(rung["hls_url"]), 30)
    for url in (rung["flv_url"], rung["hls_url"]):
        assert (await asyncio.to_thread(height_of, url)) == 480, url
    assert not await centre.answers(rung["hls_url"].replace("/hls/1", "/hls/2"))
    assert (await centre.anonymous.get(rung["flv_url"][:-1] + "x")).status_code == 403
    segment = next(
        line for line in (await centre.anonymous.get(rung["hls_url"])).text.splitlines() if line.endswith(".ts")
    )
    assert await centre.answers(rung["hls_url"].replace("index.m3u8", segment))
    assert len(encoders_of(centre, stream)) == 1
    [old] = encoders_of(centre, stream)
    old.kill()
    await until(lambda: [p.pid for p in encoders_of(centre, stream)] not in ([], [old.pid]), 30)
    await until(is_offered, 30)
    assert await asyncio.to_thread(decoded_pictures, rung["flv_url"], 2) >= 40
    cut = await centre.officer.put(f"{CONSOLE}/{number}/ban", json={"reason": "示例原因"})
    assert cut.status_code == 200, cut.text
    await until(lambda: encoders_of(centre, stream) == [], 20)
    for url in (rung["flv_url"], rung["hls_url"]):

        async def is_refused(url: str = url) -> bool:
            return (await centre.anonymous.get(url)).status_code == 403

        await until(is_refused, 10)


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


async def test_a_broadcast_of_five_hours_is_shown_on(centre: Centre) -> None:
    """After 4 h 39 min the times no longer fit into the 24 bits of a header of RTMP; nobody notices."""
    number = await centre.scheduled()
    address = await centre.address(number)
    centre.push(address["url"], None, "-output_ts_offset", f"{2**24 / 1000 - 6:.0f}")
    url = (await centre.until(number, "live"))["playback"]["flv_url"]
    times, reader = list[int](), FlvReader()
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url) as answer:
        async for piece in answer.aiter_raw():
            times += [tag.timestamp_ms for tag in reader.feed(piece) if tag.kind == VIDEO and not tag.is_header]
            if times and times[-1] - times[0] > 9_000:
                break
    assert all(0 < later - at < 200 for at, later in itertools.pairwise(times))
    await centre.end(number)


pytestmark = pytest.mark.asyncio(loop_scope="package")
