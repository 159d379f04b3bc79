"""What the pictures and the sound of a broadcast are like, from what arrives and from what ffmpeg's detectors say."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from live.media.flv import AUDIO, VIDEO, Tag

WINDOW_S = 5.0
JUMP_MS = 10_000
"""A time stamp this far from the last one begins another clock."""
SILENCE_DB = -120.0
"""What is written for no sound at all, whose level is minus infinity."""


class WarningKind(StrEnum):
    """What a host is warned of."""

    SILENT = "silent"
    BLACK = "black"
    FROZEN = "frozen"
    NO_PICTURE = "no_picture"
    KEY_FRAMES_FAR = "key_frames_far"
    DELAYED = "delayed"
    BIT_RATE_LOW = "bit_rate_low"
    BIT_RATE_HIGH = "bit_rate_high"


@dataclass(frozen=True)
class Limits:
    """From when on a host is warned (live reference 2, liveness); ``quiet_db`` is in dB of full scale."""

    silent_s: float = 30
    quiet_db: int = -50
    black_s: float = 3
    frozen_s: float = 10
    no_picture_s: float = 10
    key_frames_ms: int = 4000
    delay_ms: int = 3000
    least_bits_per_s: int = 200_000
    most_bits_per_s: int = 5_000_000
    odd_rate_s: float = 10


@dataclass(frozen=True)
class Reading:
    """The last values; the level in dB of full scale."""

    bits_per_s: int
    frames_per_s: float
    key_frame_interval_ms: int | None
    key_frame_age_ms: int | None
    delay_ms: int
    sound_level_db: float | None
    warnings: frozenset[WarningKind]


@dataclass
class Meter:
    """One publish. Times are seconds of a steady clock, given by the caller."""

    begun_s: float
    limits: Limits = field(default_factory=Limits)
    _arrived: deque[tuple[float, int, bool]] = field(default_factory=deque)
    _key_s: float | None = None
    _key_ms: int | None = None
    _interval_ms: int | None = None
    _last_ms: int | None = None
    _least_lag_ms: float = 0
    _lag_ms: float = 0
    _sound_s: float | None = None
    _level_db: float | None = None
    _silent: bool = False
    _frozen: bool = False
    _black_s: float | None = None
    _odd_rate: WarningKind | None = None
    _odd_rate_s: float = 0

    def listen_anew(self) -> None:
        """The detectors begin again: what the last ones found, and would have said is over, is not known any more."""
        self._silent = self._frozen = False
        self._black_s = None

    def take(self, tag: Tag, now_s: float) -> None:
        """A tag has arrived."""
        if tag.kind not in (AUDIO, VIDEO) or tag.is_header:
            return
        self._arrived.append((now_s, len(tag.body), tag.kind == VIDEO))
        self._forget(now_s)
        lag_ms = now_s * 1000 - tag.timestamp_ms
        if self._last_ms is None or abs(tag.timestamp_ms - self._last_ms) > JUMP_MS:
            self._least_lag_ms, self._key_ms = lag_ms, None
        self._last_ms, self._lag_ms = tag.timestamp_ms, lag_ms
        self._least_lag_ms = min(self._least_lag_ms, lag_ms)
        if tag.kind == AUDIO:
            self._sound_s = now_s
        elif tag.is_key_frame:
            if self._key_ms is not None:
                self._interval_ms = tag.timestamp_ms - self._key_ms
            self._key_s, self._key_ms = now_s, tag.timestamp_ms

    def hear(self, name: str, value: str, now_s: float) -> None:
        """One of ffmpeg's filters has found something (``blackdetect``, ``freezedetect``, ``silencedetect``,
        ``astats``); names that are not known are passed over.
        """
        match name:
            case "lavfi.silence_start" | "lavfi.silence_end":
                self._silent = name.endswith("start")
            case "lavfi.freezedetect.freeze_start" | "lavfi.freezedetect.freeze_end":
                self._frozen = name.endswith("start")
            case "lavfi.black_start":
                self._black_s = now_s
            case "lavfi.black_end":
                self._black_s = None
            case "lavfi.astats.Overall.RMS_level":
                self._level_db = _level(value)

    def reading(self, now_s: float) -> Reading:
        """The values of the last five seconds."""
        self._forget(now_s)
        span_s = max(min(now_s - self.begun_s, WINDOW_S), 0.001)
        bits_per_s = int(sum(size for _, size, _ in self._arrived) * 8 / span_s)
        self._judge_rate(bits_per_s, now_s)
        return Reading(
            bits_per_s=bits_per_s,
            frames_per_s=round(sum(is_picture for _, _, is_picture in self._arrived) / span_s, 1),
            key_frame_interval_ms=self._interval_ms,
            key_frame_age_ms=None if self._key_s is None else int((now_s - self._key_s) * 1000),
            delay_ms=int(self._lag_ms - self._least_lag_ms),
            sound_level_db=self._level_db,
            warnings=frozenset(self._warnings(now_s)),
        )

    def _judge_rate(self, bits_per_s: int, now_s: float) -> None:
        """Since when the rate is odd; none at all is a missing picture."""
        odd = None
        if bits_per_s > self.limits.most_bits_per_s:
            odd = WarningKind.BIT_RATE_HIGH
        elif 0 < bits_per_s < self.limits.least_bits_per_s:
            odd = WarningKind.BIT_RATE_LOW
        if odd is not self._odd_rate:
            self._odd_rate, self._odd_rate_s = odd, now_s

    def _warnings(self, now_s: float) -> set[WarningKind]:
        limits = self.limits
        since_sound_s = now_s - (self.begun_s if self._sound_s is None else self._sound_s)
        since_key_s = now_s - (self.begun_s if self._key_s is None else self._key_s)
        holds = {
            WarningKind.SILENT: self._silent or since_sound_s >= limits.silent_s,
            WarningKind.BLACK: self._black_s is not None and now_s - self._black_s >= limits.black_s,
            WarningKind.FROZEN: self._frozen,
            WarningKind.NO_PICTURE: since_key_s >= limits.no_picture_s,
            WarningKind.KEY_FRAMES_FAR: (self._interval_ms or 0) > limits.key_frames_ms,
            WarningKind.DELAYED: self._lag_ms - self._least_lag_ms >= limits.delay_ms,
        }
        odd = {self._odd_rate} if self._odd_rate and now_s - self._odd_rate_s >= limits.odd_rate_s else set()
        return {kind for kind, is_so in holds.items() if is_so} | odd

    def _forget(self, now_s: float) -> None:
        while self._arrived and self._arrived[0][0] <= now_s - WINDOW_S:
            self._arrived.popleft()


def _level(value: str) -> float | None:
    """``-inf`` is silence, ``nan`` nothing."""
    try:
        level = float(value)
    except ValueError:
        return None
    return None if level != level else round(max(level, SILENCE_DB), 1)
