"""What of a bundle lies in the cold storage, and holding it against the manifest there."""

import asyncio
import hashlib
import tarfile
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from kit.database import Row
from live.evidence.parts import SEGMENTS
from live.ports import ColdStorage
from live.replays.packing import unpacked

PICTURES, MANIFEST, SIGNATURE = "segments.tar", "manifest.json", "manifest.sig"
"""What is there beside the listed parts: the files of ``segments.sha256``, the list itself, and who signed it."""


def object_key(number: str, name: str) -> str:
    """Where an object of a session's evidence lies."""
    return f"live-evidence/{number}/{name}"


def manifest_parts(manifest: str) -> dict[str, tuple[str, int]]:
    """SHA-256 and octets of each part by its name."""
    return {part["name"]: (part["sha256"], part["bytes"]) for part in msgspec.json.decode(manifest)["parts"]}


def names_of(manifest: str) -> list[str]:
    """What is stored of a bundle, in this order: the list of the pictures is there before them."""
    return [*manifest_parts(manifest), PICTURES, MANIFEST, SIGNATURE]


def record_of(bundle: Row, name: str) -> bytes:
    """The manifest, or signature and public key in one line, as a file."""
    text = bundle["manifest"] if name == MANIFEST else f"{bundle['signature']} {bundle['public_key']}\n"
    return str(text).encode()


def listed(text: str) -> dict[str, str]:
    """The SHA-256 of each kept file of a stream by its name."""
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


async def look_at(cold: ColdStorage, bundle: Row, name: str) -> list[str]:
    """The parts, and of the pictures the files, that are missing in the storage or are not what the manifest says.

    ``bundle`` has ``number``, ``manifest``, ``signature`` and ``public_key``. Raises ``ColdStorageUnavailable``.
    """
    pieces = await cold.read(object_key(bundle["number"], name))
    if pieces is None:
        return [name]
    if name == PICTURES:
        return await _look_at_pictures(cold, bundle, pieces)
    expected = manifest_parts(bundle["manifest"]).get(name)
    if name in (MANIFEST, SIGNATURE):
        whole = record_of(bundle, name)
        expected = hashlib.sha256(whole).hexdigest(), len(whole)
    return [] if await _digest(pieces) == expected else [name]


async def read_small(cold: ColdStorage, bundle: Row, name: str) -> bytes | None:
    """A small part, when it is what the manifest says."""
    pieces = await cold.read(object_key(bundle["number"], name))
    content = b"".join([piece async for piece in pieces]) if pieces else b""
    told = hashlib.sha256(content).hexdigest(), len(content)
    return content if told == manifest_parts(bundle["manifest"]).get(name) else None


async def _look_at_pictures(cold: ColdStorage, bundle: Row, pieces: AsyncIterator[bytes]) -> list[str]:
    text = await read_small(cold, bundle, SEGMENTS)
    if text is None:
        return [PICTURES]
    expected, digests = listed(text.decode("ascii")), dict[str, Any]()
    try:
        async for name, piece in unpacked(pieces):
            digest = digests.setdefault(name, hashlib.sha256())
            await asyncio.to_thread(digest.update, piece)
    except tarfile.TarError:
        return [PICTURES]
    found = {name: digest.hexdigest() for name, digest in digests.items()}
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))


async def _digest(pieces: AsyncIterator[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    async for piece in pieces:
        await asyncio.to_thread(digest.update, piece)
        size += len(piece)
    return digest.hexdigest(), size
