"""The hash chain of a period: what is hashed, byte for byte.

``hash = SHA-256(prev_hash || canonical)``, both as UTF-8 text, in lower-case hexadecimal; the first journal
of a period has ``prev_hash`` of 64 zeros. ``canonical`` is JSON with sorted member names, no white space,
no escapes of non-ASCII characters, integers as digits, times as ``2026-11-23T07:30:00.000000Z``. It names
no row id, so that books rebuilt from the facts with the same times give the same bytes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

FIRST = "0" * 64

_JOURNAL = (
    "period",
    "seq",
    "source_type",
    "source_id",
    "rule",
    "step",
    "note",
    "corrects_period",
    "reverses",
)
Posting = tuple[str | int, ...]
"""A posting by its members."""

POSTING_MEMBERS = ("book", "code", "owner", "state", "category", "subject", "rule", "contribution", "amount_fen")


def moment(at: datetime) -> str:
    """A moment as it is hashed."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def canonical(journal: Mapping[str, Any], postings: Iterable[Posting]) -> bytes:
    """The text of one journal. Postings stand in the order of their own members, so no row order matters."""
    document = {name: journal[name] for name in _JOURNAL}
    document["occurred_at"] = moment(journal["occurred_at"])
    document["booked_at"] = moment(journal["booked_at"])
    document["postings"] = sorted(postings)
    return msgspec.json.encode(document, order="sorted")


def link(prev_hash: str, text: bytes) -> str:
    """The hash of a journal that follows ``prev_hash``."""
    return sha256(prev_hash.encode() + text).hexdigest()
