"""The wire of EPCIS events, after the names of the EPCIS 2.0 query and capture interfaces."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api_kit.schemas import Input, View
from epcis.captures import MAX_EVENTS, MAX_FILE_BYTES
from epcis.findings import Finding
from epcis.models import Behaviour, EventSource
from epcis.queries import EventRecord

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^(?:[a-z_]+|[!-~]+:[!-~]+)$(?!\n)")]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[!-~]+$(?!\n)")]
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

    ``source`` and ``declarations`` are the house's own parameters: who says it, and whether events that declare others
    wrong are shown (left out: both kinds).
    """

    since: Moment | None = msgspec.field(default=None, name="GE_eventTime")
    until: Moment | None = msgspec.field(default=None, name="LT_eventTime")
    biz_step: Word | None = msgspec.field(default=None, name="EQ_bizStep")
    disposition: Word | None = msgspec.field(default=None, name="EQ_disposition")
    place: Address | None = msgspec.field(default=None, name="EQ_readPoint")
    location: Address | None = msgspec.field(default=None, name="EQ_bizLocation")
    thing: Address | None = msgspec.field(default=None, name="MATCH_anyEPCClass")
    single: Address | None = msgspec.field(default=None, name="MATCH_anyEPC")
    event_id: EventId | None = msgspec.field(default=None, name="EQ_eventID")
    source: EventSource | None = None
    declarations: bool | None = msgspec.field(default=None, name="EXISTS_errorDeclaration")


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
