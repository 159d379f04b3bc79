"""Rebuilding the books of a test in a second database."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kit.database import row
from scripts.ledger_rebuild.compare import all_differences
from scripts.ledger_rebuild.rebuilding import Rebuilt, rebuild
from scripts.ledger_rebuild.scratch import scratch
from server.database import ROOT
from tests.conftest import Databases
from tests.servers import role_url


async def rebuilt(databases: Databases, folder: Path) -> Rebuilt:
    """The books that Tortoise is connected to, once more."""
    name = await databases.create()
    port = urlsplit(databases.server_url).port
    assert port
    try:
        async with scratch(role_url("longchuan_owner", port, name)) as beside:
            return await rebuild(beside, folder)
    finally:
        await databases.drop(name)


async def by_the_program(environment: Mapping[str, str], *options: str) -> tuple[int, str]:
    """How ``scripts/rebuild_ledger`` ends on a whole environment, and what it says."""
    command = [sys.executable, "-m", "scripts.ledger_rebuild", *options]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **environment}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def unlike(databases: Databases, folder: Path) -> list[str]:
    """What differs between the books and what their facts give; both have journals."""
    found = await rebuilt(databases, folder)
    here = await row("SELECT count(*) AS journals FROM ledger_journal")
    assert here
    assert found.exports["journals"].books.lines == here["journals"] > 0
    told = list(all_differences(found.exports))
    assert found.is_same == (not told)
    for each in found.exports.values():
        assert each.is_same == (each.books.path.read_bytes() == each.rebuilt.path.read_bytes())
    return told
