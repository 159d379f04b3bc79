"""The evidence of a session: whole, checked again, held by two persons, and kept until its day."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from integrations.anchor_signing.ed25519 import Ed25519Signer
from kit.belongings import Person
from kit.database import execute, row, rows, scalar
from ledger.errors import SecondPersonNeeded
from live.errors import ClipNotFound, SessionNotFound
from live.evidence.errors import EvidenceDeleted, EvidenceHoldUnknown, EvidenceNotSealed, EvidencePartUnknown
from live.evidence.holds import EvidenceDesk
from live.evidence.models import BUNDLE_TRANSITIONS, BundleState
from live.evidence.queries import bundle_of, part_of
from live.evidence.sealing import Evidence
from live.evidence.space import Storage
from live.media.space import Space
from live.models import LiveSession
from live.own_records import PART
from live.queries import room_view
from live.replays.clips import clips_of
from live.replays.jobs import make_archive_file, make_clip_file
from live.replays.queries import kept_stream, made_clip, made_recording
from live.reports.models import ReportReason
from live.reports.service import RoomReports, Seen
from live.shop.moments import moment_of
from server.database import ROOT
from tests.live.kept import Kept, make_segments
from tests.live.rooms import KEEPER
from tests.orders.conftest import mall
from tests.orders.mall import CheckoutLine, Mall

__all__ = ["mall"]
pytestmark = pytest.mark.asyncio

YEARS = timedelta(days=1096)
SIGNER = Ed25519Signer("5a17" * 16)
OVER = timedelta(days=-1)
"""So that the day of a session that has just ended is in the past."""


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_segments(tmp_path_factory.mktemp("segments"))


def evidence_of(kept: Kept, term: timedelta = YEARS) -> Evidence:
    return Evidence(kept.folder / "evidence", kept.archive, kept.house.keys, term, SIGNER, kept.house.clock)


async def ended(kept: Kept) -> LiveSession:
    """A session in which something was explained, said and taken back; its file is made, its hour over."""
    session, (code, _) = await kept.on_air()
    await kept.explain(session, code, 1.1, 3.5)
    for number, text in enumerate(("红糖很甜", "示例脏话")):
        offset = await kept.house.chat.post(session.number, f"consumer:C{number}", f"用户{number}", text, str(number))
    await kept.house.moderation.remove(session.number, offset, "示例理由", KEEPER)
    await kept.end(session)
    assert await make_archive_file(kept.archive) == 1
    kept.house.clock.ahead += timedelta(hours=2)
    return session


def left_in(folder: Path) -> set[tuple[str, ...]]:
    """The first two parts of the paths of the files there."""
    return {path.relative_to(folder).parts[:2] for path in folder.rglob("*") if path.is_file()}


async def content_of(evidence: Evidence, number: str, name: str, *, is_officer: bool = True) -> bytes:
    return b"".join([piece async for piece in await part_of(evidence, number, name, is_officer=is_officer)])


async def lines_of(evidence: Evidence, number: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await content_of(evidence, number, name)).splitlines()]


async def test_a_bundle_holds_what_was_shown_said_sold_and_done(
    mall: Mall, segments: list[Path], tmp_path: Path
) -> None:
    """Fails when a part is not in the manifest, when a buyer's account is told, and before the hour is over."""
    kept = Kept(tmp_path, segments, merchant=mall.merchant)
    session = await ended(kept)
    number, evidence = session.number, evidence_of(kept)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2, f"live:{number}", source_offset_ms=2_500)])
    await mall.pay(order.number)
    kept.house.clock.ahead -= timedelta(hours=2)
    assert await evidence.seal_due() == 0
    with pytest.raises(EvidenceNotSealed):
        await bundle_of(number)
    kept.house.clock.ahead += timedelta(hours=2)
    assert [await evidence.seal_due() for _ in range(2)] == [1, 0]
    bundle = await bundle_of(number)
    ended_at = await scalar("SELECT ended_at FROM live_session")
    assert (bundle.state, bundle.kept_until) == ("sealed", ended_at + YEARS)
    assert "网络交易监督管理办法" in bundle.basis
    assert {part.name for part in bundle.parts} == {
        "session.jsonl", "feed.jsonl", "orders.jsonl", "reports.jsonl", "removed.jsonl", "gate.jsonl", "air.jsonl",
        "shop.jsonl", "moderation.jsonl", "segments.sha256", "recording.mp4",
    }  # fmt: skip
    for part in bundle.parts:
        content = await content_of(evidence, number, part.name)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (part.sha256, part.bytes), part.name
    said = [e for e in await lines_of(evidence, number, "feed.jsonl") if e["kind"] == "chat"]
    assert [e["payload"]["text"] for e in said] == ["红糖很甜", ""]
    assert said[0]["by"] == kept.house.keys.viewer_name(number, "consumer:C0")
    (removed,) = await lines_of(evidence, number, "removed.jsonl")
    assert removed["text"] == "示例脏话"
    (sold,) = await lines_of(evidence, number, "orders.jsonl")
    assert (sold["order"], sold["source_offset_ms"], sold["quantity"]) == (order.number, 2_500, 2)
    assert sold["buyer"] == kept.house.keys.viewer_name(number, "consumer:C1")
    assert "consumer" not in sold
    shown = await lines_of(evidence, number, "shop.jsonl")
    assert [each["price_fen"] for each in shown if each["table"] == "live_pin"] == [3990]
    (step,) = await lines_of(evidence, number, "moderation.jsonl")
    assert (step["act"], step["reason"]) == ("remove", "示例理由")
    assert {each["table"] for each in await lines_of(evidence, number, "gate.jsonl")} == {
        "session_reverification", "shelf_sign_off", "session_clearance",
    }  # fmt: skip
    listed = (await content_of(evidence, number, "segments.sha256", is_officer=False)).split()
    assert len(listed) == 2 * 7
    for refused, is_officer in (("removed.jsonl", False), ("../x", True), ("none", True)):
        with pytest.raises(EvidencePartUnknown):
            await part_of(evidence, number, refused, is_officer=is_officer)


