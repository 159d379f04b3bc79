"""Whether a person looks, or a machine that draws previews, walks the web or loads ahead."""

import re

from sanic import Request

_PERSON = re.compile(r"^Mozilla/5\.0 \(")
_MACHINE = re.compile(r"bot|spider|crawl|slurp|preview|facebookexternalhit|headless|lighthouse|monitor", re.IGNORECASE)


def looks_anew(request: Request) -> bool:
    """A browser on a device (WeChat's is one) that does not hold the answer already. A guess, good enough to count."""
    agent = request.headers.get("user-agent", "")
    ahead = request.headers.get("sec-purpose") or request.headers.get("purpose") or request.headers.get("x-purpose")
    held = "if-none-match" in request.headers
    return bool(_PERSON.match(agent) and not _MACHINE.search(agent) and not ahead and not held)
