"""The wire of EPCIS events, after the names of the EPCIS 2.0 query and capture interfaces."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api_kit.schemas import Input, View
from epcis.captures import MAX_EVENTS, MAX_FILE_BYTES
from epcis.findings import Finding
from epcis.models import Behaviour, EventSource
from epcis.queries import EventFilter, EventRecord

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_WORD, _ADDRESS = r"(?:[a-z_]+|[!-9;-{}~]+:[!-{}~]+)", r"[!-{}~]{1,300}"
Words = Annotated[str, msgspec.Meta(max_length=1500, pattern=rf"^{_WORD}(?:\|{_WORD}){{0,19}}$(?!\n)")]
Addresses = Annotated[str, msgspec.Meta(max_length=6000, pattern=rf"^{_ADDRESS}(?:\|{_ADDRESS}){{0,19}}$(?!\n)")]
"""One to twenty values with ``|`` between them, as the standard's REST binding writes a list."""
EventId = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]
Partner = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$(?!\n)")]

NAMESPACE = {"longchuan": "urn:longchuan:epcis:"}
LIMITS = {
    "GS1-EPCIS-Version": "2.0",
    "GS1-CBV-Version": "2.0",
    "GS1-EPCIS-Capture-Limit": str(MAX_EVENTS),
    "GS1-EPCIS-Capture-File-Size-Limit": str(MAX_FILE_BYTES),
}
"""Headers that tell a client what may be handed in."""


class PageQuery(Input, kw_only=True):
    """A page, by the standard's names."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = msgspec.field(default=30, name="perPage")
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = msgspec.field(default=None, name="nextPageToken")


class EventsQuery(PageQuery, kw_only=True):
    """Which events. ``thing`` is the address or the EPC of a lot, a delivery or packed goods, by either name.

    Where a list may be given, with ``|`` between its values, one of them must hold. ``source`` and ``declarations`` are
    the house's own parameters: who says it, and whether events that declare others wrong are shown (left out: both).
    """

    since: Moment | None = msgspec.field(default=None, name="GE_eventTime")
    until: Moment | None = msgspec.field(default=None, name="LT_eventTime")
    biz_step: Words | None = msgspec.field(default=None, name="EQ_bizStep")
    disposition: Words | None = msgspec.field(default=None, name="EQ_disposition")
    place: Addresses | None = msgspec.field(default=None, name="EQ_readPoint")
    location: Addresses | None = msgspec.field(default=None, name="EQ_bizLocation")
    thing: Addresses | None = msgspec.field(default=None, name="MATCH_anyEPCClass")
    single: Addresses | None = msgspec.field(default=None, name="MATCH_anyEPC")
    event_id: Addresses | None = msgspec.field(default=None, name="EQ_eventID")
    source: EventSource | None = None
    declarations: bool | None = msgspec.field(default=None, name="EXISTS_errorDeclaration")

    def wanted(self) -> EventFilter:
        """The filter with its lists taken apart."""
        return EventFilter(
            since=self.since,
            until=self.until,
            biz_steps=_each(self.biz_step),
            dispositions=_each(self.disposition),
            places=_each(self.place),
            locations=_each(self.location),
            things=_each(self.thing),
            singles=_each(self.single),
            event_ids=_each(self.event_id),
            source=self.source,
            declarations=self.declarations,
        )


def _each(told: str | None) -> list[str] | None:
    return None if told is None else told.split("|")


class CaptureQuery(Input, kw_only=True):
    """Whose file it is, when it is not the caller's own."""

    partner: Partner | None = None


class DeclarationInput(Input, kw_only=True):
    """Why an event is wrong, and which events hold instead."""

    reason: Literal["incorrect_data", "did_not_occur"]
    corrective_event_ids: Annotated[list[EventId], msgspec.Meta(max_length=20)] = msgspec.field(
        default_factory=list, name="correctiveEventIDs"
    )


class ResultsView(View):
    """A page of events."""

    queryName: str  # noqa: N815 - the standard's name
    resultsBody: dict[str, list[dict[str, Any]]]  # noqa: N815


class QueryBodyView(View):
    """What was found."""

    queryResults: ResultsView  # noqa: N815


class QueryDocumentView(View, kw_only=True):
    """An EPCISQueryDocument in JSON-LD, valid by its schema. ``longchuan:nextPageToken`` asks for the next page, as the
    header ``Link`` does; None is the last one.

    ``longchuan:records`` has a record for every event, in the same order: who says it, and whether it was declared
    wrong. It stands beside the events, because an event is named by the hash of what it says.
    """

    context: tuple[str | dict[str, str], ...] = msgspec.field(name="@context")
    kind: str = msgspec.field(name="type")
    schemaVersion: str  # noqa: N815
    creationDate: datetime  # noqa: N815
    epcisBody: QueryBodyView  # noqa: N815
    records: list[EventRecord] = msgspec.field(name="longchuan:records")
    following: str | None = msgspec.field(default=None, name="longchuan:nextPageToken")


class CaptureJobView(View, kw_only=True):
    """A capture job of the standard's capture interface; it has ended when it is answered.

    ``errors`` are findings: ``event`` is the event's place in the file from 0, ``pointer`` leads to the fault.
    """

    captureID: str  # noqa: N815
    createdAt: datetime  # noqa: N815
    finishedAt: datetime  # noqa: N815
    running: bool
    success: bool
    captureErrorBehaviour: Behaviour  # noqa: N815
    partner: str
    total: int
    captured: int
    known: int
    errors: list[Finding]


class CaptureJobsView(View):
    """A page of capture jobs, the newest first."""

    jobs: list[CaptureJobView]
    nextPageToken: str | None  # noqa: N815


class EventTakenView(View):
    """An event that is written down."""

    eventID: str  # noqa: N815