async def test_whoever_closes_the_account_does_so_after_the_sealing(
    database: str, segments: list[Path], tmp_path: Path
) -> None:
    """What was said and reported, and about what, is in the evidence. Fails when words may go before they are there."""
    kept = Kept(tmp_path, segments)
    session, evidence, clock = await ended(kept), evidence_of(kept), kept.house.clock
    offset = await scalar("SELECT min(\"offset\") FROM live_feed_message WHERE kind = 'chat'")
    await RoomReports(clock).report("C2", session.number, ReportReason.ABUSE, "示例说明", Seen(message=offset))
    wrote, reported, watched = (Person(f"C{n}", f"openid-{n}") for n in (0, 2, 3))

    async def open_rooms() -> list[int]:
        return [(await PART.open_matters(person))["live_rooms"] for person in (wrote, reported, watched)]

    assert await open_rooms() == [1, 1, 0]
    assert await evidence.seal_due() == 1
    assert await open_rooms() == [0, 0, 0]
    for person in (wrote, reported):
        await PART.erase(person)
    said = [each for each in await lines_of(evidence, session.number, "feed.jsonl") if each["kind"] == "chat"]
    assert said[0]["payload"]["text"] == "红糖很甜"
    (report,) = await lines_of(evidence, session.number, "reports.jsonl")
    assert (report["detail"], report["message"], report["sku"]) == ("示例说明", offset, None)


async def test_a_killed_worker_leaves_nothing_half(database: str, segments: list[Path], tmp_path: Path) -> None:
    """Its claim runs out, another seals, and the late one changes nothing. Fails without the attempts."""
    kept = Kept(tmp_path, segments)
    session = await ended(kept)
    evidence = evidence_of(kept)
    await execute(
        "INSERT INTO live_evidence_bundle (session_id, state, attempts, claimed_until, basis)"
        " VALUES ($1, 'sealing', 1, $2, 'x')",
        session.id,
        kept.house.clock() + timedelta(minutes=30),
    )
    (tmp_path / "evidence" / f"{session.number}-1").mkdir(parents=True)
    assert await evidence.seal_due() == 0
    kept.house.clock.ahead += timedelta(minutes=31)
    assert await evidence.seal_due() == 1
    assert await rows("SELECT attempts, folder FROM live_evidence_bundle") == [
        {"attempts": 2, "folder": f"{session.number}-2"}
    ]


