"""The access log is a chain: who changes, takes out or adds a record past the house is found, from the file alone."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from accounts.access_chain import BATCH, ChainBrokenError, export_pieces, heads, verify
from accounts.actors import PovertyOfficer
from accounts.jobs import verify_access_log
from accounts.service import AccessLogs
from integrations.anchor_signing.ed25519 import Ed25519Signer
from integrations.object_storage.folder import FolderStorage
from kit.clock import utc_now
from kit.database import rows, scalar, transaction
from ledger.anchors import Anchors, anchor_page, line_of
from ledger.jobs import anchor_days
from server.database import ROOT
from tests.superuser import as_superuser

KEY = "8f" + "13579bdf02468ace" * 3 + "1122334455667a"  # pragma: allowlist secret
READERS = [PovertyOfficer(caller=f"staff:U{n}", id=n, number=f"U{n}", name="示例") for n in range(20)]


async def recorded(times: int = 3) -> None:
    for n in range(times):
        for reader in READERS:
            awkward = f'示例"\\{chr(7)}{chr(10)}\u2028é😀 {n}'
            await AccessLogs().record(
                reader, awkward, f"household:示例{n}", ["name", "phone"], "示例文件" if n else None
            )


def run(file: Path, *more: str) -> tuple[int, str]:
    """The verifier as an auditor would run it: no package, no environment."""
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "verify_access_log"), str(file), *more]
    done = subprocess.run(command, capture_output=True, text=True, env={}, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


async def exported(folder: Path) -> Path:
    file = folder / "access.jsonl"
    file.write_bytes(b"".join([piece async for piece in export_pieces(utc_now())]))
    return file


async def test_many_at_once_make_whole_chains(database: str, tmp_path: Path) -> None:
    async def one(reader: PovertyOfficer) -> None:
        for n in range(5):
            async with transaction():
                await AccessLogs().record(reader, "入户核查", f"household:{n}", ["name"])

    await asyncio.gather(*(one(reader) for reader in READERS))
    assert await verify(await heads()) == 100
    assert await verify_access_log() == 0
    assert await scalar("SELECT count(DISTINCT chain) FROM access_log") > 4
    code, said = run(await exported(tmp_path))
    assert (code, said) == (0, "100 records in 16 chains, 0 anchors: whole\n")


async def test_every_character_is_hashed_alike_by_the_database_and_by_the_verifier(
    database: str, tmp_path: Path
) -> None:
    await recorded()
    assert await verify(await heads()) == 60
    assert run(await exported(tmp_path))[0] == 0


# By a superuser with the triggers off: what somebody does who holds the server.
TAMPERING = {
    "actor": "UPDATE access_log SET actor = 'staff:else' WHERE id = {id}",
    "purpose": "UPDATE access_log SET purpose = 'other' WHERE id = {id}",
    "document": "UPDATE access_log SET document = 'other' WHERE id = {id}",
    "subject": "UPDATE access_log SET subject = 'other' WHERE id = {id}",
    "fields": "UPDATE access_log SET fields_read = '[]' WHERE id = {id}",
    "at": "UPDATE access_log SET at = at - interval '1 microsecond' WHERE id = {id}",
    "taken out": "DELETE FROM access_log WHERE id = {id}",
    "hash": "UPDATE access_log SET hash = repeat('a', 64) WHERE id = {id}",
}


@pytest.mark.parametrize("how", TAMPERING)
async def test_tampering_is_found(database: str, tmp_path: Path, how: str) -> None:
    await recorded()
    found = await rows("SELECT id FROM access_log WHERE seq = 2 ORDER BY id LIMIT 1")
    statement = TAMPERING[how].format(id=found[0]["id"])
    await as_superuser(f"SET session_replication_role = replica; {statement}")
    with pytest.raises(ChainBrokenError):
        await verify_access_log()
    code, said = run(await exported(tmp_path))
    assert (code, "chain is broken" in said or "was expected" in said) == (1, True), said


async def test_a_record_that_says_two_things_is_told(database: str, tmp_path: Path) -> None:
    """Fails when members may stand twice: tried."""
    await recorded(1)
    file = await exported(tmp_path)
    *lines, _ = file.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"{", b'{"actor": "staff:else", ', 1)
    end = {"kind": "end", "lines": len(lines), "sha256": sha256(b"".join(lines)).hexdigest()}
    file.write_bytes(b"".join(lines) + json.dumps(end).encode() + b"\n")
    code, said = run(file)
    assert (code, "line 2: not of this format" in said) == (1, True), said


async def test_nobody_adds_a_record_that_does_not_follow(database: str) -> None:
    await recorded(1)
    await rows(
        "INSERT INTO access_log (actor, acting_as, purpose, subject, fields_read, at, chain, seq, prev_hash, hash)"
        " VALUES ('staff:U1', 'x', 'x', 'x', '[]', now(), 3, 99, 'no', 'no') RETURNING 1"
    )
    assert await verify(await heads()) == 21


async def test_the_anchor_tells_when_the_end_was_cut_off_or_all_was_hashed_anew(database: str, tmp_path: Path) -> None:
    await recorded()
    now = utc_now()
    signer = Ed25519Signer(KEY)
    anchors = Anchors(signer, FolderStorage(tmp_path / "store"), lambda: now)
    assert await anchor_days(anchors) == 1
    assert await anchor_days(anchors) == 0, "once a day"
    (anchor,), _ = await anchor_page(None, 10)
    assert (anchor.period, anchor.seq) == ("access", 60)
    kept = tmp_path / "anchors.jsonl"
    kept.write_bytes(line_of(anchor.message, anchor.signature, anchor.public_key))
    more = ("--anchors", str(kept), "--public-key", signer.public_key)
    await recorded(1)  # what came later does not matter to the anchor
    assert run(await exported(tmp_path), *more) == (0, "80 records in 16 chains, 1 anchors: whole\n")

    await as_superuser(
        "SET session_replication_role = replica; DELETE FROM access_log l WHERE seq >"
        " (SELECT max(seq) - 2 FROM access_log k WHERE k.chain = l.chain)"
    )
    assert await verify(await heads()) == 80 - await scalar("SELECT 80 - count(*) FROM access_log"), "whole by itself"
    code, said = run(await exported(tmp_path), *more)
    assert (code, "not the one that was anchored" in said) == (1, True), said

    forged = json.loads(anchor.message) | {"hash": "0" * 64}
    kept.write_bytes(line_of(json.dumps(forged), anchor.signature, anchor.public_key))
    assert "the signature does not hold" in run(await exported(tmp_path), *more)[1]


async def test_what_is_broken_is_not_signed(database: str, tmp_path: Path) -> None:
    await recorded()
    later = utc_now() + timedelta(days=1)
    anchors = Anchors(Ed25519Signer(KEY), FolderStorage(tmp_path), lambda: later)
    await as_superuser("SET session_replication_role = replica; UPDATE access_log SET purpose = 'x' WHERE seq = 1")
    with pytest.raises(ChainBrokenError):
        await anchors.make_of_access_log()
    assert await scalar("SELECT count(*) FROM ledger_anchor") == 0


async def test_the_frequent_check_reads_the_newest_alone(database: str) -> None:
    await recorded()
    ends = await heads()
    assert await verify(ends, 1) == sum(1 for end in ends if end.seq)
    assert await verify(ends, BATCH) == 60
