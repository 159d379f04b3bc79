"""A folder of this machine, for development and for an installation whose nginx serves it."""

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from content.errors import StorageUnavailable

_KEY = re.compile(r"(?:public|private)/[0-9A-Za-z]{2}/[0-9A-Za-z_-]{8,60}\.(?:jpg|json|bin)")


@dataclass(frozen=True)
class FolderStorage:
    """Implements ``content.ports.ObjectStorage``. A file appears whole or not at all."""

    directory: Path

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Write beside the place and rename."""
        await asyncio.to_thread(self._put, self._path(key), content)

    async def get(self, key: str) -> bytes | None:
        """Read the file."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailable() from error

    async def delete(self, keys: Sequence[str]) -> None:
        """Unlink the files."""
        for key in keys:
            try:
                await asyncio.to_thread(self._path(key).unlink, missing_ok=True)
            except OSError as error:
                raise StorageUnavailable() from error

    def _path(self, key: str) -> Path:
        """Only keys of our own shape name a file, so no key leads out of the folder."""
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of ours")
        return self.directory / key

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        unfinished = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            unfinished.rename(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StorageUnavailable() from error


def is_public_key(key: str) -> bool:
    """Whether anybody may be given the file."""
    return bool(_KEY.fullmatch(key)) and key.startswith("public/")
