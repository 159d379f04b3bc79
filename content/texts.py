"""Texts that people write: filtered here at once, checked by WeChat soon after, held until then."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from content.errors import ContentDecided, ContentNotFound, KeywordInvalid, TextInvalid
from content.events import TextJudged
from content.models import TEXT_TRANSITIONS, TextState
from kit.clock import Clock, utc_now
from kit.database import execute, in_open_transaction, row, rows, scalar, transaction
from kit.numbers import opaque_id
from kit.outbox import announce

MAX_CHARACTERS = 2_000
"""Below WeChat's 2,500, so that a text is checked whole (wechat reference 2.9)."""

SCENES = {"profile": 1, "comment": 2, "forum": 3, "log": 4}
_NOISE = re.compile(r"[\W_]+")


class HeldText(msgspec.Struct, frozen=True):
    """A text and whether it may be shown."""

    subject: str
    text: str
    state: TextState


@dataclass(frozen=True)
class Texts:
    """Holds texts and judges them."""

    clock: Clock = utc_now

    async def hold(self, subject: str, text: str, author_openid: str | None, scene: str = "comment") -> TextState:
        """Keep a text under what it belongs to; joins the caller's transaction.

        A word of the county's list, or an author whom WeChat does not know (staff), sends it to a person; everything
        else to WeChat. TextJudged tells the verdict. Raises :class:`TextInvalid` for an empty or too long one.
        """
        if not in_open_transaction():
            raise RuntimeError("a text is held in the transaction of what it belongs to")
        if not text.strip() or len(text) > MAX_CHARACTERS:
            raise TextInvalid(max_characters=MAX_CHARACTERS)
        word = await listed_word(text)
        state = TextState.IN_REVIEW if word or author_openid is None else TextState.HELD
        now = self.clock()
        await row(
            "INSERT INTO content_text (number, subject, text, openid, scene, state, label, held_at, next_check_at,"
            " check_attempts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) RETURNING id",
            opaque_id(),
            subject,
            text,
            author_openid,
            SCENES[scene],
            state.value,
            f"keyword:{word}"[:60] if word else "",
            now,
            now if state is TextState.HELD else None,
        )
        return state

    async def decide(self, number: str, passed: bool, by: str, reason: str) -> None:
        """A person decides on a text that waits, or lets a refused one pass after all.

        Raises :class:`ContentNotFound` and :class:`ContentDecided`; the same decision again changes nothing.
        """
        to = TextState.PASSED if passed else TextState.REFUSED
        async with transaction():
            before = await scalar("SELECT state FROM content_text WHERE number = $1 FOR UPDATE", number)
            if before is None:
                raise ContentNotFound()
            if before == to:
                return
            if not await self.judge(number, to, by=by, reason=reason):
                raise ContentDecided(state=before)

    async def judge(self, number: str, to: TextState, *, by: str, label: str = "", reason: str = "") -> bool:
        """Move a text to the verdict and announce it; joins the caller's transaction. False: it cannot go there."""
        now = self.clock()
        judged = await row(
            "UPDATE content_text SET state = $2, judged_at = $3, judged_by = $4, label = COALESCE($5, label),"
            " reason = $6, next_check_at = NULL WHERE number = $1 AND state = ANY($7::text[]) RETURNING subject",
            number,
            to.value,
            now,
            by,
            label[:60] or None,
            reason[:200] or None,
            [state.value for state, targets in TEXT_TRANSITIONS.items() if to in targets],
        )
        if judged is None:
            return False
        if to is not TextState.IN_REVIEW:
            await announce(TextJudged(subject=judged["subject"], passed=to is TextState.PASSED, judged_at=now))
        return True

    async def add_keyword(self, word: str, by: str) -> None:
        """Texts that hold this word wait for a person from now on. Raises :class:`KeywordInvalid`."""
        stored = bare(word)
        if not 2 <= len(stored) <= 40:
            raise KeywordInvalid()
        await row(
            "INSERT INTO content_keyword (word, added_by, added_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (word) DO NOTHING RETURNING id",
            stored,
            by,
            self.clock(),
        )

    async def remove_keyword(self, word: str) -> None:
        """The word is allowed from now on; repeating it changes nothing."""
        await execute("DELETE FROM content_keyword WHERE word = $1", bare(word))


async def listed_word(text: str) -> str | None:
    """The first word of the county's list that a text holds. One statement."""
    found: str | None = await scalar(
        "SELECT word FROM content_keyword WHERE position(word IN $1) > 0 ORDER BY word LIMIT 1", bare(text)
    )
    return found


def bare(text: str) -> str:
    """A text as the filter sees it: one width, one case, nothing between the letters."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


async def texts_of(subjects: Sequence[str]) -> dict[str, HeldText]:
    """The texts of some subjects; one statement."""
    found = await rows("SELECT subject, text, state FROM content_text WHERE subject = ANY($1::text[])", list(subjects))
    return {t["subject"]: HeldText(t["subject"], t["text"], TextState(t["state"])) for t in found}


class Keyword(msgspec.Struct, frozen=True):
    """A word of the county's list, as the filter sees it."""

    word: str
    added_by: str
    added_at: datetime


async def keywords() -> list[Keyword]:
    """The county's list."""
    found = await rows("SELECT word, added_by, added_at FROM content_keyword ORDER BY word LIMIT 2000")
    return [Keyword(**k) for k in found]
