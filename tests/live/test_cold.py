"""Old evidence lies in a bucket: nothing goes here before it was read back there, and it comes back as it was."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from tortoise.exceptions import BaseORMException

from integrations.object_storage.cold import PART
from kit.database import execute, row, scalar
from live.errors import ReplayAway
from live.evidence.cold import ColdTier
from live.evidence.errors import (
    ColdStorageUnavailable,
    EvidenceDeleted,
    EvidenceMoving,
    EvidenceNotCold,
    EvidenceNotSealed,
    EvidencePartUnknown,
)
from live.evidence.holds import EvidenceDesk
from live.evidence.models import COPY_TRANSITIONS, CopyState
from live.evidence.queries import bundle_of
from live.evidence.sealing import Evidence
from live.evidence.space import Storage
from live.evidence.stored import names_of, object_key
from live.media.playback import Playback
from live.media.space import Space
from live.models import LiveSession
from live.queries import room_view
from live.replays.queries import made_recording, recording_of
from live.shop.moments import moment_of
from tests.live.buckets import BUCKET, Bucket, buckets
from tests.live.kept import SECONDS, Kept, make_segments
from tests.live.rooms import HOST
from tests.live.test_evidence import OVER, SIGNER, YEARS, content_of, ended, evidence_of, left_in, verified
from tests.servers import free_port

pytestmark = pytest.mark.asyncio

DAYS = timedelta(days=180)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_segments(tmp_path_factory.mktemp("segments"))


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    yield from buckets()


class Old:
    """A sealed session whose time on the volume is over, and the tier that moves it."""

    def __init__(self, kept: Kept, bucket: Bucket, term: timedelta = YEARS) -> None:
        self.kept, self.bucket, self.clock = kept, bucket, kept.house.clock
        self.evidence = replace(evidence_of(kept, term), cold=bucket.storage())
        self.tier = ColdTier(self.evidence, Space(kept.folder, 0), DAYS)
        self.desk = EvidenceDesk(self.clock)

    async def sealed(self) -> LiveSession:
        session = await ended(self.kept)
        assert await self.evidence.seal_due() == 1
        self.clock.ahead += DAYS
        return session

    async def until(self, state: CopyState) -> None:
        """Run the job until the copy stands there."""
        for _ in range(60):
            if await scalar("SELECT state FROM live_evidence_copy ORDER BY id DESC LIMIT 1") == state:
                return
            await self.tier.move_due()
        raise AssertionError(await row("SELECT state, fault FROM live_evidence_copy ORDER BY id DESC LIMIT 1"))

    def here(self) -> dict[str, str]:
        """What of evidence and pictures is on the volume."""
        found = {}
        for path in sorted(self.kept.folder.rglob("*")):
            if path.is_file() and path.suffix != ".jpg":
                found[str(path.relative_to(self.kept.folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    async def wrong(self, number: str) -> list[str] | None:
        """What a check that is asked for now finds."""
        await self.desk.ask_check(number, "staff:A")
        for _ in range(20):
            if await self.evidence.check_asked():
                return (await bundle_of(number)).checks[0].wrong
        raise AssertionError("the check does not end")


@pytest.fixture
def old(database: str, segments: list[Path], tmp_path: Path, bucket: Bucket) -> Old:
    return Old(Kept(tmp_path / "kept", segments), bucket)


async def test_old_evidence_goes_and_comes_back_as_it_was(old: Old) -> None:
    """Fails when it goes early, when the pictures stay, when one file comes back otherwise."""
    session = await ended(old.kept)
    assert await old.evidence.seal_due() == 1
    old.clock.ahead += DAYS - timedelta(minutes=1)
    number, before = session.number, old.here()
    assert await old.tier.move_due() == 0
    assert (await bundle_of(number)).tier == "hot"
    with pytest.raises(EvidenceNotCold):
        await old.desk.fetch_back(number, "staff:A")
    contents = {
        part.name: await content_of(old.evidence, number, part.name) for part in (await bundle_of(number)).parts
    }
    old.clock.ahead += timedelta(minutes=1)
    await old.until(CopyState.COPIED)
    assert old.here() == before
    with pytest.raises(EvidenceMoving):
        await old.desk.fetch_back(number, "staff:A")
    await old.until(CopyState.COLD)
    assert old.here() == {}
    manifest = await scalar("SELECT manifest FROM live_evidence_bundle")
    names = names_of(manifest)
    assert old.bucket.keys(number) == {object_key(number, name) for name in names}
    raw = old.bucket.raw.get_object(Bucket=BUCKET, Key=object_key(number, "manifest.json"))["Body"].read()
    assert raw.decode() == manifest
    card = await Storage(old.tier.space, old.evidence).card()
    assert (card.kept_sessions, card.cold_sessions, card.recording_bytes) == (1, 1, 0)
    assert card.cold_bytes > len(contents["recording.mp4"])
    # It is read from there, and nobody is promised pictures.
    assert {name: await content_of(old.evidence, number, name) for name in contents} == contents
    assert await old.wrong(number) == []
    assert (await room_view(number)).is_away
    playback = Playback(old.kept.house.keys, "https://flv", "https://hls", pages_url="https://county/rooms")
    moment = await moment_of(f"live:{number}", 1500, playback)
    assert moment is not None
    assert (moment.is_away, moment.hls_url, moment.page_url) == (True, None, f"https://county/rooms/{number}#t=1.500")
    recording = await recording_of(number, None)
    assert recording is not None
    assert recording.is_away
    with pytest.raises(ReplayAway):
        await made_recording(old.kept.archive, number, None)
    for act in (old.kept.clips.ask_for_file(number, 1, HOST, "staff:A"), old.kept.clips.playlist(number, 1)):
        with pytest.raises(ReplayAway):
            await act
    for _ in range(2):
        await old.desk.fetch_back(number, "staff:A")
    await old.until(CopyState.RESTORED)
    assert old.here() == before
    assert await old.wrong(number) == []
    assert not (await room_view(number)).is_away
    assert await made_recording(old.kept.archive, number, None)
    # And goes again a month later.
    assert await old.tier.move_due() == 0
    old.clock.ahead += timedelta(days=30)
    await old.until(CopyState.COPYING)
    await old.until(CopyState.COLD)
    assert old.here() == {}
    assert await old.wrong(number) == []


async def test_the_bucket_alone_is_checked_without_us(old: Old, tmp_path: Path) -> None:
    """Whatever lies below the session's number, by the verifier that stands alone. Fails with another key."""
    session = await old.sealed()
    await old.until(CopyState.COLD)
    folder = tmp_path / "taken"
    folder.mkdir()
    for key in old.bucket.keys(session.number):
        old.bucket.raw.download_file(BUCKET, key, str(folder / key.rpartition("/")[2]))
    code, told = verified(folder, "--public-key", SIGNER.public_key)
    assert (code, told) == (0, f"11 parts, {SECONDS + 1} files of pictures: whole\n")


