"""GS1 keys as web addresses: Digital Link URI syntax 1.3, the barcode syntax dictionary (domain reference 3.3).

A link names one primary key, its qualifiers in their order and, in the query, further attributes. One thing has one
spelling here: what is not written as the rules say is refused and never mended.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from urllib.parse import quote_from_bytes, urlsplit

import msgspec

Element = tuple[str, str]
"""An application identifier and its value, decoded."""

MAX_URI_CHARS = 2000
_CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # pragma: allowlist secret
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_CLASSES = {
    "N": "[0-9]",
    "X": f"[{re.escape(_CSET82)}]",
    "Y": "[-#/0-9A-Z]",
    "Z": "[-_0-9A-Za-z]",
    "K": "[0-9]",  # digits of which the last is a check digit
}

# Primary keys with the sequences of their qualifiers; a sequence may have gaps, and only one of them is used.
_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "00": (),
    "01": (("22", "10", "21"), ("235",)),
    "253": (),
    "255": (),
    "401": (),
    "402": (),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8003": (),
    "8004": (("7040",),),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    "8013": (),
    "8017": (("8019",),),
    "8018": (("8019",),),
}
# The form of every value: parts of a class (above) and a length, ``?`` where a part may be missing. ``T`` is a day
# YYMMDD whose DD may be 00, ``U`` one whose DD may not, ``H`` is HHMM.
_FORMS = """
00 K18|01 K14|02 K14|10 X..20|11-13 T|15-17 T|20 N2|21 X..20|22 X..20|235 X..28|240-241 X..30|242 N..6|243 X..20
250-251 X..30|253 K13 X..17?|254 X..20|255 K13 N..12?|30 N..8|3100-3105 N6|3110-3115 N6|3120-3125 N6|3130-3135 N6
3140-3145 N6|3150-3155 N6|3160-3165 N6|3200-3205 N6|3210-3215 N6|3220-3225 N6|3230-3235 N6|3240-3245 N6|3250-3255 N6
3260-3265 N6|3270-3275 N6|3280-3285 N6|3290-3295 N6|3300-3305 N6|3310-3315 N6|3320-3325 N6|3330-3335 N6|3340-3345 N6
3350-3355 N6|3360-3365 N6|3370-3375 N6|3400-3405 N6|3410-3415 N6|3420-3425 N6|3430-3435 N6|3440-3445 N6|3450-3455 N6
3460-3465 N6|3470-3475 N6|3480-3485 N6|3490-3495 N6|3500-3505 N6|3510-3515 N6|3520-3525 N6|3530-3535 N6|3540-3545 N6
3550-3555 N6|3560-3565 N6|3570-3575 N6|3600-3605 N6|3610-3615 N6|3620-3625 N6|3630-3635 N6|3640-3645 N6|3650-3655 N6
3660-3665 N6|3670-3675 N6|3680-3685 N6|3690-3695 N6|37 N..8|3900-3909 N..15|3910-3919 N3 N..15|3920-3929 N..15
3930-3939 N3 N..15|3940-3943 N4|3950-3955 N6|400 X..30|401 X..30|402 K17|403 X..30|410-417 K13|420 X..20|421 N3 X..9
422 N3|423 N3 N..12?|424 N3|425 N3 N..12?|426 N3|427 X..3|7001 N13|7002 X..30|7003 U H|7004 N..4|7005 X..12|7006 U
7007 U U?|7008 X..3|7009 X..10|7010 X..2|7011 U H?|7020-7022 X..20|7023 X..30|7030-7039 N3 X..27|7040 N1 X3
710-715 X..20|7230-7239 X2 X..28|7240 X..20|8002 X..20|8003 N1 K13 X..16?|8004 X..30|8005 N6|8006 K14 N4|8007 X..34
8008 N8 N..4?|8009 X..50|8010 Y..30|8011 N..12|8012 X..20|8013 X..25|8017-8018 K18|8019 N..10|8020 X..25|8026 K14 N4
8030 Z..90|90 X..30|91-99 X..90
"""
_RAW = re.compile(r"[!#-;=?-\[\]_a-z~]*")
"""What may stand in an address unencoded; never the quotation mark, ``< > { } \\ ^``, the backtick or the pipe."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


class NotDigitalLink(ValueError):
    """The text is no GS1 Digital Link, or a value in it is not what its identifier demands."""


class DigitalLink(msgspec.Struct, frozen=True):
    """A key with what is said of it. Attributes stand in the order of their identifiers."""

    key: str
    value: str
    qualifiers: tuple[Element, ...] = ()
    attributes: tuple[Element, ...] = ()

    def of(self, identifier: str) -> str | None:
        """The value of one identifier, wherever it stands."""
        elements = ((self.key, self.value), *self.qualifiers, *self.attributes)
        return next((value for name, value in elements if name == identifier), None)

    def uri(self, base: str) -> str:
        """The one spelling of this link below ``base``, an http address without a slash at its end."""
        path = "".join(f"/{name}/{_encoded(value)}" for name, value in ((self.key, self.value), *self.qualifiers))
        query = "&".join(f"{name}={_encoded(value)}" for name, value in self.attributes)
        return f"{base}{path}?{query}" if query else base + path


