"""A real process supervisor (``supervisor``) for a list of programs, and the words to talk with it."""

import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.local_stack.credentials import write_private
from scripts.local_stack.launch import read_record, start_mark
from scripts.local_stack.orphans import SUPERVISOR, end_orphans, kill_and_wait
from scripts.local_stack.programs import Program, plain_environment

HERE = Path(__file__).resolve().parent
KEEPER = "keeper"
LONGEST_SOCKET_PATH = 100
OPEN_FILES = 65536
LOG_BYTES = 5_000_000


class NotUp(Exception):
    """A program did not become ready in time; the message ends with the tail of its log."""


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _SocketConnection(self._path)


class Supervisor:
    """One ``supervisord`` with its programs, all files below ``folder``; logs in ``logs``."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self.folder, self.logs = folder, logs
        self.records = folder / "pids"
        self._process: subprocess.Popen[bytes] | None = None
        self._programs: dict[str, Program] = {}
        for made in (folder, logs, self.records, folder / "programs"):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def socket_path(self) -> Path:
        """The control socket; in a private folder with a short name where the state directory's path is too
        long.
        """
        usual = self.folder / "supervisor.sock"
        if len(str(usual)) <= LONGEST_SOCKET_PATH:
            return usual
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"longchuan-{os.geteuid()}-{name}"
        short.mkdir(mode=0o700, exist_ok=True)
        if short.is_symlink() or short.stat().st_uid != os.geteuid():
            raise PermissionError(f"{short} belongs to somebody else")
        return short / "supervisor.sock"

    def end_leftovers(self) -> list[str]:
        """End what an earlier supervisor of this folder left running; answers the names."""
        if self._process is not None:
            self._process.poll()
        return end_orphans(self.records)

    def start(self, programs: list[Program], patience_s: float = 15.0) -> None:
        """Start the supervisor, with nothing but its keeper running yet."""
        self._programs = {program.name: program for program in programs}
        self._write_specs()
        (self.folder / "supervisord.conf").write_text(self._configuration())
        self.socket_path.unlink(missing_ok=True)
        configuration = str(self.folder / "supervisord.conf")
        with open(self.logs / "supervisord.out", "wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", configuration],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/",
                env=plain_environment(), start_new_session=True,
            )  # fmt: skip
        record = {"name": SUPERVISOR, "pid": self._process.pid, "mark": start_mark(self._process.pid),
                  "stop_signal": "TERM"}  # fmt: skip
        (self.records / f"{SUPERVISOR}.json").write_text(json.dumps(record))
        deadline = time.monotonic() + patience_s
        while not self.answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise NotUp(f"supervisord\n{(self.logs / 'supervisord.out').read_text()[-2000:]}")
            time.sleep(0.03)

    def start_program(self, name: str) -> None:
        """Start one program; the supervisor brings it back from then on."""
        self._call("startProcess", name, False)

    def stop_programs(self, names: list[str], patience_s: float = 25.0) -> None:
        """Stop several at once and wait; the supervisor kills who outlives its own patience."""
        self._wait_until_recorded(names)
        for name in names:
            with suppress(xmlrpc.client.Fault):  # not running
                self._call("stopProcess", name, False)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and any(self.pids().get(name) for name in names):
            time.sleep(0.05)

    def _wait_until_recorded(self, names: list[str], patience_s: float = 2.0) -> None:
        """A signal between the supervisor's fork and exec is swallowed by its own handlers: wait for the
        record.
        """
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            running = self.pids()
            known = {name: self.record(name).get("pid") for name in names}
            if all(known[name] == running[name] for name in names if name in running):
                return
            time.sleep(0.02)

    def record(self, name: str) -> dict[str, Any]:
        """What the launcher of a program wrote down last; empty before its first start."""
        return read_record(self.records / f"{name}.json")

    def restart_program(self, name: str) -> None:
        """Stop in order, then start again."""
        self.stop_programs([name])
        self.start_program(name)

    def pids(self) -> dict[str, int]:
        """The running programs; one that is being restarted is absent."""
        told = self._call("getAllProcessInfo")
        return {it["name"]: it["pid"] for it in told if it["pid"] and it["name"] != KEEPER}

    def answers(self) -> bool:
        """Whether the supervisor itself is up."""
        try:
            self._call("getState")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    @property
    def pid(self) -> int | None:
        """The supervisor's own pid."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def shut_down(self, patience_s: float = 30.0) -> None:
        """End the supervisor and everything it still runs; what it cannot end any more is ended by its
        record.
        """
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
            if self._process.poll() is None:
                kill_and_wait(self._process.pid, start_mark(self._process.pid) or "")
                self._process.wait()
        self._process = None
        end_orphans(self.records)
        socket_path = self.socket_path
        socket_path.unlink(missing_ok=True)
        if socket_path.parent != self.folder:
            socket_path.parent.rmdir()

    def log_tail(self, name: str, size: int = 2000) -> str:
        """The last characters that a program wrote."""
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace")[-size:] if path.exists() else ""

    def _call(self, method: str, *arguments: Any) -> Any:
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=_SocketTransport(str(self.socket_path)))
        with proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _write_specs(self) -> None:
        for name, program in self._programs.items():
            who = program.identity
            spec = {
                "name": name,
                "argv": list(program.argv),
                "environment": dict(program.environment),
                "directory": str(program.directory),
                "user": {"uid": who.uid, "gid": who.gid} if who else None,
                "stop_signal": program.stop_signal,
                "data_directory": str(program.data_directory) if program.data_directory else None,
                "record": str(self.records / f"{name}.json"),
            }
            write_private(self._spec(name), json.dumps(spec))

    def _spec(self, name: str) -> Path:
        return self.folder / "programs" / f"{name}.json"

    def _configuration(self) -> str:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
        lines = [
            "[unix_http_server]", f"file={_plain(self.socket_path)}", "chmod=0700",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisord]", "nodaemon=true", f"logfile={_plain(self.logs / 'supervisord.log')}",
            f"logfile_maxbytes={LOG_BYTES}", "logfile_backups=2",
            f"pidfile={_plain(self.folder / 'supervisord.pid')}",
            f"childlogdir={_plain(self.logs)}", f"minfds={files}",
        ]  # fmt: skip
        if os.geteuid() == 0:
            lines.append("user=root")
        owner = os.getpid()
        keeper = [sys.executable, "-I", "-S", str(HERE / "keeper.py"), str(owner), start_mark(owner) or ""]
        lines += _section(KEEPER, keeper, self.logs, autostart="true", stop_signal="KILL")
        for priority, (name, program) in enumerate(self._programs.items(), 100):
            argv = [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(self._spec(name))]
            lines += _section(name, argv, self.logs, autostart="false", stop_signal=program.stop_signal)
            lines += [
                f"priority={priority}",
                f"stopwaitsecs={program.stop_wait_s}",
                f"stopasgroup={str(program.signal_group).lower()}",
                "killasgroup=true",
            ]
        return "\n".join(lines) + "\n"


def _section(name: str, argv: list[str], logs: Path, *, autostart: str, stop_signal: str) -> list[str]:
    """What every program has: brought back always and at once (the launcher slows down a quick death)."""
    return [
        f"[program:{name}]",
        "command=" + " ".join(f'"{_plain(word)}"' for word in argv),
        f"autostart={autostart}",
        "autorestart=true",
        "startsecs=0",
        "startretries=1000000",
        f"stopsignal={stop_signal}",
        "redirect_stderr=true",
        f"stdout_logfile={_plain(_plain(logs / (name + '.log')))}",
        f"stdout_logfile_maxbytes={LOG_BYTES}",
        "stdout_logfile_backups=3",
    ]


def _plain(word: object) -> str:
    """A value as supervisor reads it back: a percent sign begins an expansion (twice in a program's log
    file).
    """
    return str(word).replace("%", "%%")
