"""The wire of EPCIS events, after the names of the EPCIS 2.0 query interface."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from api_kit.schemas import Input, View

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,40}$(?!\n)")]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[!-~]+$(?!\n)")]


class EventsQuery(Input, kw_only=True):
    """Which events. ``thing`` is the address of a lot, a delivery or packed goods."""

    since: Moment | None = msgspec.field(default=None, name="GE_eventTime")
    until: Moment | None = msgspec.field(default=None, name="LT_eventTime")
    biz_step: Word | None = msgspec.field(default=None, name="EQ_bizStep")
    disposition: Word | None = msgspec.field(default=None, name="EQ_disposition")
    place: Address | None = msgspec.field(default=None, name="EQ_readPoint")
    thing: Address | None = msgspec.field(default=None, name="MATCH_anyEPCClass")
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = msgspec.field(default=30, name="perPage")
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = msgspec.field(default=None, name="nextPageToken")


class ResultsView(View):
    """A page of events."""

    queryName: str  # noqa: N815 - the standard's name
    resultsBody: dict[str, list[dict[str, Any]]]  # noqa: N815


class QueryBodyView(View):
    """What was found."""

    queryResults: ResultsView  # noqa: N815


class QueryDocumentView(View, kw_only=True):
    """An EPCISQueryDocument in JSON-LD. ``nextPageToken`` asks for the next page; None is the last one."""

    context: tuple[str, ...] = msgspec.field(name="@context")
    kind: str = msgspec.field(name="type")
    schemaVersion: str  # noqa: N815
    creationDate: datetime  # noqa: N815
    epcisBody: QueryBodyView  # noqa: N815
    nextPageToken: str | None  # noqa: N815
