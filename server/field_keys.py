"""The ring of keys and the database, held against each other: at a start, at a re-key, when a key is retired."""

from collections.abc import Mapping

import msgspec

from integrations.field_encryption.cipher import KeyRing
from kit.clock import utc_now
from kit.database import Row, execute, row, rows, transaction
from poverty_alleviation.vault import household_rights
from server.key_settings import FieldKeySettings
from server.sealed_fields import SEALED_TABLES
from server.settings import SettingsInvalid

INDEX = ""
"""The blind index's key among the known ones: it has no name."""
EVIDENCE = "evidence"


class FieldKeyCard(msgspec.Struct, frozen=True):
    """A known key, and how many rows of which table it seals; ``sealed`` names tables with any alone."""

    name: str
    algorithm: str
    is_writing: bool
    is_retired: bool
    sealed: Mapping[str, int]


async def check_field_keys(ring: KeyRing, keys: tuple[FieldKeySettings, ...]) -> None:
    """Write down keys that are new, and refuse a ring that does not fit what was written before.

    Raises :class:`SettingsInvalid`: a key of an old name with other bytes or another algorithm, another key of the
    blind index, a key missing by which something may still be sealed, one that was retired.
    """
    known = {
        each["name"]: each for each in await rows("SELECT name, algorithm, fingerprint, retired_at FROM field_key")
    }
    algorithms = {INDEX: "", **{key.name: key.algorithm for key in keys}}
    reasons = []
    for name, algorithm in algorithms.items():
        called = f"the key {name}" if name else "FIELD_INDEX_KEY"
        before = known.get(name)
        if before and (before["algorithm"], before["fingerprint"]) != (algorithm, ring.fingerprints[name]):
            reasons.append(f"{called} is not the one that this database was sealed with under that name")
        if before and before["retired_at"]:
            reasons.append(f"FIELD_KEYS: {called} was retired; take it out")
    reasons += [
        f"FIELD_KEYS lacks {name}, by which fields may be sealed: add it as reading, or retire it first"
        for name, before in known.items()
        if name not in algorithms and before["retired_at"] is None
    ]
    if reasons:
        raise SettingsInvalid("\n".join(reasons))
    now = utc_now()
    for name, algorithm in algorithms.items():
        if name not in known:
            await rows(
                "INSERT INTO field_key (name, algorithm, fingerprint, first_seen_at) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (name) DO NOTHING RETURNING id",
                name,
                algorithm,
                ring.fingerprints[name],
                now,
            )
    # Whoever starts with another key than the last one has changed it; a start with the same one changes nothing.
    await execute(
        "UPDATE field_key SET writing_since = $2, emptied_at = NULL WHERE name = $1 AND (writing_since IS NULL"
        " OR writing_since <> (SELECT max(writing_since) FROM field_key))",
        ring.writing_key,
        now,
    )


async def writing_now() -> str | None:
    """The key that seals, as the process that started last with another one has said."""
    found = await row("SELECT name FROM field_key WHERE writing_since IS NOT NULL ORDER BY writing_since DESC LIMIT 1")
    return str(found["name"]) if found else None


async def sealed_per_key() -> dict[str, dict[str, int]]:
    """How many rows each key seals, key → table → rows. It reads every sealed table whole.

    A row is counted once for every key that one of its columns is sealed by; ``?`` is sealed by no key of ours.
    """
    found: dict[str, dict[str, int]] = {}
    for table in SEALED_TABLES:
        columns = ", ".join(f"sealed_by(t.{column})" for column in table.columns)
        asked = (
            f"SELECT k.name, count(DISTINCT t.id)::int AS count FROM {table.table} t"
            f" CROSS JOIN LATERAL unnest(ARRAY[{columns}]) AS k (name)"
            f" WHERE k.name IS NOT NULL AND ({_any_sealed(table.columns)}) GROUP BY k.name"
        )
        for each in await _asked(asked, is_household=table.is_household):
            found.setdefault(each["name"], {})[table.table] = each["count"]
    for each in await rows(
        "SELECT sealed_by AS name, count(*)::int AS count FROM evidence WHERE stored_at IS NOT NULL"
        " AND forgotten_at IS NULL GROUP BY sealed_by"
    ):
        found.setdefault(each["name"], {})[EVIDENCE] = each["count"]
    return found


def _any_sealed(columns: Mapping[str, object]) -> str:
    return " OR ".join(f"t.{column} <> ''" for column in columns)


async def _asked(sql: str, *, is_household: bool) -> list[Row]:
    if not is_household:
        return await rows(sql)
    async with household_rights():
        return await rows(sql)


async def field_key_cards() -> list[FieldKeyCard]:
    """Every known key in the order in which it came, with what it seals now."""
    counts, writing = await sealed_per_key(), await writing_now()
    return [
        FieldKeyCard(
            each["name"],
            each["algorithm"],
            each["name"] == writing,
            each["retired_at"] is not None,
            counts.get(each["name"], {}),
        )
        for each in await rows("SELECT name, algorithm, retired_at FROM field_key WHERE name <> '' ORDER BY id")
    ]


async def retire_field_key(name: str) -> str | None:
    """Retire a key by which nothing is sealed any more; answers why not, or None when it is done."""
    async with transaction():
        found = await row("SELECT retired_at FROM field_key WHERE name = $1 AND name <> '' FOR UPDATE", name)
        if found is None or found["retired_at"]:
            return f"没有在用的密钥 {name} / no key {name} in use"
        if name == await writing_now():
            return f"密钥 {name} 正用于加密 / the key {name} seals now"
        left = (await sealed_per_key()).get(name)
        if left:
            counts = ", ".join(f"{table} {count}" for table, count in sorted(left.items()))
            await execute("UPDATE field_key SET emptied_at = NULL WHERE name = $1", name)
            return f"密钥 {name} 仍在加密数据，重加密会继续 / {name} still seals, and re-keying goes on: {counts}"
        await execute("UPDATE field_key SET emptied_at = $2, retired_at = $2 WHERE name = $1", name, utc_now())
    return None
