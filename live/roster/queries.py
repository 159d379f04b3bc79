"""What the centre, its auditors and a host read of the roster; a name and a card are masked, always."""

from datetime import date, datetime
from typing import Any

import msgspec

from kit.database import Row, row, rows
from kit.encryption import FieldCipher, RowOpener
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from live.roster.errors import BlacklistingUnknown, HostUnknown
from live.roster.service import host_place
from live.roster.standing import BLACKLISTED


class IdentityCheckCard(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the identity; ``evidence`` is the number of the file of its paper."""

    document: str
    checked_on: date
    valid_until: date
    evidence: str | None
    sha256: str | None
    recorded_by: str


class ContractCard(msgspec.Struct, frozen=True, kw_only=True):
    """One contract; ``evidence`` is the number of its file."""

    contract_number: str
    document: str
    valid_from: date
    valid_until: date
    evidence: str | None
    sha256: str | None
    recorded_by: str


class TrainingCard(msgspec.Struct, frozen=True, kw_only=True):
    """One training; ``evidence`` is the number of its certificate's file."""

    title: str
    completed_on: date
    hours: int
    document: str
    training_class: str | None
    evidence: str | None
    sha256: str | None
    recorded_by: str


class ConsentCard(msgspec.Struct, frozen=True, kw_only=True):
    """One consent of a guardian; ``evidence`` is the number of its file."""

    document: str
    sha256: str
    evidence: str
    signed_on: date
    recorded_by: str


class HostLine(msgspec.Struct, frozen=True, kw_only=True):
    """A host in the list. What does not open is named in ``unreadable``."""

    host: str
    masked_name: str
    masked_id_number: str
    unreadable: list[str]
    is_blacklisted: bool
    recorded_by: str
    recorded_at: datetime


class HostRecord(HostLine, frozen=True, kw_only=True):
    """A host with everything that was entered, the latest first."""

    identity_checks: list[IdentityCheckCard]
    contracts: list[ContractCard]
    trainings: list[TrainingCard]
    guardian_consents: list[ConsentCard]


class BlacklistingCard(msgspec.Struct, frozen=True, kw_only=True):
    """A blacklisting; ``host`` is whose record has the card now, if anybody's has."""

    number: str
    kind: str
    host: str | None
    reason: str
    state: str
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


class OwnBlacklisting(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about somebody's card, as that person reads it."""

    number: str
    kind: str
    reason: str
    decided_at: datetime


_LINE = (
    "SELECT h.id, h.number AS host, h.name_cipher, h.id_number_cipher,"
    f" {BLACKLISTED.format(mark='h.id_number_index')} AS is_blacklisted, h.recorded_by, h.recorded_at FROM live_host h"
)
_BLACKLISTING = (
    "SELECT b.id, b.number, b.kind, h.number AS host, b.reason, b.state, b.made_by, b.made_at, b.decided_by,"
    " b.decided_at, b.decision_note FROM host_blacklisting b"
    " LEFT JOIN live_host h ON h.id_number_index = b.id_number_index"
)
_PARTS = """
SELECT
  (SELECT COALESCE(json_agg(c ORDER BY c.id DESC), '[]') FROM host_identity_check c WHERE c.host_id = $1)::text AS a,
  (SELECT COALESCE(json_agg(c ORDER BY c.id DESC), '[]') FROM host_contract c WHERE c.host_id = $1)::text AS b,
  (SELECT COALESCE(json_agg(c ORDER BY c.id DESC), '[]') FROM host_training c WHERE c.host_id = $1)::text AS c,
  (SELECT COALESCE(json_agg(c ORDER BY c.id DESC), '[]') FROM guardian_consent c WHERE c.host_id = $1)::text AS d
"""


async def host_record(cipher: FieldCipher, host: str) -> HostRecord:
    """One host. Raises :class:`HostUnknown`."""
    found = await row(f"{_LINE} WHERE h.number = $1 AND h.erased_at IS NULL", host)
    if found is None:
        raise HostUnknown()
    parts = await row(_PARTS, found["id"])
    assert parts is not None
    return HostRecord(
        **_told(cipher, found),
        identity_checks=msgspec.json.decode(parts["a"], type=list[IdentityCheckCard]),
        contracts=msgspec.json.decode(parts["b"], type=list[ContractCard]),
        trainings=msgspec.json.decode(parts["c"], type=list[TrainingCard]),
        guardian_consents=msgspec.json.decode(parts["d"], type=list[ConsentCard]),
    )


async def host_lines(cipher: FieldCipher, cursor: str | None, limit: int) -> tuple[list[HostLine], str | None]:
    """All hosts on record, the latest first."""
    found, following = await _page(_LINE, "h", cursor, limit, "h.erased_at IS NULL")
    return [HostLine(**_told(cipher, each)) for each in found], following


async def blacklistings(cursor: str | None, limit: int) -> tuple[list[BlacklistingCard], str | None]:
    """What was proposed and decided about the blacklist, the latest first."""
    found, following = await _page(_BLACKLISTING, "b", cursor, limit)
    return [msgspec.convert(each, BlacklistingCard) for each in found], following


async def own_blacklistings(host: str) -> list[OwnBlacklisting]:
    """What was approved about the card of a host on record, the latest first, at most 100."""
    found = await rows(
        "SELECT b.number, b.kind, b.reason, b.decided_at FROM host_blacklisting b JOIN live_host h"
        " ON h.id_number_index = b.id_number_index WHERE h.number = $1 AND h.erased_at IS NULL AND b.state = 'approved'"
        " ORDER BY b.decided_at DESC, b.id DESC LIMIT 100",
        host,
    )
    return [msgspec.convert(each, OwnBlacklisting) for each in found]


async def blacklisting(number: str) -> BlacklistingCard:
    """One. Raises :class:`BlacklistingUnknown`."""
    found = await row(f"{_BLACKLISTING} WHERE b.number = $1", number)
    if found is None:
        raise BlacklistingUnknown()
    return msgspec.convert(found, BlacklistingCard)


async def _page(
    sql: str, table: str, cursor: str | None, limit: int, which: str = "true"
) -> tuple[list[Row], str | None]:
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(f"{sql} WHERE {table}.id < $1 AND {which} ORDER BY {table}.id DESC LIMIT $2", before, limit + 1)
    return found[:limit], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


def _told(cipher: FieldCipher, found: Row) -> dict[str, Any]:
    host, opener = found["host"], RowOpener(cipher)
    name = opener.open("name", found["name_cipher"], host_place("name", host)) or ""
    paper = opener.open("id_number", found["id_number_cipher"], host_place("id_number", host)) or ""
    return {
        "host": host,
        "masked_name": name[:1] + "*" * (len(name) - 1),
        "masked_id_number": paper and paper[:3] + "*" * 11 + paper[-4:],
        "unreadable": opener.unreadable,
        "is_blacklisted": found["is_blacklisted"],
        "recorded_by": found["recorded_by"],
        "recorded_at": found["recorded_at"],
    }
