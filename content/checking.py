"""WeChat's check of what is held: asked by workers, answered at once for a text and by a push for a picture.

A row is claimed by the moment of its next try, so a lost worker or queue costs one wait and nothing else. What WeChat
cannot or does not judge goes to a person (wechat reference 2.9).
"""

from dataclasses import dataclass
from datetime import timedelta

from content.models import PictureState, TextState
from content.pictures import Pictures, file_key
from content.ports import CheckImpossible, CheckUnavailable, ContentChecker, Suggestion
from content.texts import SCENES, Texts
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, transaction
from messages.events import MediaChecked
from messages.inbox import media_verdict

BATCH = 20
MAX_ATTEMPTS = 8
RETRY_AFTER = timedelta(seconds=60)
VERDICT_WITHIN = timedelta(minutes=35)
"""WeChat promises half an hour for a picture."""

BY = "wechat"
_CLAIM = """
UPDATE {table} SET check_attempts = check_attempts + 1, next_check_at = $2
 WHERE id = (SELECT id FROM {table} WHERE state = 'held' AND next_check_at <= $1 ORDER BY next_check_at, id LIMIT 1
             FOR UPDATE SKIP LOCKED)
RETURNING *
"""
_CLAIM_TEXT = _CLAIM.format(table="content_text")
_CLAIM_PICTURE = _CLAIM.format(table="picture")


@dataclass(frozen=True)
class Checks:
    """Has held texts and pictures judged."""

    checker: ContentChecker
    texts: Texts
    pictures: Pictures
    clock: Clock = utc_now

    async def check_texts(self) -> int:
        """Ask about some texts that are due; answers how many were tried."""
        for done in range(BATCH):
            now = self.clock()
            text = await row(_CLAIM_TEXT, now, now + RETRY_AFTER * 2)
            if text is None:
                return done
            await self._check_text(text)
        return BATCH

    async def _check_text(self, text: Row) -> None:
        try:
            verdict = await self.checker.check_text(text["text"], text["openid"], text["scene"])
        except CheckUnavailable:
            if text["check_attempts"] >= MAX_ATTEMPTS:
                await self._text_to_a_person(text["number"], "unavailable")
            return
        except CheckImpossible as impossible:
            await self._text_to_a_person(text["number"], impossible.label)
            return
        to = {
            Suggestion.PASS: TextState.PASSED,
            Suggestion.REVIEW: TextState.IN_REVIEW,
            Suggestion.RISKY: TextState.REFUSED,
        }[verdict.suggestion]
        async with transaction():
            await self.texts.judge(text["number"], to, by=BY, label=verdict.label)

    async def _text_to_a_person(self, number: str, label: str) -> None:
        async with transaction():
            await self.texts.judge(number, TextState.IN_REVIEW, by=BY, label=label)

    async def check_pictures(self) -> int:
        """Ask about some pictures that are due; answers how many were tried."""
        for done in range(BATCH):
            now = self.clock()
            picture = await row(_CLAIM_PICTURE, now, now + RETRY_AFTER * 2)
            if picture is None:
                return done
            await self._check_picture(picture)
        return BATCH

    async def _check_picture(self, picture: Row) -> None:
        number = picture["number"]
        if picture["trace_id"] is not None:
            await self._picture_to_a_person(number, "no_verdict_in_time")
            return
        try:
            url = f"{picture['base_url']}/{file_key(picture['stem'], 'large')}"
            trace_id = await self.checker.ask_about_picture(url, picture["openid"], SCENES["comment"])
        except CheckUnavailable:
            if picture["check_attempts"] >= MAX_ATTEMPTS:
                await self._picture_to_a_person(number, "unavailable")
            return
        except CheckImpossible as impossible:
            await self._picture_to_a_person(number, impossible.label)
            return
        await execute(
            "UPDATE picture SET trace_id = $2, next_check_at = $3 WHERE number = $1 AND state = 'held'",
            number,
            trace_id,
            self.clock() + VERDICT_WITHIN,
        )
        # The push may have been faster than the answer.
        verdict = await media_verdict(trace_id)
        if verdict is not None:
            async with transaction():
                await self.record_verdict(verdict)

    async def _picture_to_a_person(self, number: str, label: str) -> None:
        async with transaction():
            await self.pictures.judge(number, PictureState.IN_REVIEW, by=BY, label=label)

    async def record_verdict(self, verdict: MediaChecked) -> None:
        """A verdict has come; that of a picture which nobody knows, or which was decided meanwhile, changes nothing.

        Joins the caller's transaction.
        """
        picture = await row("SELECT number FROM picture WHERE trace_id = $1 AND state = 'held'", verdict.trace_id)
        if picture is not None:
            to = {"pass": PictureState.PASSED, "risky": PictureState.REFUSED}.get(
                verdict.suggest, PictureState.IN_REVIEW
            )
            await self.pictures.judge(picture["number"], to, by=BY, label=verdict.label)
