"""Starts a throw-away PostgreSQL, fills it, starts one server, drives it from here, prints, tidies up."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import asyncpg
import uvloop
from tortoise.context import TortoiseContext

from scripts.benchmarks import flash
from scripts.benchmarks.county import Shelf, build_county
from scripts.benchmarks.load import Round, drive
from scripts.benchmarks.loads import Load, measured_loads, static_load
from scripts.benchmarks.report import goals, machine, table
from scripts.local_stack.probes import answers_http
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment
from scripts.local_stack.stack import LocalStack
from server.database import tortoise_config
from server.settings import DatabaseSettings

ROUNDS = 5
WARM_UP_S = 2.0
RUN_IN_S = 0.5
"""So long a load runs before each of its rounds counts: what was in memory has aged while the others had their turn."""

UP_WITHIN_S = 60.0


def main() -> None:
    """The command line."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped and removed
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), ("postgres", "redis"), usual_ports=False)
        try:
            stack.prepare()
            stack.start_first()
            stack.migrate()
            began = time.monotonic()
            url, owner = stack.environment["DATABASE_URL"], stack.environment["MIGRATE_DATABASE_URL"]
            shelf, sale = asyncio.run(_seed(owner, options.what == "flash"))
            print(f"{len(shelf.products):,} products in {time.monotonic() - began:.0f} s", flush=True)
            with server_of(stack, Path(folder, "server.log")) as (port, _):
                if sale is None:
                    loads, rounds = uvloop.run(_measure(port, shelf, options, owner))
                    found = [*table(loads, rounds), "", *goals(loads, rounds)]
                else:
                    found = flash.summary(uvloop.run(flash.measure(port, shelf, sale, options, ROUNDS)))
                    found += asyncio.run(flash.account(url, sale))
        finally:
            stack.destroy()
    each = options.seconds / ROUNDS
    print(f"\n{machine()}; load average {before:.1f} before, {os.getloadavg()[0]:.1f} after")
    print(f"{options.connections} connections; {ROUNDS} interleaved rounds of {each:.1f} s a load")
    print("PostgreSQL, server and client on this machine; fsync and synchronous_commit on")
    print("ratios: median over the rounds\n")
    print("\n".join(found))


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    asked.add_argument("what", nargs="?", choices=("routes", "flash"), default="routes", help="what to measure")
    asked.add_argument("--seconds", type=float, default=10.0, help="measured seconds per load, over all rounds")
    asked.add_argument("--connections", type=int, default=32, help="keep-alive connections that ask without a pause")
    asked.add_argument("--only", nargs="*", default=[], help="names of loads; their yardsticks are added")
    return asked.parse_args()


async def _seed(url: str, with_sale: bool) -> tuple[Shelf, flash.Sale | None]:
    """Fill the database without waiting for the disk; nothing of this is measured."""
    config = tortoise_config(DatabaseSettings(url=url))
    config["connections"]["default"]["credentials"]["server_settings"]["synchronous_commit"] = "off"
    async with TortoiseContext() as context:
        await context.init(config=config)
        shelf = await build_county()
        sale = await flash.open_sale(shelf) if with_sale else None
        await context.connections.get("default").execute_script("VACUUM ANALYZE")
        await context.close_connections()
    return shelf, sale


@contextmanager
def server_of(stack: LocalStack, log: Path) -> Iterator[tuple[int, int]]:
    """The measured process; the values are its port and its number. Its log is shown when it does not come up."""
    environment = {**plain_environment(), **stack.environment}
    port = int(environment["API_PORT"])
    with log.open("wb") as output:
        running = _start(environment, output)
        try:
            deadline = time.monotonic() + UP_WITHIN_S
            while not answers_http(port, "/health/ready"):
                if running.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the server did not start\n{log.read_text()[-3000:]}")
                time.sleep(0.1)
            yield port, running.pid
        finally:
            running.terminate()
            running.wait(30)


def _start(environment: dict[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "scripts.benchmarks.server"]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)


async def _measure(
    port: int, shelf: Shelf, options: argparse.Namespace, url: str
) -> tuple[list[Load], dict[str, list[Round]]]:
    """Warm everything up, then rounds in which every load comes once, so that noise hits all alike."""
    loads = _wanted(measured_loads(shelf), options.only)
    sizes: dict[str, int] = {}
    for load in loads:
        warm = await drive(port, load.following, options.connections, WARM_UP_S)
        if warm.refused:
            sys.exit(f"{load.title}: {warm.refused} refused, the last one with\n{warm.sample.decode()}")
        sizes.setdefault(load.static, warm.body_bytes)
    statics = [static_load(name, size) for name, size in sizes.items() if name]
    for load in statics:
        await drive(port, load.following, options.connections, WARM_UP_S / 2)
    await _analyse(url)
    everything = [*statics, *loads]
    rounds: dict[str, list[Round]] = {load.name: [] for load in everything}
    for _ in range(ROUNDS):
        for load in everything:
            await drive(port, load.following, options.connections, RUN_IN_S)
            before = _made(port)
            done = await drive(port, load.following, options.connections, options.seconds / ROUNDS)
            done.made = _made(port) - before
            rounds[load.name].append(done)
    return everything, rounds


async def _analyse(url: str) -> None:
    """Bring the statistics up to date, as autovacuum does every minute: orders were planned while there were none."""
    connection = await asyncpg.connect(url)
    await connection.execute("ANALYZE")
    await connection.close()


def _made(port: int) -> int:
    """How many answers the server has made that it keeps in memory."""
    with urlopen(f"http://127.0.0.1:{port}/yardstick/made", timeout=UP_WITHIN_S) as reply:
        return int(reply.read())


def _wanted(loads: Sequence[Load], only: list[str]) -> list[Load]:
    names = {*only, *(load.yardstick for load in loads if load.name in only)}
    return [load for load in loads if not only or load.name in names]


if __name__ == "__main__":
    main()
