"""What is read of the evidence of a session."""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from kit.database import row
from live.evidence.errors import EvidenceDeleted, EvidenceNotSealed, EvidencePartUnknown
from live.evidence.models import IS_AWAY
from live.evidence.parts import FOR_OFFICERS
from live.evidence.sealing import Evidence
from live.evidence.stored import MANIFEST, PICTURES, SIGNATURE, record_of


class PartCard(msgspec.Struct, frozen=True):
    """A part of the bundle."""

    name: str
    bytes: int
    sha256: str


class EvidenceHoldCard(msgspec.Struct, frozen=True, kw_only=True):
    """That nothing may be deleted; ``released_at`` is null while it goes on."""

    number: str
    document: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    lifting_document: str | None


class CheckCard(msgspec.Struct, frozen=True, kw_only=True):
    """A look at every part: ``wrong`` is null until it is done, and empty when all is as it was sealed."""

    asked_by: str
    asked_at: datetime
    checked_at: datetime | None
    wrong: list[str] | None


class BundleCard(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of a session.

    ``signature`` is over ``manifest.json`` by ``public_key`` (Ed25519, hexadecimal; ``scripts/verify_evidence``).
    ``tier`` is where it lies: ``hot`` or the state of its copy in the cold storage; ``fault`` why that does not move.
    """

    number: str
    state: str
    tier: str
    fault: str | None
    sealed_at: datetime
    kept_until: datetime
    basis: str
    deleted_at: datetime | None
    manifest_sha256: str
    signature: str
    public_key: str
    parts: list[PartCard]
    holds: list[EvidenceHoldCard]
    checks: list[CheckCard]


class _Parts(msgspec.Struct):
    parts: list[PartCard]


_BUNDLE = """
SELECT s.number, b.state, b.sealed_at, b.kept_until, b.basis, b.deleted_at, b.manifest, b.manifest_sha256,
  b.signature, b.public_key,
  coalesce(y.state, 'hot') AS tier, y.fault,
  (SELECT coalesce(json_agg(h ORDER BY h.id), '[]') FROM live_evidence_hold h WHERE h.session_id = s.id)::text AS holds,
  (SELECT coalesce(json_agg(c ORDER BY c.id DESC), '[]') FROM (SELECT * FROM live_evidence_check
     WHERE bundle_id = b.id ORDER BY id DESC LIMIT 20) c)::text AS checks
  FROM live_evidence_bundle b JOIN live_session s ON s.id = b.session_id
  LEFT JOIN live_evidence_copy y ON y.session_id = s.id
 WHERE s.number = $1 AND b.state <> 'sealing'"""


async def bundle_of(number: str) -> BundleCard:
    """The evidence of a session. Raises ``EvidenceNotSealed``. One query."""
    found = await row(_BUNDLE, number)
    if found is None:
        raise EvidenceNotSealed(number=number)
    parts = msgspec.json.decode(found.pop("manifest"), type=_Parts).parts
    holds = msgspec.json.decode(found.pop("holds"), type=list[EvidenceHoldCard])
    checks = msgspec.json.decode(found.pop("checks"), type=list[CheckCard])
    return BundleCard(**found, parts=parts, holds=holds, checks=checks)


async def part_of(evidence: Evidence, number: str, name: str, *, is_officer: bool) -> AsyncIterator[bytes]:
    """A part piece by piece, from wherever it lies; also the manifest, its signature, and the pictures as one tar.

    Raises ``EvidenceNotSealed``, ``EvidenceDeleted``, ``EvidencePartUnknown`` and ``ColdStorageUnavailable``.
    """
    found = await row(
        "SELECT s.number, s.stream, b.state, b.folder, b.manifest, b.signature, b.public_key,"
        f" {IS_AWAY} AS is_away FROM live_evidence_bundle b"
        " JOIN live_session s ON s.id = b.session_id WHERE s.number = $1 AND b.state <> 'sealing'",
        number,
    )
    if found is None:
        raise EvidenceNotSealed(number=number)
    if found["state"] != "sealed":
        raise EvidenceDeleted(number=number)
    if name in (MANIFEST, SIGNATURE):
        return _whole(record_of(found, name))
    named = {part.name for part in msgspec.json.decode(found["manifest"], type=_Parts).parts} | {PICTURES}
    if name not in named or (name in FOR_OFFICERS and not is_officer):
        raise EvidencePartUnknown(number=number, part=name)
    return await (evidence.cold_pieces(number, name) if found["is_away"] else evidence.here(found, name))


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
