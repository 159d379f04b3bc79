"""FLV: cut anywhere, joined at a key frame, and on one clock over all publishes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.media.flv import AUDIO, FILE_HEADER, GAP_MS, VIDEO, FlvBrokenError, FlvReader, Tag, Timeline
from tests.live.pictures import decoded_pictures, make_flv

HEADER = Tag(VIDEO, 0, b"\x17\x00\x00\x00\x00avcc")
SOUND_HEADER = Tag(AUDIO, 0, b"\xaf\x00aac")


def key(at: int) -> Tag:
    return Tag(VIDEO, at, b"\x17\x01\x00\x00\x00key")


def delta(at: int) -> Tag:
    return Tag(VIDEO, at, b"\x27\x01\x00\x00\x00delta")


def sound(at: int) -> Tag:
    return Tag(AUDIO, at, b"\xaf\x01sound")


tags = st.builds(Tag, st.sampled_from([8, 9, 18]), st.integers(0, 2**32 - 1), st.binary(max_size=300))


@given(st.lists(tags, max_size=20), st.lists(st.integers(1, 400), min_size=1, max_size=50))
def test_tags_survive_any_cut(wanted: list[Tag], cuts: list[int]) -> None:
    wire = FILE_HEADER + b"".join(tag.encode(tag.timestamp_ms) for tag in wanted)
    reader, found, at = FlvReader(), [], 0
    for cut in cuts:
        found += reader.feed(wire[at : at + cut])
        at += cut
    found += reader.feed(wire[at:])
    assert found == wanted


@given(st.binary(min_size=13, max_size=60))
def test_other_bytes_are_refused(wire: bytes) -> None:
    if wire[:3] != b"FLV":
        with pytest.raises(FlvBrokenError):
            FlvReader().feed(wire)


def stamps(wire: bytes) -> list[int]:
    return [tag.timestamp_ms for tag in FlvReader().feed(FILE_HEADER + wire)]


def test_a_return_goes_on_where_the_picture_stopped() -> None:
    line = Timeline()
    line.begin_publish()
    first = b"".join(line.accept(t) for t in (HEADER, SOUND_HEADER, key(500), sound(510), delta(540)))
    line.begin_publish()
    assert line.accept(delta(90_000)) == b""  # no picture can be decoded before a key frame
    assert line.accept(sound(90_010)) == b""
    second = b"".join(line.accept(t) for t in (HEADER, key(90_040), sound(90_030), delta(90_080)))
    assert stamps(first) == [0, 0, 0, 10, 40]
    assert stamps(second) == [40, 40 + GAP_MS, 30 + GAP_MS, 80 + GAP_MS]


def test_a_newcomer_gets_headers_and_the_pictures_since_the_last_key_frame() -> None:
    line = Timeline()
    line.begin_publish()
    assert line.joining_bytes() == FILE_HEADER
    for tag in (HEADER, SOUND_HEADER, key(0), delta(40), key(1000), sound(1010), delta(1040)):
        line.accept(tag)
    assert line.is_joinable
    found = FlvReader().feed(line.joining_bytes())
    assert [t.body for t in found] == [t.body for t in (HEADER, SOUND_HEADER, key(0), sound(0), delta(0))]
    assert [t.timestamp_ms for t in found] == [0, 0, 1000, 1010, 1040]


def test_the_end_of_a_publish_is_not_the_end_for_viewers() -> None:
    line = Timeline()
    line.begin_publish()
    line.accept(HEADER)
    assert line.accept(Tag(VIDEO, 99, b"\x17\x02\x00\x00\x00")) == b""


def test_a_group_too_long_for_memory_is_not_kept() -> None:
    line = Timeline(max_gop_bytes=1000)
    line.begin_publish()
    line.accept(HEADER)
    line.accept(key(0))
    for at in range(1, 100):
        line.accept(delta(at * 40))
    assert not line.is_joinable
    line.accept(key(5000))
    assert line.is_joinable


def test_a_real_stream_joined_late_decodes(tmp_path: Path) -> None:
    source = make_flv(tmp_path / "source.flv", 3)
    line, reader = Timeline(), FlvReader()
    line.begin_publish()
    found = reader.feed(source.read_bytes())
    for tag in found[:120]:
        line.accept(tag)
    late = tmp_path / "late.flv"
    late.write_bytes(line.joining_bytes() + b"".join(line.accept(tag) for tag in found[120:]))
    wanted = sum(t.kind == VIDEO and not t.is_header and not t.is_end_of_sequence for t in found)
    assert 25 <= decoded_pictures(late, 10) < wanted
