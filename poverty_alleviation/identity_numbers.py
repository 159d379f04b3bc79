"""Numbers of identity papers in the register (domain reference 2.1; GB 11643)."""

import unicodedata
from datetime import date

from poverty_alleviation.errors import IdentityNumberInvalid

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_CITIZEN, _DISABLED, _VETERAN = 18, 20, 22
_KINDS, _DEGREES = "1234567", "1234"
"""Of a disability: seven kinds, four degrees."""


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen digits (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def read_identity_number(text: str, today: date) -> str:
    """The number as it is kept: without blanks, full-width characters or small letters.

    18 characters are an identity card's: birthday and check character must hold. 20 are a disability certificate's:
    the card's number, one digit for the kind, one for the degree. 22 are a disabled soldier's certificate, of which
    the reference says no more than the length. Raises :class:`IdentityNumberInvalid`, which never quotes the number.
    """
    number = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not number.isascii() or not number.isalnum():
        raise IdentityNumberInvalid(reason="characters")
    if len(number) not in (_CITIZEN, _DISABLED, _VETERAN):
        raise IdentityNumberInvalid(reason="length")
    if len(number) == _VETERAN:
        return number
    _check_citizen(number[:_CITIZEN], today)
    if len(number) == _DISABLED and not (number[-2] in _KINDS and number[-1] in _DEGREES):
        raise IdentityNumberInvalid(reason="disability")
    return number


def person_of(number: str) -> str:
    """What is the same in all papers of a person: the number of the identity card where the paper repeats it."""
    return number[:_CITIZEN] if len(number) == _DISABLED else number


def _check_citizen(number: str, today: date) -> None:
    if not number[:-1].isdigit():
        raise IdentityNumberInvalid(reason="characters")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentityNumberInvalid(reason="birthday") from None
    if born > today or born.year < 1900:
        raise IdentityNumberInvalid(reason="birthday")
    if number[-1] != check_character(number[:-1]):
        raise IdentityNumberInvalid(reason="check_character")
