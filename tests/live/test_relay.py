"""The relay with viewers that behave and viewers that do not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

import server.flv_viewers
from kit.clock import utc_now
from live.media.flv import VIDEO, FlvReader, Tag
from live.media.keys import LiveKeys
from live.ports import PublishedStream
from server.flv_relay import Relay, Rungs
from server.flv_viewers import SLOW_VIEWER_BYTES
from tests.live.pictures import decoded_pictures, make_flv
from tests.live.waiting import until

STREAM = "s" * 26
KEYS = LiveKeys("house-secret-for-tests", "media-secret-for-tests")
HEADER = Tag(VIDEO, 0, b"\x17\x00\x00\x00\x00avcc")


@dataclass
class Studio:
    """A media server with one stream whose pictures a test writes itself."""

    names: list[str] = field(default_factory=lambda: [STREAM])
    tags: list[Tag] = field(default_factory=list)
    pause_s: float = 0.04
    opened: int = 0
    banned: set[str] = field(default_factory=set)

    async def published(self) -> list[PublishedStream]:
        return [PublishedStream(name, "1", "127.0.0.1") for name in self.names]

    async def drop_publisher(self, stream: str) -> None:
        self.names.remove(stream)

    async def barred(self) -> frozenset[str]:
        return frozenset(self.banned)

    async def read(self, stream: str) -> AsyncIterator[list[Tag]]:
        self.opened += 1
        for tag in self.tags:
            yield [tag]
            await asyncio.sleep(self.pause_s)
        await asyncio.sleep(3600)


def pictures(count: int, size: int = 1000, group: int = 10) -> list[Tag]:
    """A header, then pictures, every tenth a key frame."""
    body = {True: b"\x17\x01\x00\x00\x00", False: b"\x27\x01\x00\x00\x00"}
    frames = [Tag(VIDEO, n * 40, body[n % group == 0] + b"p" * size) for n in range(count)]
    return [HEADER, *frames]


@asynccontextmanager
async def relaying(studio: Studio, small: Studio | None = None) -> AsyncIterator[tuple[Relay, int]]:
    """``small`` is the media server's application of smaller renditions, where it has one."""
    relay = Relay(studio, KEYS, studio, Rungs(small, small) if small is not None else None)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(relay.serve("127.0.0.1", 0, ready=port.set_result))
    try:
        yield relay, await port
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


def address(token: str | None = None, stream: str = STREAM, rung: str = "", viewer: str = "V" * 26) -> str:
    good = KEYS.play_token(stream, viewer, utc_now() + timedelta(minutes=5))
    return f"/live/{stream}{rung}.flv?token={good if token is None else token}"


async def ask(port: int, target: str, method: str = "GET") -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    return int(head.split()[1]), reader, writer


async def on_air(relay: Relay) -> None:
    await until(lambda: STREAM in relay.rooms and relay.rooms[STREAM].timeline.is_joinable, 5, 0.02)


async def test_only_a_good_token_for_this_stream_opens_it() -> None:
    expired = KEYS.play_token(STREAM, "V" * 26, utc_now() - timedelta(seconds=1))
    foreign = KEYS.play_token("t" * 26, "V" * 26, utc_now() + timedelta(minutes=5))
    async with relaying(Studio(tags=pictures(1000))) as (relay, port):
        await on_air(relay)
        for method, target, wanted in (
            ("GET", address(), 200),
            ("GET", address(""), 403),
            ("GET", address(expired), 403),
            ("GET", address(foreign), 403),
            ("GET", address(stream="t" * 26), 200),  # early: nobody is on air yet
            ("GET", "/live/../etc/passwd.flv", 404),
            ("GET", "/" + "a" * 9000, 431),
            ("POST", address(), 405),
            ("GET", "/health/ready", 200),
        ):
            status, _, writer = await ask(port, target, method)
            assert status == wanted, target[:60]
            writer.close()


