"""The port through which a file that comes in is scanned for what is known to be harmful, before anybody reads it."""

from typing import Protocol

from kit.errors import Invalid, Unavailable


class FileHarmful(Invalid):
    """The scanner knows something harmful in the file; ``signature`` is the scanner's name for it."""

    code = "file_harmful"
    title = "文件含有已知的有害内容，已拒收"
    title_en = "The file holds something that is known to be harmful"


class FileNotScanned(Unavailable):
    """The scanner does not answer or could not read the file whole, so nothing of it is taken; try again later."""

    code = "file_not_scanned"
    title = "文件安全检查暂不可用，请稍后再传"
    title_en = "The file could not be scanned"


class FileScanner(Protocol):
    """Looks at a file's bytes."""

    async def check(self, content: bytes) -> None:
        """Returns when nothing is known against the file. Raises :class:`FileHarmful`, :class:`FileNotScanned`."""
        ...
