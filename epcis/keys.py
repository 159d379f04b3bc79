"""GS1 keys in events: the one canonical Digital Link of a key, however it was written (CBV 2.0, section 8.9.2).

An EPC URN, its class or pattern, and a Digital Link of any domain that name one thing have one canonical form:
``https://id.gs1.org``, the key and its narrowest qualifier. :func:`canonical_link` is lenient, because an id is
computed of what was said; :func:`key_holds` is strict.
"""

import re

from kit.gs1 import NotDigitalLink, check_digit, read_digital_link

CANONICAL = "https://id.gs1.org"

# EPC scheme: the key's identifier, how many digits it has without its check digit (None: no digits alone), the
# identifier of what follows ('' when that stands in the key itself, None when nothing follows).
_SCHEMES: dict[str, tuple[str, int | None, str | None]] = {
    "sgtin": ("01", 13, "21"),
    "lgtin": ("01", 13, "10"),
    "upui": ("01", 13, "235"),
    "itip": ("8006", 13, "21"),
    "sscc": ("00", 17, None),
    "sgln": ("414", 12, "254"),
    "pgln": ("417", 12, None),
    "grai": ("8003", 12, ""),
    "gdti": ("253", 12, ""),
    "sgcn": ("255", 12, ""),
    "gsrn": ("8018", 17, None),
    "gsrnp": ("8017", 17, None),
    "gsin": ("402", 16, None),
    "giai": ("8004", None, None),
    "ginc": ("401", None, None),
    "cpi": ("8010", None, "8011"),
}
_INDICATED = frozenset({"sgtin", "lgtin", "upui", "itip", "sscc"})
"""Schemes whose reference begins with a digit that stands before the company's prefix in the key."""
_URN = re.compile(r"urn:epc:(?:id|class|idpat):([a-z]+):([0-9]{6,12})\.(.*)")
_ENCODED = {ord(character): f"%{ord(character):02X}" for character in "!()*+,:"}
"""What an EPC URN says as it is and a Digital Link only encoded."""

_WEB = re.compile(r"https?://[^/?#]+/([^?#]*)(?:\?[^#]*)?(?:#.*)?")
_NAMES = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
    "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
    "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip
_KEYS = {
    "00": "[0-9]{18}", "01": "[0-9]{14}", "253": "[0-9]{13}.*", "255": "[0-9]{13,25}", "401": "[0-9]{4}.*",
    "402": "[0-9]{17}", "414": "[0-9]{13}", "417": "[0-9]{13}", "8003": "[0-9]{14}.*", "8004": "[0-9]{4}.*",
    "8006": "[0-9]{18}", "8010": "[0-9]{4}.*", "8017": "[0-9]{18}", "8018": "[0-9]{18}",
}  # fmt: skip
_QUALIFIERS = {"01": ("235", "21", "10", "22"), "8006": ("21", "10", "22"), "414": ("254",), "8010": ("8011",)}
"""By key, the narrowest first; 22 narrows nothing."""


def canonical_link(text: str) -> str:
    """The canonical Digital Link of an EPC URN or of a Digital Link of any domain; any other text as it is."""
    if urn := _URN.fullmatch(text):
        key = _of_urn(*urn.groups())
    elif web := _WEB.fullmatch(text):
        key = _of_path(web[1].strip("/").split("/"))
    else:
        key = None
    return text if key is None else f"{CANONICAL}/{key}"


def key_holds(text: str) -> bool:
    """Whether a text that claims to be a GS1 key is one: an EPC URN of a known scheme, a Digital Link.

    An EPC URN has no check digit. A web address claims to be a key where its path names one with its identifier.
    """
    if text.startswith("urn:epc:"):
        return canonical_link(text) != text
    web = _WEB.fullmatch(text)
    parts = web[1].split("/") if web is not None else []
    claims = [
        at for at in range(len(parts) - 1) if parts[at] in _KEYS and re.fullmatch(_KEYS[parts[at]], parts[at + 1])
    ]
    if not claims:
        return True
    try:
        read_digital_link(text)
    except NotDigitalLink:
        return False
    return True


def _of_urn(scheme: str, company: str, rest: str) -> str | None:
    """The key that an EPC URN names, or None where it is none."""
    if scheme not in _SCHEMES:
        return None
    identifier, length, narrower = _SCHEMES[scheme]
    if length is None:
        reference, _, serial = rest.rpartition(".") if narrower else (rest, "", "*")
        if not reference:
            return None
        return f"{identifier}/{company}{reference.translate(_ENCODED)}" + _narrowed(narrower, serial)
    reference, _, serial = rest.partition(".")
    digits = reference[:1] + company + reference[1:] if scheme in _INDICATED else company + reference
    if not re.fullmatch(f"[0-9]{{{length}}}", digits) or (narrower is None) == bool(serial):
        return None
    key = f"{identifier}/{digits}{check_digit(digits)}"
    if scheme == "grai":
        key = f"{identifier}/0{digits}{check_digit('0' + digits)}"
    if scheme == "itip":
        piece = re.fullmatch(r"([0-9]{2})\.([0-9]{2})\.(.+)", serial)
        if piece is None:
            return None
        key, serial = key + piece[1] + piece[2], piece[3]
    if scheme == "sgln" and serial == "0":
        return key
    return key + _narrowed(narrower, serial)


def _narrowed(identifier: str | None, serial: str) -> str:
    """What follows a key; a pattern follows with nothing."""
    if identifier is None or serial == "*":
        return ""
    return (f"/{identifier}/" if identifier else "") + serial.translate(_ENCODED)


def _of_path(parts: list[str]) -> str | None:
    """The key that a web address names with its narrowest qualifier, or None."""
    names = [_NAMES.get(part, part) for part in parts]
    at = next((at for at in range(len(parts) - 2, -1, -2) if names[at] in _KEYS), None)
    if at is None:
        return None
    key, value = names[at], parts[at + 1]
    if key == "01" and len(value) in {8, 12, 13}:
        value = value.zfill(14)
    given = dict(zip(names[at + 2 :: 2], parts[at + 3 :: 2], strict=True))
    known = _QUALIFIERS.get(key, ())
    if not re.fullmatch(_KEYS[key], value) or not given.keys() <= set(known):
        return None
    narrowest = next((name for name in known if name in given and name != "22"), None)
    return f"{key}/{value}" + (f"/{narrowest}/{given[narrowest]}" if narrowest else "")
