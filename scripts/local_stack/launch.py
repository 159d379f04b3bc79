"""What the supervisor really executes: records who it is, clears what a killed predecessor left, becomes
the program.

The record (pid and start mark) is written before ``exec``, which keeps both, so no moment exists in which a
supervised process runs unrecorded. Started as ``python -I -S launch.py SPEC.json`` (standard library only,
to stay quick); :mod:`scripts.local_stack.orphans` imports the same readings of the process table.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

QUICK_DEATH_S = 5.0
LONGEST_PAUSE_S = 3.0


def start_mark(pid: int) -> str | None:
    """A text that no other process ever has together with this pid, or None when no such process runs.

    Linux: boot id and start ticks, which no clock change moves. Elsewhere: the start time that ``ps`` tells.
    A zombie counts as gone: it does nothing any more.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return None
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()}:{fields[19].decode()}"
    except (FileNotFoundError, ProcessLookupError):
        if os.path.isdir("/proc/self"):
            return None
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True).stdout
    state, _, started = told.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def group_members(group: int) -> list[int]:
    """The living members of a process group."""
    found = []
    for pid in _every_pid():
        with suppress(OSError):
            if os.getpgid(pid) == group and start_mark(pid) is not None:
                found.append(pid)
    return found


def living_in(directory: Path) -> list[int]:
    """The processes that have ``directory`` as their working directory, as every PostgreSQL process has its
    data.
    """
    found = []
    for pid in _every_pid():
        with suppress(OSError):
            if os.path.realpath(f"/proc/{pid}/cwd") == os.path.realpath(directory) and start_mark(pid) is not None:
                found.append(pid)
    return found


def descendants(pid: int) -> list[tuple[int, str]]:
    """The children, their children and so on that live now, with their start marks."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents().items():
        children.setdefault(parent, []).append(child)
    found, look_at = [], [pid]
    while look_at:
        for child in children.get(look_at.pop(), []):
            mark = start_mark(child)
            if mark is not None:
                found.append((child, mark))
            look_at.append(child)
    return found


def _every_pid() -> list[int]:
    if os.path.isdir("/proc/self"):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return list(_parents())


def _parents() -> dict[int, int]:
    if not os.path.isdir("/proc/self"):
        told = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True).stdout
        return {int(pid): int(parent) for pid, parent in (line.split() for line in told.splitlines())}
    found = {}
    for pid in _every_pid():
        with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
            found[pid] = int(file.read().rpartition(b")")[2].split()[1])
    return found


def end_group(group: int, patience_s: float = 2.0) -> None:
    """End what a dead leader left behind in its group: nginx workers keep its ports, Celery children its
    tasks.

    A group id stays taken while one member lives, so these are the leader's own children and nobody else's.
    Call it only when the leader itself is gone.
    """
    deadline = time.monotonic() + patience_s
    for number in (signal.SIGTERM, signal.SIGKILL):
        members = group_members(group)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while members and group_members(group) and (number == signal.SIGKILL or time.monotonic() < deadline):
            time.sleep(0.02)


def read_record(path: Path) -> dict[str, Any]:
    """A record, or an empty one when there is none or it was cut off."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def write_record(path: Path, spec: dict[str, Any], quick_deaths: int) -> None:
    """Say who this process is, whole or not at all."""
    record = {
        "name": spec["name"],
        "pid": os.getpid(),
        "mark": start_mark(os.getpid()),
        "stop_signal": spec["stop_signal"],
        "started_at": time.time(),
        "quick_deaths": quick_deaths,
    }
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(record))
    draft.replace(path)


def clear_stale_lock(data_directory: Path) -> None:
    """Remove ``postmaster.pid`` when nobody lives in the data directory.

    PostgreSQL believes a pid that exists: a killed postmaster that nobody has reaped, or a stranger that
    got its pid after a restart of the machine, blocks the next start for ever (reliability reference 0.12).
    """
    lock = data_directory / "postmaster.pid"
    if os.path.isdir("/proc/self") and lock.exists() and not living_in(data_directory):
        with suppress(FileNotFoundError):
            lock.unlink()


def pause_before(quick_deaths: int) -> float:
    """Seconds to wait, so that a program that cannot start does not eat the machine: 0, 0.2, 0.4 ... at
    most 3.
    """
    return min(0.2 * 2 ** (quick_deaths - 1), LONGEST_PAUSE_S) if quick_deaths else 0.0


def become(spec: dict[str, Any]) -> None:
    """Give up privileges when told to, and replace this process."""
    if spec["user"]:
        os.setgroups([])
        os.setgid(spec["user"]["gid"])
        os.setuid(spec["user"]["uid"])
    os.chdir(spec["directory"])
    os.execve(spec["argv"][0], spec["argv"], spec["environment"])


def main() -> None:
    """Launch the program that the file in the first argument describes."""
    spec = json.loads(Path(sys.argv[1]).read_text())
    path = Path(spec["record"])
    before = read_record(path)
    if before and start_mark(before["pid"]) is None:
        end_group(before["pid"])
    lived_s = time.time() - before.get("started_at", 0)
    quick_deaths = before.get("quick_deaths", 0) + 1 if 0 <= lived_s < QUICK_DEATH_S else 0
    write_record(path, spec, quick_deaths)
    if os.getppid() != read_record(path.with_name("supervisord.json")).get("pid"):
        return  # the supervisor died before this record could be found by anyone
    time.sleep(pause_before(quick_deaths))
    if spec["data_directory"]:
        clear_stale_lock(Path(spec["data_directory"]))
    become(spec)


if __name__ == "__main__":
    main()
