"""The ``@context`` of a document: which prefixes stand for which namespaces. Nothing is ever fetched."""

import re
from collections.abc import Mapping
from typing import Any

from epcis.hashes import PREFIXES

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
STANDARD = frozenset(
    {
        CONTEXT,
        "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
        "https://gs1.github.io/EPCIS/epcis-context.jsonld",
    }
)
SCHEMES = frozenset({"http", "https", "urn", "ni", "geo", "did", "mailto", "tel", "data"})
"""What stands before a colon and is no prefix."""
_PREFIX = re.compile("[A-Za-z][A-Za-z0-9.+-]{0,39}")
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?=.)"
    r"(?:(?!//)|//(?:[A-Za-z0-9._~!$&'()*+,;=:%-]*@)?[A-Za-z0-9._~!$&'()*+,;=-]*(?::[0-9]{0,5})?(?=[/?#]|$))"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_LONELY = re.compile("%(?![0-9A-Fa-f]{2})")


def is_address(text: str) -> bool:
    """Whether it is a URI of ASCII characters that says more than its scheme."""
    return bool(_ADDRESS.fullmatch(text)) and not _LONELY.search(text)


def read_context(told: Any, terms: frozenset[str]) -> tuple[dict[str, str], bool, list[tuple[str, str, object]]]:
    """The prefixes that a context declares, whether it names the standard's, and faults ``(pointer, code, told)``.

    ``terms`` are the standard's own names, which nobody may declare anew.
    """
    parts = told if isinstance(told, list) else [told]
    spaces: dict[str, str] = {}
    faults: list[tuple[str, str, object]] = []
    named = False
    if any(part in parts[:place] for place, part in enumerate(parts)):
        faults.append(("", "listed_twice", ""))
    for place, part in enumerate(parts):
        pointer = f"/{place}" if isinstance(told, list) else ""
        if isinstance(part, str):
            named = named or part in STANDARD
            if part not in STANDARD:
                faults.append((pointer, "context_not_read", part))
        elif isinstance(part, Mapping):
            for prefix, space in part.items():
                if code := _declared(prefix, space, spaces, terms):
                    faults.append((f"{pointer}/{prefix}", code, space))
                else:
                    spaces[prefix] = space
        else:
            faults.append((pointer, "kind_wrong", part))
    return spaces, named, faults


def _declared(prefix: str, space: Any, spaces: Mapping[str, str], terms: frozenset[str]) -> str | None:
    """What is wrong with one declaration."""
    if not isinstance(space, str) or not _PREFIX.fullmatch(prefix):
        return "context_not_read"
    if not is_address(space):
        return "address_wrong"
    known = PREFIXES.get(prefix, spaces.get(prefix, space))
    if known != space or prefix in terms or prefix.lower() in SCHEMES:
        return "context_redefines"
    return None
