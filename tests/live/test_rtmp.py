"""RTMP as the relay hears it: cut anywhere, interleaved, beyond 24 bits of time, and from servers that misbehave."""

import asyncio
import itertools
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.media_server.reader import RtmpReader
from integrations.media_server.rtmp import (
    HANDSHAKE_BYTES,
    RtmpBrokenError,
    RtmpPlayer,
    amf_bytes,
    amf_values,
    message,
)
from live.media.flv import AUDIO, MAX_TAG_BYTES, SCRIPT, VIDEO, Tag

GREETING = b"\x03" + b"s" * HANDSHAKE_BYTES + b"c" * HANDSHAKE_BYTES
CONNECTED = message(20, amf_bytes("_result", 1.0, {"capabilities": 31.0}, {"level": "status"}), 3)
CREATED = message(20, amf_bytes("_result", 2.0, None, 7.0), 3)
KEY_FRAME = Tag(VIDEO, 40, b"\x17\x01\x00\x00\x00" + b"p" * 300)


def playing() -> RtmpPlayer:
    """A player to whom the server has said all that comes before the pictures."""
    player = RtmpPlayer("live", "stream", "rtmp://host/live")
    player.feed(GREETING + CONNECTED + CREATED)
    assert player.plays
    player.to_send.clear()
    return player


def chunked(tags: list[Tag], chunk_stream: int, size: int) -> list[bytes]:
    """The chunks of tags on one chunk stream, each message with the shortest header that tells what has changed, every
    fourth with its time."""
    chunks, told, last = list[bytes](), -1, Tag(SCRIPT, 0, b"")
    for number, tag in enumerate(tags):
        form, stamp = (1, tag.timestamp_ms - last.timestamp_ms) if number % 4 else (0, tag.timestamp_ms)
        if form and len(tag.body) == len(last.body):
            form = 3 if stamp == told else 2
        late = struct.pack(">I", stamp) if stamp >= 0xFFFFFF else b""
        head = min(stamp, 0xFFFFFF).to_bytes(3, "big") + len(tag.body).to_bytes(3, "big") + bytes((tag.kind,))
        head = bytes((form << 6 | chunk_stream,)) + (head + b"\x07\x00\x00\x00")[: (11, 7, 3, 0)[form]] + late
        told, last = stamp, tag
        for at in range(0, len(tag.body), size):
            chunks.append(head + tag.body[at : at + size])
            head = bytes((0xC0 | chunk_stream,)) + late
    return chunks


def of_kind(kind: int) -> st.SearchStrategy[list[Tag]]:
    """Tags whose time goes on by up to six hours at once."""
    step = st.sampled_from([40, 2**24 - 2, 2**24 - 1, 21_600_000])
    steps = st.lists(
        st.tuples(step, st.sampled_from([1, 130, 131, 700]).map(lambda size: bytes(n % 251 for n in range(size)))),
        max_size=6,
    )

    def timed(found: list[tuple[int, bytes]]) -> list[Tag]:
        now, tags = 0, []
        for step, body in found:
            now += step
            tags.append(Tag(kind, now, body))
        return tags

    return steps.map(timed)


@settings(deadline=None)
@given(of_kind(AUDIO), of_kind(VIDEO), st.integers(1, 300), st.randoms(use_true_random=False), st.integers(1, 200))
def test_any_cut_and_any_interleaving_gives_the_same_tags(
    sound: list[Tag], pictures: list[Tag], size: int, order: "object", cut: int
) -> None:
    queues = [chunked(sound, 4, size), chunked(pictures, 6, size)]
    wire = message(1, struct.pack(">I", size), 2)
    while any(queues):
        wire += order.choice([q for q in queues if q]).pop(0)  # type: ignore[attr-defined]
    player, found = playing(), list[Tag]()
    for at in range(0, len(wire), cut):
        found += player.feed(wire[at : at + cut])
    assert [t for t in found if t.kind == AUDIO] == sound
    assert [t for t in found if t.kind == VIDEO] == pictures
    assert len(found) == len(sound) + len(pictures)


def test_the_conversation_is_that_of_a_player() -> None:
    player = RtmpPlayer("live", "stream", "rtmp://host:1/live")
    assert len(player.to_send) == 1 + HANDSHAKE_BYTES
    conversation: list[tuple[bytes, list[Any]]] = [
        (GREETING, ["connect", 1.0, {"app": "live", "tcUrl": "rtmp://host:1/live"}]),
        (CONNECTED, ["createStream", 2.0, None]),
        (CREATED, ["play", 0.0, None, "stream", -1.0]),
    ]
    for heard, wanted in conversation:
        player.to_send.clear()
        assert player.feed(heard) == []
        said = bytes(player.to_send)
        if heard is GREETING:
            assert said[:HANDSHAKE_BYTES] == b"s" * HANDSHAKE_BYTES
            said = said[HANDSHAKE_BYTES:]
        length, stream = int.from_bytes(said[4:7], "big"), int.from_bytes(said[8:12], "little")
        body = said[12:].replace(b"\xc3", b"")
        assert len(body) == length
        words = amf_values(body)
        assert words[:2] == wanted[:2]
        if words[0] == "connect":
            assert isinstance(words[2], dict)
            assert wanted[2].items() <= words[2].items()
        else:
            assert words == wanted
        assert stream == (7 if words[0] == "play" else 0)
    assert player.plays


