"""What the supervisor runs: one description per process."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.local_stack.identity import Identity


@dataclass(frozen=True)
class Program:
    """One process that is brought back whenever it ends.

    ``environment`` is whole, nothing is inherited. ``ready`` answers at once and never raises; without one
    the process counts as up when it has run for ``settle_s`` seconds. ``first`` ones (database, Redis) are
    up before the others start and stop after them. ``early`` ones need no database, so they start while it
    is being migrated. ``signal_group=False`` leaves the orderly end of the children to their parent.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    identity: Identity | None = None
    stop_signal: str = "TERM"
    stop_wait_s: int = 10
    ready: Callable[[], bool] | None = None
    settle_s: float = 0.0
    first: bool = False
    early: bool = False
    data_directory: Path | None = None
    signal_group: bool = True


def plain_environment() -> dict[str, str]:
    """What any program needs of the person's environment, and nothing of it that could change a setting."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **found, "TZ": "UTC", "PYTHONUNBUFFERED": "1"}
