"""Requests that hand events in, and that declare one wrong, which succeed."""

from urllib.parse import quote

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.epcis.events_of_others import document, event


@good("console.take_epcis_event")
async def hand_in(owner: Owner) -> GoodRequest:
    return GoodRequest(body=event())


@good("console.capture_epcis_document", "console.check_epcis_document")
async def hand_in_a_file(owner: Owner) -> GoodRequest:
    return GoodRequest(body=document())


@good("console.declare_epcis_event_wrong")
async def declare(owner: Owner) -> GoodRequest:
    taken = (await owner.ask("merchant_clerk", "POST", "/v1/console/epcis/events", event()))["eventID"]
    return GoodRequest(names={"event": quote(taken, safe="")}, body={"reason": "did_not_occur"})
