"""Keyset paging: a cursor is the sort key of the last row, opaque to the client."""

import base64
import binascii
from typing import TypeVar

import msgspec

from kit.errors import Invalid

MAX_PAGE = 100

KeyT = TypeVar("KeyT")


class CursorInvalid(Invalid):
    """A cursor is not one that this list gave out."""

    code = "cursor_invalid"
    title = "翻页参数有误"
    title_en = "The cursor is not valid"


def write_cursor(*key: int | str) -> str:
    """The cursor that names a row by its sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, key: type[KeyT]) -> KeyT:
    """The sort key in a cursor, checked against its type, for example ``tuple[int, str]``; numbers are row ids."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        for part in msgspec.json.decode(raw, type=list):
            if (isinstance(part, int) and not 0 <= part < 2**63) or (isinstance(part, str) and "\0" in part):
                raise CursorInvalid()
        return msgspec.json.decode(raw, type=key)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise CursorInvalid() from None