async def test_a_request_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.flv_viewers, "REQUEST_SECONDS", 0.2)
    async with relaying(Studio()) as (relay, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /live")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 2) == b""
        assert relay.connections == 0
        writer.close()


async def test_a_stalled_viewer_is_bounded_and_nobody_else_notices() -> None:
    studio = Studio(tags=pictures(1500, size=40_000), pause_s=0.002)
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        _, good, good_writer = await ask(port, address())
        _, _, stalled = await ask(port, address())
        stalled.transport.pause_reading()  # type: ignore[attr-defined]
        room = relay.rooms[STREAM]
        worst = 0
        reader = FlvReader()
        shown: list[int] = []
        async with asyncio.timeout(30):
            while not shown or shown[-1] < 1499 * 40:
                shown += [t.timestamp_ms for t in reader.feed(await good.read(65536)) if not t.is_header]
                backlogs = [v._transport.get_write_buffer_size() for v in room.viewers if v._transport]
                worst = max([worst, *backlogs])
        assert shown == list(range(shown[0], 1500 * 40, 40))
        assert room.dropped_slow == 1
        assert SLOW_VIEWER_BYTES / 2 < worst <= SLOW_VIEWER_BYTES
        assert len(room.viewers) == 1
        good_writer.close()
        stalled.close()


async def test_who_joins_in_a_long_group_may_take_it_before_it_counts_as_slow() -> None:
    """Twelve megabytes since the last key frame. Fails when they are held against the newcomer: tried."""
    studio = Studio(tags=pictures(2000, size=40_000, group=1000), pause_s=0.001)
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        room = relay.rooms[STREAM]
        await until(lambda: room.timeline.last_ms > 300 * 40, 20, 0.01)
        studio.pause_s = 0.04
        loop = asyncio.get_running_loop()
        with socket.socket() as viewer:
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            viewer.setblocking(False)
            await loop.sock_connect(viewer, ("127.0.0.1", port))
            await loop.sock_sendall(viewer, f"GET {address()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            taken = 0
            async with asyncio.timeout(30):
                while taken < 14_000_000:
                    taken += len(await loop.sock_recv(viewer, 100_000))
                    await asyncio.sleep(0.005)
            assert room.dropped_slow == 0
            assert len(room.viewers) == 1


async def test_a_viewer_stays_while_the_host_is_away() -> None:
    studio = Studio(tags=pictures(10))
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        _, reader, writer = await ask(port, address())
        flv = FlvReader()
        shown: list[Tag] = []

        async def more(count: int) -> None:
            async with asyncio.timeout(5):
                while sum(not t.is_header for t in shown) < count:
                    shown.extend(flv.feed(await reader.read(65536)))

        await more(10)
        studio.names.clear()
        await asyncio.sleep(1.2)
        assert relay.rooms[STREAM].absent_since is not None
        studio.names.append(STREAM)
        await more(20)
        times = [t.timestamp_ms for t in shown if not t.is_header]
        assert times == list(range(0, 20 * 40, 40))
        assert studio.opened == 2
        writer.close()


async def test_a_barred_stream_is_closed_and_no_byte_more_is_sent() -> None:
    """Also what is queued for a slow viewer. Fails when the rooms are closed politely, or not at all: tried."""
    studio = Studio(tags=pictures(3000, size=40_000), pause_s=0.012)
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        _, reader, writer = await ask(port, address())
        _, _, slow = await ask(port, address())
        slow.transport.pause_reading()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(reader.readexactly(100_000), 5)
        room = relay.rooms[STREAM]
        await until(lambda: any(v._transport.get_write_buffer_size() for v in room.viewers if v._transport), 10, 0.02)
        transports = [viewer._transport for viewer in room.viewers]
        studio.banned.add(STREAM)
        with suppress(ConnectionResetError):
            while await asyncio.wait_for(reader.read(2**20), 5):
                pass
        await until(lambda: not room.viewers, 5, 0.02)
        assert all(t is None or (t.is_closing() and t.get_write_buffer_size() == 0) for t in transports)
        assert STREAM not in relay.rooms
        opened = studio.opened
        status, late, late_writer = await ask(port, address())
        assert status == 403
        assert b"FLV" not in await asyncio.wait_for(late.read(), 5)
        await asyncio.sleep(1.2)  # it is still published, and nothing reads it
        assert (studio.opened, STREAM in relay.rooms) == (opened, False)
        for each in (writer, slow, late_writer):
            each.close()


async def test_who_was_put_out_is_cut_off_and_the_others_see_on() -> None:
    """Who watches, who waits for the first picture, and who comes with the same address again, until it is lifted.

    Fails when only newcomers are looked at, when those who wait are forgotten, or when all of the room are cut: tried.
    """
    studio, out, early = Studio(tags=pictures(3000), pause_s=0.012), "0" * 26, "E" * 26
    silent = "t" * 26
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        _, other, other_writer = await ask(port, address())
        _, reader, writer = await ask(port, address(viewer=out))
        _, waiting, waiting_writer = await ask(port, address(stream=silent, viewer=early))
        assert await asyncio.wait_for(reader.readexactly(5_000), 5)
        studio.banned |= {out, early}
        for cut in (reader, waiting):
            with suppress(ConnectionResetError):
                while await asyncio.wait_for(cut.read(2**20), 5):
                    pass
        await until(lambda: len(relay.rooms[STREAM].viewers) == 1 and not relay.rooms[silent].joining, 5, 0.02)
        for again in (address(viewer=out), address(stream=silent, viewer=early)):
            status, _, late = await ask(port, again)
            assert status == 403
            late.close()
        assert await asyncio.wait_for(other.readexactly(50_000), 10)
        studio.banned.clear()
        await until(lambda: not relay.barred, 5, 0.02)
        status, _, back = await ask(port, address(viewer=out))
        assert status == 200
        for each in (other_writer, writer, waiting_writer, back):
            each.close()


async def test_a_player_decodes_what_the_relay_sends(tmp_path: Path) -> None:
    whole = make_flv(tmp_path / "source.flv", 4).read_bytes()
    studio = Studio(tags=FlvReader().feed(whole), pause_s=0.01)
    async with relaying(studio) as (relay, port):
        await on_air(relay)
        url = f"http://127.0.0.1:{port}{address()}"
        assert await asyncio.to_thread(decoded_pictures, url, 2) >= 45


async def test_readiness_follows_the_media_server() -> None:
    class Silent(Studio):
        async def published(self) -> list[PublishedStream]:
            await asyncio.sleep(3600)
            return []

    async with relaying(Silent()) as (_, port):
        assert (await ask(port, "/health/ready"))[0] == 503
        assert (await ask(port, "/health/live"))[0] == 200


async def test_the_small_rendition_is_a_room_of_its_own_beside_the_stream() -> None:
    """Fails when it is read where the stream is, when it outlives the stream, and when a ban leaves it: tried."""
    whole, small = Studio(tags=pictures(3000, size=1000)), Studio(tags=pictures(3000, size=77))
    async with relaying(Studio()) as (_, port):
        assert (await ask(port, address(rung=".480p")))[0] == 404, "none is made here"
    async with relaying(whole, small) as (relay, port):
        await on_air(relay)
        name = f"{STREAM}.480p"
        await until(lambda: name in relay.rooms and relay.rooms[name].timeline.is_joinable, 5, 0.02)
        assert (whole.opened, small.opened) == (1, 1)
        foreign = KEYS.play_token("t" * 26, "V" * 26, utc_now() + timedelta(minutes=5))
        assert (await ask(port, address(foreign, rung=".480p")))[0] == 403
        assert (await ask(port, address(rung=".720p")))[0] == 404
        sizes = {}
        for rung in ("", ".480p"):
            status, reader, _ = await ask(port, address(rung=rung))
            tags = FlvReader().feed(await asyncio.wait_for(reader.readexactly(2500), 5))
            sizes[rung] = {len(tag.body) for tag in tags if not tag.is_header}
            assert status == 200
        assert sizes == {"": {1005}, ".480p": {82}}
        whole.names.clear()  # the host is away, the encoder has not noticed yet
        await until(lambda: relay.rooms[name].absent_since is not None, 5, 0.02)
        whole.names.append(STREAM)
        await until(lambda: relay.rooms[name].absent_since is None, 5, 0.02)
        _, reader, _ = await ask(port, address(rung=".480p"))
        whole.banned.add(STREAM)
        with suppress(ConnectionResetError):
            while await asyncio.wait_for(reader.read(2**16), 5):
                pass
        assert relay.rooms == {}
        assert (await ask(port, address(rung=".480p")))[0] == 403
