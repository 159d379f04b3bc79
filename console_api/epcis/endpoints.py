"""What happened to goods, as EPCIS 2.0 tells it."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from console_api import door
from console_api.epcis.schemas import EventsQuery, QueryBodyView, QueryDocumentView, ResultsView
from epcis.queries import EventFilter, events
from kit.clock import utc_now

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


@door.get("/epcis/events")
async def list_epcis_events(actor: MerchantClerk | CountyOfficer | Auditor, query: EventsQuery) -> QueryDocumentView:
    """追溯事件（EPCIS 2.0）：按时间、步骤、地点、批次查询；商户只看自己的。"""
    wanted = msgspec.convert(query, EventFilter, from_attributes=True)
    page, following = await events(own_merchant(actor), wanted, query.cursor, query.limit)
    return QueryDocumentView(
        context=(CONTEXT,),
        kind="EPCISQueryDocument",
        schemaVersion="2.0",
        creationDate=utc_now(),
        epcisBody=QueryBodyView(ResultsView("SimpleEventQuery", {"eventList": page})),
        nextPageToken=following,
    )
