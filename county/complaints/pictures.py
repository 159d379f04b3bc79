"""Pictures of complaints at WeChat Pay: noted with the complaint, fetched by a job, hostile until encoded anew."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.pictures import Pictures
from county.complaints.models import PICTURE_FETCH_TRANSITIONS, PictureFetchState
from county.complaints.ports import ComplaintDesk, PictureNotHad
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, transaction
from kit.errors import DomainError
from kit.imaging import PictureInvalid, PictureTooLarge
from payments.ports import GatewayError

log = logging.getLogger(__name__)

PURPOSE = "evidence"
MAX_PICTURES = 20
MAX_URL_CHARS = 500
LEASE = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)


async def note_pictures(complaint: int, urls: Sequence[str], now: datetime) -> None:
    """These are to be fetched; known ones stay. Joins the caller's transaction, which holds the complaint."""
    usable = [url for url in urls if len(url) <= MAX_URL_CHARS]
    if not usable:
        return
    await execute(
        "INSERT INTO complaint_picture (complaint_id, url, state, attempts, noted_at, next_attempt_at)"
        " SELECT $1, u.url, 'waiting', 0, $3, $3 FROM unnest($2::text[]) WITH ORDINALITY AS u (url, n)"
        " WHERE NOT EXISTS (SELECT 1 FROM complaint_picture k WHERE k.complaint_id = $1 AND k.url = u.url)"
        " ORDER BY u.n LIMIT GREATEST(0, $4 - (SELECT count(*) FROM complaint_picture WHERE complaint_id = $1))"
        " ON CONFLICT (complaint_id, url) DO NOTHING",
        complaint,
        usable,
        now,
        MAX_PICTURES,
    )


@dataclass(frozen=True)
class ComplaintPictures:
    """Fetches them. Nothing here may run inside a transaction; what fails leaves the complaint as it is."""

    desk: ComplaintDesk
    pictures: Pictures
    clock: Clock = utc_now

    async def fetch_due(self, limit: int = 20) -> int:
        """Fetch what is due, one call each; answers how many are kept now."""
        kept = 0
        for _ in range(limit):
            wanted = await self._claim()
            if wanted is None:
                break
            kept += await self._fetch(wanted)
        return kept

    async def _claim(self) -> Row | None:
        now = self.clock()
        return await row(
            "UPDATE complaint_picture p SET attempts = p.attempts + 1, next_attempt_at = $2"
            " FROM (SELECT id, complaint_id FROM complaint_picture WHERE state = 'waiting' AND next_attempt_at <= $1"
            "   ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) AS d"
            " JOIN complaint c ON c.id = d.complaint_id"
            " WHERE p.id = d.id RETURNING p.id, p.complaint_id, p.url, p.attempts, p.noted_at, c.number",
            now,
            now + LEASE,
        )

    async def _fetch(self, wanted: Row) -> int:
        uploader = f"wechat_pay:{wanted['number']}"
        try:
            raw = await self.desk.picture(wanted["url"])
            taken = await self.pictures.take(raw, uploader, PURPOSE)
            return await self._keep(wanted, taken.number, uploader)
        except PictureNotHad as refusal:
            await self._fail(wanted, str(refusal))
        except (PictureInvalid, PictureTooLarge) as hostile:
            await self._fail(wanted, hostile.code)
        except (GatewayError, DomainError) as error:
            log.warning("complaint_picture_not_fetched", extra={"picture_id": wanted["id"], "cause": str(error)[:200]})
            if self.clock() - wanted["noted_at"] >= GIVEN_UP_AFTER:
                await self._fail(wanted, "no answer")
            else:
                pause = min(PAUSE * 2 ** min(wanted["attempts"] - 1, 10), LONGEST_PAUSE)
                await execute(
                    "UPDATE complaint_picture SET next_attempt_at = $2 WHERE id = $1 AND state = 'waiting'",
                    wanted["id"],
                    self.clock() + pause,
                )
        return 0

    async def _keep(self, wanted: Row, picture: str, uploader: str) -> int:
        async with transaction():
            await row("SELECT id FROM complaint WHERE id = $1 FOR UPDATE", wanted["complaint_id"])
            if not await _move(wanted, PictureFetchState.KEPT, picture, None):
                return 0
            await self.pictures.add(picture, uploader, PURPOSE, f"complaint:{wanted['number']}")
        return 1

    async def _fail(self, wanted: Row, why: str) -> None:
        await _move(wanted, PictureFetchState.FAILED, None, why[:80])


async def _move(wanted: Row, to: PictureFetchState, picture: str | None, failure: str | None) -> int:
    """One step of the table; what a slow worker says after another one changes nothing."""
    sources = [state.value for state, targets in PICTURE_FETCH_TRANSITIONS.items() if to in targets]
    return await execute(
        "UPDATE complaint_picture SET state = $2, picture = $3, failure = $4 WHERE id = $1 AND state = ANY($5::text[])",
        wanted["id"],
        to.value,
        picture,
        failure,
        sources,
    )
