"""The whole stack as one object, for ``scripts/run`` and for tests on throw-away directories."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.local_stack import binaries
from scripts.local_stack.credentials import keep_credentials, keep_key_pairs, write_private
from scripts.local_stack.debian_nginx import find_media_server
from scripts.local_stack.identity import data_home, unprivileged
from scripts.local_stack.nginx import Nginx
from scripts.local_stack.ports import USUAL, choose_ports
from scripts.local_stack.postgres import Postgres
from scripts.local_stack.product import (
    EVERYTHING,
    PRODUCT,
    ROOT,
    STANDS_ELSEWHERE,
    product_environment,
    product_programs,
)
from scripts.local_stack.programs import Program, plain_environment
from scripts.local_stack.redis import Redis
from scripts.local_stack.supervisor import NotUp, Supervisor

UP_WITHIN_S = 60.0


class AlreadyRunning(Exception):
    """Another start holds this state directory."""


class StepFailed(Exception):
    """A command between the starts (migration, seed) failed; the message ends with its output."""


def _is_up(program: Program, record: Mapping[str, Any]) -> bool:
    """By its own answer, or by having lived for a while; longer when it has just died early."""
    if program.ready is not None:
        return program.ready()
    patience_s = program.settle_s * (2 if record["quick_deaths"] else 1)
    return time.time() - float(record["started_at"]) >= patience_s


def _quiet(line: str) -> None:
    """Say nothing."""


class LocalStack:
    """Everything of one state directory.

    ``programs``: names out of ``EVERYTHING`` and, for tests, ready :class:`Program` objects. ``given``:
    settings by environment name that the caller brings; a part that they point elsewhere is not started.
    ``usual_ports=False`` keeps away from the usual ports. ``say`` gets one line per step.

        stack = LocalStack(tmp_path / "state", programs=("postgres", "redis"), usual_ports=False)
        stack.start()
        stack.environment["DATABASE_URL"]
        old = stack.kill("postgres", signal.SIGKILL)
        stack.wait_until_up("postgres", after=old)
        stack.destroy()
    """

    def __init__(
        self,
        state: Path,
        programs: Iterable[str | Program] = EVERYTHING,
        *,
        given: Mapping[str, str] | None = None,
        usual_ports: bool = True,
        say: Callable[[str], None] = _quiet,
    ) -> None:
        self.state = Path(os.path.abspath(state))
        self.given = dict(given or {})
        self._usual_ports, self._say = usual_ports, say
        wanted = list(programs)
        self._extra = [it for it in wanted if isinstance(it, Program)]
        elsewhere = {name for name, names in STANDS_ELSEWHERE.items() if any(n in self.given for n in names)}
        self._names = [it for it in wanted if isinstance(it, str) and it not in elsewhere]
        unknown = set(self._names) - set(EVERYTHING)
        if unknown:
            raise ValueError(f"no such programs: {sorted(unknown)}")
        self.identity = unprivileged()
        self.environment: dict[str, str] = {}
        self.ports: dict[str, int] = {}
        self.made_database = False
        self._programs: list[Program] = []
        self._lock: int | None = None
        self.missing: str | None = None

    @property
    def demo_file(self) -> Path:
        """The demo accounts, as ``scripts.demo_county`` printed them."""
        return self.state / "demo.json"

    def start(self, *, seed: bool = False) -> None:
        """Prepare, start the stores, migrate (and seed when new), start the rest, wait until all of it is
        ready.
        """
        self.prepare()
        self.start_first()
        if any(name in PRODUCT for name in self._names):
            self.migrate()
            if seed:
                self.seed()
        self.start_rest()

    def prepare(self) -> None:
        """Take the state directory, choose ports, make what is missing: secrets, keys, database,
        configurations.
        """
        self.state.mkdir(mode=0o711 if self.identity else 0o700, parents=True, exist_ok=True)
        self._take_lock()
        self.home = data_home(self.state, self.identity)
        self.supervisor = Supervisor(self.state / "run", self.state / "logs")
        self._end_leftovers()
        self.secrets = keep_credentials(self.state)
        self.keys = keep_key_pairs(self.state)
        fixed = {n: int(self.given[e]) for n, e in (("api", "API_PORT"), ("flv", "FLV_PORT")) if e in self.given}
        self.ports = choose_ports(
            list(USUAL), self.state / "ports.json", fixed=fixed, usual=self._usual_ports, say=self._say
        )
        servers, stores = self._prepare_servers()
        self.environment = product_environment(self.state, self.ports, self.secrets, self.keys, stores, self.given)
        product = product_programs(self.environment, self.state, self.keys, self.ports["sandbox"])
        self._programs = [*servers, *(it for it in product if it.name in self._names), *self._extra]
        write_private(self.state / "environment.json", json.dumps(self.environment, indent=1))
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self.environment.items()]
        write_private(self.state / "environment.sh", "".join(lines))

    def start_first(self) -> None:
        """Start the supervisor, the database and Redis, and wait for both; meanwhile what needs neither
        starts.
        """
        self.supervisor.start(self._programs)
        for program in self._programs:
            if program.first or program.early:
                self.supervisor.start_program(program.name)
        self._wait(self._first())

    def migrate(self) -> None:
        """Bring the database to the newest schema."""
        self._say("数据库结构 / migrating")
        self.run_module("server.database", "migrate")

    def seed(self) -> None:
        """Make the demo county when there is none; its accounts are kept in ``demo.json``."""
        if self.made_database:
            self.demo_file.unlink(missing_ok=True)
        if not self.demo_file.exists():
            self._say("演示县数据 / seeding the demo county")
            write_private(self.demo_file, self.run_module("scripts.demo_county"))

    def start_rest(self) -> None:
        """Start everything else, and wait until all of it is up."""
        for program in self._programs:
            if not (program.first or program.early):
                self.supervisor.start_program(program.name)
        self._wait([program.name for program in self._programs if not program.first])

    def run_module(self, module: str, *words: str) -> str:
        """Run ``python -m module`` in the product's environment; answers its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words], cwd=ROOT, text=True, capture_output=True,
            env={**plain_environment(), **self.environment}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            raise StepFailed(f"{module} {' '.join(words)}\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def pids(self) -> dict[str, int]:
        """The running programs."""
        return self.supervisor.pids()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the main process of a program; answers the pid that got it."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def wait_until_up(self, name: str, *, after: int | None = None, patience_s: float = UP_WITHIN_S) -> int:
        """Wait until a program is ready, and is another process than ``after``; answers its pid.

        Raises :class:`NotUp` with the tail of its log.
        """
        program = next(it for it in self._programs if it.name == name)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            pid = self.pids().get(name)
            # Once recorded, nothing that a killed predecessor left can answer in its place any more.
            record = self.supervisor.record(name)
            if pid and pid != after and record.get("pid") == pid and _is_up(program, record):
                return pid
            time.sleep(0.05)
        raise NotUp(f"{name} 未能就绪 / is not up after {patience_s:.0f} s\n{self.supervisor.log_tail(name)}")

    def stop(self) -> None:
        """Stop everything in order: the product, then the stores, then the supervisor. Data stays."""
        if self._lock is None:
            return
        with suppress(OSError):  # the supervisor itself may be gone
            self.supervisor.stop_programs([it.name for it in self._programs if not it.first])
            self.supervisor.stop_programs(self._first())
        self.supervisor.shut_down()
        os.close(self._lock)
        self._lock = None

    def destroy(self) -> None:
        """Stop, and remove every file. For throw-away stacks."""
        self.stop()
        if self.state.exists():
            shutil.rmtree(data_home(self.state, self.identity), ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)

    def _first(self) -> list[str]:
        return [program.name for program in self._programs if program.first]

    def _wait(self, names: list[str]) -> None:
        for name in names:
            began = time.monotonic()
            self.wait_until_up(name)
            self._say(f"{name} 就绪 / up ({time.monotonic() - began:.1f} s)")

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        held = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise AlreadyRunning(f"{self.state} 已在运行 / is running already") from None
        self._lock = held

    def _end_leftovers(self) -> None:
        ended = self.supervisor.end_leftovers()
        if ended:
            self._say(f"结束上次遗留的进程 / ended what an earlier start left: {', '.join(ended)}")

    def _prepare_servers(self) -> tuple[list[Program], dict[str, str]]:
        """The local servers that are wanted, made ready, and the settings that they bring."""
        programs: list[Program] = []
        stores = {"FFMPEG_PATH": str(binaries.ffmpeg(self.given)), "MEDIA_DIR": str(self.home / "media")}
        if "postgres" in self._names:
            folder = binaries.postgres_folder(self.home, self.identity)
            postgres = Postgres(
                folder, self.home / "postgres", self.ports["postgres"], self.secrets["POSTGRES_PASSWORD"],
                self.secrets["POSTGRES_MIGRATE_PASSWORD"], self.secrets["POSTGRES_OWNER_PASSWORD"], self.identity,
            )  # fmt: skip
            self.made_database = postgres.prepare()
            programs.append(postgres.program())
            stores["DATABASE_URL"], stores["MIGRATE_DATABASE_URL"] = postgres.url, postgres.migrate_url
        if "redis" in self._names:
            redis = Redis(
                binaries.redis_server(),
                self.state / "redis",
                self.ports["redis"],
                self.secrets["REDIS_PASSWORD"],
            )
            redis.prepare()
            programs.append(redis.program())
            stores["REDIS_URL"] = redis.url
        if "nginx" in self._names:
            programs += self._prepare_nginx(Path(self.given.get("MEDIA_DIR", stores["MEDIA_DIR"])))
        return programs, stores

    def _prepare_nginx(self, media: Path) -> list[Program]:
        try:
            server = find_media_server(self.home / "nginx-debian", self._say)
        except binaries.Missing as missing:
            self.missing = str(missing)
            self._say(self.missing)
            return []
        nginx = Nginx(
            server,
            self.home / "nginx",
            media,
            rtmp_port=self.ports["rtmp"],
            hls_port=self.ports["hls"],
            control_port=self.ports["media_control"],
            api_host="127.0.0.1",
            api_port=self.ports["api"],
            callback_secret=self.given.get("MEDIA_CALLBACK_SECRET", self.secrets["MEDIA_CALLBACK_SECRET"]),
            identity=self.identity,
        )
        nginx.prepare()
        return [nginx.program()]
