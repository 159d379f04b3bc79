"""The stack with real servers: what dies comes back, what is stored stays, what is stopped is gone."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from redis import Redis

from kit.clock import utc_now
from live.media.keys import LiveKeys
from scripts.local_stack.binaries import ffmpeg
from scripts.local_stack.launch import start_mark
from scripts.local_stack.probes import accepts
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import Program, plain_environment
from scripts.local_stack.stack import AlreadyRunning, LocalStack
from scripts.local_stack.supervisor import NotUp

STORES = ("postgres", "redis", "nginx")
BACK_WITHIN_S = 20.0  # alone on the machine: 0.4 s
T = TypeVar("T")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Database, Redis and media server on a throw-away directory."""
    made = LocalStack(tmp_path_factory.mktemp("stack") / "state", STORES, usual_ports=False)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack of Redis and one sleeping program, for tests that treat the supervisor itself roughly."""
    made = LocalStack(tmp_path / "state", ("redis", sleeper("sleeper")), usual_ports=False)
    yield made
    made.destroy()


def sleeper(name: str, code: str = "import time; time.sleep(1000)") -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), environment=plain_environment())


def ask(stack: LocalStack, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        connection = await asyncpg.connect(stack.environment["MIGRATE_DATABASE_URL"])
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def gone(pid: int, mark: str | None) -> bool:
    return start_mark(pid) != mark


def until(question: Callable[[], bool], patience_s: float = 10.0) -> bool:
    deadline = time.monotonic() + patience_s
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_database_is_what_the_product_needs(stack: LocalStack) -> None:
    async def question(connection: asyncpg.Connection) -> dict[str, Any]:
        settings = "fsync", "synchronous_commit", "full_page_writes", "TimeZone", "is_superuser", "log_error_verbosity"
        found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in settings}
        found["extensions"] = {row["extname"] for row in await connection.fetch("SELECT extname FROM pg_extension")}
        found["trigrams"] = await connection.fetchval("SELECT cardinality(show_trgm('陇川特产'))")
        found["statements"] = await connection.fetchval("SELECT count(*) FROM pg_stat_statements")
        return found

    found = ask(stack, question)
    assert found.pop("extensions") >= {"pg_trgm", "unaccent", "btree_gist", "pg_stat_statements"}
    assert found.pop("trigrams") == 5
    assert found.pop("statements") > 0
    assert found == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "TimeZone": "UTC",
        "is_superuser": "off",
        "log_error_verbosity": "terse",
    }


def test_the_databases_log_quotes_no_row_that_it_refuses(stack: LocalStack) -> None:
    """Fails without ``log_error_verbosity``: tried. A household's code stood there when it was entered twice."""

    async def refused(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE named (code text UNIQUE CHECK (code <> '') , word text NOT NULL)")
        for code, word in (
            ("示例户金丝雀", "甲"),
            ("示例户金丝雀", "乙"),
            ("", "金丝雀文件"),
            ("示例户金丝雀二", None),
        ):
            with suppress(asyncpg.IntegrityConstraintViolationError):
                await connection.execute("INSERT INTO named VALUES ($1, $2)", code, word)

    ask(stack, refused)
    log = stack.state / "logs" / "postgres.log"
    assert until(lambda: log.read_text().count("constraint") >= 3)
    assert "金丝雀" not in log.read_text()


def test_the_database_wants_the_password(stack: LocalStack) -> None:
    url = stack.environment["DATABASE_URL"].replace(stack.secrets["POSTGRES_PASSWORD"], "another")
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(url))


