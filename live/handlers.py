"""Reactions of the live room to what happens in orders."""

from content.events import TextJudged
from live.service import Sessions
from live.talk.chat import SUBJECT, Chat
from orders.events import OrderPaid


async def on_order_paid(fact: OrderPaid, sessions: Sessions) -> None:
    """Paid goods are told in the rooms where they were seen, line by line."""
    for line in fact.lines:
        await sessions.tell_sale(line, fact.consumer, fact.paid_at)


async def on_text_judged(fact: TextJudged, chat: Chat) -> None:
    """What a viewer wrote and may not stand is taken back."""
    if fact.subject.startswith(SUBJECT) and not fact.passed:
        number, _, offset = fact.subject.removeprefix(SUBJECT).rpartition(":")
        await chat.take_back(number, int(offset))