async def test_what_was_changed_or_lost_is_found(database: str, segments: list[Path], tmp_path: Path) -> None:
    kept = Kept(tmp_path, segments)
    session = await ended(kept)
    evidence, desk = evidence_of(kept), EvidenceDesk(kept.house.clock)
    with pytest.raises(EvidenceNotSealed):
        await desk.ask_check(session.number, "staff:A")
    assert await evidence.seal_due() == 1

    async def wrong() -> list[str] | None:
        for _ in range(2):
            await desk.ask_check(session.number, "staff:A")
        assert (await bundle_of(session.number)).checks[0].wrong is None
        assert [await evidence.check_asked() for _ in range(2)] == [1, 0]
        return (await bundle_of(session.number)).checks[0].wrong

    assert await wrong() == []
    feed = evidence.directory / f"{session.number}-1" / "feed.jsonl"
    feed.write_bytes(feed.read_bytes().replace("很甜".encode(), "很咸".encode()))
    first, second, *_ = sorted((kept.archive.hls_directory / session.stream).glob("*.ts"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    kept.archive.recording_file(session.number).unlink()
    assert await wrong() == ["feed.jsonl", "recording.mp4", first.name, second.name]
    shutil.rmtree(tmp_path / "evidence")
    assert len(await wrong() or ()) == 11
    assert await scalar("SELECT count(*) FROM live_evidence_check") == 3


def verified(folder: Path, *more: str) -> tuple[int, str]:
    """What the verifier that stands alone says of a folder."""
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "verify_evidence"), str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


async def test_a_manifest_is_signed_and_checked_without_us(database: str, segments: list[Path], tmp_path: Path) -> None:
    """By the county's key, also a former one. Fails when the key in the file is believed, or an octet is not read."""
    kept = Kept(tmp_path / "kept", segments)
    session = await ended(kept)
    evidence, desk = evidence_of(kept), EvidenceDesk(kept.house.clock)
    assert await evidence.seal_due() == 1
    bundle = await bundle_of(session.number)
    assert bundle.public_key == SIGNER.public_key
    for signer, wrong in (
        (SIGNER, []),
        (Ed25519Signer("77" * 32, [SIGNER.public_key]), []),
        (Ed25519Signer("77" * 32), ["signature"]),
    ):
        await desk.ask_check(session.number, "staff:A")
        assert await replace(evidence, signer=signer).check_asked() == 1
        assert (await bundle_of(session.number)).checks[0].wrong == wrong
    for by_hand in ("signature = repeat('0', 128)", "public_key = repeat('0', 64)"):
        with pytest.raises(BaseORMException, match="only be moved"):
            await execute(f"UPDATE live_evidence_bundle SET {by_hand}")
    folder = tmp_path / "taken"
    folder.mkdir()
    for name in [part.name for part in bundle.parts] + ["manifest.json", "manifest.sig", "segments.tar"]:
        (folder / name).write_bytes(await content_of(evidence, session.number, name))
    key = ("--public-key", SIGNER.public_key)
    whole = f"11 parts, {len(segments) + 1} files of pictures: whole\n"
    assert verified(folder, *key) == (0, whole)
    assert verified(folder, "--public-key", "77" * 32, *key) == (0, whole)
    assert "signature of the manifest was not checked" in verified(folder)[1]
    code, told = verified(folder, "--public-key", "77" * 32)
    assert (code, "none of the keys" in told) == (1, True)
    (folder / "removed.jsonl").rename(tmp_path / "removed.jsonl")
    assert verified(folder, *key) == (1, "removed.jsonl: missing\n")
    assert verified(folder, *key, "--without", "removed.jsonl")[0] == 0
    (tmp_path / "removed.jsonl").rename(folder / "removed.jsonl")
    for name, at in (("feed.jsonl", 5), ("segments.tar", 700), ("manifest.json", -3), ("manifest.sig", 3)):
        file = folder / name
        good = file.read_bytes()
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 or len(good) :])
        code, told = verified(folder, *key)
        assert code == 1, name
        assert told.strip(), name
        file.write_bytes(good)
    assert verified(folder, *key)[0] == 0


async def test_nothing_goes_before_its_day_or_under_a_hold(database: str, segments: list[Path], tmp_path: Path) -> None:
    """Neither by the job nor by hand. Fails when the guard looks at the job's clock alone: tried."""
    kept = Kept(tmp_path, segments)
    session = await ended(kept)
    evidence, desk = evidence_of(kept), EvidenceDesk(kept.house.clock)
    assert await evidence.seal_due() == 1
    assert await evidence.delete_due() == 0
    for by_hand in (
        "UPDATE live_evidence_bundle SET state = 'deleting'",
        "UPDATE live_evidence_bundle SET kept_until = now()",
        "UPDATE live_evidence_bundle SET manifest = ''",
        "DELETE FROM live_evidence_bundle",
        "DELETE FROM live_recording",
        "DELETE FROM live_pin",
        "TRUNCATE live_evidence_check CASCADE",
    ):
        with pytest.raises(BaseORMException, match=r"only be moved|is kept|permission denied"):
            await execute(by_hand)
    kept.house.clock.ahead += timedelta(days=1097)
    with pytest.raises(BaseORMException, match="is kept until"):
        await evidence.delete_due()  # the house's clock is wrong, the database's is not
    held = await desk.hold(session.number, "示例查询函", "staff:A")
    with pytest.raises(SecondPersonNeeded):
        await desk.release(held, "示例解除函", "staff:A")
    with pytest.raises(SessionNotFound):
        await desk.hold("L0", "示例查询函", "staff:A")
    with pytest.raises(EvidenceHoldUnknown):
        await desk.release("EH0", "示例解除函", "staff:B")
    await desk.release(held, "示例解除函", "staff:B")
    with pytest.raises(EvidenceHoldUnknown):
        await desk.release(held, "示例解除函", "staff:B")
    for by_hand in ("UPDATE live_evidence_hold SET released_at = NULL", "DELETE FROM live_evidence_hold"):
        with pytest.raises(BaseORMException, match=r"stays|permission denied"):
            await execute(by_hand)
    assert (await bundle_of(session.number)).holds[0].released_by == "staff:B"