def check_digit(digits: str) -> str:
    """The digit that follows: weights 3 and 1 from the right, complement to ten."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin_holds(gtin: str) -> bool:
    """Whether it is a GTIN of fourteen digits with its right check digit."""
    return bool(re.fullmatch("[0-9]{14}", gtin)) and check_digit(gtin[:-1]) == gtin[-1]


def is_restricted(gtin: str) -> bool:
    """Whether a GTIN of fourteen digits means something within one company or region alone (prefixes 02, 04, 2)."""
    return bool(re.match(r"[0-9](?:0[24]|2)", gtin)) or gtin.startswith(("0000000", "0000002")) or gtin[1:6] == "00000"


def digital_link(
    key: str, value: str, qualifiers: Iterable[Element] = (), attributes: Iterable[Element] = ()
) -> DigitalLink:
    """A link of these parts. Raises :class:`NotDigitalLink`, also for qualifiers out of order."""
    found = DigitalLink(key, value, tuple(qualifiers), tuple(sorted(attributes)))
    if key not in _KEYS:
        raise NotDigitalLink(f"{key} is no primary key")
    names = [name for name, _ in found.qualifiers]
    if names and not any(_in_order(names, sequence) for sequence in _KEYS[key]):
        raise NotDigitalLink(f"{names} do not qualify {key} in this order")
    own = {name for sequence in _KEYS[key] for name in sequence}
    if misplaced := [name for name, _ in found.attributes if name in own or name in _KEYS]:
        raise NotDigitalLink(f"{misplaced} stand in the path or not at all")
    every = [key, *names, *(name for name, _ in found.attributes)]
    if len(set(every)) < len(every):
        raise NotDigitalLink("an identifier is given twice")
    for name, text in ((key, value), *found.qualifiers, *found.attributes):
        _check(name, text)
    return found


def read_digital_link(uri: str) -> DigitalLink:
    """What a link says. The key is the last one in the path; what stands before it is the publisher's own.

    Words in the query that are no identifiers are passed over. Raises :class:`NotDigitalLink`.
    """
    if len(uri) > MAX_URI_CHARS or not _RAW.fullmatch(uri) or _BAD_PERCENT.search(uri):
        raise NotDigitalLink("characters that no address has")
    if not uri.startswith(("http://", "https://", "HTTP://", "HTTPS://")):
        raise NotDigitalLink("the scheme is not http or https")
    parts = urlsplit(uri)
    if not _HOST.fullmatch(parts.netloc):
        raise NotDigitalLink("no host")
    path, attributes = parts.path.split("/")[1:], []
    for pair in filter(None, parts.query.split("&")):
        name, _, text = pair.partition("=")
        if name.isascii() and name.isdigit():
            attributes.append((name, _decoded(text.replace("+", " "))))
    start = len(path) - 2
    while start >= 0 and path[start] not in _KEYS:
        start -= 2
    if start < 0:
        raise NotDigitalLink("no primary key")
    elements = [(path[at], _decoded(path[at + 1])) for at in range(start, len(path), 2)]
    return digital_link(*elements[0], elements[1:], attributes)


def _in_order(names: Sequence[str], sequence: tuple[str, ...]) -> bool:
    places = [sequence.index(name) if name in sequence else -1 for name in names]
    return -1 not in places and all(a < b for a, b in pairwise(places))


def _encoded(text: str) -> str:
    return quote_from_bytes(text.encode(), safe="").replace("~", "%7E")


def _decoded(text: str) -> str:
    octets = re.sub("%(..)", lambda found: chr(int(found[1], 16)), text)
    if not all(character in _CSET82 or character == "#" for character in octets):
        raise NotDigitalLink("a value has characters outside its set")
    return octets


def _check(name: str, text: str) -> None:
    form = _forms().get(name)
    found = form.fullmatch(text) if form is not None else None
    if found is None:
        raise NotDigitalLink(f"{name}: not the form of its value")
    for part, digits in found.groupdict().items():
        if part.startswith("check") and digits and check_digit(digits[:-1]) != digits[-1]:
            raise NotDigitalLink(f"{name}: the check digit is wrong")
    if name == "8003" and text[0] != "0":
        raise NotDigitalLink("8003 begins with 0")
    if name == "8011" and text[0] == "0" and text != "0":
        raise NotDigitalLink("8011 begins without 0")
    if name in ("401", "8004", "8010", "8013") and not re.match("[0-9]{4}", text):
        raise NotDigitalLink(f"{name} begins with a company's prefix")
    if name == "8013" and model_check(text[:-2]) != text[-2:]:
        raise NotDigitalLink("8013: the check characters are wrong")
    if name in ("8006", "8026") and not "01" <= text[14:16] <= text[16:18]:
        raise NotDigitalLink(f"{name}: no piece of a total")


def model_check(text: str) -> str:
    """The two check characters of a global model number (modulo 1021, two characters of 32)."""
    weighed = zip(reversed(text), _PRIMES, strict=False)
    total = sum(_CSET82.index(character) * prime for character, prime in weighed) % 1021
    return _CSET32[total >> 5] + _CSET32[total & 31]


@cache
def _forms() -> dict[str, re.Pattern[str]]:
    """The pattern of each identifier's value."""
    found = {}
    for entry in _FORMS.strip().replace("\n", "|").split("|"):
        names, *parts = entry.split()
        first, _, last = names.partition("-")
        pattern = "".join(_pattern(part, place) for place, part in enumerate(parts))
        for number in range(int(first), int(last or first) + 1):
            found[str(number).zfill(len(first))] = re.compile(pattern)
    return found


def _pattern(part: str, place: int) -> str:
    day, optional = "(?:0[1-9]|1[0-2])", "?" if part.endswith("?") else ""
    kind, length = part[0], part[1:].rstrip("?")
    if kind in "TU":
        return f"(?:[0-9]{{2}}{day}(?:{'00|' if kind == 'T' else ''}0[1-9]|[12][0-9]|3[01])){optional}"
    if kind == "H":
        return f"(?:(?:[01][0-9]|2[0-3])[0-5][0-9]){optional}"
    least = 1 if length.startswith("..") else int(length)
    body = f"{_CLASSES[kind]}{{{least},{length.lstrip('.')}}}"
    return f"(?P<check{place}>{body})" if kind == "K" else f"(?:{body}){optional}"
