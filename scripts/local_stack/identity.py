"""Whom a server runs as when root starts the stack, and where that one can keep files."""

import hashlib
import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OUTSIDE = Path("/var/tmp")


@dataclass(frozen=True)
class Identity:
    """An unprivileged user by number."""

    uid: int
    gid: int

    def can_enter(self, path: Path) -> bool:
        """Whether the kernel lets this user use ``path``: each folder above must be open to it."""
        return run_as(self, ["test", "-x", str(path)]).returncode == 0


def run_as(
    identity: Identity | None,
    argv: list[str],
    *,
    text: str = "",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command as ``identity`` (None: as the caller) from the root folder; errors join the output."""
    who = {} if identity is None else {"user": identity.uid, "group": identity.gid, "extra_groups": []}
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        argv, input=text, env=environment, cwd="/", text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **who,
    )  # fmt: skip


def unprivileged() -> Identity | None:
    """The user for servers that refuse root or do not need it; None when the caller is an ordinary user
    already.
    """
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Identity(nobody.pw_uid, nobody.pw_gid)


def data_home(state: Path, identity: Identity | None) -> Path:
    """Where the servers keep their data: in the state directory, or outside when ``identity`` cannot get
    there.

    A state directory below a closed folder (``/root``) is out of reach for an unprivileged server, and
    opening somebody's parent folders is not ours to do. The folder outside has a name of its own for each
    state directory.
    """
    inside = state / "data"
    if identity is None:
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    inside.mkdir(mode=0o711, exist_ok=True)
    if identity.can_enter(inside):
        return inside
    name = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    outside = OUTSIDE / f"longchuan-{name}"
    outside.mkdir(mode=0o711, exist_ok=True)
    if outside.is_symlink() or outside.stat().st_uid != os.geteuid():
        raise PermissionError(f"{outside} belongs to somebody else")
    return outside


def owned_folder(path: Path, identity: Identity | None, mode: int = 0o700) -> Path:
    """Make ``path`` and give it to ``identity``."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    if identity is not None:
        os.chown(path, identity.uid, identity.gid)
    return path
