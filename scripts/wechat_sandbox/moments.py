"""Moments as WeChat writes them: China time, whole seconds."""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """The moment as Pay v3 writes it, for example ``2026-03-01T10:00:00+08:00``."""
    return moment.astimezone(CHINA).isoformat(timespec="seconds")


def bill_time(moment: datetime) -> str:
    """The moment as a bill writes it, for example ``2026-03-01 10:00:00``."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
