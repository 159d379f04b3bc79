"""The feed of one room under many viewers: ``scripts/bench feed``.

One API process; viewers in this one, chat written as the API writes it and rung over Redis. First how long a message is
on its way while ``--sockets`` watch and one of them never reads, then how long it takes until ``--returning`` viewers
that lose their sockets at one moment are back, and what that asks of the database. At last a thousand watch at another
process while ``--joins`` others come and go and every kind of bad client does what it can.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import uvloop
from redis.asyncio import Redis
from tortoise.context import TortoiseContext

from integrations.redis.room_bell import RedisRoomBell
from kit.clock import utc_now
from kit.database import execute
from kit.numbers import opaque_id
from live.models import LiveSession, SessionState
from live.talk.chat import Chat
from scripts.benchmarks.__main__ import server_of
from scripts.benchmarks.figures import Figure, percentile
from scripts.benchmarks.hostile import attacked
from scripts.benchmarks.report import machine
from scripts.benchmarks.sockets import Place, Watched, cpu_seconds, open_all, resident_bytes, slow_reader
from scripts.local_stack.stack import LocalStack
from server.database import tortoise_config
from server.settings import DatabaseSettings

WORDS = "这个红糖怎么卖，发货到昆明要几天？"
SETTLE_S = 3.0
WATCHING = 1000
"""So many watch under attack."""
OWN_CORE = frozenset(sorted(os.sched_getaffinity(0))[-1:])
OTHER_CORES = frozenset(os.sched_getaffinity(0)) - OWN_CORE
UNHARMED = 1.25
"""Our own bound: so much later may a message be under attack than beside none."""
LOOKS = 400
"""How often it is looked whether the last message has come: for 20 s."""


@dataclass(frozen=True)
class Delivery:
    """Messages on their way to every socket. Times in ms, memory in bytes; ``cpu_share`` of a core the API needed."""

    sockets: int
    messages: int
    arrived: int
    p50_ms: float
    p99_ms: float
    per_socket_bytes: int
    cpu_share: float
    others_stayed: bool


@dataclass(frozen=True)
class Return:
    """Everybody back after a drop. ``transactions`` of the database in that time, a quiet room's own included."""

    viewers: int
    seconds: float
    cpu_seconds: float
    holes: int
    snapshots: int
    missing: int
    transactions: int


@dataclass(frozen=True)
class Attacking:
    """How bad it is: ``each`` bad clients of every kind, ``joins`` viewers who come and go; messages a second, and how
    long.
    """

    each: int = 20
    joins: int = 10_000
    rate: float = 10.0
    seconds: float = 40.0


@dataclass(frozen=True)
class Withstood:
    """Delivery to ``sockets`` before and under attack, what the process grew by, and who was thrown out how."""

    before: Delivery
    under: Delivery
    grown_bytes: int
    joins: int
    endings: dict[tuple[str, int], int]


async def room_on_air(turn: int = 1) -> LiveSession:
    """A session as if somebody pushed to it; each turn has another one."""
    now = utc_now()
    return await LiveSession.create(
        number=f"L20260101BENCH{turn:05}", title="示例直播", host="S1", merchant="M1", state=SessionState.LIVE,
        planned_at=now, started_at=now, stream=opaque_id().lower(), epoch=opaque_id(), created_at=now,
    )  # fmt: skip


async def talk(chat: Chat, number: str, rate: float, seconds: float) -> int:
    """Write so many messages a second; answers how many."""
    loop = asyncio.get_running_loop()
    began, written = loop.time(), 0
    while written < rate * seconds:
        await asyncio.sleep(max(0.0, began + written / rate - loop.time()))
        key = opaque_id()
        await chat.post(number, f"consumer:{key}", "用户1234", WORDS, key, "openid")
        written += 1
    return written


async def deliver(
    port: int, pid: int, chat: Chat, session: LiveSession, sockets: int, rate: float, seconds: float
) -> tuple[Delivery, list[Place], Watched]:
    """Open the sockets, let one of them never read, and time what arrives."""
    path = f"/v1/miniapp/live/sessions/{session.number}/feed"
    watched = Watched()
    places = [Place(watched, path, port) for _ in range(sockets)]
    await open_all(places[:1], 1)
    before = resident_bytes(pid)
    await open_all(places, 200)
    await asyncio.sleep(SETTLE_S)
    each = (resident_bytes(pid) - before) // max(1, sockets - 1)
    stalled = slow_reader(port, path)
    await asyncio.sleep(0.5)
    found = await timed(pid, chat, session, places, watched, rate, seconds)
    stalled.close()
    return replace(found, per_socket_bytes=each), places, watched


