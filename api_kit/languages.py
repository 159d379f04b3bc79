"""Which language a client reads."""

import re

from sanic import Request

_ENGLISH_FIRST = re.compile(r"^\s*en\b", re.IGNORECASE)


def wants_english(request: Request) -> bool:
    """Whether the client prefers English. Chinese is the default."""
    return bool(_ENGLISH_FIRST.match(request.headers.get("accept-language", "")))
