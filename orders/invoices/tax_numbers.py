"""Unified social credit codes (GB 32100-2015): eighteen characters, the last of which checks the others."""

import re

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


def well_formed(code: str) -> bool:
    """Whether the form and the check character hold; nobody is asked whether the code was ever given."""
    if not _FORM.fullmatch(code):
        return False
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(code[:17]))
    return _ALPHABET[-total % 31] == code[17]