async def test_what_is_over_goes_when_nobody_holds_it(database: str, segments: list[Path], tmp_path: Path) -> None:
    """A hold of after the sealing keeps it; a worker that dies half way is followed. Fails when a hold is not asked."""
    kept = Kept(tmp_path, segments)
    session = await ended(kept)
    other, _ = await kept.on_air(seconds=1)
    evidence, desk = evidence_of(kept, OVER), EvidenceDesk(kept.house.clock)
    held = await desk.hold(session.number, "示例查询函", "staff:A")
    assert await evidence.seal_due() == 1
    await kept.clips.ask_for_file(session.number, 1, None, "staff:A")
    assert await make_clip_file(kept.archive) == 1
    assert await evidence.delete_due() == 0
    with pytest.raises(BaseORMException, match="while it is held"):
        await execute("UPDATE live_evidence_bundle SET state = 'deleting'")
    await desk.release(held, "示例解除函", "staff:B")
    await execute("UPDATE live_evidence_bundle SET state = 'deleting'")
    with pytest.raises(EvidenceDeleted):
        await desk.hold(session.number, "示例查询函", "staff:A")
    shutil.rmtree(kept.archive.hls_directory / session.stream)
    assert await evidence.delete_due() == 1
    assert left_in(tmp_path) == {("hls", other.stream)}
    assert (await bundle_of(session.number)).deleted_at is not None
    with pytest.raises(EvidenceDeleted):
        await part_of(evidence, session.number, "feed.jsonl", is_officer=True)
    assert await evidence.delete_due() == 0
    # Nobody is promised what has gone.
    assert (await room_view(session.number)).is_gone
    for taken in (made_recording, kept_stream):
        with pytest.raises(EvidenceDeleted):
            await taken(kept.archive, session.number, None)
    for asked in (
        made_clip(kept.archive, session.number, 1, None),
        kept.clips.playlist(session.number, 1),
        kept.clips.ask_for_file(session.number, 1, None, "staff:A"),
    ):
        with pytest.raises(ClipNotFound):
            await asked
    assert [clip.file_state for clip in await clips_of(session.number, None)] == [None]
    moment = await moment_of(f"live:{session.number}", 1_000, kept.clips.playback)
    assert moment is not None
    assert (moment.hls_url, moment.page_url) == (None, None)
    card = await Storage(Space(kept.folder, 0), evidence).card()
    assert (card.recording_bytes, card.clip_bytes, await Space(kept.folder).kept_bytes()) == (0, 0, 0)


async def test_every_pair_of_states_of_a_bundle_moves_as_the_table_says(
    database: str, segments: list[Path], tmp_path: Path
) -> None:
    """By hand, past the services: what the table forbids, the database does."""
    kept = Kept(tmp_path, segments)
    evidence = evidence_of(kept, OVER)
    reaches = {
        BundleState.SEALED: "",
        BundleState.DELETING: "UPDATE live_evidence_bundle SET state = 'deleting' WHERE id = $1",
        BundleState.DELETED: "UPDATE live_evidence_bundle SET state = 'deleted', deleted_at = now() WHERE id = $1",
    }
    for start in BundleState:
        session = await ended(kept)
        if start is BundleState.SEALING:
            await execute(
                "INSERT INTO live_evidence_bundle (session_id, state, attempts, claimed_until, basis)"
                " VALUES ($1, 'sealing', 1, now() + interval '1 day', 'x')",
                session.id,
            )
        else:
            assert await evidence.seal_due() == 1
        found = await row("SELECT id FROM live_evidence_bundle ORDER BY id DESC LIMIT 1")
        assert found is not None
        for state in list(reaches)[1 : list(BundleState).index(start)]:
            await execute(reaches[state], found["id"])
        for to in BundleState:
            if to is start or to in BUNDLE_TRANSITIONS[start]:
                continue
            with pytest.raises(BaseORMException):
                await execute("UPDATE live_evidence_bundle SET state = $2 WHERE id = $1", found["id"], to.value)
        assert await scalar("SELECT state FROM live_evidence_bundle WHERE id = $1", found["id"]) == start.value
