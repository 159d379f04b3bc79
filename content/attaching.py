"""Attaching pictures to what shows them; an attached picture is not collected, one that was taken off is, later."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from content.errors import PictureNotUsable
from kit.database import Row, execute, in_open_transaction, rows

MAX_PICTURES = 20
TAKEN_OFF_KEPT = timedelta(days=30)
"""For so long a picture that was taken off may be put back."""


async def attach_pictures(numbers: Sequence[str], uploader: str, purpose: str, owner: str, now: datetime) -> None:
    """These are the owner's pictures of this purpose, in this order; others that it had are taken off.

    Joins the caller's transaction. A picture that the owner has already may be named by anybody who may change
    the owner; a new one is the uploader's own. Raises :class:`PictureNotUsable` for a picture that is unknown,
    refused, of another purpose, somebody else's, in use elsewhere, or named twice.
    """
    if not in_open_transaction():
        raise RuntimeError("pictures are attached in the transaction of what they are attached to")
    if len(set(numbers)) != len(numbers) or len(numbers) > MAX_PICTURES:
        raise PictureNotUsable(max_pictures=MAX_PICTURES)
    found = await rows(
        "SELECT number, uploader, owner, purpose, state FROM picture WHERE number = ANY($1::text[])"
        ' ORDER BY number COLLATE "C" FOR UPDATE',
        list(numbers),
    )
    usable = {p["number"] for p in found if _is_usable(p, uploader, purpose, owner)}
    if unusable := [number for number in numbers if number not in usable]:
        raise PictureNotUsable(pictures=unusable)
    await execute(
        "UPDATE picture SET owner = NULL, position = NULL, taken_from = $1, taken_off_at = $4, collect_at = $5"
        " WHERE owner = $1 AND purpose = $2 AND NOT number = ANY($3::text[])",
        owner,
        purpose,
        list(numbers),
        now,
        now + TAKEN_OFF_KEPT,
    )
    await execute(
        "UPDATE picture p SET owner = $1, position = given.position, attached_at = COALESCE(p.attached_at, $2),"
        " taken_from = NULL, taken_off_at = NULL, collect_at = NULL"
        " FROM unnest($3::text[]) WITH ORDINALITY AS given (number, position) WHERE p.number = given.number",
        owner,
        now,
        list(numbers),
    )


async def add_picture(number: str, uploader: str, purpose: str, owner: str, now: datetime) -> None:
    """One more picture of the owner's, behind those that it has, whatever has become of them.

    Joins the caller's transaction; repeating it changes nothing. Raises :class:`PictureNotUsable`.
    """
    if not in_open_transaction():
        raise RuntimeError("pictures are attached in the transaction of what they are attached to")
    found = await rows(
        "SELECT number, uploader, owner, purpose, state FROM picture WHERE number = $1 FOR UPDATE", number
    )
    if not found or not _is_usable(found[0], uploader, purpose, owner):
        raise PictureNotUsable(pictures=[number])
    await execute(
        "UPDATE picture SET owner = $1::varchar, attached_at = $2, position = (SELECT COALESCE(max(position), 0) + 1"
        " FROM picture WHERE owner = $1::varchar AND purpose = $4) WHERE number = $3 AND owner IS NULL",
        owner,
        now,
        number,
        purpose,
    )


def _is_usable(picture: Row, uploader: str, purpose: str, owner: str) -> bool:
    if picture["purpose"] != purpose or picture["state"] not in ("held", "in_review", "passed"):
        return False
    return bool(picture["owner"] == owner or (picture["owner"] is None and picture["uploader"] == uploader))
