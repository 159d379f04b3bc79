"""Ends the processes that an earlier start left behind, exactly those, recognised by pid and start mark."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from scripts.local_stack.launch import descendants, end_group, group_members, read_record, start_mark

SUPERVISOR = "supervisord"


def end_orphans(records: Path, patience_s: float = 8.0) -> list[str]:
    """End every recorded process that still runs; answers their names.

    The supervisor goes first and at once, so that it brings nothing back. The others get the signal on
    which they close their files; whoever outlives ``patience_s`` seconds is killed. Records are removed at
    the end.
    """
    found = {path: read_record(path) for path in sorted(records.glob("*.json"))}
    alive = {path: it for path, it in found.items() if it and start_mark(it["pid"]) == it["mark"]}
    for record in alive.values():
        if record["name"] == SUPERVISOR:
            kill_and_wait(record["pid"], record["mark"])
    others = [it for it in alive.values() if it["name"] != SUPERVISOR]
    children = [child for it in others for child in descendants(it["pid"])]
    for record in others:
        with suppress(ProcessLookupError):
            os.kill(record["pid"], signal.Signals[f"SIG{record['stop_signal']}"])
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and any(start_mark(it["pid"]) == it["mark"] for it in others):
        time.sleep(0.05)
    for record in others:
        kill_and_wait(record["pid"], record["mark"])
    for pid, mark in children:
        kill_and_wait(pid, mark)
    for path, record in found.items():
        if record and record["name"] != SUPERVISOR and group_members(record["pid"]):
            _end_remnants(record)
        path.unlink(missing_ok=True)
    return sorted(it["name"] for it in alive.values())


def kill_and_wait(pid: int, mark: str, patience_s: float = 5.0) -> None:
    """SIGKILL to exactly this process, and wait until it is gone."""
    deadline = time.monotonic() + patience_s
    while start_mark(pid) == mark and time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _end_remnants(record: dict[str, object]) -> None:
    """End the group of a leader that is gone; a stranger that leads a group of that number is left alone."""
    pid = record["pid"]
    assert isinstance(pid, int)
    if start_mark(pid) is None:
        end_group(pid)
