"""The number of an identity card: eighteen characters with a birthday and a check character (GB 11643)."""

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class CardNumberInvalid(ValueError):
    """``reason`` is characters, birthday or check_character; the number is never quoted."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen digits."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def born_on(number: str, today: date) -> date:
    """The birthday in a number of eighteen characters. Raises :class:`CardNumberInvalid`."""
    if not number[:-1].isdigit():
        raise CardNumberInvalid("characters")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise CardNumberInvalid("birthday") from None
    if born > today or born.year < 1900:
        raise CardNumberInvalid("birthday")
    if number[-1] != check_character(number[:-1]):
        raise CardNumberInvalid("check_character")
    return born
