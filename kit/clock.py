"""The one way to ask for the time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]

CHINA = timezone(timedelta(hours=8))


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def china_day(moment: datetime) -> date:
    """The day in China, by which licences, marks, bills and books are dated."""
    return moment.astimezone(CHINA).date()
