"""The wire of the host's console."""

from datetime import datetime
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ScheduleSession(Input):
    """A plan. ``merchant`` is the number of the merchant whose goods are sold."""

    title: Annotated[str, msgspec.Meta(min_length=2, max_length=60, pattern=r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$(?!\n)")]
    merchant: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    planned_at: Annotated[datetime, msgspec.Meta(tz=True)]


class PinProduct(Input):
    """The SKU that the host explains from now on."""

    sku: Code


class ShelfOrder(Input):
    """The whole shelf in the order that is wanted, and the ``version`` at which the caller has seen it."""

    codes: Annotated[list[Code], msgspec.Meta(max_length=200)]
    version: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class ShelfVisibility(Input):
    """Whether viewers are shown a product of the shelf; it keeps its place."""

    hidden: bool


class PushAddressQuery(Input):
    """For how long the address may be used, in seconds: two hours unless the host asks for less."""

    valid_for_s: Annotated[int, msgspec.Meta(ge=1, le=7200)] = 7200


class HostSessionView(View):
    """A session as its host sees it. ``shelf`` has its order, with what is ``hidden``, at ``shelf_version``.

    ``warnings`` are the kinds that hold now; since when stands in the session's vitals.
    """

    number: str
    title: str
    merchant: str
    state: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int
    shelf: list[str]
    hidden: list[str]
    shelf_version: int
    pinned: str | None
    warnings: list[str]


class HostSessionLineView(View):
    """A session in the host's list."""

    number: str
    title: str
    merchant: str
    state: str
    planned_at: datetime
    viewers: int


class HostSessionsView(View):
    """The host's sessions, on air first."""

    sessions: list[HostSessionLineView]


class PushAddressView(View):
    """``server`` and ``key`` for OBS, ``url`` for a phone, ``qr_svg`` the same URL as a picture that a phone reads.

    The key is a secret and replaces the last one.
    """

    server: str
    key: str
    url: str
    qr_svg: str
    expires_at: datetime
