"""``scripts/rebuild_ledger``: rebuild the books from their facts in a database of their own and compare, byte for byte.

Journals are compared, and what follows from them: money that payments told, seals, stored totals, what closed months
came to and were signed for. Beside that the log of what was booked is compared with the facts of the outbox.
Ends with 0 when everything is the same, with 1 when something differs or a fact cannot be booked again, with 2 when it
cannot begin. The books are only read.
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from poverty_alleviation.replay.facts import FactOff, facts_off
from scripts.ledger_rebuild.compare import all_differences
from scripts.ledger_rebuild.rebuilding import NotReplayed, Rebuilt, rebuild
from scripts.ledger_rebuild.scratch import NotEmpty, fill_empty, scratch, throw_away_database
from server.database import connected
from server.settings import SettingsInvalid, load_settings

MOST_LINES = 50


NAMES = {
    "journals": "笔凭证 / journals",
    "money": "项渠道资金 / movements told by payments",
    "seals": "个封存哈希 / seals",
    "totals": "个科目余额 / stored totals",
    "months": "项结账数字 / figures of closed months",
}


def report(found: Rebuilt, off: Sequence[FactOff], seconds: float) -> list[str]:
    """Counts, digests, and the first differences."""
    lines = [f"{kind:<44}{count:>10,}" for kind, count in found.inputs.items()]
    for name, pair in found.exports.items():
        lines.append(f"账簿 / books: {pair.books.lines:,} {NAMES[name]}, SHA-256 {pair.books.sha256}")
        lines.append(f"重建 / rebuilt: {pair.rebuilt.lines:,} {NAMES[name]}, SHA-256 {pair.rebuilt.sha256}")
    lines.append(f"{sum(found.inputs.values()):,} 项来源 / inputs, {seconds:.1f} s")
    same = ["逐字节相同 / the same, byte for byte"] if found.is_same else []
    lines += _first(list(itertools.islice(all_differences(found.exports), MOST_LINES + 1))) or same
    told = ["发件箱与日志所述事实相同 / the outbox and the log tell the same facts"]
    return lines + (_first([str(each) for each in off]) or told)


def _first(unlike: list[str]) -> list[str]:
    """The first differences, and that there are some."""
    more = ["更多从略 / and more"] if len(unlike) > MOST_LINES else []
    return [*unlike[:MOST_LINES], *more, "不同 / they differ"] if unlike else []


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
        off = await facts_off()
        print("\n".join(report(found, off, time.monotonic() - began)))
    return 0 if found.is_same and not off else 1


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/rebuild_ledger", description=__doc__)
    parser.add_argument("--into", default="", help="空数据库的地址，其角色为所有者 / an empty database of one's own")
    parser.add_argument("--keep", type=Path, help="存放规范导出的目录 / a folder for the canonical exports")
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
