"""Reactions of the live room to what happens in orders."""

from content.events import TextJudged
from live.service import Sessions
from live.talk.chat import SUBJECT, Chat
from orders.events import OrderPaid


async def on_order_paid(fact: OrderPaid, sessions: Sessions) -> None:
    """Paid goods that were seen in a room are counted there, line by line."""
    for source in sorted({line.source for line in fact.lines if line.source}):
        sold = sum(line.quantity for line in fact.lines if line.source == source)
        await sessions.count_sale(source, sold, fact.paid_at)


async def on_text_judged(fact: TextJudged, chat: Chat) -> None:
    """What a viewer wrote and may not stand is taken back."""
    if fact.subject.startswith(SUBJECT) and not fact.passed:
        number, _, offset = fact.subject.removeprefix(SUBJECT).rpartition(":")
        await chat.take_back(number, int(offset))
