"""The wire of plans."""

from typing import Annotated

import msgspec

from accounts.queries import PresentingAccount
from api_kit.schemas import PLAIN, Input, View
from live.plans.models import AssistantRole

Number = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
TEXT = r"^[^\x00-\x09\x0b-\x1f\x7f]*$(?!\n)"
"""Several lines; no other control characters."""
Minute = Annotated[int, msgspec.Meta(ge=0, le=1440)]


class PlanInput(Input):
    """The cover, a picture's number, and what is said before the session begins."""

    cover: Annotated[str, msgspec.Meta(min_length=1, max_length=26)] | None = None
    notice: Annotated[str, msgspec.Meta(max_length=500, pattern=TEXT)] = ""


class StepInput(Input):
    """A SKU, for how many minutes, and the script."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)]
    script: Annotated[str, msgspec.Meta(max_length=2000, pattern=TEXT)] = ""


class RunDownInput(Input):
    """The products in their order, each once."""

    steps: Annotated[list[StepInput], msgspec.Meta(max_length=200)]


class SlotInput(Input):
    """Whose goods, in minutes after the planned time; the last minute is excluded."""

    merchant: Number
    from_minute: Minute
    until_minute: Minute


class SlotsInput(Input):
    """The slots of a session that several merchants share; they do not overlap."""

    slots: Annotated[list[SlotInput], msgspec.Meta(max_length=20)]


class AssistantInput(Input):
    """What the account may do in this session."""

    role: AssistantRole


class CandidatesQuery(Input):
    """How the name begins, one character at least."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]


class CandidatesView(View):
    """Who may assist; a longer beginning finds who is missing among twenty."""

    candidates: list[PresentingAccount]


class AssistedView(View):
    """Sessions in which the caller helps."""

    sessions: list[str]
