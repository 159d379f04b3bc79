"""Reactions to what WeChat tells."""

from messages.events import SubscriptionAnswered
from messages.outgoing import Outgoing


async def on_subscription_answered(answered: SubscriptionAnswered, outgoing: Outgoing) -> None:
    """One accept is one message."""
    await outgoing.record_answer(answered)
