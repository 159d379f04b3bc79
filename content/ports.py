"""What this room needs from the world: a place for files."""

from collections.abc import Sequence
from typing import Protocol

PUBLIC = "public/"
PRIVATE = "private/"


class ObjectStorage(Protocol):
    """Keeps files under keys that we choose. What begins with ``public/`` is served to anybody who knows the key,
    what begins with ``private/`` to nobody.

    Every method raises :class:`content.errors.StorageUnavailable` when the storage does not answer.
    """

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Keep a file; the same key again replaces it."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The file, or None."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove files; one that is not there is no error."""
        ...
