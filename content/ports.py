"""What this room needs from the world: a place for files, and somebody who judges content."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kit.errors import Unavailable

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


class Suggestion(StrEnum):
    """What the judge thinks."""

    PASS = "pass"
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True)
class Verdict:
    """A judged text; ``label`` is the judge's number for the kind of risk."""

    suggestion: Suggestion
    label: str


class CheckImpossible(Exception):
    """The judge will not judge this, however often it is asked; ``label`` says why, for the person who will."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class CheckUnavailable(Unavailable):
    """The judge does not answer, or not now; ask again later."""

    code = "content_check_unavailable"
    title = "内容安全检测暂不可用"
    title_en = "The check of content is temporarily unavailable"


class ContentChecker(Protocol):
    """Judges content (wechat reference 2.9). Raises :class:`CheckImpossible` and :class:`CheckUnavailable`."""

    async def check_text(self, text: str, openid: str, scene: int) -> Verdict:
        """The verdict on a text of at most 2,500 characters."""
        ...

    async def ask_about_picture(self, url: str, openid: str, scene: int) -> str:
        """Have a picture at a public address judged; answers the trace id that the verdict will bear."""
        ...
