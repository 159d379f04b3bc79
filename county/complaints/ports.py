"""What this room needs from WeChat Pay: consumer complaints 2.0 (wechat reference 2.3b).

Failures are those of the payment channel (``payments.ports``): refused, or nobody can say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True)
class SeenComplaint:
    """A complaint as WeChat Pay tells it. ``times`` counts how often the buyer has complained; amounts are fen.

    ``pictures`` are addresses, as they were told.
    """

    complaint_id: str
    complained_at: datetime
    detail: str
    state: str
    problem: str
    mchid: str
    payment_number: str
    amount_fen: int
    phone: str
    times: int
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class NegotiationStep:
    """One entry of the negotiation history."""

    operator: str
    kind: str
    text: str
    at: datetime | None


class PictureNotHad(Exception):
    """A picture will not be fetched, ever: its address is nobody's who may send one, or it is too large."""


class ComplaintDesk(Protocol):
    """WeChat Pay's desk. Every coroutine raises GatewayRefused or OutcomeUnknown; none may run in a transaction."""

    async def complaints(self, first_day: date, last_day: date, offset: int) -> tuple[list[SeenComplaint], int]:
        """A page of the complaints of some days, and how many there are."""
        ...

    async def complaint(self, complaint_id: str) -> SeenComplaint:
        """One complaint."""
        ...

    async def picture(self, address: str) -> bytes:
        """The bytes behind the address of a picture, as they came: nobody has looked at them.

        Raises :class:`PictureNotHad`.
        """
        ...

    async def history(self, complaint_id: str) -> list[NegotiationStep]:
        """What both sides have said, newest first."""
        ...

    async def upload(self, picture: bytes, content_type: str) -> str:
        """Hand in a picture for a reply; answers its name there. A second time gives a second name, to no harm."""
        ...

    async def reply(self, complaint_id: str, mchid: str, text: str, pictures: Sequence[str]) -> None:
        """Say something to the buyer, with pictures that were handed in."""
        ...

    def worded(self, text: str) -> str:
        """How a reply of this text reads in the history."""
        ...

    async def complete(self, complaint_id: str, mchid: str) -> None:
        """Say that it is dealt with."""
        ...

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> str | None:
        """The complaint of a verified notice; None for an event that is not followed. Raises NoticeForged or
        NoticeUnreadable."""
        ...
