"""What has happened to deliveries and lots."""

from datetime import date, datetime
from typing import ClassVar

from kit.facts import Fact


class IntakeAccepted(Fact, frozen=True, kw_only=True):
    """A delivery has been weighed and accepted. ``mode`` is ``paid_at_scale`` or ``consignment``."""

    topic: ClassVar[str] = "traceability.intake_accepted"
    intake: str
    supplier: str
    merchant: str
    product: str
    mass_gram: int
    mode: str
    weighed_at: datetime


class IntakePaid(Fact, frozen=True, kw_only=True):
    """A delivery was bought outright at the scale. ``evidence`` names the voucher."""

    topic: ClassVar[str] = "traceability.intake_paid"
    intake: str
    supplier: str
    merchant: str
    product: str
    amount_fen: int
    mass_gram: int
    paid_at: datetime
    evidence: str


class LotWasSealed(Fact, frozen=True, kw_only=True):
    """A lot's contributions are fixed."""

    topic: ClassVar[str] = "traceability.lot_sealed"
    lot: str
    merchant: str
    product: str
    input_gram: int
    sealed_at: datetime


class ProcessRunFinished(Fact, frozen=True, kw_only=True):
    """A lot has been made of others. ``inputs`` are gram by lot."""

    topic: ClassVar[str] = "traceability.process_run_finished"
    lot: str
    merchant: str
    product: str
    inputs: dict[str, int]
    output_gram: int
    finished_at: datetime


class SensorEpisodeEnded(Fact, frozen=True, kw_only=True):
    """A cold room has come back into its range, as one device read it.

    Readings that arrive late may tell another end of an episode: then this is announced once more. Values are
    thousandths of a degree Celsius or of a percent, by ``kind``.
    """

    topic: ClassVar[str] = "traceability.sensor_episode_ended"
    room: str
    merchant: str
    device: str
    kind: str
    started_at: datetime
    ended_at: datetime
    lowest_milli: int
    highest_milli: int


class ColdDayEnded(Fact, frozen=True, kw_only=True):
    """A day in China is over on which something was read in a cold room.

    Announced once more when readings of it arrive later, or when it becomes known that other lots stood there.
    """

    topic: ClassVar[str] = "traceability.cold_day_ended"
    room: str
    merchant: str
    day: date


class LotStored(Fact, frozen=True, kw_only=True):
    """A lot has come into a cold room."""

    topic: ClassVar[str] = "traceability.lot_stored"
    lot: str
    merchant: str
    room: str
    stored_at: datetime


class LotRemoved(Fact, frozen=True, kw_only=True):
    """A lot has left its cold room."""

    topic: ClassVar[str] = "traceability.lot_removed"
    lot: str
    merchant: str
    room: str
    removed_at: datetime


class LotSampled(Fact, frozen=True, kw_only=True):
    """Samples of a lot have gone to a laboratory; ``mass_gram`` is of all of them."""

    topic: ClassVar[str] = "traceability.lot_sampled"
    inspection: str
    lot: str
    merchant: str
    product: str
    mass_gram: int
    sampled_at: datetime

    @property
    def key(self) -> str:
        """Facts of a lot's goodness follow each other."""
        return self.lot


class InspectionJudged(Fact, frozen=True, kw_only=True):
    """A laboratory's report on a lot is in."""

    topic: ClassVar[str] = "traceability.inspection_judged"
    inspection: str
    lot: str
    merchant: str
    product: str
    passed: bool
    judged_at: datetime

    @property
    def key(self) -> str:
        """Facts of a lot's goodness follow each other."""
        return self.lot


class LotHeld(Fact, frozen=True, kw_only=True):
    """Nothing is taken from a lot until it is released."""

    topic: ClassVar[str] = "traceability.lot_held"
    lot: str
    merchant: str
    product: str
    reason: str
    held_at: datetime


class LotReleased(Fact, frozen=True, kw_only=True):
    """A held lot may be taken from again."""

    topic: ClassVar[str] = "traceability.lot_released"
    lot: str
    merchant: str
    product: str
    released_at: datetime


class LotRecalled(Fact, frozen=True, kw_only=True):
    """A lot has been called back, itself or with what it was made of."""

    topic: ClassVar[str] = "traceability.lot_recalled"
    lot: str
    recall: str
    merchant: str
    product: str
    recalled_at: datetime
