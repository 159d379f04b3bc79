"""What stands in the evidence of a session: rows as JSON, one a line, and a list of its pictures.

A viewer stands there under the room's name of them (``LiveKeys.viewer_name``): whoever is named by a court is found
again by it, and nobody else. No account, no address, no phone.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from content.texts import texts_of
from kit.database import Row, rows
from live.media.keys import LiveKeys
from live.replays.files import digest_of
from live.talk.chat import SUBJECT
from orders.quotes import HOSTED
from orders.sources import sold_at

SEGMENTS, RECORDING, REMOVED = "segments.sha256", "recording.mp4", "removed.jsonl"
FOR_OFFICERS = frozenset({REMOVED})
"""Words that were taken back: who keeps order reads them, an auditor does not (decision 0080)."""

_TABLES = {
    "gate.jsonl": ("session_reverification", "shelf_sign_off", "session_clearance", "plan_change", "session_slot"),
    "air.jsonl": (
        "live_stream_publish",
        "live_host_warning",
        "live_session_ban",
        "live_audience_minute",
        "live_cloud_recording",
    ),
    "shop.jsonl": ("live_pin", "live_room_price", "live_room_coupon", "live_announcement"),
    "moderation.jsonl": ("live_moderation_step",),
}
"""Rows of the session as they stand, by the part that they go to."""
_REPORTS = (
    "SELECT number, reason, detail, message, sku, offset_ms, state, answer, reported_at, decided_by, decided_at"
    " FROM live_report"
)
_PAGE = 2000

Lines = AsyncIterator[dict[str, Any]]


async def _session(session: Row) -> Lines:
    for found in await rows(
        "SELECT number, title, host, merchant, state, planned_at, created_at, started_at, ended_at, generation"
        " FROM live_session WHERE id = $1",
        session["id"],
    ):
        yield found


async def _feed(session: Row, keys: LiveKeys) -> Lines:
    """Everything that the room was told; a chat's author by the room's name, the house's people by their account."""
    after = 0
    while True:
        page = await rows(
            'SELECT "offset", kind, payload::text AS payload, author, created_at AS at FROM live_feed_message'
            ' WHERE session_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3',
            session["id"],
            after,
            _PAGE,
        )
        for event in page:
            author = event.pop("author")
            if event["kind"] == "chat":
                author = keys.viewer_name(session["number"], author) if author else None
            yield event | {"by": author, "payload": msgspec.json.decode(event["payload"])}
        if len(page) < _PAGE:
            return
        after = page[-1]["offset"]


async def _tables(session: Row, tables: tuple[str, ...]) -> Lines:
    for table in tables:
        for found in await rows(
            f"SELECT (to_jsonb(t) - 'id' - 'session_id')::text AS line FROM {table} t"
            " WHERE session_id = $1 ORDER BY id",
            session["id"],
        ):
            yield {"table": table} | msgspec.json.decode(found["line"])


async def _reports(session: Row) -> Lines:
    for found in await rows(f"{_REPORTS} WHERE session_id = $1 ORDER BY id", session["id"]):
        yield found


async def _removed(session: Row) -> Lines:
    found = await rows(
        "SELECT DISTINCT \"offset\" FROM live_moderation_step WHERE session_id = $1 AND act = 'remove' ORDER BY 1",
        session["id"],
    )
    subjects = {f"{SUBJECT}{session['number']}:{each['offset']}": each["offset"] for each in found}
    held = await texts_of(list(subjects)) if subjects else {}
    for subject, text in sorted(held.items(), key=lambda pair: subjects[pair[0]]):
        yield {"offset": subjects[subject], "text": text.text}


async def _orders(session: Row, keys: LiveKeys) -> Lines:
    """Lines bought in the room as they stood at the sealing; the buyer by the room's name."""
    for line in await sold_at(HOSTED + session["number"]):
        told = msgspec.structs.asdict(line)
        buyer = keys.viewer_name(session["number"], f"consumer:{told.pop('consumer')}")
        yield told | {"buyer": buyer}


async def write_parts(session: Row, keys: LiveKeys, stream: Path, folder: Path) -> None:
    """Write every part of a session (``id``, ``number``) into a folder, and the list of the files of its stream."""
    written: dict[str, Lines] = {
        "session.jsonl": _session(session),
        "feed.jsonl": _feed(session, keys),
        "orders.jsonl": _orders(session, keys),
        "reports.jsonl": _reports(session),
        REMOVED: _removed(session),
        **{name: _tables(session, tables) for name, tables in _TABLES.items()},
    }
    for name, lines in written.items():
        with (folder / name).open("xb") as file:
            async for line in lines:
                file.write(msgspec.json.encode(line) + b"\n")
    listed = await asyncio.to_thread(list_files, stream)
    (folder / SEGMENTS).write_text("".join(f"{digest}  {name}\n" for name, digest in listed), encoding="ascii")


def list_files(stream: Path) -> list[tuple[str, str]]:
    """The kept files of a stream with their SHA-256. Blocks."""
    names = sorted(os.listdir(stream)) if stream.is_dir() else []
    kept = [name for name in names if name == "replay.m3u8" or name.removesuffix(".ts").isdigit()]
    return [(name, digest_of(stream / name)[0]) for name in kept]


def wrong_parts(manifest: dict[str, Any], path_of: Callable[[str], Path], stream: Path) -> list[str]:
    """The parts that are missing or are not what the manifest says, and of the pictures each such file. Blocks."""
    wrong = []
    for part in manifest["parts"]:
        try:
            if digest_of(path_of(part["name"])) != (part["sha256"], part["bytes"]):
                wrong.append(part["name"])
        except OSError:
            wrong.append(part["name"])
    if SEGMENTS not in wrong:
        for line in path_of(SEGMENTS).read_text(encoding="ascii").splitlines():
            digest, name = line.split()
            try:
                if digest_of(stream / name)[0] != digest:
                    wrong.append(name)
            except OSError:
                wrong.append(name)
    return wrong


def sha256_of(text: str) -> str:
    """Of a manifest."""
    return hashlib.sha256(text.encode()).hexdigest()
