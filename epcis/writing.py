"""Events into rows: several in one statement; one that is there already changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from epcis.keys import canonical_link
from epcis.models import EventSource
from kit.database import rows


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """Who says the events of one writing: see :class:`epcis.models.EpcisEvent`."""

    source: EventSource
    merchant: str
    partner: str = ""
    by: str = ""
    at: datetime
    capture_id: int | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its names; ``step`` and ``disposition`` are bare words or addresses."""

    event_id: str
    digest: str
    step: str
    disposition: str
    body: Mapping[str, Any]

    @property
    def is_declaration(self) -> bool:
        """Whether it declares an event wrong."""
        return "errorDeclaration" in self.body


async def write(said: Sequence[Said], saying: Saying) -> int:
    """Write events down, in the caller's transaction if it has one; answers how many were new."""
    written = await rows(
        "INSERT INTO epcis_event (event_id, digest, source, partner, merchant, is_declaration, capture_id, event_time,"
        " biz_step, disposition, things, body, recorded_by, recorded_at)"
        " SELECT e.event_id, e.digest, $8, $9, $10, e.is_declaration, $11, e.event_time, e.step, e.disposition,"
        " e.things::jsonb, e.body::jsonb, $12, $13"
        " FROM unnest($1::text[], $2::text[], $3::boolean[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],"
        " $14::text[]) AS e(event_id, digest, is_declaration, event_time, step, disposition, things, body)"
        " ON CONFLICT (event_id, merchant, source, partner, is_declaration) DO NOTHING RETURNING id",
        [each.event_id for each in said],
        [each.digest for each in said],
        [each.is_declaration for each in said],
        [datetime.fromisoformat(each.body["eventTime"]) for each in said],
        [each.step for each in said],
        [each.disposition for each in said],
        [msgspec.json.encode(things_of(each.body)).decode() for each in said],
        saying.source,
        saying.partner,
        saying.merchant,
        saying.capture_id,
        saying.by,
        saying.at,
        [msgspec.json.encode({**each.body, "eventID": each.event_id}).decode() for each in said],
    )
    return len(written)


def things_of(event: Mapping[str, Any]) -> list[str]:
    """The addresses of all goods in an event, as they are written and as canonical links."""
    found = {event["parentID"]} if "parentID" in event else set()
    for name in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
        found |= set(event.get(name, ()))
    for name in ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"):
        found |= {each["epcClass"] for each in event.get(name, ())}
    return sorted(found | {canonical_link(each) for each in found})
