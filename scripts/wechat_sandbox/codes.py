"""Mini-program codes: a plain QR code of the scene stands for WeChat's own drawing (wechat reference 2.8)."""

import re
from io import BytesIO
from typing import Annotated, Literal

import msgspec
import segno

from scripts.wechat_sandbox.errors import MiniProgramError
from scripts.wechat_sandbox.miniprogram import decode_json

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PAGE = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class CodeRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST wxa/getwxacodeunlimit``."""

    scene: str
    page: str = "pages/index/index"
    check_path: bool = True
    env_version: Literal["release", "trial", "develop"] = "release"
    width: Annotated[int, msgspec.Meta(ge=280, le=1280)] = 430
    auto_color: bool = False
    is_hyaline: bool = False


def draw_code(body: bytes) -> bytes:
    """The picture, or WeChat's refusal of a scene or a page."""
    asked = decode_json(body, CodeRequest)
    if not _SCENE.fullmatch(asked.scene):
        raise MiniProgramError(40169, "invalid length for scene, or the data is not json string")
    if not _PAGE.fullmatch(asked.page):
        raise MiniProgramError(41030, "invalid page")
    drawn = BytesIO()
    segno.make(f"{asked.page}?scene={asked.scene}", micro=False).save(drawn, kind="png", scale=8)
    return drawn.getvalue()
