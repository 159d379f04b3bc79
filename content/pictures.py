"""Pictures: taken in, held until they have been judged, attached to what shows them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import msgspec
from tortoise.exceptions import IntegrityError

from content.attaching import add_picture, attach_pictures
from content.errors import (
    ContentDecided,
    PictureNotFound,
    PicturePurposeUnknown,
    PictureQuotaUsed,
)
from content.events import PictureJudged
from content.models import PICTURE_TRANSITIONS, PictureState
from content.ports import PRIVATE, PUBLIC, ObjectStorage
from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import Row, execute, in_open_transaction, row, rows, scalar, transaction
from kit.imaging import CONTENT_TYPE, SIZES, Encoded, PictureInvalid, PictureTooLarge, encode_anew, format_of
from kit.numbers import opaque_id
from kit.outbox import announce


@dataclass(frozen=True)
class Purpose:
    """What a picture is for. ``checked`` ones are held until they are judged; ``private`` ones have no address.

    ``evidence`` proves something about its owner, so it stays as long as the owner does, refused or not.
    """

    consumers: bool
    staff: bool
    checked: bool = True
    private: bool = False
    evidence: bool = False


PURPOSES = {
    "review": Purpose(consumers=True, staff=False),
    "after_sales": Purpose(consumers=True, staff=True, evidence=True),
    "complaint": Purpose(consumers=True, staff=True, evidence=True),
    # Goes to WeChat Pay with a reply, once a person has looked at it.
    "complaint_reply": Purpose(consumers=False, staff=True, private=True, evidence=True),
    "shop": Purpose(consumers=False, staff=True),
    # Faces, perhaps: a person looks before they are shown.
    "story": Purpose(consumers=False, staff=True),
    # The county looks at a product before it is listed, and hosts are the county's own people.
    "product": Purpose(consumers=False, staff=True, checked=False),
    "live": Purpose(consumers=False, staff=True, checked=False),
    "page": Purpose(consumers=False, staff=True, checked=False),
    # What a buyer showed WeChat Pay with a complaint.
    "evidence": Purpose(consumers=False, staff=True, checked=False, private=True, evidence=True),
    "licence": Purpose(consumers=True, staff=True, checked=False, private=True, evidence=True),
    "identity": Purpose(consumers=True, staff=True, checked=False, private=True, evidence=True),
}


@dataclass(frozen=True)
class PictureLimits:
    """What one installation takes: bytes and pixels of a picture, pictures of an uploader in one day of China."""

    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 40_000_000
    consumer_per_day: int = 100
    staff_per_day: int = 2_000


class TakenPicture(msgspec.Struct, frozen=True):
    """A picture that is kept. ``width`` and ``height`` are those of the large file."""

    number: str
    state: PictureState
    width: int
    height: int


class PictureView(msgspec.Struct, frozen=True):
    """A picture as others may show it: addresses only once it has passed, and never of a private one.

    Longest edges: ``thumbnail_url`` 200, ``url`` 750, ``large_url`` 1500 pixels.
    """

    number: str
    state: PictureState
    width: int
    height: int
    url: str | None
    thumbnail_url: str | None
    large_url: str | None


@dataclass(frozen=True)
class Pictures:
    """Takes pictures in and attaches them. ``base_url`` is where the storage's public files are served."""

    storage: ObjectStorage
    base_url: str
    limits: PictureLimits = PictureLimits()
    clock: Clock = utc_now
    in_turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def take(self, raw: bytes, uploader: str, purpose: str, openid: str | None = None) -> TakenPicture:
        """Keep a picture of ``uploader`` (an actor's caller); not to be called inside a transaction.

        The same bytes from the same uploader for the same purpose, not attached yet, are the same picture.
        Raises :class:`PictureInvalid`, :class:`PictureTooLarge`, :class:`PicturePurposeUnknown`,
        :class:`PictureQuotaUsed` and StorageUnavailable.
        """
        if in_open_transaction():
            raise RuntimeError("files are stored outside of transactions")
        if len(raw) > self.limits.max_bytes:
            raise PictureTooLarge(max_bytes=self.limits.max_bytes)
        format_of(raw)
        rule = _rule(purpose, uploader)
        digest = sha256(raw).digest()
        known = await _same_bytes(uploader, purpose, digest)
        if known is not None:
            return known
        await self._refuse_beyond_quota(uploader)
        async with self.in_turn:
            encoded = await asyncio.to_thread(encode_anew, raw, self.limits.max_pixels)
        number, stem = await self._begin(uploader, purpose, openid, digest, encoded, rule)
        for name, content in encoded.files.items():
            await self.storage.put(file_key(stem, name), content, CONTENT_TYPE)
        state = PictureState.PASSED
        if rule.checked:
            state = PictureState.HELD if openid else PictureState.IN_REVIEW
        return await self._kept(number, state, uploader, purpose, digest, encoded)

    async def _refuse_beyond_quota(self, uploader: str) -> None:
        today = datetime.combine(china_day(self.clock()), datetime.min.time(), CHINA)
        allowed = self.limits.consumer_per_day if _is_consumer(uploader) else self.limits.staff_per_day
        used = await scalar("SELECT count(*) FROM picture WHERE uploader = $1 AND uploaded_at >= $2", uploader, today)
        if used >= allowed:
            raise PictureQuotaUsed(allowed_per_day=allowed)

    async def _begin(
        self, uploader: str, purpose: str, openid: str | None, digest: bytes, encoded: Encoded, rule: Purpose
    ) -> tuple[str, str]:
        """The committed claim of a key. What is never finished is collected as an orphan."""
        secret = opaque_id()
        stem = f"{PRIVATE if rule.private else PUBLIC}{secret[:2]}/{secret}"
        number = opaque_id()
        async with transaction():
            # Two uploads at once must not both be the last one of the day.
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", f"pictures of {uploader}")
            await self._refuse_beyond_quota(uploader)
            await row(
                "INSERT INTO picture (number, stem, base_url, uploader, openid, purpose, state, sha256, width, height,"
                " uploaded_at, check_attempts, label) VALUES"
                " ($1, $2, $3, $4, $5, $6, 'incoming', $7, $8, $9, $10, 0, '') RETURNING id",
                number,
                stem,
                "" if rule.private else self.base_url,
                uploader,
                openid,
                purpose,
                digest,
                encoded.width,
                encoded.height,
                self.clock(),
            )
        return number, stem

    async def _kept(
        self, number: str, state: PictureState, uploader: str, purpose: str, digest: bytes, encoded: Encoded
    ) -> TakenPicture:
        """The files are stored. Of two uploads of the same bytes at once the first one stays."""
        now = self.clock()
        due = now if state is PictureState.HELD else None
        try:
            kept = await execute(
                "UPDATE picture SET state = $2, next_check_at = $3 WHERE number = $1 AND state = 'incoming'",
                number,
                state.value,
                due,
            )
        except IntegrityError:
            first = await _same_bytes(uploader, purpose, digest)
            if first is None:
                raise
            return first
        if not kept:
            raise PictureInvalid("the upload took too long")
        return TakenPicture(number, state, encoded.width, encoded.height)

    async def attach(self, numbers: Sequence[str], uploader: str, purpose: str, owner: str) -> None:
        """See :func:`content.attaching.attach_pictures`."""
        await attach_pictures(numbers, uploader, purpose, owner, self.clock())

    async def add(self, number: str, uploader: str, purpose: str, owner: str) -> None:
        """See :func:`content.attaching.add_picture`."""
        await add_picture(number, uploader, purpose, owner, self.clock())

    async def decide(self, number: str, passed: bool, by: str, reason: str) -> None:
        """A person decides on a picture that waits, or lets a refused one pass after all.

        Raises :class:`PictureNotFound` and :class:`ContentDecided`; the same decision again changes nothing.
        """
        to = PictureState.PASSED if passed else PictureState.REFUSED
        async with transaction():
            found = await row("SELECT state FROM picture WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise PictureNotFound()
            before = PictureState(found["state"])
            if before is to:
                return
            if before is PictureState.INCOMING or to not in PICTURE_TRANSITIONS[before]:
                raise ContentDecided(state=before.value)
            await self.judge(number, to, by=by, reason=reason)

    async def judge(self, number: str, to: PictureState, *, by: str, label: str = "", reason: str = "") -> bool:
        """Move a picture to the verdict and announce it; joins the caller's transaction. False: it cannot go there."""
        sources = [state.value for state, targets in PICTURE_TRANSITIONS.items() if to in targets]
        now = self.clock()
        judged = await row(
            "UPDATE picture SET state = $2, judged_at = $3, judged_by = $4, label = $5, reason = $6,"
            " next_check_at = NULL WHERE number = $1 AND state = ANY($7::text[]) AND state <> 'incoming'"
            " RETURNING COALESCE(owner, '') AS owner",
            number,
            to.value,
            now,
            by,
            label[:60],
            reason[:200] or None,
            sources,
        )
        if judged is None:
            return False
        if to is not PictureState.IN_REVIEW:
            passed = to is PictureState.PASSED
            await announce(PictureJudged(number=number, owner=judged["owner"], passed=passed, judged_at=now))
        return True

    async def file(self, number: str, uploader: str | None) -> bytes:
        """The large file for a person who may see it; with ``uploader``, only that one's own.

        Raises :class:`PictureNotFound`. Who reads it is the door's to note.
        """
        found = await row(
            "SELECT stem FROM picture WHERE number = $1 AND state NOT IN ('incoming', 'dropped')"
            " AND ($2::text IS NULL OR uploader = $2)",
            number,
            uploader,
        )
        content = await self.storage.get(file_key(found["stem"], "large")) if found else None
        if content is None:
            raise PictureNotFound()
        return content

    async def passed_file(self, number: str) -> bytes:
        """The large file of a picture that may be shown, to hand it on. Raises :class:`PictureNotFound`."""
        stem = await scalar("SELECT stem FROM picture WHERE number = $1 AND state = 'passed'", number)
        content = await self.storage.get(file_key(stem, "large")) if stem else None
        if content is None:
            raise PictureNotFound()
        return content


def file_key(stem: str, name: str) -> str:
    """The key of one derived file."""
    return f"{stem}-{SIZES[name]}.jpg"


def address_of(picture: Row) -> str:
    """Where the picture itself is served once it has passed, which others copy; '' of a private one."""
    return f"{picture['base_url']}/{file_key(picture['stem'], 'medium')}" if picture["base_url"] else ""


def _is_consumer(uploader: str) -> bool:
    return uploader.startswith("consumer:")


def _rule(purpose: str, uploader: str) -> Purpose:
    rule = PURPOSES.get(purpose)
    if rule is None or not (rule.consumers if _is_consumer(uploader) else rule.staff):
        raise PicturePurposeUnknown(purpose=purpose[:20])
    return rule


async def _same_bytes(uploader: str, purpose: str, digest: bytes) -> TakenPicture | None:
    found = await row(
        "SELECT number, state, width, height FROM picture WHERE uploader = $1 AND purpose = $2 AND sha256 = $3"
        " AND attached_at IS NULL AND state NOT IN ('incoming', 'dropped')",
        uploader,
        purpose,
        digest,
    )
    if found is None:
        return None
    return TakenPicture(found["number"], PictureState(found["state"]), found["width"], found["height"])


def _view(found: Row) -> PictureView:
    shown = found["state"] == PictureState.PASSED and found["base_url"]
    urls = [
        f"{found['base_url']}/{file_key(found['stem'], n)}" if shown else None for n in ("medium", "small", "large")
    ]
    return PictureView(found["number"], PictureState(found["state"]), found["width"], found["height"], *urls)


async def pictures_of(owner: str) -> list[PictureView]:
    """The pictures of one owner in their order; one statement."""
    return (await pictures_of_several([owner]))[owner]


async def pictures_of_several(owners: Sequence[str]) -> dict[str, list[PictureView]]:
    """The pictures of some owners in their order, every owner a key; one statement."""
    found = await rows(
        "SELECT owner, number, state, width, height, stem, base_url FROM picture WHERE owner = ANY($1::text[])"
        " ORDER BY owner, purpose, position",
        list(owners),
    )
    views: dict[str, list[PictureView]] = {owner: [] for owner in owners}
    for picture in found:
        views[picture["owner"]].append(_view(picture))
    return views
