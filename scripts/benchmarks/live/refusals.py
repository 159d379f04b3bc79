"""Who has no right to push is refused before a viewer gets one octet, also when nobody can be asked."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from kit.clock import utc_now
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.live.stage import Room, Stage
from scripts.benchmarks.live.waiting import until

PATIENCE_S = 30


@dataclass(frozen=True)
class Refusal:
    """``octets`` that a viewer got who had been waiting, ``segments`` that were kept."""

    what: str
    refused: bool
    octets: int
    segments: int

    @property
    def is_clean(self) -> bool:
        """Whether nobody noticed."""
        return self.refused and self.octets == self.segments == 0


class _Waiting:
    """A viewer with a good token who waits for the first picture."""

    def __init__(self) -> None:
        self.octets = 0
        self.is_in = False

    async def watch(self, http: httpx.AsyncClient, url: str) -> None:
        async with http.stream("GET", url, timeout=None) as answer:
            answer.raise_for_status()
            self.is_in = True
            async for piece in answer.aiter_raw():
                self.octets += len(piece)


@asynccontextmanager
async def _waiting(stage: Stage, room: Room) -> AsyncIterator[_Waiting]:
    viewer = _Waiting()
    task = asyncio.create_task(viewer.watch(stage.http, room.flv_url))
    try:
        await until(lambda: viewer.is_in)
        yield viewer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _try(stage: Stage, room: Room, viewer: _Waiting, source: Path, what: str, url: str) -> Refusal:
    before, kept = viewer.octets, _segments(stage, room)
    camera = stage.push(url, source)
    try:
        refused = await asyncio.to_thread(camera.wait, PATIENCE_S) != 0
    except subprocess.TimeoutExpired:
        refused = False
    await stage.end(camera)
    await asyncio.sleep(1)  # the relay looks twice a second for who is on air
    return Refusal(what, refused, viewer.octets - before, _segments(stage, room) - kept)


def _segments(stage: Stage, room: Room) -> int:
    return len(list((stage.segments / room.stream).glob("*.ts")))


async def refusals(stage: Stage, room: Room, other: Room, source: Path) -> list[Refusal]:
    """Every wrong way into ``room``, the right one, and then the key that has been used. Ends the session.

    The door of the webhook is shut for a while, so nobody else may need the API meanwhile.
    """
    bare, _, query = room.push_url.partition("?")
    nonce = query.partition("&n=")[2].partition("&")[0]
    expired = stage.keys.push_key(room.stream, nonce, utc_now() - timedelta(seconds=1))
    found = []
    async with _waiting(stage, room) as viewer:
        for what, url in (
            ("no key", bare),
            ("wrong key", room.push_url[:-1] + ("0" if room.push_url[-1] != "0" else "1")),
            ("expired key", f"{bare}?{expired.query}"),
            ("key of another session", f"{bare}?{other.push_url.partition('?')[2]}"),
        ):
            found.append(await _try(stage, room, viewer, source, what, url))
        await asyncio.to_thread(stage.stack.supervisor.stop_programs, ["api"])
        try:
            found.append(await _try(stage, room, viewer, source, "door of the webhook down", room.push_url))
        finally:
            await asyncio.to_thread(stage.stack.supervisor.start_program, "api")
            await asyncio.to_thread(stage.stack.wait_until_up, "api")
        camera = stage.push(room.push_url, source)
        await until(lambda: viewer.octets > 0)  # the same viewer, who has not asked again
        found.append(await _second(stage, room, source))
        await stage.sessions.end(room.number, None)
        await stage.end(camera)
        await stage.on_air(room)
        await asyncio.sleep(1)
        found.append(await _try(stage, room, viewer, source, "key of an ended session", room.push_url))
    return found


async def _second(stage: Stage, room: Room, source: Path) -> Refusal:
    """A second publisher on a key that is in use; of its pictures nothing can be told from the first one's."""
    camera = stage.push(room.push_url, source)
    try:
        refused = await asyncio.to_thread(camera.wait, PATIENCE_S) != 0
    except subprocess.TimeoutExpired:
        refused = False
    await stage.end(camera)
    return Refusal("key in use", refused, 0, 0)


async def refused(stage: Stage, source: Path) -> list[Figure]:
    """The figures: 1 where nothing came through."""
    found = await refusals(stage, await stage.room(), await stage.room(), source)
    return [
        Figure(f"{each.what}: refused, and nobody got anything", each.is_clean, "", 1, at_least=True) for each in found
    ]