async def timed(
    pid: int, chat: Chat, session: LiveSession, places: list[Place], watched: Watched, rate: float, seconds: float
) -> Delivery:
    """Write for a while and time what arrives at the sockets that are open."""
    watched.waits_ms.clear()
    watched.is_measuring = True
    began, computed = time.monotonic(), cpu_seconds(pid)
    written = await talk(chat, session.number, rate, seconds)
    for _ in range(LOOKS):
        if len(watched.waits_ms) >= written * len(places):
            break
        await asyncio.sleep(0.05)
    share = (cpu_seconds(pid) - computed) / (time.monotonic() - began)
    watched.is_measuring = False
    waits = watched.waits_ms
    return Delivery(
        len(places), written, len(waits), percentile(waits, 0.5), percentile(waits, 0.99), 0, share,
        all(place.is_open for place in places),
    )  # fmt: skip


async def come_back(
    url: str, pid: int, places: list[Place], watched: Watched, chat: Chat, session: LiveSession
) -> Return:
    """Cut every socket, write while nobody is there, and let all come at once."""
    for place in places:
        if place.transport is not None:
            place.transport.abort()
    await asyncio.gather(*(place.gone.wait() for place in places))
    await talk(chat, session.number, 20, 1)
    await asyncio.sleep(SETTLE_S)
    watched.holes = watched.snapshots = 0
    before, began, computed = await transactions(url), time.monotonic(), cpu_seconds(pid)
    await open_all(places, len(places))
    took, computed = time.monotonic() - began, cpu_seconds(pid) - computed
    await asyncio.sleep(SETTLE_S)
    asked = await transactions(url) - before
    await session.refresh_from_db(["last_offset"])
    missing = sum(place.offset != session.last_offset for place in places)
    return Return(len(places), took, computed, watched.holes, watched.snapshots, missing, asked)


async def withstand(
    pid: int, chat: Chat, session: LiveSession, places: list[Place], watched: Watched, asked: Attacking
) -> Withstood:
    """Time messages to these places alone, then while bad clients do what they can and others come and go."""
    watched.holes = 0
    watched.closed.clear()
    before = await timed(pid, chat, session, places, watched, asked.rate, asked.seconds)
    resident = resident_bytes(pid)
    async with attacked(places[0].port, places[0].path, asked.each, asked.joins, asked.seconds) as attack:
        under = await timed(pid, chat, session, places, watched, asked.rate, asked.seconds)
        grown = resident_bytes(pid) - resident
    return Withstood(before, under, grown, attack.rounds["join"], attack.endings)


async def transactions(url: str) -> int:
    """How many the database has ended; each statement outside of a transaction is one."""
    connection = await asyncpg.connect(url)
    await asyncio.sleep(1.5)  # a backend tells once a second
    try:
        found = await connection.fetchval("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(found)
    finally:
        await connection.close()


def main() -> None:
    """The command line."""
    asked = argparse.ArgumentParser(prog="scripts/bench feed", description=__doc__)
    asked.add_argument("--sockets", type=int, default=3000, help="viewers of the room")
    asked.add_argument("--returning", type=int, default=5000, help="viewers that come back at once")
    asked.add_argument("--rate", type=float, default=10.0, help="chat messages a second")
    asked.add_argument("--seconds", type=float, default=20.0, help="how long messages are written")
    asked.add_argument("--joins", type=int, default=10_000, help="viewers who come and go under attack")
    options = asked.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped and removed
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), ("postgres", "redis"), usual_ports=False)
        try:
            stack.prepare()
            stack.start_first()
            stack.migrate()
            stack.environment["FEED_SOCKETS"] = str(max(options.sockets, options.returning) + 1000)
            with server_of(stack, Path(folder, "server.log")) as (port, pid):
                uvloop.run(_measure(stack.environment, port, pid, options))
            # Another process: one that has just let 5,000 go tidies up for a while. And a core of its own, where there
            # are two: attackers and those who watch are not to take the time that is measured.
            _keep_to(OTHER_CORES, os.getpid(), *stack.pids().values())
            with server_of(stack, Path(folder, "server.log")) as (port, pid):
                _keep_to(OWN_CORE, pid)
                uvloop.run(_measure_attack(stack.environment, port, pid, options))
        finally:
            stack.destroy()


