"""The live centre as its viewers and hosts feel it: ``scripts/bench live [measure ...]``.

Starts a throw-away stack (media server, API, supervisor, relay, Redis, PostgreSQL) and prints each figure with its goal
(live reference 6). Without a name all measures run, one after the other; docs/benchmarks.md says what they mean.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from tortoise.context import TortoiseContext

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.bans import bans
from scripts.benchmarks.live.browser import in_a_browser
from scripts.benchmarks.live.clips import clips
from scripts.benchmarks.live.cost import room_cost, rung_cost
from scripts.benchmarks.live.frozen import frozen
from scripts.benchmarks.live.kills import kills
from scripts.benchmarks.live.pictures import pictures
from scripts.benchmarks.live.refusals import refused
from scripts.benchmarks.live.replays import replays
from scripts.benchmarks.live.returning import gone_for_a_while
from scripts.benchmarks.live.stage import Stage, make_source
from scripts.benchmarks.live.viewers import many_viewers, one_stalled
from scripts.benchmarks.report import machine
from scripts.local_stack.stack import LocalStack
from server.database import tortoise_config
from server.settings import DatabaseSettings

PROCESSES = ("postgres", "redis", "nginx", "api", "flv-relay", "live-supervisor")

Measure = Callable[[Stage, Path, argparse.Namespace], Awaitable[list[Figure]]]


async def _return(stage: Stage, _: Path, __: argparse.Namespace) -> list[Figure]:
    return await gone_for_a_while(stage, await stage.room())


MEASURES: dict[str, Measure] = {
    "cost": lambda stage, source, asked: room_cost(stage, source, asked.seconds),
    "pictures": lambda stage, _, asked: pictures(stage, asked.seconds, asked.rounds * 4),
    "browser": lambda stage, _, asked: in_a_browser(stage, asked.rounds),
    "viewers": lambda stage, source, _: many_viewers(stage, source, 24),
    "stall": lambda stage, source, _: one_stalled(stage, source),
    "return": _return,
    "rung": lambda stage, source, asked: rung_cost(stage, source, asked.seconds),
    "kills": lambda stage, _, __: kills(stage),
    "frozen": lambda stage, _, __: frozen(stage),
    "replay": lambda stage, source, asked: replays(stage, source, asked.hour),
    "clip": lambda stage, _, __: clips(stage),
    "refusals": lambda stage, source, _: refused(stage, source),
    "bans": lambda stage, source, asked: bans(stage, source, asked.rounds),
}


def main() -> None:
    """The command line."""
    asked = argparse.ArgumentParser(prog="scripts/bench live", description=__doc__)
    asked.add_argument("measures", nargs="*", metavar="measure", help=", ".join(MEASURES))
    asked.add_argument("--seconds", type=float, default=30.0, help="how long pictures and cost are looked at")
    asked.add_argument("--rounds", type=int, default=5, help="bans of each kind; four times as many first pictures")
    asked.add_argument("--hour", type=int, default=3600, help="seconds of the recording of which a file is made")
    options = asked.parse_args()
    if unknown := set(options.measures) - set(MEASURES):
        asked.error(f"no such measure: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped and removed
    print(f"{machine()}; load average {os.getloadavg()[0]:.1f} before", flush=True)
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), PROCESSES, usual_ports=False)
        try:
            stack.start()
            source = make_source(stack.environment["FFMPEG_PATH"], Path(folder, "source.flv"))
            asyncio.run(_measure(stack, source, options))
        finally:
            stack.destroy()
    print(f"load average {os.getloadavg()[0]:.1f} after")


async def _measure(stack: LocalStack, source: Path, options: argparse.Namespace) -> None:
    async with TortoiseContext() as context, httpx.AsyncClient(trust_env=False) as http:
        await context.init(config=tortoise_config(DatabaseSettings(url=stack.environment["DATABASE_URL"], pool_max=2)))
        stage = Stage(stack, http)
        try:
            for name in options.measures or MEASURES:
                began = time.monotonic()
                figures = await MEASURES[name](stage, source, options)
                print(f"\n{name} ({time.monotonic() - began:.0f} s)")
                print("\n".join(figure.line() for figure in figures), flush=True)
        finally:
            await stage.close()
            await context.close_connections()


if __name__ == "__main__":
    main()
