"""Talking to WeChat Pay about complaints: fetched whole, answered by claim, call, record."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from content.errors import PictureNotFound, StorageUnavailable
from content.pictures import Pictures
from county.complaints.models import ComplaintState
from county.complaints.ports import ComplaintDesk
from county.complaints.service import Complaints
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.imaging import CONTENT_TYPE
from payments.errors import ChannelUnavailable, NoticeNotAuthentic, NoticeNotReadable
from payments.ports import GatewayError, GatewayRefused, NoticeForged, NoticeUnreadable

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=14)
PAGES = 200
CLAIMED_FOR = timedelta(minutes=1)
MAX_ATTEMPTS = 50
PICTURE_REFUSED = "PICTURE_REFUSED"
_IS_FREE = (
    "NOT EXISTS (SELECT 1 FROM complaint_reply_picture r JOIN picture p ON p.number = r.picture"
    " WHERE r.message_id = w.id AND p.state IN ('incoming', 'held', 'in_review'))"
    " AND NOT (w.is_completion AND EXISTS (SELECT 1 FROM complaint_message b WHERE b.complaint_id = w.complaint_id"
    " AND b.id < w.id AND b.state IN ('waiting', 'sending')))"
)
"""Its pictures have been looked at, and what ends a complaint is said after all that was said before."""


@dataclass(frozen=True)
class ComplaintChannel:
    """Fetches complaints and sends replies. Nothing here may run inside a transaction."""

    desk: ComplaintDesk
    complaints: Complaints
    pictures: Pictures
    clock: Clock = utc_now

    async def fetch(self) -> int:
        """Take over the complaints of the last two weeks; answers how many were new or had moved."""
        last_day = china_day(self.clock())
        changed = offset = 0
        for _ in range(PAGES):
            try:
                page, total = await self.desk.complaints(last_day - LOOK_BACK, last_day, offset)
            except GatewayError as error:
                log.error("complaints_not_fetched", extra={"cause": str(error)})
                return changed
            for seen in page:
                changed += await self.complaints.take_over(seen)
            offset += len(page)
            if not page or offset >= total:
                break
        return changed

    async def receive(self, headers: Mapping[str, str], raw: bytes) -> bool:
        """A notice of WeChat Pay: verify it, then ask for the complaint itself; answers whether anything changed.

        Raises NoticeNotAuthentic, NoticeNotReadable, and ChannelUnavailable when the complaint itself cannot be had:
        the notice then comes again.
        """
        try:
            complaint_id = self.desk.read_notice(headers, raw)
        except NoticeForged as forged:
            log.warning("complaint_notice_forged", extra={"reason": str(forged)})
            raise NoticeNotAuthentic() from None
        except NoticeUnreadable:
            raise NoticeNotReadable() from None
        if complaint_id is None:
            return False
        try:
            seen = await self.desk.complaint(complaint_id)
        except GatewayError as error:
            raise ChannelUnavailable() from error
        return await self.complaints.take_over(seen)

    async def send_due(self, limit: int = 50) -> int:
        """Send what waits; answers how many arrived."""
        arrived = 0
        for _ in range(limit):
            message = await self._claim()
            if message is None:
                break
            arrived += await self._send(message)
        return arrived

    async def _claim(self) -> Row | None:
        """The oldest message that waits, one at a time: the claim lasts longer than the one call that it is for."""
        now = self.clock()
        return await row(
            "UPDATE complaint_message m SET state = 'sending', attempts = m.attempts + 1, next_attempt_at = $2"
            " FROM (SELECT id, complaint_id FROM complaint_message w WHERE state IN ('waiting', 'sending')"
            f"   AND next_attempt_at <= $1 AND {_IS_FREE} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) AS d"
            " JOIN complaint c ON c.id = d.complaint_id"
            " WHERE m.id = d.id RETURNING m.id, m.complaint_id, m.is_completion, m.text, m.by, m.attempts,"
            " c.external_id, c.external_mchid",
            now,
            now + CLAIMED_FOR,
        )

    async def _send(self, message: Row) -> int:
        complaint_id = message["external_id"]
        try:
            if message["is_completion"]:
                await self.desk.complete(complaint_id, message["external_mchid"])
            elif not await self._has_arrived(message):
                pictures = await self._hand_in(message)
                await self.desk.reply(complaint_id, message["external_mchid"], message["text"], pictures)
        except PictureNotFound:
            await self._fail(message, PICTURE_REFUSED)
            return 0
        except StorageUnavailable:
            return 0
        except GatewayRefused as refusal:
            if not refusal.is_temporary or message["attempts"] >= MAX_ATTEMPTS:
                await self._fail(message, refusal.code)
            return 0
        except GatewayError as error:
            log.warning("complaint_message_unknown", extra={"message_id": message["id"], "cause": str(error)})
            return 0
        await self._record(message)
        return 1

    async def _hand_in(self, message: Row) -> list[str]:
        """What WeChat Pay calls the pictures of a reply: each is handed in and written down, and the lease renewed.

        Raises PictureNotFound when one of them was refused, and then nothing is said.
        """
        shown = await rows(
            "SELECT r.id, r.picture, r.media FROM complaint_reply_picture r WHERE message_id = $1 ORDER BY position",
            message["id"],
        )
        contents = [await self.pictures.passed_file(each["picture"]) for each in shown if each["media"] is None]
        media = {each["id"]: each["media"] for each in shown}
        for picture, content in zip([each["id"] for each in shown if each["media"] is None], contents, strict=True):
            media[picture] = await self.desk.upload(content, CONTENT_TYPE)
            async with transaction():
                await execute("UPDATE complaint_reply_picture SET media = $2 WHERE id = $1", picture, media[picture])
                await execute(
                    "UPDATE complaint_message SET next_attempt_at = $2 WHERE id = $1 AND state = 'sending'",
                    message["id"],
                    self.clock() + CLAIMED_FOR,
                )
        return list(media.values())

    async def _has_arrived(self, message: Row) -> bool:
        """Whether an earlier attempt arrived whose answer was lost: a reply has no number to repeat it by."""
        if message["attempts"] == 1:
            return False
        said = self.desk.worded(message["text"])
        return any(step.text == said for step in await self.desk.history(message["external_id"]))

    async def _record(self, message: Row) -> None:
        async with transaction():
            done = await execute(
                "UPDATE complaint_message SET state = 'sent', sent_at = $2, next_attempt_at = NULL"
                " WHERE id = $1 AND state = 'sending'",
                message["id"],
                self.clock(),
            )
            if not done:
                return
            closed = await rows("SELECT state FROM complaint WHERE id = $1 FOR UPDATE", message["complaint_id"])
            if closed[0]["state"] == ComplaintState.CLOSED:
                return
            to, kind = (
                (ComplaintState.CLOSED, "closed") if message["is_completion"] else (ComplaintState.ANSWERED, "replied")
            )
            await self.complaints.move(message["complaint_id"], to, kind, message["by"], message["text"])

    async def _fail(self, message: Row, code: str) -> None:
        async with transaction():
            await execute(
                "UPDATE complaint_message SET state = 'failed', failure = $2, next_attempt_at = NULL"
                " WHERE id = $1 AND state = 'sending'",
                message["id"],
                code[:80],
            )
            await self.complaints.note(message["complaint_id"], "not_sent", "wechat_pay", code[:500])
