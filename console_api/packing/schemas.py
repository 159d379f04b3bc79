"""The wire of lots that are bound to packed lines."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.orders.schemas import Pieces
from orders.unattributed import UnattributedLine
from orders.waves.queries import WaveSummary
from traceability.models import LateReason


class PackingQuery(Input):
    """Which page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class LateLots(Input):
    """Pieces by lot number for a line that was packed without one, and why they were not known then."""

    lots: Annotated[dict[str, Pieces], msgspec.Meta(min_length=1, max_length=50)]
    reason: LateReason


class WaveInput(Input):
    """Which orders to pack together: those named, or the oldest that are due; 100 at most."""

    orders: (
        Annotated[
            list[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,32}$(?!\n)")]],
            msgspec.Meta(min_length=1, max_length=100),
        ]
        | None
    ) = None


class UnattributedView(View):
    """A page of lines without a lot, oldest first."""

    lines: list[UnattributedLine]
    next_cursor: str | None


class WavesView(View):
    """A page of waves, newest first."""

    waves: list[WaveSummary]
    next_cursor: str | None
