"""What has happened in live rooms."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class SessionStarted(Fact, frozen=True, kw_only=True):
    """The first picture of a session has been let in; once, however often its host comes back."""

    topic: ClassVar[str] = "live.session_started"
    session: str
    title: str
    started_at: datetime


class SessionCancelled(Fact, frozen=True, kw_only=True):
    """A session that has not begun does not take place, whether its host, an officer or time has called it off."""

    topic: ClassVar[str] = "live.session_cancelled"
    session: str
    title: str
    planned_at: datetime
