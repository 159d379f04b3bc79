"""Numbers that leave the house: sortable by day, impossible to guess, never a row id."""

import secrets
from datetime import datetime

from kit.clock import CHINA

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret; Crockford base 32: no I, L, O, U


def _check(text: str) -> str:
    total = 0
    for position, char in enumerate(text):
        total += (position + 2) * int(char, 36)
    return _ALPHABET[total % 31]


def public_number(moment: datetime, prefix: str = "") -> str:
    """A number such as ``20261123K7Q2M9XA4T``: day in China, nine random characters (45 bits), one check character.

    ``prefix`` is made of capital letters and digits. At most 6 + 18 characters, so it fits WeChat Pay's
    ``out_trade_no`` (wechat reference 2.3).
    """
    day, value = moment.astimezone(CHINA), secrets.randbits(45)
    drawn = "".join([_ALPHABET[(value >> shift) & 31] for shift in range(0, 45, 5)])
    body = f"{prefix}{day.year}{day.month:02}{day.day:02}{drawn}"
    return body + _check(body)


def well_formed(number: str) -> bool:
    """Whether the check character of a public number holds; a typing mistake is told from an unknown number."""
    return len(number) > 17 and number.isascii() and number.isalnum() and _check(number[:-1]) == number[-1]


def opaque_id() -> str:
    """128 random bits as 26 base-32 characters, for things whose existence must not be guessed."""
    value = secrets.randbits(130)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(0, 130, 5))


def secret_token() -> str:
    """A bearer secret of 256 bits; store its hash alone."""
    return secrets.token_urlsafe(32)
