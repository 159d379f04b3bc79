"""The hash chain of a period: what is hashed, byte for byte.

``hash = SHA-256(prev_hash || canonical)``, both as UTF-8 text, in lower-case hexadecimal; the first journal
of a period has ``prev_hash`` of 64 zeros. ``canonical`` is JSON with sorted member names, no white space,
no escapes of non-ASCII characters, integers as digits, times as ``2026-11-23T07:30:00.000000Z``. It names
no row id, so that books rebuilt from the facts with the same times give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

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
POSTING_MEMBERS = ("book", "code", "owner", "state", "category", "subject", "rule", "contribution", "amount_fen")


def moment(at: datetime) -> str:
    """A moment as it is hashed."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(journal: Mapping[str, Any], postings: Sequence[Mapping[str, Any]]) -> str:
    """The text of one journal. Postings stand in the order of their own members, so no row order matters."""
    document = {name: journal[name] for name in _JOURNAL}
    document["occurred_at"] = moment(journal["occurred_at"])
    document["booked_at"] = moment(journal["booked_at"])
    document["postings"] = sorted([posting[name] for name in POSTING_MEMBERS] for posting in postings)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link(prev_hash: str, text: str) -> str:
    """The hash of a journal that follows ``prev_hash``."""
    return sha256((prev_hash + text).encode()).hexdigest()
