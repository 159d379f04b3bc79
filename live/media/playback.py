"""Where a viewer finds the pictures."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import Clock, utc_now
from kit.numbers import opaque_id
from live.media.keys import LiveKeys
from live.models import ON_AIR, SessionState
from live.ports import CloudLive

PLAY_LIFETIME = timedelta(hours=4)
OWN_VIEWERS = 38
"""So many viewers of 2.6 Mbit/s fill an uplink of 100 Mbit/s."""


@dataclass(frozen=True)
class RungPlan:
    """Where the smaller rendition is; the addresses are good as long as the others."""

    flv_url: str
    hls_url: str


@dataclass(frozen=True)
class PlaybackPlan:
    """Where the pictures are. ``flv_url`` is absent when nothing is on air. ``source``: ``county`` or ``cloud``."""

    flv_url: str | None
    hls_url: str
    expires_at: datetime
    source: str = "county"
    rung: RungPlan | None = None


@dataclass(frozen=True)
class Playback:
    """Signed, expiring addresses for one viewer. Below ``pages_url`` lie the pages of rooms, where there are any."""

    keys: LiveKeys
    flv_base_url: str
    hls_base_url: str
    cloud: CloudLive | None = None
    own_viewers: int = OWN_VIEWERS
    pages_url: str | None = None
    clock: Clock = utc_now

    def page_at(self, number: str, offset_ms: int) -> str | None:
        """The room's page in a browser, opened at a place of the replay; None where rooms have no pages."""
        return self.pages_url and f"{self.pages_url}/{number}#t={offset_ms / 1000:.3f}"

    def viewer(self, number: str, caller: str | None) -> tuple[str, str]:
        """What the session calls whoever looks at it, and the pass to its feed. Nobody's is random, and kept by the
        client.
        """
        name = self.keys.viewer_name(number, caller) if caller is not None else opaque_id()
        return name, self.keys.viewer_pass(number, name, self.clock() + PLAY_LIFETIME)

    def is_crowded(self, viewers: int) -> bool:
        """Whether one more viewer is more than the county's line carries, so that the cloud is asked for."""
        return self.cloud is not None and viewers >= self.own_viewers

    def plan(
        self, stream: str, state: SessionState, viewer: str, *, by_cloud: bool = False, has_rung: bool = False
    ) -> PlaybackPlan | None:
        """Addresses of a viewer that nobody else can make, or None before the first picture.

        The playlist's address is the same while on air and after: only its end changes. ``by_cloud`` is for a session
        on air that the cloud has: what was on air is replayed from here. ``has_rung``: a smaller rendition is made.
        """
        if state not in (*ON_AIR, SessionState.ENDED, SessionState.REPLAY_READY):
            return None
        if by_cloud and self.cloud is not None and state in ON_AIR:
            expires_at = self._expiry()
            return PlaybackPlan(*self.cloud.play_addresses(stream, expires_at), expires_at, "cloud")
        return self._addresses(stream, viewer, on_air=state in ON_AIR, has_rung=has_rung and state in ON_AIR)

    def rehearsal_plan(self, stream: str) -> PlaybackPlan:
        """Addresses of what only the host and the county are shown."""
        return self._addresses(stream, opaque_id(), on_air=True)

    def _addresses(self, stream: str, viewer: str, *, on_air: bool, has_rung: bool = False) -> PlaybackPlan:
        expires_at = self._expiry()
        token = self.keys.play_token(stream, viewer, expires_at)
        flv = f"{self.flv_base_url}/{stream}.flv?token={token}"
        hls = f"{self.hls_base_url}/{self.keys.hls_path(stream, viewer, expires_at)}"
        rung = RungPlan(f"{self.flv_base_url}/{stream}.480p.flv?token={token}", f"{hls}/480p/index.m3u8")
        return PlaybackPlan(flv if on_air else None, f"{hls}/index.m3u8", expires_at, rung=rung if has_rung else None)

    def _expiry(self) -> datetime:
        return (self.clock() + PLAY_LIFETIME).replace(microsecond=0)
