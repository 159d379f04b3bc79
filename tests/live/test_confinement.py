"""An ffmpeg that works on files reaches no network and ends at its limits, and is given transport streams alone."""

import logging
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.media_server.confinement import FILE_LIMITS, GIB, SegmentForged, check_segments, confined
from integrations.media_server.remux import FfmpegRemuxer
from integrations.media_server.rungs import FfmpegRung
from integrations.media_server.taps import FfmpegTap
from live.media.vitals import Limits
from live.replays.recordings import REPLAY
from tests.live.pictures import FFMPEG, make_flv, run_ffmpeg


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A Python in the place of ffmpeg."""
    return subprocess.run(
        [sys.executable, "-c", code, *words], preexec_fn=confined(), capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip


def grants_namespaces() -> bool:
    """Whether this system gives a process a network of its own."""
    return subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0 or (
        subprocess.run(["unshare", "-U", "-n", "true"], check=False, capture_output=True).returncode == 0
    )


def test_it_reaches_no_network(tmp_path: Path) -> None:
    """Not even this machine's. Fails without the namespace: tried."""
    if not grants_namespaces():
        pytest.skip("the system grants no network namespace")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        code = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
        assert subprocess.run([sys.executable, "-c", code, port], check=False, timeout=30).returncode == 0
        done = run(code, port)
    assert done.returncode != 0
    assert "OSError" in done.stderr or "unreachable" in done.stderr


def test_its_limits_hold() -> None:
    code = (
        "import resource as r; print([r.getrlimit(w) for w in (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_CPU)]);"
        "b = bytearray(5 * 1024**3)"
    )
    done = run(code)
    assert done.stdout.strip() == "[(0, 0), (64, 64), (1200, 1200)]"
    assert "MemoryError" in done.stderr
    assert FILE_LIMITS[resource.RLIMIT_FSIZE] > 0


@pytest.mark.parametrize("which", ["rung", "tap"])
async def test_what_decodes_a_hosts_stream_is_limited(
    which: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In ffmpeg's place stands what says its limits. Fails when one of the two is started without them: tried."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport os, resource as r, sys\n"
        "which = (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_AS, r.RLIMIT_FSIZE)\n"
        "print('limits', *(r.getrlimit(each)[0] for each in which), 'nice', os.nice(0), file=sys.stderr)\n"
    )
    program.chmod(0o755)
    caplog.set_level(logging.INFO)
    own = "rtmp://127.0.0.1:9"
    if which == "rung":
        pieces = [True async for _ in FfmpegRung(str(program), f"{own}/live", f"{own}/rung").make("s" * 26)]
    else:
        tap = FfmpegTap(str(program), f"{own}/live")
        pieces = [True async for _ in tap.read("s" * 26, Limits(), lambda _name, _value: None)]
    assert pieces == []
    politeness = min(19, os.nice(0) + 10) if which == "rung" else os.nice(0)
    assert f"limits 0 64 {GIB} 0 nice {politeness}" in caplog.text


async def test_a_list_in_a_segments_clothes_is_not_opened(tmp_path: Path) -> None:
    """It would lead ffmpeg to a file beside the recording. Fails when ffmpeg is given it all the same: tried."""
    source = make_flv(tmp_path / "source.flv", 2)
    run_ffmpeg("-v", "error", "-i", source, "-c", "copy", tmp_path / "1795447733000.ts")
    secret = tmp_path / "secret.ts"
    (tmp_path / "1795447733000.ts").rename(secret)
    (tmp_path / "1795447734000.ts").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n"
    )
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
    for name in ("1795447734000.ts", str(secret), "../1795447734000.ts", "http://127.0.0.1/1795447734000.ts"):
        playlist = tmp_path / REPLAY
        playlist.write_text(f"{head}#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n")
        with pytest.raises(SegmentForged):
            check_segments(playlist)
        with pytest.raises(SegmentForged):
            await FfmpegRemuxer(FFMPEG).make_mp4(playlist, tmp_path / "made.mp4")
        assert not (tmp_path / "made.mp4").exists()
    secret.rename(tmp_path / "1795447733000.ts")
    playlist.write_text(f"{head}#EXTINF:2,\n1795447733000.ts\n#EXT-X-ENDLIST\n")
    await FfmpegRemuxer(FFMPEG).make_mp4(playlist, tmp_path / "made.mp4")
    assert (tmp_path / "made.mp4").stat().st_size > 0