def test_a_killed_database_comes_back_with_what_it_acknowledged(stack: LocalStack) -> None:
    async def store(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE kept (number int)")
        await connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")

    async def count(connection: asyncpg.Connection) -> int:
        return int(await connection.fetchval("SELECT count(*) FROM kept"))

    ask(stack, store)
    for _ in range(2):
        old = stack.kill("postgres", signal.SIGKILL)
        stack.wait_until_up("postgres", after=old, patience_s=BACK_WITHIN_S)
        assert ask(stack, count) == 1000


def test_a_killed_redis_comes_back_with_its_file(stack: LocalStack) -> None:
    with Redis.from_url(stack.environment["REDIS_URL"]) as redis:
        redis.set("kept", "yes")
        redis.config_set("appendfsync", "always")
        redis.set("kept-too", "yes")
    old = stack.kill("redis", signal.SIGKILL)
    stack.wait_until_up("redis", after=old, patience_s=BACK_WITHIN_S)
    with Redis.from_url(stack.environment["REDIS_URL"]) as redis:
        assert redis.mget("kept", "kept-too") == [b"yes", b"yes"]


def test_a_killed_media_server_comes_back_though_its_worker_kept_the_port(stack: LocalStack) -> None:
    old = stack.kill("nginx", signal.SIGKILL)
    assert accepts(stack.ports["rtmp"])  # the worker outlived its master
    stack.wait_until_up("nginx", after=old, patience_s=BACK_WITHIN_S)
    with urllib.request.urlopen(stack.environment["MEDIA_STAT_URL"], timeout=5) as answer:
        assert b"<application>" in answer.read()


def test_the_media_server_serves_signed_playlists_and_segments_alone(stack: LocalStack) -> None:
    stream, segment = "s" * 26, "1795447733882.ts"
    room = Path(stack.environment["MEDIA_DIR"]) / "hls" / stream
    room.mkdir(exist_ok=True)
    (room / "index.m3u8").write_text("#EXTM3U\n")
    (room / segment).write_bytes(b"G" * 188)
    keys = LiveKeys("", stack.environment["MEDIA_CALLBACK_SECRET"])

    def fetch(path: str, name: str) -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(f"{stack.environment['HLS_BASE_URL']}/{path}/{name}", timeout=5) as answer:
                return (
                    answer.status,
                    answer.headers["Content-Type"],
                    answer.headers["Access-Control-Allow-Origin"],
                )
        except urllib.error.HTTPError as error:
            return error.code, "", ""

    good = keys.hls_path(stream, "V" * 26, utc_now() + timedelta(minutes=5))
    assert fetch(good, "index.m3u8") == (200, "application/vnd.apple.mpegurl", "*")
    assert fetch(good, segment) == (200, "video/mp2t", "*")
    expired = keys.hls_path(stream, "V" * 26, utc_now() - timedelta(minutes=5))
    foreign = good.replace("s" * 26, "t" * 26)
    other_viewer = good.replace("V" * 26, "W" * 26)
    for path in (expired, foreign, other_viewer):
        assert fetch(path, "index.m3u8")[0] == 403
        assert fetch(path, segment)[0] == 403
    assert fetch(stream, "index.m3u8")[0] == 404


def test_nobody_may_publish_while_the_api_is_down(stack: LocalStack) -> None:
    pushed = subprocess.run(
        [str(ffmpeg({})), "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=3:s=64x64",
         "-c:v", "libx264", "-f", "flv", f"{stack.environment['RTMP_PUBLISH_URL']}/room?key=wrong"],
        capture_output=True, timeout=30,
    )  # fmt: skip
    assert pushed.returncode != 0
    assert not list((Path(stack.environment["MEDIA_DIR"]) / "hls").glob("**/room*.ts"))


def test_a_second_start_on_the_same_directory_is_refused(stack: LocalStack) -> None:
    before = stack.pids()
    with pytest.raises(AlreadyRunning):
        LocalStack(stack.state, STORES, usual_ports=False).start()
    assert stack.pids() == before


def test_stop_ends_everything_and_the_next_start_finds_the_data(stack: LocalStack) -> None:
    async def keep(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE over_night AS SELECT 7 AS number")

    async def look(connection: asyncpg.Connection) -> int:
        return int(await connection.fetchval("SELECT number FROM over_night"))

    ask(stack, keep)
    pids = {pid: start_mark(pid) for pid in stack.pids().values()}
    settings = dict(stack.environment)
    stack.stop()
    assert all(gone(pid, mark) for pid, mark in pids.items())
    assert not any(accepts(stack.ports[name]) for name in ("postgres", "redis", "rtmp", "hls"))
    stack.start()
    assert stack.environment == settings
    assert ask(stack, look) == 7


def test_orphans_of_a_killed_supervisor_are_ended_and_strangers_are_not(small: LocalStack) -> None:
    small.start()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    try:
        orphans = {pid: start_mark(pid) for pid in small.pids().values()}
        assert len(orphans) == 2
        # A record whose pid belongs to somebody else by now.
        records = small.supervisor.records
        (records / "ghost.json").write_text(
            json.dumps({"name": "ghost", "pid": stranger.pid, "mark": "other", "stop_signal": "TERM"})
        )
        assert small.supervisor.pid is not None
        os.kill(small.supervisor.pid, signal.SIGKILL)
        assert not any(gone(pid, mark) for pid, mark in orphans.items())
        small.start()
        assert until(lambda: all(gone(pid, mark) for pid, mark in orphans.items()), 2.0)
        assert set(small.pids()) == {"redis", "sleeper"}
        assert stranger.poll() is None
        small.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_children_of_a_killed_program_do_not_outlive_it(tmp_path: Path) -> None:
    told = tmp_path / "child"
    code = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        f"pathlib.Path({str(told)!r}).write_text(str(child.pid))\n"
        "child.wait()\n"
    )
    stack = LocalStack(tmp_path / "state", (sleeper("parent", code),), usual_ports=False)
    try:
        stack.start()
        assert until(told.exists)
        assert until(lambda: told.read_text() != "")
        child = int(told.read_text())
        mark = start_mark(child)
        assert mark is not None
        old = stack.kill("parent", signal.SIGKILL)
        stack.wait_until_up("parent", after=old)
        assert until(lambda: gone(child, mark))
    finally:
        stack.destroy()


def test_the_stack_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, signal, json\n"
        "from pathlib import Path\n"
        "from scripts.local_stack.stack import LocalStack\n"
        "stack = LocalStack(Path(sys.argv[1]), ('redis',), usual_ports=False)\n"
        "stack.start()\n"
        "print(json.dumps([*stack.pids().values(), stack.supervisor.pid]), flush=True)\n"
        "signal.pause()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "state")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pids = {pid: start_mark(pid) for pid in json.loads(owner.stdout.readline())}
    assert None not in pids.values()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert until(lambda: all(gone(pid, mark) for pid, mark in pids.items()))
    LocalStack(tmp_path / "state", (), usual_ports=False).destroy()


def test_a_program_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = Program(
        name="broken",
        argv=(sys.executable, "-c", "raise SystemExit('no such table')"),
        environment=plain_environment(),
        ready=lambda: False,
    )
    stack = LocalStack(tmp_path / "state", (broken,), usual_ports=False)
    try:
        stack.prepare()
        stack.start_first()
        stack.supervisor.start_program("broken")
        with pytest.raises(NotUp, match="no such table"):
            stack.wait_until_up("broken", patience_s=2.0)
        # It is tried again and again, and the machine is not eaten by it.
        assert 2 <= stack.supervisor.log_tail("broken").count("no such table") <= 8
    finally:
        stack.destroy()


def test_servers_that_stand_elsewhere_are_not_started(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgres://u:p@db.example:5432/x",
        "REDIS_URL": "redis://cache.example/0",
        "PATH": "/",
    }
    stack = LocalStack(tmp_path / "state", ("postgres", "redis", sleeper("only")), given=given, usual_ports=False)
    try:
        stack.start()
        assert set(stack.pids()) == {"only"}
        assert stack.environment["DATABASE_URL"] == given["DATABASE_URL"]
        assert stack.environment["REDIS_URL"] == given["REDIS_URL"]
        assert "PATH" not in stack.environment
    finally:
        stack.destroy()


def test_a_stale_lock_file_of_postgresql_does_not_block_the_start(stack: LocalStack) -> None:
    stack.stop()
    lock = stack.home / "postgres" / "data" / "postmaster.pid"
    # A living stranger has the number that the old server had; PostgreSQL alone would refuse for ever.
    lines = [
        str(os.getpid()),
        str(lock.parent),
        "0",
        str(stack.ports["postgres"]),
        "",
        "127.0.0.1",
        "0 0",
        "ready",
    ]
    lock.write_text("\n".join(lines) + "\n")
    if stack.identity is not None:
        os.chown(lock, stack.identity.uid, stack.identity.gid)
    stack.start()
    assert lock.read_text().splitlines()[0] == str(stack.pids()["postgres"])


def test_the_settings_are_kept_for_their_owner_alone(stack: LocalStack) -> None:
    path = stack.state / "environment.json"
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text()) == stack.environment
    sourced = subprocess.run(
        ["sh", "-c", f'. "{stack.state}/environment.sh"; printf %s "$DATABASE_URL"'],
        capture_output=True,
        text=True,
    )
    assert sourced.stdout == stack.environment["DATABASE_URL"]


def test_a_state_directory_with_a_long_path_has_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long-name-" * 9) / "state 100%"
    stack = LocalStack(deep, (sleeper("only"),), usual_ports=False)
    try:
        stack.start()
        assert set(stack.pids()) == {"only"}
        assert len(str(stack.supervisor.socket_path)) < 108
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(stack.supervisor.socket_path))
        folder = stack.supervisor.socket_path.parent
        stack.stop()
        assert not folder.exists()
    finally:
        stack.destroy()
