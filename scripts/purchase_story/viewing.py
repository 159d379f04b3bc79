"""A viewer of the feed who keeps count of what arrived, and can lose the line."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import websockets

from scripts.purchase_story.cast import Stage


@dataclass
class Viewer:
    """Follows one room. ``offsets`` is every durable message in the order of arrival."""

    stage: Stage
    room: str
    epoch: str = ""
    offset: int = 0
    offsets: list[int] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    gaps: int = 0
    began_at: int | None = None
    snapshots: int = 0
    _task: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Connect, from where this viewer stands, and read on until :meth:`drop`."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._read(ready))
        await asyncio.wait_for(ready.wait(), 10)

    async def _read(self, ready: asyncio.Event) -> None:
        """Read until dropped; a line that the other side has cut is taken up again from where this viewer stands."""
        base = self.stage.api.replace("http", "ws", 1)
        while True:
            query = f"?epoch={self.epoch}&offset={self.offset}" if self.epoch else ""
            address = f"{base}/v1/miniapp/live/sessions/{self.room}/feed{query}"
            with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException):
                async with websockets.connect(address, open_timeout=5, proxy=None) as socket:
                    ready.set()
                    async for text in socket:
                        self._take(json.loads(text))
            await asyncio.sleep(0.3)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.snapshots += 1
            self.epoch, self.offset = frame["epoch"], frame["offset"]
            self.began_at = frame["offset"] if self.began_at is None else self.began_at
        else:
            if frame["epoch"] != self.epoch or frame["from"] != self.offset:
                self.gaps += 1
            for message in frame.get("messages", []):
                self.offsets.append(message["offset"])
                self.messages.append(message)
            self.offset = frame["to"]
        if frame.get("state"):
            self.state = frame["state"]

    async def drop(self) -> None:
        """Lose the line, as a phone in a tunnel does."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def until(self, holds: Any, seconds: float = 10) -> bool:
        """Wait until a predicate of this viewer holds."""
        for _ in range(int(seconds / 0.05)):
            if holds(self):
                return True
            await asyncio.sleep(0.05)
        return bool(holds(self))