def test_pings_are_answered_and_windows_acknowledged() -> None:
    player = playing()
    player.feed(message(4, b"\x00\x06\x00\x00\x30\x39", 2))
    assert bytes(player.to_send[12:]) == b"\x00\x07\x00\x00\x30\x39"
    player.to_send.clear()
    player.feed(message(5, struct.pack(">I", 10_000), 2))
    acknowledged, heard = list[int](), 0
    for chunk in chunked([Tag(VIDEO, n * n, b"p" * (128 + n % 2)) for n in range(200)], 6, 128):
        player.feed(chunk)
        heard += len(chunk)
        if player.to_send:
            assert player.to_send[7] == 3
            acknowledged.append(int.from_bytes(player.to_send[12:16], "big"))
            player.to_send.clear()
    assert len(acknowledged) >= heard // 10_000 >= 2
    assert all(10_000 <= later - at < 10_200 for at, later in itertools.pairwise(acknowledged))


def test_of_data_only_what_describes_the_stream_goes_on() -> None:
    described = amf_bytes("onMetaData", {"width": 320.0})
    wire = message(SCRIPT, amf_bytes("|RtmpSampleAccess", True, True), 5) + message(SCRIPT, described, 5)
    assert playing().feed(wire) == [Tag(SCRIPT, 0, described)]


@pytest.mark.parametrize(
    "heard",
    [
        message(20, amf_bytes("_error", 1.0, None, None), 3),
        message(20, amf_bytes("onStatus", 0.0, None, {"level": "error", "code": "NetStream.Play.StreamNotFound"}), 3),
        message(20, b"\x02\x00\x50name", 3),
        message(20, b"\x0b", 3),
        message(20, b"\x03\x00\x01a" * 20, 3),
        message(1, b"\x00\x00\x00\x00", 2),
        message(1, b"\x7f\xff\xff\xff", 2),
        message(5, b"\x00", 2),
        b"\x06\x00\x00\x00" + (MAX_TAG_BYTES + 1).to_bytes(3, "big") + b"\x09\x00\x00\x00\x00",
        b"\x46\x00\x00\x00",
        b"".join(bytes((n,)) + b"\x00\x00\x00\x00\x00\x01\x09\x00\x00\x00\x00p" for n in range(5, 22)),
        chunked([Tag(VIDEO, 0, b"p" * 200)], 6, 128)[0] + b"\x46" + b"\x00" * 7,
    ],
    ids=[
        "refused", "no such stream", "a name cut off", "unknown value", "deep", "chunks of nothing", "chunks too long",
        "short control", "message too long", "begins in the middle", "too many chunk streams", "message in a message",
    ],
)  # fmt: skip
def test_what_is_wrong_ends_the_reading(heard: bytes) -> None:
    with pytest.raises(RtmpBrokenError):
        playing().feed(heard)


@given(st.binary(max_size=400), st.booleans())
def test_arbitrary_bytes_are_heard_or_refused(heard: bytes, greeted: bool) -> None:
    player = playing() if greeted else RtmpPlayer("live", "stream", "rtmp://host/live")
    try:
        player.feed(heard)
    except RtmpBrokenError:
        return


Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def heard_from(serve: Serving, stall_seconds: float = 0.5) -> list[Tag]:
    """What a reader yields of a server until it ends by itself."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        port = server.sockets[0].getsockname()[1]
        reader = RtmpReader(f"rtmp://127.0.0.1:{port}/live", stall_seconds)
        return [tag async for tags in reader.read("stream") for tag in tags]


async def _until_pictures(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1 + HANDSHAKE_BYTES)
    for word, said in ((b"", GREETING), (b"connect", CONNECTED), (b"createStream", CREATED)):
        while word and word not in await reader.read(4096):
            pass
        writer.write(said)
    while b"play" not in await reader.read(4096):
        pass
    writer.writelines(chunked([KEY_FRAME], 6, 128))


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_a_server_that_hangs_up_or_falls_silent_is_left(hangs_up: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _until_pictures(reader, writer)
        if hangs_up:
            writer.close()
        else:
            await reader.read()
            writer.close()

    assert await heard_from(serve) == [KEY_FRAME]


async def test_a_server_that_refuses_or_is_not_there_gives_nothing() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert await heard_from(serve) == []
    with pytest.raises(StopAsyncIteration):
        await anext(RtmpReader("rtmp://127.0.0.1:1/live").read("stream"))
