"""The part of the settings that names the keys by which fields are sealed (decision 0062)."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from integrations.field_encryption.algorithms import ALGORITHMS
from integrations.field_encryption.cipher import read_key


class FieldKeySettings(msgspec.Struct, frozen=True):
    """One key of the ring that seals fields: ``state`` is writing, of one key alone, or reading (decision 0062)."""

    name: str
    algorithm: str
    state: str
    secret: str


def key_trees(text: str) -> list[dict[str, str]]:
    """The keys of ``FIELD_KEYS``, each as ``id:algorithm:state:secret``, not yet checked."""
    return [_field_key(each) for each in text.replace(",", " ").split()]


def _field_key(text: str) -> dict[str, str]:
    name, algorithm, state, secret = [*text.split(":", 3), "", "", ""][:4]
    return {"name": name, "algorithm": algorithm, "state": state, "secret": secret}


def keys_not_to_seal_with(keys: Sequence[FieldKeySettings], index_key: str) -> Iterator[str]:
    """What is wrong with the ring of keys; no reason quotes a secret."""
    if [key.state for key in keys].count("writing") != 1:
        yield "FIELD_KEYS must have exactly one key that is writing: id:algorithm:writing:secret"
    names = [key.name for key in keys]
    if len(set(names)) < len(names) or not all(re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", name) for name in names):
        yield "FIELD_KEYS: every key has an id of its own, of 1 to 32 small letters, digits and hyphens"
    for position, key in enumerate(keys, start=1):
        if key.algorithm not in ALGORITHMS or key.state not in ("writing", "reading"):
            yield f"FIELD_KEYS: key {position} must be {' or '.join(ALGORITHMS)}, and writing or reading"
    secrets = [("FIELD_INDEX_KEY", index_key)]
    secrets += [(f"FIELD_KEYS: the secret of key {n}", key.secret) for n, key in enumerate(keys, start=1)]
    for name, secret in secrets:
        if not _is_strong_key(secret):
            yield f"{name} must be 32 random bytes, as 64 hexadecimal digits or base 64"
    if len({secret for _, secret in secrets}) < len(secrets):
        yield "FIELD_KEYS and FIELD_INDEX_KEY: every secret is another one"


def _is_strong_key(secret: str) -> bool:
    try:
        return len(set(read_key(secret))) >= 8
    except ValueError:
        return False
