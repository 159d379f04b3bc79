"""The templates of WeChat's that tell of live rooms: one for both moments, so one accept is enough."""

from live.reminders.service import MOMENTS
from messages.outgoing import Outgoing, TemplateRecord
from scripts.demo_county.people import BY

FIELDS = {"thing1": "title", "time2": "at", "phrase3": "status"}


async def enter_templates(outgoing: Outgoing) -> None:
    """What a person is asked to allow who wants to be told of a beginning."""
    for moment in MOMENTS:
        page = "pages/live/room?number={reference}"
        await outgoing.set_template(TemplateRecord(moment, "demo-live-reminder", page, FIELDS, True), BY)
