"""Where a viewer finds the pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.numbers import opaque_id
from live.media.keys import LiveKeys
from live.models import ON_AIR, SessionState

PLAY_LIFETIME = timedelta(hours=4)


@dataclass(frozen=True)
class PlaybackPlan:
    """Where the pictures are. ``flv_url`` is absent when nothing is on air."""

    flv_url: str | None
    hls_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Playback:
    """Signed, expiring addresses for one viewer."""

    keys: LiveKeys
    flv_base_url: str
    hls_base_url: str
    clock: Clock = utc_now

    def viewer(self, number: str, caller: str | None) -> tuple[str, str]:
        """What the session calls whoever looks at it, and the pass to its feed. Nobody's is random, and kept by the
        client.
        """
        name = self.keys.viewer_name(number, caller) if caller is not None else opaque_id()
        return name, self.keys.viewer_pass(number, name, self.clock() + PLAY_LIFETIME)

    def plan(self, stream: str, state: SessionState, viewer: str) -> PlaybackPlan | None:
        """Addresses of a viewer that nobody else can make, or None before the first picture.

        The playlist's address is the same while on air and after: only its end changes.
        """
        if state not in (*ON_AIR, SessionState.ENDED, SessionState.REPLAY_READY):
            return None
        expires_at = (self.clock() + PLAY_LIFETIME).replace(microsecond=0)
        flv = f"{self.flv_base_url}/{stream}.flv?token={self.keys.play_token(stream, viewer, expires_at)}"
        return PlaybackPlan(
            flv if state in ON_AIR else None,
            f"{self.hls_base_url}/{self.keys.hls_path(stream, viewer, expires_at)}/index.m3u8",
            expires_at,
        )
