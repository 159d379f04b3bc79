"""Numbers of identity papers in the register (domain reference 2.1; GB 11643)."""

import unicodedata
from datetime import date

from kit.identity_cards import CardNumberInvalid, born_on
from kit.identity_cards import check_character as check_character
from poverty_alleviation.errors import IdentityNumberInvalid

_CITIZEN, _DISABLED, _VETERAN = 18, 20, 22
_KINDS, _DEGREES = "1234567", "1234"
"""Of a disability: seven kinds, four degrees."""


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
    try:
        born_on(number, today)
    except CardNumberInvalid as wrong:
        raise IdentityNumberInvalid(reason=wrong.reason) from None
