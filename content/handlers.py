"""Reactions to what WeChat tells."""

from content.checking import Checks
from messages.events import MediaChecked


async def on_media_checked(checked: MediaChecked, checks: Checks) -> None:
    """A picture has been judged."""
    await checks.record_verdict(checked)