async def test_what_was_changed_there_is_found_and_not_taken_back(old: Old) -> None:
    session = await old.sealed()
    await old.until(CopyState.COLD)
    keys = {name: object_key(session.number, name) for name in ("feed.jsonl", "segments.tar", "orders.jsonl")}
    good = {name: old.bucket.raw.get_object(Bucket=BUCKET, Key=key)["Body"].read() for name, key in keys.items()}
    tar = bytearray(good["segments.tar"])
    first = tar[:100].rstrip(b"\0").decode()
    tar[600] ^= 1
    old.bucket.raw.put_object(Bucket=BUCKET, Key=keys["feed.jsonl"], Body=b"another")
    old.bucket.raw.put_object(Bucket=BUCKET, Key=keys["segments.tar"], Body=bytes(tar))
    old.bucket.raw.delete_object(Bucket=BUCKET, Key=keys["orders.jsonl"])
    assert await old.wrong(session.number) == ["feed.jsonl", "orders.jsonl", first]
    with pytest.raises(EvidencePartUnknown):
        await content_of(old.evidence, session.number, "orders.jsonl")
    await old.desk.fetch_back(session.number, "staff:A")
    for broken in ("feed.jsonl", "orders.jsonl", "segments.tar"):
        for _ in range(20):
            await old.tier.move_due()
        bundle = await bundle_of(session.number)
        assert (bundle.tier, broken in (bundle.fault or "")) == ("restoring", True), bundle.fault
        old.bucket.raw.put_object(Bucket=BUCKET, Key=keys[broken], Body=good[broken])
        old.clock.ahead += timedelta(days=1)
    await old.until(CopyState.RESTORED)
    assert await old.wrong(session.number) == []


async def test_what_is_not_as_it_was_sealed_stays_here(old: Old) -> None:
    session = await old.sealed()
    feed = old.evidence.directory / f"{session.number}-1" / "feed.jsonl"
    good = feed.read_bytes()
    feed.write_bytes(b"another")
    before = old.here()
    for _ in range(3):
        await old.tier.move_due()
    bundle = await bundle_of(session.number)
    assert (bundle.tier, bundle.fault) == ("copying", "not as it was sealed: feed.jsonl")
    assert (old.here(), old.bucket.keys(session.number)) == (before, set())
    feed.write_bytes(good)
    old.clock.ahead += timedelta(days=1)
    await old.until(CopyState.COLD)


