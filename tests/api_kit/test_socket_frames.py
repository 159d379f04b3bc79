"""Our reading of frames against that of the websockets package: the same bytes are the same messages and one end."""

import os
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from api_kit.socket_frames import (
    BINARY,
    CLOSE,
    PART,
    PING,
    PONG,
    TEXT,
    TOO_BIG,
    FrameReader,
    FrameRefusedError,
    close_code,
    closing,
    frame,
)

MOST, ANY_SIZE = 200, 1 << 64
Told = list[tuple[int, bytes]]
MASK = b"\x12\x34\x56\x78"


def of_client(kind: int, body: bytes, head: int = 0x80, mask: bytes = MASK) -> bytes:
    """A frame of a client's, whose first bits are ``head``."""
    size = len(body)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([head | kind]) + length + mask + bytes(b ^ mask[n % 4] for n, b in enumerate(body))


def ours(sent: bytes, cuts: list[int]) -> tuple[Told, int | None]:
    """What we read of these bytes, cut where they are, and the code with which we would close."""
    reader, told = FrameReader(ANY_SIZE), Told()
    try:
        for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            for kind, body in reader.feed(sent[begin:end]):
                if kind != PART:
                    told.append((kind, body))
                if kind == CLOSE:
                    return told, close_code(body)
    except FrameRefusedError as refused:
        return told, refused.code
    return told, None


def theirs(sent: bytes) -> tuple[Told, int | None]:
    """The same by the websockets package, which leaves the putting together of pieces and UTF-8 to its caller."""
    protocol = ServerProtocol(state=OPEN, max_size=None)
    protocol.receive_data(sent)
    told, kind, parts = Told(), PART, list[bytes]()
    for event in cast(list[Frame], protocol.events_received()):
        if event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            kind = event.opcode.value or kind
            parts.append(bytes(event.data))
            if not event.fin:
                continue
            body = b"".join(parts)
            parts.clear()
            try:
                body.decode() if kind == TEXT else None
            except UnicodeDecodeError:
                return told, 1007
            told.append((kind, body))
        else:
            told.append((event.opcode.value, bytes(event.data)))
            if event.opcode is Opcode.CLOSE:
                break
    ended = protocol.close_sent or protocol.close_rcvd
    return told, ended.code if ended else None


bodies = st.one_of(
    st.binary(max_size=20), st.text(max_size=20).map(str.encode), st.integers(120, 240).map(lambda size: b"x" * size)
)
codes = st.integers(990, 5010).map(lambda code: code.to_bytes(2, "big"))
right = st.builds(
    of_client, st.sampled_from([TEXT, BINARY, PING, PONG]), bodies, st.just(0x80), st.binary(min_size=4, max_size=4)
)
pieces = st.builds(of_client, st.sampled_from([TEXT, PART]), bodies, st.sampled_from([0, 0x80]))
ends = st.builds(of_client, st.just(CLOSE), st.builds(bytes.__add__, codes, bodies) | st.binary(max_size=2))
wrong = st.builds(of_client, st.integers(0, 15), bodies, st.integers(0, 15).map(lambda bits: bits << 4))
unmasked = st.builds(frame, st.sampled_from([TEXT, PING, CLOSE]), bodies)


@given(
    st.lists(st.one_of(right, right, pieces, pieces, ends, wrong, unmasked, st.binary(max_size=30)), max_size=8),
    st.data(),
)
@settings(max_examples=600, deadline=None)
def test_the_same_bytes_are_the_same_messages_and_the_same_end(sent: list[bytes], data: st.DataObject) -> None:
    """However they come. Fails when a check of a head is left out: tried. Of sizes the next test speaks: they count
    what pings hold as well.
    """
    whole = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    told, code = ours(whole, cuts)
    # We refuse a head, they a whole frame: let the one that was refused become whole.
    is_refused = code is not None and not (told and told[-1][0] == CLOSE)
    expected, expected_code = theirs(whole + bytes(80_000 if is_refused else 0))
    assert [each for each in told if each[0] != CLOSE] == [each for each in expected if each[0] != CLOSE]
    if is_refused:
        assert expected_code in (code, None)  # they wait for a body of gigabytes first
    else:  # they refuse a close frame between the pieces of a message, we do as it says
        assert expected_code in (code, 1002 if code is not None else None)


def test_a_frame_that_is_too_big_is_refused_by_its_head() -> None:
    """Not one byte of it has come. Fails when the size is looked at when the frame is whole: tried."""
    reader = FrameReader(MOST)
    with pytest.raises(FrameRefusedError) as refused:
        list(reader.feed(b"\x82\xfe" + (MOST + 1).to_bytes(2, "big")))
    assert refused.value.code == TOO_BIG
    reader = FrameReader(MOST)
    assert list(reader.feed(of_client(BINARY, b"x" * 150, head=0))) == [(PART, b"")]
    with pytest.raises(FrameRefusedError) as refused:
        list(reader.feed(b"\x80\xb3"))
    assert refused.value.code == TOO_BIG


def test_who_stops_reading_has_the_rest_not_parsed() -> None:
    reader = FrameReader(MOST)
    read = reader.feed(of_client(TEXT, b"a") * 3 + b"\xff\xff")
    assert next(read) == (TEXT, b"a")
    assert next(read) == (TEXT, b"a")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_what_we_write_is_what_they_would_write(size: int) -> None:
    body = os.urandom(size)
    assert frame(BINARY, body) == Frame(Opcode.BINARY, body).serialize(mask=False)


def test_a_close_frame_has_its_code_and_a_reason_that_fits() -> None:
    assert closing(1005) == b"\x88\x00"
    assert closing(1001, "bye") == b"\x88\x05\x03\xe9bye"
    assert len(closing(1008, "x" * 500)) == 2 + 125
