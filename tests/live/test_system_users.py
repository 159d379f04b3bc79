"""nginx, API, supervisor and worker as four system users on the folders that docs/deploy.md lays out (section 5).

Real files, a real nginx and the product's own functions, each in a child that has become its user. Needs root: only
root may become somebody else.
"""

import asyncio
import codecs
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.media_server.remux import FfmpegRemuxer
from kit.clock import utc_now
from live.evidence.sealing import FOLDER_MODE
from live.media.bans import BARRED, _bar
from live.media.folders import lay_folder
from live.media.keys import LiveKeys
from live.replays.recordings import REPLAY, Recording, slice_of, write_replay
from scripts.local_stack.debian_nginx import find_media_server
from scripts.local_stack.identity import Identity
from scripts.local_stack.nginx import Nginx
from tests.live.pictures import FFMPEG, make_flv
from tests.servers import free_port, throw_away_directory

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
USERS = {"nginx": 61_001, "longchuan-api": 61_002, "longchuan-live": 61_003, "longchuan-worker": 61_004, "root": 0}
MEDIA, PRODUCT, STRANGER = 61_011, 61_012, 61_099
GROUPS = {"longchuan-media": MEDIA, "longchuan": PRODUCT, "root": 0}
NGINX, API, LIVE, WORKER = (
    (USERS["nginx"], (MEDIA,)),
    (USERS["longchuan-api"], (PRODUCT, MEDIA)),
    (USERS["longchuan-live"], (PRODUCT, MEDIA)),
    (USERS["longchuan-worker"], (PRODUCT, MEDIA)),
)
NOBODY = (STRANGER, (STRANGER,))
Who = tuple[int, tuple[int, ...]]
codecs.lookup("ascii")  # Python's own files may be closed to the others, so nothing is loaded late
LAID, UNLAID, SECRET = "a" * 26, "b" * 26, "m" * 40


def may(who: Who, work: Callable[[], object]) -> bool:
    """Whether a process of that user can do it; anything but a refusal of rights fails the test."""
    uid, groups = who
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups(groups)
            os.setgid(groups[0])
            os.setuid(uid)
            os.umask(0o027)
            work()
            code = 0
        except PermissionError:
            code = 13
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 13), code
    return code == 0


def lay_out(media: Path) -> None:
    """Run the commands of the document, with numbers for the names."""
    block = re.search(r"```sh\n((?:install -d .*\n)+)```", DEPLOY.read_text())
    assert block is not None
    for line in block[1].splitlines():
        words = line.replace("$MEDIA_DIR", str(media)).split()
        for option, numbers in (("-o", USERS), ("-g", GROUPS)):
            at = words.index(option) + 1
            words[at] = str(numbers[words[at]])
        subprocess.run(words, check=True)


