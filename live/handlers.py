"""Reactions of the live room to what happens in orders."""

from content.events import TextJudged
from live.announcements.service import SUBJECT as ANNOUNCED
from live.announcements.service import Announcements
from live.events import SessionCancelled, SessionStarted
from live.reminders.service import Reminders
from live.service import Sessions
from live.shares.service import Shares
from live.talk.chat import SUBJECT, Chat
from orders.events import OrderPaid


async def on_order_paid(fact: OrderPaid, sessions: Sessions) -> None:
    """Paid goods are told in the rooms where they were seen, line by line."""
    for line in fact.lines:
        await sessions.tell_sale(line, fact.consumer, fact.paid_at)


async def on_announcement_judged(fact: TextJudged, announcements: Announcements) -> None:
    """What a host announced and may not stand is taken down."""
    if fact.subject.startswith(ANNOUNCED) and not fact.passed:
        number, _, offset = fact.subject.removeprefix(ANNOUNCED).rpartition(":")
        await announcements.take_back(number, int(offset))


async def on_text_judged(fact: TextJudged, chat: Chat) -> None:
    """What a viewer wrote and may not stand is taken back."""
    if fact.subject.startswith(SUBJECT) and not fact.passed:
        number, _, offset = fact.subject.removeprefix(SUBJECT).rpartition(":")
        await chat.take_back(number, int(offset))


async def on_session_started(fact: SessionStarted, reminders: Reminders) -> None:
    """Whoever asked is told that it begins."""
    await reminders.tell_started(fact)


async def on_session_cancelled(fact: SessionCancelled, reminders: Reminders) -> None:
    """Whoever asked is told that it does not take place."""
    await reminders.tell_called_off(fact)


async def on_shared_order_paid(fact: OrderPaid, shares: Shares) -> None:
    """Paid goods count for the code that had brought the buyer into the room."""
    await shares.count_order(fact)
