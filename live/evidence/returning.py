"""A replay that lies in cold storage and that somebody wants to see."""

from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, transaction

AGAIN_AFTER_S = 60
"""An object comes back in one run, and there are a dozen."""
MOST_A_DAY = 10
"""Replays that viewers have fetched back in a day, all of them together: what comes back takes room for a month."""
_ASKED = """
UPDATE live_evidence_copy c SET state = 'restoring', asked_by = 'viewer', asked_at = $2, next_attempt_at = $2
  FROM live_session s, live_evidence_bundle b
 WHERE s.id = c.session_id AND b.session_id = c.session_id AND c.session_id = $1 AND c.state = 'cold'
   AND s.state = 'replay_ready' AND b.state = 'sealed' AND b.kept_until > $2
   AND (SELECT count(*) FROM live_evidence_copy WHERE asked_by = 'viewer' AND asked_at > $3) < $4"""


@dataclass(frozen=True)
class Returning:
    """Asks for old replays on behalf of viewers; ``is_set_up``: there is a storage that they could come from."""

    is_set_up: bool
    clock: Clock = utc_now

    async def ask(self, session_id: int) -> bool:
        """Have a replay fetched back that the public may see; whether it was.

        Not before the copy on the volume is gone, nor when its day is over or enough were fetched today. Asked again,
        it changes nothing: what comes back already is no longer ``cold``. Who has asked is not kept.
        """
        if not self.is_set_up:
            return False
        now = self.clock()
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('live_replay_returning', 0))")
            return bool(await execute(_ASKED, session_id, now, now - timedelta(days=1), MOST_A_DAY))