async def test_what_the_bucket_has_otherwise_than_it_was_given_is_put_anew(old: Old) -> None:
    """Between the writing and the reading back. Fails when what was written is believed."""
    session = await old.sealed()
    names = names_of(await scalar("SELECT manifest FROM live_evidence_bundle"))
    for _ in names:
        await old.tier.move_due()
    assert len(old.bucket.keys(session.number)) == len(names)
    for name in ("feed.jsonl", "segments.tar", "manifest.json"):
        old.bucket.raw.put_object(Bucket=BUCKET, Key=object_key(session.number, name), Body=b"another")
    await old.until(CopyState.COLD)
    assert await old.wrong(session.number) == []


class Killed(Exception):
    """As if the worker had died."""


class Dying:
    """A storage under which the worker dies at the n-th call, before or after the act."""

    def __init__(self, real: Any, at: int, *, after: bool) -> None:
        self.real, self.left, self.after = real, at, after

    async def _call(self, act: Any, *args: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        answer = await act(*args)
        if self.left == 0:
            raise Killed
        return answer

    async def put(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        await self._call(self.real.put, key, pieces)

    async def read(self, key: str) -> AsyncIterator[bytes] | None:
        found: AsyncIterator[bytes] | None = await self._call(self.real.read, key)
        return found

    async def delete(self, keys: Sequence[str]) -> None:
        await self._call(self.real.delete, keys)


async def test_wherever_a_worker_dies_one_copy_is_whole(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every call of the way there, while files go, and of the way back. Fails when files go before the last read."""
    session = await old.sealed()
    number, before = session.number, old.here()

    async def die(at: int, *, after: bool) -> None:
        dying = replace(old.tier, evidence=replace(old.evidence, cold=Dying(old.evidence.cold, at, after=after)))
        with pytest.raises(Killed):
            await dying.move_due()
        assert await old.wrong(number) == []
        assert await old.tier.move_due() == 0  # the claim of the dead one holds
        old.clock.ahead += timedelta(minutes=16)

    for turn in range(12):
        await die(1, after=turn % 2 == 1)
        await old.tier.move_due()
        await old.tier.move_due()
    await old.until(CopyState.COPIED)
    assert old.here() == before
    gone = Evidence.drop_files

    def half(self: Evidence, bundle: dict[str, Any]) -> None:
        next((self.directory / bundle["folder"]).iterdir()).unlink()
        raise Killed

    monkeypatch.setattr(Evidence, "drop_files", half)
    with pytest.raises(Killed):
        await old.tier.move_due()
    assert len(old.here()) == len(before) - 1
    assert await old.wrong(number) == []
    monkeypatch.setattr(Evidence, "drop_files", gone)
    old.clock.ahead += timedelta(minutes=16)
    await old.until(CopyState.COLD)
    assert old.here() == {}
    await old.desk.fetch_back(number, "staff:A")
    for turn in range(6):
        await die(1, after=turn % 2 == 1)
        await old.tier.move_due()
    await old.until(CopyState.RESTORED)
    assert old.here() == before


async def test_retention_and_holds_count_wherever_it_lies(
    database: str, segments: list[Path], tmp_path: Path, bucket: Bucket
) -> None:
    """Fails when objects stay after the day, and when a hold is not asked."""
    old = Old(Kept(tmp_path / "kept", segments), bucket, OVER)
    session = await ended(old.kept)
    assert await old.evidence.seal_due() == 1
    await execute(
        "INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at) VALUES ($1, 'copying', '[]', $2)",
        session.id,
        old.clock(),
    )
    held = await old.desk.hold(session.number, "示例查询函", "staff:A")
    await old.until(CopyState.COLD)
    keys = {
        object_key(session.number, each) for each in names_of(await scalar("SELECT manifest FROM live_evidence_bundle"))
    }
    assert keys == bucket.keys(session.number)
    assert await old.evidence.delete_due() == 0
    await old.desk.release(held, "示例解除函", "staff:B")
    without = replace(old.evidence, cold=None)
    assert await without.delete_due() == 0  # whoever took the bucket out of the settings has not deleted anything
    with pytest.raises(EvidenceDeleted):
        await old.desk.fetch_back(session.number, "staff:A")
    assert await old.evidence.delete_due() == 1
    assert bucket.keys(session.number) == set()
    assert left_in(old.kept.folder) == set()
    assert (await bundle_of(session.number)).deleted_at is not None


async def test_a_bucket_that_is_away_or_refuses_moves_nothing(old: Old) -> None:
    session = await old.sealed()
    before = old.here()
    for endpoint, secret in ((f"http://127.0.0.1:{free_port()}", "x"), (old.bucket.endpoint, "wrong")):
        away = replace(old.evidence, cold=old.bucket.storage(endpoint=endpoint, secret_access_key=secret))
        with pytest.raises(ColdStorageUnavailable):
            await replace(old.tier, evidence=away).move_due()
        assert old.here() == before
        assert (await bundle_of(session.number)).fault == "ColdStorageUnavailable"
        old.clock.ahead += timedelta(minutes=6)
    assert await replace(old.tier, evidence=replace(old.evidence, cold=None)).move_due() == 0
    with pytest.raises(EvidenceNotSealed):
        await old.desk.fetch_back("L0", "staff:A")
    await old.until(CopyState.COLD)
    with pytest.raises(ColdStorageUnavailable):
        await content_of(away, session.number, "feed.jsonl")
    await old.desk.fetch_back(session.number, "staff:A")
    full = replace(old.tier, space=Space(old.kept.folder, 101))
    assert await full.move_due() == 1
    assert (await bundle_of(session.number)).fault == "no room on the volume"


async def test_a_bucket_with_a_default_retention_takes_what_carries_a_checksum(bucket: Bucket) -> None:
    """As S3 has it: without one it takes nothing, and what it has taken nobody deletes before its day."""
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 3}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    name, key = "locked-evidence", "live-evidence/y/part"

    async def pieces(octets: int) -> AsyncIterator[bytes]:
        yield b"x" * octets

    bucket.raw.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    bucket.raw.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    with pytest.raises(ColdStorageUnavailable):
        await bucket.storage(bucket=name).put(key, pieces(3))
    cold = bucket.storage(bucket=name, checksum="sha256")
    await cold.put(key, pieces(3))
    found = bucket.raw.head_object(Bucket=name, Key=key)
    assert found["ObjectLockMode"] == "COMPLIANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.raw.delete_object(Bucket=name, Key=key, VersionId=found["VersionId"])
    await cold.put(key, pieces(PART + 3))  # moto locks nothing that came in parts
    assert bucket.raw.head_object(Bucket=name, Key=key)["ContentLength"] == PART + 3


async def test_big_objects_go_in_parts_and_come_in_ranges(bucket: Bucket) -> None:
    """Fails with one PUT, with another class, and when what raises half way leaves an object."""
    whole = b"".join(bytes([each]) * 1024 for each in range(256)) * (2 * PART // (256 * 1024)) + b"end"
    cold = bucket.storage(storage_class="STANDARD_IA")

    async def pieces(*, broken: bool = False) -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 1_000_000):
            yield whole[at : at + 1_000_000]
            if broken and at > PART:
                raise Killed

    await cold.put("live-evidence/x/big", pieces())
    found = bucket.raw.head_object(Bucket=BUCKET, Key="live-evidence/x/big")
    assert (found["ContentLength"], found["StorageClass"]) == (len(whole), "STANDARD_IA")
    assert found["ETag"].endswith('-3"')
    back = await cold.read("live-evidence/x/big")
    assert back is not None
    sizes, digest = [], hashlib.sha256()
    async for piece in back:
        sizes.append(len(piece))
        digest.update(piece)
    assert (sizes, digest.digest()) == ([PART, PART, 3], hashlib.sha256(whole).digest())
    with pytest.raises(Killed):
        await cold.put("live-evidence/x/broken", pieces(broken=True))
    assert await cold.read("live-evidence/x/broken") is None
    await cold.delete(["live-evidence/x/big", "live-evidence/x/never"])
    assert await cold.read("live-evidence/x/big") is None
    # Under the lock what was deleted is still there, under its version, until the bucket's own day.
    versions = bucket.raw.list_object_versions(Bucket=BUCKET, Prefix="live-evidence/x/big")
    assert len(versions["Versions"]) == len(versions["DeleteMarkers"]) == 1


async def test_every_pair_of_states_of_a_copy_moves_as_the_table_says(old: Old) -> None:
    """By hand, past the services: what the table forbids, the database does; nothing is a copy that was not read."""
    session = await old.sealed()
    read, unread = (
        json.dumps([{"name": "x", "bytes": 1, "sha256": "0", "is_verified": each}]) for each in (True, False)
    )
    begun = "INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at) VALUES ($1, $2, '[]', now())"
    with pytest.raises(BaseORMException):
        await execute(begun, session.id, "cold")
    await execute(begun, session.id, "copying")
    for stored in ("[]", unread):
        with pytest.raises(BaseORMException, match="not read back"):
            await execute("UPDATE live_evidence_copy SET state = 'copied', stored = $1::jsonb", stored)
    await execute("UPDATE live_evidence_copy SET stored = $1::jsonb", read)
    state = CopyState.COPYING
    for _ in CopyState:
        (following,) = COPY_TRANSITIONS[state]
        for to in set(CopyState) - {state, following}:
            with pytest.raises(BaseORMException, match="only be moved"):
                await execute("UPDATE live_evidence_copy SET state = $1", to.value)
        await execute("UPDATE live_evidence_copy SET state = $1", following.value)
        state = following
    with pytest.raises(BaseORMException):
        await execute("DELETE FROM live_evidence_copy")