def _keep_to(cores: frozenset[int], *pids: int) -> None:
    """Let processes, and what they start from now on, run on these cores alone; on a single core nothing is done."""
    if OWN_CORE and OTHER_CORES:
        for pid in pids:
            os.sched_setaffinity(pid, cores)


@asynccontextmanager
async def _room(environment: dict[str, str], turn: int) -> AsyncIterator[tuple[LiveSession, Chat]]:
    """A room on air, until the end of a block."""
    redis = Redis.from_url(environment["REDIS_URL"])
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=environment["DATABASE_URL"])))
        yield await room_on_air(turn), Chat(RedisRoomBell(redis))
        await execute("UPDATE live_session SET state = 'ended'")
        await context.close_connections()
    await redis.aclose()


async def _measure(environment: dict[str, str], port: int, pid: int, options: argparse.Namespace) -> None:
    async with _room(environment, 1) as (session, chat):
        found, places, watched = await deliver(port, pid, chat, session, options.sockets, options.rate, options.seconds)
        print(f"{machine()}; load average {os.getloadavg()[0]:.1f}")
        _print(_delivered(found, watched))
        more = [Place(watched, places[0].path, port) for _ in range(options.returning - len(places))]
        await open_all(more, 200)
        back = await come_back(environment["DATABASE_URL"], pid, places + more, watched, chat, session)
        _print(_returned(back))
        leave(places + more)


async def _measure_attack(environment: dict[str, str], port: int, pid: int, options: argparse.Namespace) -> None:
    async with _room(environment, 2) as (session, chat):
        asked = Attacking(joins=options.joins, rate=options.rate, seconds=2 * options.seconds)
        _, places, watched = await deliver(port, pid, chat, session, WATCHING, options.rate, SETTLE_S)
        held = await withstand(pid, chat, session, places, watched, asked)
        _print(_withstood(held, watched))
        leave(places)


def leave(places: list[Place]) -> None:
    """Hang up, all of them."""
    for place in places:
        if place.transport is not None:
            place.transport.abort()


def _print(figures: list[Figure]) -> None:
    print("\n".join(figure.line() for figure in figures), flush=True)


def _delivered(found: Delivery, watched: Watched) -> list[Figure]:
    return [
        Figure(f"{found.sockets:,} sockets: p50", found.p50_ms, "ms"),
        Figure(f"{found.sockets:,} sockets: p99", found.p99_ms, "ms", 300),
        Figure("messages that have not arrived", found.messages * found.sockets - found.arrived, "", 0),
        Figure("holes", watched.holes, "", 0),
        Figure("memory of a socket", found.per_socket_bytes / 1024, "KB"),
        Figure("of a core", found.cpu_share * 100, "%"),
        Figure("others let go beside one that never reads", not found.others_stayed, "", 0),
    ]


def _returned(back: Return) -> list[Figure]:
    return [
        Figure(f"{back.viewers:,} back at once", back.seconds, "s", 10),
        Figure("of which the API computed", back.cpu_seconds, "s"),
        Figure("holes, and viewers who could not resume", back.holes + back.snapshots, "", 0),
        Figure("viewers who lack a message at the end", back.missing, "", 0),
        Figure("transactions of the database meanwhile", back.transactions, ""),
        Figure("of these for each viewer", back.transactions / back.viewers, "", 0.1),
    ]


def _withstood(found: Withstood, watched: Watched) -> list[Figure]:
    thrown = ", ".join(f"{kind} {code}: {count:,}" for (kind, code), count in sorted(found.endings.items()))
    print(f"thrown out: {thrown}")
    lost = found.under.messages * found.under.sockets - found.under.arrived
    closed = sum(watched.closed.values()) + (not found.under.others_stayed)
    return [
        Figure(f"{found.before.sockets:,} sockets undisturbed: p99", found.before.p99_ms, "ms"),
        Figure(f"the same under attack and {found.joins:,} joins: p99", found.under.p99_ms, "ms", 300),
        Figure("by the undisturbed", found.under.p99_ms / found.before.p99_ms, "", UNHARMED),
        Figure("of a core, undisturbed", found.before.cpu_share * 100, "%"),
        Figure("of a core, under attack", found.under.cpu_share * 100, "%"),
        Figure("messages that have not arrived, and holes", lost + watched.holes, "", 0),
        Figure("sockets that were closed for it", closed, "", 0),
        Figure("growth of the process", found.grown_bytes / 2**20, "MB", 128),
    ]


if __name__ == "__main__":
    main()
