"""A replay that lies in cold storage and that somebody wants to see."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, transaction
from kit.errors import Words
from live.media.keys import LiveKeys

AGAIN_AFTER_S = 60
"""An object comes back in one run, and there are a dozen."""
MOST_A_DAY = 10
"""Replays that viewers have fetched back in a day, all of them together: what comes back takes room for a month."""
_OPEN = """
SELECT c.id,
  (SELECT count(*) FROM live_evidence_copy WHERE asked_by = 'viewer' AND asked_at > $3) AS of_all,
  coalesce((SELECT fetched FROM live_replay_share WHERE day = $4 AND mark = $5), 0) AS own
  FROM live_evidence_copy c JOIN live_session s ON s.id = c.session_id
  JOIN live_evidence_bundle b ON b.session_id = c.session_id
 WHERE c.session_id = $1 AND c.state = 'cold' AND s.state = 'replay_ready'
   AND b.state = 'sealed' AND b.kept_until > $2"""


class Fetch(StrEnum):
    """What becomes of asking for an old replay; all but the first are refusals."""

    BEGUN = "begun"
    NOT_LOGGED_IN = "not_logged_in"
    OWN_SHARE_USED = "own_share_used"
    DAY_USED_UP = "day_used_up"
    NOT_OPEN = "not_open"


REFUSALS = {
    Fetch.NOT_LOGGED_IN: Words(
        "回放已转入冷存储，请登录小程序打开后取回",
        "The replay lies in cold storage: it is fetched back when you open it logged in",
    ),
    Fetch.OWN_SHARE_USED: Words(
        "您今日可取回的旧回放已用完，请明日再来",
        "You have had as many old replays fetched back today as one may: come again tomorrow",
    ),
    Fetch.DAY_USED_UP: Words(
        "今日可取回的旧回放名额已用完，请明日再来",
        "As many old replays as a day allows have been fetched back: come again tomorrow",
    ),
    Fetch.NOT_OPEN: Words(
        "回放已转入冷存储，暂不能取回", "The replay lies in cold storage and cannot be fetched back now"
    ),
}
"""What a viewer is told."""


@dataclass(frozen=True)
class Returning:
    """Asks for old replays on behalf of viewers; ``is_set_up``: there is a storage that they could come from.

    One person has ``per_person`` of them fetched back on a day in China.
    """

    keys: LiveKeys
    is_set_up: bool
    per_person: int = 2
    clock: Clock = utc_now

    async def ask(self, session_id: int, caller: str | None) -> Fetch:
        """Have a replay fetched back that the public may see, for somebody who is logged in.

        Not before the copy on the volume is gone, nor when its day is over. Asked again, it changes nothing: what comes
        back already is no longer ``cold``. Who has asked for which is not kept, only how many a day's mark has had.
        """
        if caller is None:
            return Fetch.NOT_LOGGED_IN
        if not self.is_set_up:
            return Fetch.NOT_OPEN
        now = self.clock()
        today = china_day(now)
        mark = self.keys.day_mark(today, caller)
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('live_replay_returning', 0))")
            found = await row(_OPEN, session_id, now, now - timedelta(days=1), today, mark)
            if found is None:
                return Fetch.NOT_OPEN
            if found["own"] >= self.per_person:
                return Fetch.OWN_SHARE_USED
            if found["of_all"] >= MOST_A_DAY:
                return Fetch.DAY_USED_UP
            if not await execute(
                "UPDATE live_evidence_copy SET state = 'restoring', asked_by = 'viewer', asked_at = $2,"
                " next_attempt_at = $2 WHERE id = $1 AND state = 'cold'",
                found["id"],
                now,
            ):
                return Fetch.NOT_OPEN
            await execute("DELETE FROM live_replay_share WHERE day < $1", today)
            await execute(
                "INSERT INTO live_replay_share AS r (day, mark, fetched) VALUES ($1, $2, 1)"
                " ON CONFLICT (day, mark) DO UPDATE SET fetched = r.fetched + 1",
                today,
                mark,
            )
            return Fetch.BEGUN
