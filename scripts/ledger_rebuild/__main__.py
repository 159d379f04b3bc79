"""``scripts/rebuild_ledger``: rebuild the books from their facts in a database of their own and compare, byte for byte.

Ends with 0 when both canonical exports are the same, with 1 when they differ or a fact cannot be booked again, with 2
when it cannot begin. The books are only read.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from scripts.ledger_rebuild.compare import differences
from scripts.ledger_rebuild.rebuilding import NotReplayed, Rebuilt, rebuild
from scripts.ledger_rebuild.scratch import NotEmpty, fill_empty, scratch, throw_away_database
from server.database import connected
from server.settings import SettingsInvalid, load_settings

MOST_LINES = 50


def report(found: Rebuilt, seconds: float) -> list[str]:
    """Counts, digests, and the first differences."""
    lines = [f"{kind:<44}{count:>10,}" for kind, count in found.inputs.items()]
    for name, export in (("账簿 / books", found.books), ("重建 / rebuilt", found.rebuilt)):
        lines.append(f"{name}: {export.journals:,} 笔凭证 / journals, SHA-256 {export.sha256}")
    lines.append(f"{sum(found.inputs.values()):,} 项来源 / inputs, {seconds:.1f} s")
    if found.is_same:
        return [*lines, "逐字节相同 / the same, byte for byte"]
    unlike = list(itertools.islice(differences(found.books.path, found.rebuilt.path), MOST_LINES + 1))
    more = ["更多从略 / and more"] if len(unlike) > MOST_LINES else []
    return [*lines, *unlike[:MOST_LINES], *more, "不同 / they differ"]


async def run(into: str, keep: Path | None) -> int:
    """The whole of it, with the settings of the environment."""
    settings = load_settings()
    async with AsyncExitStack() as stack:
        owner = settings.database.migrate_url or settings.database.url
        address = into or await stack.enter_async_context(throw_away_database(owner))
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="longchuan-rebuild-")))
        folder.mkdir(parents=True, exist_ok=True)
        await fill_empty(address)
        await stack.enter_async_context(connected(settings))
        beside = await stack.enter_async_context(scratch(address))
        began = time.monotonic()
        found = await rebuild(beside, folder, lambda done: print(f"{done:,}", file=sys.stderr))
        print("\n".join(report(found, time.monotonic() - began)))
    return 0 if found.is_same else 1


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/rebuild_ledger", description=__doc__)
    parser.add_argument("--into", default="", help="空数据库的地址，其角色为所有者 / an empty database of one's own")
    parser.add_argument("--keep", type=Path, help="存放两份规范导出的目录 / a folder for both canonical exports")
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(".state"),
        help="scripts/run 的状态目录 / of scripts/run",
    )
    options = parser.parse_args()
    stands = options.state_dir / "environment.json"
    if "DATABASE_URL" not in os.environ and stands.exists():
        os.environ.update(json.loads(stands.read_text()))
    try:
        return asyncio.run(run(options.into, options.keep))
    except SettingsInvalid as reasons:
        print(reasons, file=sys.stderr)
        return 2
    except asyncpg.InsufficientPrivilegeError:
        print("所有者角色无权建库，请用 --into / the owner may make no database: use --into", file=sys.stderr)
        return 2
    except NotEmpty as error:
        print(f"数据库不是空的 / not an empty database: {error}", file=sys.stderr)
        return 2
    except NotReplayed as error:
        print(f"无法重记 / cannot be booked again: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
