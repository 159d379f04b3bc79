"""Bearer tokens: 256 random bits with the client, their SHA-256 with us."""

import re
from hashlib import sha256

_BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9_-]{43})")


def token_hash(token: str) -> str:
    """What is stored and looked up. A plain hash is enough: the token has 256 bits of its own."""
    return sha256(token.encode()).hexdigest()


def read_bearer(authorization: str | None) -> str | None:
    """The token in an ``Authorization`` header, or None when it does not have the shape of one of ours."""
    found = _BEARER.fullmatch(authorization or "")
    return found.group(1) if found else None
