"""Telling the story in a process of its own, as a person would."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

from scripts.local_stack.product import ROOT
from scripts.local_stack.stack import LocalStack


class Telling:
    """A running ``scripts/story``; what it has printed so far is in ``text``."""

    def __init__(self, system: LocalStack, *words: str) -> None:
        self.text = ""
        self._argv = (sys.executable, "-m", "scripts.purchase_story", "--state-dir", str(system.state), *words)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            *self._argv, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
        )
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.text += line.decode()

    async def reaches(self, words: str, seconds: float = 90) -> None:
        """Wait until these words have been printed."""
        for _ in range(int(seconds / 0.05)):
            if words in self.text:
                return
            assert self._process is not None
            assert self._process.returncode is None or words in self.text, self.text
            await asyncio.sleep(0.05)
        raise AssertionError(f"the story never came to {words!r}\n{self.text}")

    async def end(self, seconds: float = 150) -> int:
        """The exit code."""
        assert self._process is not None
        assert self._reader is not None
        try:
            code = await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        await self._reader
        return code
