"""Which language a client reads."""

import re

from sanic import Request

_ENGLISH_FIRST = re.compile(r"^\s*en\b", re.IGNORECASE)


def wants_english(request: Request) -> bool:
    """Whether the client prefers English. Chinese is the default."""
    return is_english_first(request.headers.get("accept-language", ""))


def is_english_first(accepted: str) -> bool:
    """The same of the value of ``Accept-Language``."""
    return bool(_ENGLISH_FIRST.match(accepted))
