"""All events of one lot: what it was made of, down to the deliveries, and where it went."""

from typing import Any

import msgspec

from epcis.contexts import CONTEXT
from epcis.errors import ExportTooLarge
from epcis.models import EventSource
from kit.clock import Clock, utc_now
from kit.database import rows, scalar
from traceability.errors import LotUnknown

MAX_EXPORTED = 10_000


async def export_lot(merchant: str | None, lot: str, base: str, clock: Clock = utc_now) -> bytes:
    """An EPCISDocument of the lot's events in the order of their times; two statements. ``base``: see OwnEvents.

    Backwards it follows what runs and sealings took in, but not what else was made of that; forwards what was made and
    what packed goods hold, and of other things in a parcel or a run only what those events name. Of others' events it
    has those that name one of these things. Raises :class:`LotUnknown`, :class:`ExportTooLarge`.
    """
    owner = await scalar(
        "SELECT merchant FROM lot WHERE number = $2 AND ($1::text IS NULL OR merchant = $1)", merchant, lot
    )
    if owner is None:
        raise LotUnknown(lot=lot)
    found = await rows(_CHAIN, f"{base}/trace/lot/{lot}", owner, EventSource.HOUSE, MAX_EXPORTED + 1)
    if len(found) > MAX_EXPORTED:
        raise ExportTooLarge(limit=MAX_EXPORTED)
    document: dict[str, Any] = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": clock().isoformat(timespec="milliseconds"),
        "epcisBody": {"eventList": [msgspec.json.decode(each["body"]) for each in found]},
    }
    return msgspec.json.encode(document)


# The chain is followed by the house's own events alone: nobody else's word leads from one lot to another.
_CHAIN = """
WITH RECURSIVE
before (thing) AS (
    SELECT $1::text
    UNION
    SELECT taken ->> 'epcClass'
      FROM before b
      JOIN epcis_event e ON e.things @> jsonb_build_array(b.thing) AND e.merchant = $2 AND e.source = $3
           AND e.body -> 'outputQuantityList' @> jsonb_build_array(jsonb_build_object('epcClass', b.thing))
     CROSS JOIN LATERAL jsonb_array_elements(e.body -> 'inputQuantityList') AS taken
),
after (thing) AS (
    SELECT $1::text
    UNION
    SELECT made.thing
      FROM after a
      JOIN epcis_event e ON e.things @> jsonb_build_array(a.thing) AND e.merchant = $2 AND e.source = $3
     CROSS JOIN LATERAL (
           SELECT out ->> 'epcClass' FROM jsonb_array_elements(e.body -> 'outputQuantityList') AS out
            WHERE e.body -> 'inputQuantityList' @> jsonb_build_array(jsonb_build_object('epcClass', a.thing))
           UNION ALL
           SELECT e.body ->> 'parentID'
            WHERE e.body -> 'childQuantityList' @> jsonb_build_array(jsonb_build_object('epcClass', a.thing))
           ) AS made (thing)
)
SELECT e.body::text AS body FROM epcis_event e
 WHERE e.id IN (
       SELECT named.id FROM after a JOIN epcis_event named ON named.things @> jsonb_build_array(a.thing)
          AND named.merchant = $2
       UNION
       SELECT named.id FROM before b JOIN epcis_event named ON named.things @> jsonb_build_array(b.thing)
          AND named.merchant = $2 AND named.body ->> 'type' <> 'AggregationEvent'
          AND (named.body ->> 'type' <> 'TransformationEvent' OR EXISTS (
              SELECT 1 FROM before made WHERE named.body -> 'outputQuantityList'
                                           @> jsonb_build_array(jsonb_build_object('epcClass', made.thing)))))
 ORDER BY e.event_time, e.id LIMIT $4
"""