@contextmanager
def callbacks(hls: Path) -> Iterator[int]:
    """The API's part of a publish: the folder of a stream is laid by its user, for one of the two."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["content-length"])).decode()
            if LAID in said and "call=publish&" in said:
                assert may(API, lambda: lay_folder(hls, LAID))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The media folder after two broadcasts, and where its pictures are asked for."""
    home = throw_away_directory("longchuan-users-")
    home.chmod(0o755)
    media = home / "media"
    source = make_flv(home / "source.flv", 4)
    with callbacks(media / "hls") as port:
        server = find_media_server(home / "nginx-debian", lambda _: None)
        nginx = Nginx(
            server, home / "nginx", media, free_port(), free_port(), free_port(), "127.0.0.1", port, SECRET,
            Identity(NGINX[0], MEDIA),
        )  # fmt: skip
        nginx.prepare()
        shutil.rmtree(media)
        lay_out(media)
        program = nginx.program()
        running = subprocess.Popen(
            program.argv, cwd=program.directory, env=program.environment, user=NGINX[0], group=MEDIA, extra_groups=[],
            umask=0o027, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until = time.monotonic() + 30
            while not (program.ready and program.ready()):
                assert time.monotonic() < until, "nginx did not start"
                time.sleep(0.05)
            for stream in (LAID, UNLAID):
                target = f"rtmp://127.0.0.1:{nginx.rtmp_port}/live/{stream}"
                words = [FFMPEG, "-v", "error", "-nostdin", "-re", "-i", str(source), "-c", "copy", "-f", "flv", target]
                subprocess.run(words, check=True, timeout=60)
            yield media, f"http://127.0.0.1:{nginx.hls_port}/hls"
        finally:
            running.terminate()
            running.wait(20)
            shutil.rmtree(home)


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ts"))


def replay_of(folder: Path) -> Recording:
    recording = Recording(folder)
    recording.extend(closed=True)
    assert recording.segments
    return recording


def test_each_does_its_part_and_no_more(stage: tuple[Path, str]) -> None:
    """From the segments to the deletion. Fails when the API lays no folder, and for the modes before: tried."""
    media, base = stage
    folder, archive, evidence = media / "hls" / LAID, media / "archive", media / "evidence"
    assert len(segments(folder)) >= 2
    # What nginx makes by itself is closed to the others: this is why the API lays it.
    shut = segments(media / "hls" / UNLAID)[0]
    assert not may(LIVE, shut.with_name(REPLAY).touch)
    assert not may(API, shut.read_bytes)

    # The supervisor closes the recording and bars a stream; nginx shows the one and refuses the other.
    assert may(LIVE, lambda: write_replay(replay_of(folder)))
    path = LiveKeys("h" * 40, SECRET).hls_path(LAID, "0" * 26, utc_now() + timedelta(minutes=5))
    shown = httpx.get(f"{base}/{path}/index.m3u8", trust_env=False)
    assert (shown.status_code, shown.text.endswith("#EXT-X-ENDLIST\n")) == (200, True)
    assert httpx.get(f"{base}/{path}/{segments(folder)[0].name}", trust_env=False).status_code == 200
    assert may(LIVE, lambda: _bar(media / BARRED, {LAID}))
    assert httpx.get(f"{base}/{path}/index.m3u8", trust_env=False).status_code == 403
    assert may(LIVE, lambda: _bar(media / BARRED, set()))
    assert httpx.get(f"{base}/{path}/index.m3u8", trust_env=False).status_code == 200

    # The worker keeps the film and the evidence; the API reads both, nginx and strangers neither.
    film, bundle = archive / "L1.mp4", evidence / "L1-1"
    assert may(WORKER, lambda: asyncio.run(FfmpegRemuxer(FFMPEG).make_mp4(folder / REPLAY, film)))

    def keep() -> None:
        bundle.mkdir(mode=FOLDER_MODE, parents=True)
        (bundle / "session.jsonl").write_text("{}")

    assert may(WORKER, keep)
    for kept in (film, bundle / "session.jsonl"):
        assert may(API, kept.read_bytes)
        assert not may(NGINX, kept.read_bytes)
        assert not may(NOBODY, kept.read_bytes)
        assert not may(API, kept.unlink)
        assert not may(LIVE, kept.unlink)

    # Segments: the API cuts a clip of them, the worker lays its list beside them; a stranger sees none.
    began = int(segments(folder)[0].stem)
    assert may(API, lambda: slice_of(folder, began, began + 2000, closed=True).playlist())
    assert may(WORKER, lambda: (folder / ".clip-1.m3u8").write_text("#EXTM3U\n"))
    assert not may(NOBODY, segments(folder)[0].read_bytes)
    assert not may(NOBODY, lambda: (folder / "9.ts").touch())
    assert not may(NGINX, lambda: (media / BARRED / LAID).touch())
    assert not may(WORKER, lambda: (media / BARRED / LAID).touch())
    assert not may(LIVE, lambda: list((media / "rungs").iterdir()))

    # When its day has come the worker deletes everything.
    def delete() -> None:
        for each in (folder, bundle):
            shutil.rmtree(each)
        film.unlink()

    assert may(WORKER, delete)
