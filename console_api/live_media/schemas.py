"""The wire of the inspector's switch and of a broadcast's vital signs."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View


class BanInput(Input):
    """Why the session is cut; its host reads it."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500, pattern=PLAIN)]


class BanView(View):
    """A cut session. ``state_before`` is what it was cut in; ``banned_by`` is told to the county alone."""

    session: str
    reason: str
    state_before: str
    banned_at: datetime
    banned_by: str | None


class WarningView(View):
    """What was wrong: ``silent``, ``black``, ``frozen``, ``no_picture``, ``key_frames_far``, ``delayed``,
    ``bit_rate_low`` or ``bit_rate_high``.

    ``ended_at`` is null while it is.
    """

    kind: str
    begun_at: datetime
    ended_at: datetime | None


class VitalsView(View):
    """How pictures and sound arrive; what was not measured is null. ``is_current`` says that the values are of now.

    Of an encoder two seconds between key frames are wanted: they are what a viewer waits for the first picture.
    ``delay_ms`` is how much later than at best the pictures arrive, so how far the host's line holds them up.
    ``sound_level_db`` counts from full scale downwards; -120 is no sound at all.
    """

    is_current: bool
    measured_at: datetime | None
    bits_per_s: int | None
    frames_per_s: float | None
    key_frame_interval_ms: int | None
    key_frame_age_ms: int | None
    delay_ms: int | None
    sound_level_db: float | None
    warnings: list[WarningView]


class RehearsalView(View):
    """``none``, ``waiting`` for the encoder, ``publishing``, or ``clearing`` away for some seconds.

    The addresses are there while it publishes, good until ``expires_at``.
    """

    state: Literal["none", "waiting", "publishing", "clearing"]
    flv_url: str | None
    hls_url: str | None
    expires_at: datetime | None


class SecondRungView(View):
    """The smaller rendition: asked for since ``asked_at``, or not at all; viewers have it since ``running_since``."""

    asked_at: datetime | None
    running_since: datetime | None


class RelayTargetInput(Input):
    """A platform and the push address that it gave out, server and key in one."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    address: Annotated[str, msgspec.Meta(min_length=10, max_length=1000, pattern=r"^rtmps?://[\x21-\x7e]+$(?!\n)")]


class RelayTargetView(View):
    """A platform, handed on to since ``running_since`` or not now. ``failures``: how often that ended by itself."""

    number: str
    title: str
    server: str
    running_since: datetime | None
    failed_at: datetime | None
    failures: int


class RelayTargetsView(View):
    """The platforms of a session; of an address no more than its server is told."""

    targets: list[RelayTargetView]
