"""What this room needs from the world: somebody who draws mini-program codes."""

from typing import Protocol


class CodePainter(Protocol):
    """Draws a mini-program code (wechat reference 2.8). Raises scans.errors.CodePictureUnavailable."""

    async def mini_program_code(self, scene: str, page: str) -> bytes:
        """The picture of a code that opens ``page`` with ``scene``; PNG or JPEG."""
        ...
