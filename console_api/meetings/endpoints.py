"""Meetings of the project's bodies: how often they are due, what was settled, and what was missed."""

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.meetings.schemas import (
    MeetingInput,
    MeetingMade,
    MeetingsQuery,
    MeetingsView,
    RhythmInput,
    RhythmsView,
)
from county.meetings.service import Matter, MeetingDraft, Meetings, Rhythm, meeting_cards, missed, rhythms
from kit.clock import china_day, utc_now
from poverty_alleviation.office.thresholds import thresholds


@door.get("/meeting-rhythms")
async def show_meeting_rhythms(actor: CountyOfficer | Auditor) -> RhythmsView:
    """联席会议、督查与评价的周期，以及已过期未开的会议。"""
    today = china_day(utc_now())
    return RhythmsView(await rhythms(), await missed(today, (await thresholds(today))["meeting_record_days"]))


@door.post("/meeting-rhythms", status=204)
async def enter_meeting_rhythm(actor: CountyOfficer, body: RhythmInput, meetings: Meetings) -> None:
    """登记某类会议自某日起的周期及依据文件；0 为不再要求。"""
    rhythm = Rhythm(kind=body.kind, every_months=body.every_months, valid_from=body.valid_from, source=body.source)
    await meetings.enter_rhythm(rhythm, actor.caller)


@door.get("/meetings")
async def list_meetings(actor: CountyOfficer | Auditor, query: MeetingsQuery) -> MeetingsView:
    """会议及纪要，最近登记的在前。"""
    return MeetingsView(*await meeting_cards(query.kind, query.cursor, query.limit))


@door.post("/meetings")
async def record_meeting(
    actor: CountyOfficer, body: MeetingInput, key: IdempotencyKey, meetings: Meetings
) -> MeetingMade:
    """登记已召开的会议：召集单位、情况、问题与解决方案、纪要。"""
    draft = MeetingDraft(
        kind=body.kind,
        held_on=body.held_on,
        convener=body.convener,
        summary=body.summary,
        matters=[Matter(each.problem, each.solution, each.office) for each in body.matters],
        minutes=body.minutes,
    )
    return MeetingMade(await meetings.record(draft, actor.caller))
