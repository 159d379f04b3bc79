"""Mini-program codes over httpx: a person waits for the picture (wechat reference 2.8)."""

from dataclasses import dataclass

import httpx
import msgspec

from integrations.wechat.login import MiniProgramClient
from integrations.wechat.token import REFUSED_TOKEN_CODES, TokenUnavailable
from scans.errors import CodePictureUnavailable

TIMEOUT_SECONDS = 10.0
MAX_PICTURE_BYTES = 2 * 1024 * 1024
_WIDTH = 430


class _Refusal(msgspec.Struct):
    errcode: int = 0
    errmsg: str = ""


@dataclass(frozen=True)
class MiniProgramCodes:
    """Implements ``scans.ports.CodePainter``. ``env_version`` is release outside of development."""

    client: MiniProgramClient
    env_version: str

    async def mini_program_code(self, scene: str, page: str) -> bytes:
        """``getwxacodeunlimit``; a refused token is replaced once and the call repeated once."""
        asked = msgspec.json.encode(
            # Codes are printed before the page is released, so the page is not looked for.
            {"scene": scene, "page": page, "check_path": False, "env_version": self.env_version, "width": _WIDTH}
        )
        try:
            token = await self.client.token.get()
            drawn, refusal = await self._ask(token, asked)
            if refusal in REFUSED_TOKEN_CODES:
                await self.client.token.forget(token)
                drawn, refusal = await self._ask(await self.client.token.get(), asked)
        except (TokenUnavailable, httpx.HTTPError):
            # The address carries the token: the chained error would print it.
            raise CodePictureUnavailable() from None
        if refusal or not drawn:
            raise CodePictureUnavailable(wechat_errcode=refusal)
        return drawn

    async def _ask(self, token: str, asked: bytes) -> tuple[bytes, int]:
        """The picture, or WeChat's errcode; -1 for an answer that is neither."""
        reply = await self.client.http.post(
            self.client.base + "/wxa/getwxacodeunlimit",
            params={"access_token": token},
            content=asked,
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
        if reply.status_code != 200 or len(reply.content) > MAX_PICTURE_BYTES:
            return b"", -1
        if reply.content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
            return reply.content, 0
        try:
            return b"", msgspec.json.decode(reply.content, type=_Refusal).errcode or -1
        except msgspec.MsgspecError:
            return b"", -1
