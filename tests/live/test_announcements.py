"""What a host announces: one at a time, until replaced, and taken down when it may not stand."""

import pytest

from content.events import TextJudged
from content.models import TextState
from content.texts import Texts
from kit.clock import utc_now
from kit.database import row, rows, scalar, transaction
from kit.numbers import opaque_id
from live.errors import ChatEmpty, ChatNotAllowed, SessionNotFound, SessionStateForbids
from live.handlers import on_announcement_judged
from live.plans.models import AssistantRole
from live.plans.service import Plans
from live.queries import room_view
from live.talk.frames import room_state
from live.talk.hub import RoomFeed
from tests.live.hosts import presenting_account
from tests.live.rooms import HOST, House

pytestmark = pytest.mark.asyncio


def judged(subject: str, *, passed: bool) -> TextJudged:
    return TextJudged(subject=subject, passed=passed, judged_at=utc_now())


async def shown(number: str) -> str | None:
    return (await room_state(await room_view(number))).announcement


async def told() -> list[tuple[str, bool]]:
    found = await rows(
        "SELECT payload ->> 'text' AS text, payload ? 'removed' AS removed FROM live_feed_message"
        """ WHERE kind = 'announcement' ORDER BY "offset\""""
    )
    return [(each["text"], each["removed"]) for each in found]


_LAST = "SELECT author FROM live_feed_message WHERE kind = 'announcement' ORDER BY \"offset\" DESC LIMIT 1"


async def test_an_announcement_stands_until_another_or_none(database: str) -> None:
    """Fails when a second one stands beside the first."""
    house = House()
    session, _ = await house.on_air("M1")
    number = session.number
    assert await shown(number) is None
    await house.announcements.clear(number, HOST)
    for text in ("今晚八点\u200b抽奖 ", "今晚八点抽奖", "九点上红糖"):
        await house.announcements.say(number, HOST, text)
    assert await shown(number) == "九点上红糖"
    await house.announcements.clear(number, HOST)
    await house.announcements.clear(number, HOST)
    assert (await shown(number), await told()) == (None, [("今晚八点抽奖", False), ("九点上红糖", False), ("", False)])
    assert await scalar("SELECT DISTINCT author FROM live_feed_message WHERE kind = 'announcement'") == f"staff:{HOST}"
    with pytest.raises(SessionNotFound):
        await house.announcements.say(number, "S-other", "公告")
    with pytest.raises(ChatEmpty):
        await house.announcements.say(number, HOST, "\u200b ")
    helper, plans = await presenting_account("U00000000000HELPER"), Plans(house.clock)
    await plans.add_assistant(number, HOST, helper, AssistantRole.SHELF)
    with pytest.raises(SessionNotFound):
        await house.announcements.say(number, helper, "公告")
    await plans.add_assistant(number, HOST, helper, AssistantRole.MODERATOR)
    await house.announcements.say(number, helper, "助理的公告")
    assert (await scalar(_LAST), await shown(number)) == (f"staff:{helper}", "助理的公告")
    await Texts().add_keyword("刷单", "staff:county")
    with pytest.raises(ChatNotAllowed):
        await house.announcements.say(number, HOST, "刷 单")
    await house.sessions.end(number, HOST)
    with pytest.raises(SessionStateForbids):
        await house.announcements.say(number, HOST, "公告")


async def test_a_person_reads_it_and_what_may_not_stand_goes_from_the_record(database: str) -> None:
    """Fails when its words stay in the feed, in the state, or in what later viewers are told."""
    house = House()
    session, _ = await house.on_air("M1")
    number = session.number
    await house.announcements.say(number, HOST, "加微信便宜")
    feed = RoomFeed(number, opaque_id(), house.clock)
    await feed.tick()
    held = await row("SELECT number, subject, state FROM content_text")
    assert held is not None
    assert held["state"] == TextState.IN_REVIEW
    await Texts().decide(held["number"], False, "staff:county", "示例")
    for _ in range(2):
        async with transaction():
            await on_announcement_judged(judged(held["subject"], passed=False), house.announcements)
    feed.rung.set()
    await feed.tick()
    assert (await shown(number), await told()) == (None, [("", True)])
    assert "加微信" not in feed._catch_up(None)
    assert await scalar("SELECT count(*) FROM live_feed_message WHERE kind = 'chat_removed'") == 1
    assert await scalar("SELECT text FROM live_announcement") == ""
    await house.announcements.say(number, HOST, "九点上红糖")
    async with transaction():
        await on_announcement_judged(judged(f"announcement:{number}:99", passed=True), house.announcements)
    assert await shown(number) == "九点上红糖"
