"""The wire of the gate before the air."""

from datetime import datetime
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View


class VerificationInput(Input):
    """The record of the officer who has seen the host for this session."""

    document: Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]


class SignOffInput(Input):
    """The SKUs that are signed as they stand, all or none."""

    skus: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=64)]], msgspec.Meta(min_length=1, max_length=200)
    ]


class ComingSessionView(View):
    """A session that is planned or ready."""

    number: str
    title: str
    host: str
    merchant: str
    state: str
    planned_at: datetime


class ComingSessionsView(View):
    """What is coming, the soonest first."""

    sessions: list[ComingSessionView]
