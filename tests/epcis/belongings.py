"""Files and events that a merchant handed in."""

from urllib.parse import quote

from tests.doors.belongings import Owner
from tests.epcis.events_of_others import document, event
from tests.traceability.good_requests import goods


async def give(owner: Owner) -> None:
    """A file of a merchant's, an event of its own, and a lot whose events are asked for."""
    job = (await owner.ask("merchant_clerk", "POST", "/v1/console/epcis/capture", document()))["captureID"]
    taken = (await owner.ask("merchant_clerk", "POST", "/v1/console/epcis/events", event()))["eventID"]
    owner.found.by_pattern["/v1/console/epcis/capture/"] = {"job": job}
    owner.found.by_pattern["/v1/console/epcis/events/"] = {"event": quote(taken, safe="")}
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    owner.found.by_pattern["/v1/console/epcis/lots/"] = {"lot": made["lot"]["number"]}
    owner.found.private["merchant_clerk"] |= {job, taken, made["lot"]["number"]}
