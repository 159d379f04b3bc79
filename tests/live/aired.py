"""A session of the house's host that is over, with everything that is left of one."""

from datetime import timedelta
from pathlib import Path

from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.media_server.remux import FfmpegRemuxer
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from live.evidence.sealing import Evidence
from live.media.keys import LiveKeys
from live.replays.jobs import Archive
from server.settings import load_settings
from tests.doors.belongings import Owner
from tests.doors.house import order_body
from tests.live.good_requests import shelved

PART = "session.jsonl"


def tiny_segment(at_ms: int) -> bytes:
    """Three transport packets, the first of which begins a picture."""
    ticks = at_ms * 90
    stamp = bytes([
        0x21 | (ticks >> 29 & 0xE), ticks >> 22 & 0xFF, 0x01 | (ticks >> 14 & 0xFE), ticks >> 7 & 0xFF,
        0x01 | (ticks << 1 & 0xFE),
    ])  # fmt: skip
    picture = b"\x47\x41\x00\x10" + b"\x00\x00\x01\xe0\x00\x00\x80\x80\x05" + stamp
    empty = b"\x47\x1f\xff\x10"
    return picture.ljust(188, b"\xff") + 2 * empty.ljust(188, b"\xff")


async def aired(owner: Owner) -> dict[str, str]:
    """The names of it: ``number``, a ``chapter``, a ``part`` of the evidence, a ``line`` that was bought in it."""
    number = await shelved(owner)
    room = await owner.ask("consumer", "GET", f"/v1/miniapp/live/sessions/{number}")
    body = order_body(owner.house.sku, attribution=room["attribution"])
    (order,) = (await owner.ask("consumer", "POST", "/v1/miniapp/orders", body))["orders"]
    await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/ending")
    await _over(owner, number)
    return {"number": number, "chapter": "1", "part": PART, "line": order["lines"][0]["line"]}


async def _over(owner: Owner, number: str) -> None:
    """As the supervisor and the jobs leave it, hours later; the files are next to nothing."""
    settings = load_settings(owner.house.environment)
    media = settings.live.media.directory
    archive = Archive(media / "hls", media / "archive", FfmpegRemuxer(settings.live.media.ffmpeg_path))
    (session,) = await rows("SELECT id, stream FROM live_session WHERE number = $1", number)
    begun = utc_now() - timedelta(hours=3)
    await execute(
        "INSERT INTO live_pin (session_id, code, title, price_fen, pinned_at, unpinned_at, offset_ms, end_offset_ms)"
        " VALUES ($1, $2, '示例商品', 3990, $3, $4, 0, 2000)",
        session["id"],
        owner.house.sku,
        begun,
        begun + timedelta(seconds=2),
    )
    files = [archive.recording_file(number), archive.cover_file(number), archive.clip_file(number, 1)]
    first = int(begun.timestamp() * 1000)
    _write(media / "hls" / session["stream"], first, files)
    for table, columns, values in (
        ("live_recording", "duration_ms, segments, created_at", "2000, 2, now()"),
        ("live_clip_file", "chapter, asked_by, asked_at", "1, 'staff:test', now()"),
    ):
        await execute(
            f"INSERT INTO {table} (session_id, {columns}, archive_state, attempts, next_attempt_at, file_bytes, sha256)"
            f" VALUES ($1, {values}, 'made', 1, now(), 4, repeat('0', 64))",
            session["id"],
        )
    await execute(
        "UPDATE live_session SET state = 'replay_ready', ended_at = ended_at - interval '2 hours' WHERE id = $1",
        session["id"],
    )
    keys = LiveKeys(settings.secret_key, settings.live.media.callback_secret)
    kept, signer = timedelta(days=settings.own_data.live_retention_days), Ed25519Signer(settings.ledger_signing_key)
    evidence = Evidence(media / "evidence", archive, keys, kept, signer)
    sealed = "SELECT count(*) FROM live_evidence_bundle WHERE session_id = $1 AND state = 'sealed'"
    while not await scalar(sealed, session["id"]):
        assert await evidence.seal_due() == 1


def _write(stream: Path, first_ms: int, files: list[Path]) -> None:
    stream.mkdir(parents=True, exist_ok=True)
    for second in range(2):
        (stream / f"{first_ms + second * 1000}.ts").write_bytes(tiny_segment(second * 1000))
    names = "".join(f"#EXTINF:1.000,\n{first_ms + second * 1000}.ts\n" for second in range(2))
    (stream / "replay.m3u8").write_text(f"#EXTM3U\n{names}#EXT-X-ENDLIST\n")
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"made")
