"""The running live centre: media server, two API processes, relay and supervisor, and people who use it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from tortoise.context import TortoiseContext
from websockets.asyncio.client import connect

from accounts.models import ConsumerAccount
from accounts.passwords import Passwords
from accounts.roles import Role
from accounts.service import Sessions as AccountSessions
from accounts.staff import GrantedRole, StaffAccounts, StaffLogin
from kit.clock import utc_now
from kit.numbers import opaque_id
from live.roster.service import Roster
from scripts.local_stack.probes import answers_http
from scripts.local_stack.product import ROOT
from scripts.local_stack.programs import plain_environment
from scripts.local_stack.stack import LocalStack
from server.adapters import key_ring
from server.database import tortoise_config
from server.settings import DatabaseSettings, load_settings
from tests.live.hosts import admitted_host
from tests.live.pictures import FFMPEG, make_flv
from tests.live.waiting import until
from tests.products.shelf import approved_merchant, listed_product
from tests.servers import free_port, owner_url

PROCESSES = ("redis", "nginx", "api", "flv-relay", "live-supervisor")
CONSOLE, MINIAPP = "/v1/console/live/sessions", "/v1/miniapp/live/sessions"


class Patient(httpx.AsyncHTTPTransport):
    """Comes again when it is told to: on a busy machine a statement may take longer than it may, and is undone."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(3):
            answer = await super().handle_async_request(request)
            if answer.status_code != 503 or "retry-after" not in answer.headers:
                return answer
            await answer.aclose()
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return await super().handle_async_request(request)


class Centre:
    """The running system, one host, one viewer and one product on sale."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self.second_port = free_port()
        given = {"DATABASE_URL": database_url, "MIGRATE_DATABASE_URL": owner_url(database_url), **settings}
        self.stack = LocalStack(folder / "state", PROCESSES, given=given, usual_ports=False)
        self.source = make_flv(folder / "source.flv", 6)
        self.pushers: list[subprocess.Popen[bytes]] = []
        self.clients: list[httpx.AsyncClient] = []
        self.second: subprocess.Popen[bytes] | None = None

    async def open(self) -> None:
        """Start everything, then a second API process beside the first."""
        for step in (self.stack.prepare, self.stack.start_first, self.stack.start_rest):  # the database is migrated
            await asyncio.to_thread(step)
        self.start_second()
        async with self.database():
            self.merchant = await approved_merchant()
            _, [self.sku] = await listed_product(self.merchant, stock=40)
            made = StaffAccounts(Passwords())
            roles = {"host-one": Role.HOST, "host-two": Role.HOST, "officer": Role.COUNTY_OFFICER}
            people = [
                await made.create(login, "示例人员", "correct horse battery", (GrantedRole(role),), "staff:test")
                for login, role in roles.items()
            ]
            await admitted_host(Roster(key_ring(load_settings(self.stack.environment))), people[0].number, 1)
            staff = StaffLogin(Passwords(), AccountSessions())
            opened = [await staff.log_in(name, "correct horse battery", "127.0.0.1") for name in roles]
            now = utc_now()
            consumer = await ConsumerAccount.create(
                number="C20260101TESTVIEW1", appid="wx0", openid="o-test", created_at=now, last_login_at=now
            )
            viewer = await AccountSessions().open_for_consumer(consumer.id)
        self.host, self.other_host, self.officer = (self.client(o.opened.token) for o in opened)
        self.viewer, self.anonymous = self.client(viewer.token), self.client(None)
        await until(lambda: asyncio.to_thread(answers_http, self.second_port, "/health/ready"), 20)

    def start_second(self) -> None:
        """Another API process on the same database and the same Redis."""
        self.second = self.start("server.app", API_PORT=str(self.second_port))

    def start(self, module: str, **given: str) -> subprocess.Popen[bytes]:
        """One more process of the system."""
        return subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env={**plain_environment(), **self.stack.environment, **given},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def client(self, token: str | None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        base = self.stack.environment["PUBLIC_BASE_URL"]
        self.clients.append(httpx.AsyncClient(transport=Patient(), base_url=base, headers=headers, trust_env=False))
        return self.clients[-1]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[None]:
        async with TortoiseContext() as context:
            url = self.stack.environment["DATABASE_URL"]
            await context.init(config=tortoise_config(DatabaseSettings(url=url, pool_max=2)))
            yield
            await context.close_connections()

    def push(self, url: str, source: Path | None = None, *options: str) -> subprocess.Popen[bytes]:
        """Start a publisher; ``options`` are those of its output."""
        pusher = subprocess.Popen(
            [FFMPEG, "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(source or self.source),
             "-c", "copy", *options, "-f", "flv", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.pushers.append(pusher)
        return pusher

    async def refused(self, url: str) -> bool:
        """Whether a publisher is turned away."""
        return await asyncio.to_thread(self.push(url).wait, 15) != 0

    async def answers(self, url: str) -> bool:
        """Whether there is something at an address."""
        return (await self.anonymous.get(url)).status_code == 200

    async def room(self, number: str) -> dict[str, Any]:
        answer = await self.anonymous.get(f"{MINIAPP}/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, number: str, state: str, seconds: float = 60) -> dict[str, Any]:
        async def is_there() -> bool:
            return bool((await self.room(number))["state"] == state)

        await until(is_there, seconds)
        return await self.room(number)

    async def scheduled(self) -> str:
        plan = {"title": "红糖专场", "merchant": self.merchant, "planned_at": utc_now().isoformat()}
        answer = await self.host.post(CONSOLE, json=plan, headers={"idempotency-key": opaque_id()})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    async def address(self, number: str) -> dict[str, Any]:
        """A push address, through the gate."""
        if (await self.room(number))["state"] == "scheduled":
            keyed = {"idempotency-key": opaque_id()}
            await self.host.post(f"{CONSOLE}/{number}/identity-declarations", headers=keyed)
            assert (await self.host.put(f"{CONSOLE}/{number}/readiness")).json()["state"] == "ready"
        answer = await self.host.post(f"{CONSOLE}/{number}/push-address")
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def end(self, number: str) -> None:
        """The host ends it; who is answered late and comes again may find its replay there already."""
        answer = await self.host.post(f"{CONSOLE}/{number}/ending")
        assert answer.json()["state"] in ("ended", "replay_ready"), answer.text

    def feed(self, number: str, port: int, query: str = "", **options: Any) -> Any:
        return connect(f"ws://127.0.0.1:{port}{MINIAPP}/{number}/feed{query}", proxy=None, **options)

    def outages(self) -> list[str]:
        """What the processes have said of what was away or too slow: why a request was answered 503."""
        logs = sorted((self.stack.state / "logs").glob("*"))
        return [line for log in logs for line in log.read_text(errors="replace").splitlines() if "unavailable" in line]

    def stop_pushing(self) -> None:
        """No publisher of a test goes on after it."""
        for pusher in self.pushers:
            pusher.kill()
            pusher.wait()
        self.pushers.clear()

    async def close(self) -> None:
        self.stop_pushing()
        for client in self.clients:
            await client.aclose()
        if self.second is not None:
            self.second.terminate()
            self.second.wait(20)
        await asyncio.to_thread(self.stack.destroy)


def taps_of(centre: Centre, stream: str) -> list[int]:
    """The supervisor's processes that look at the pictures of a stream."""
    source = f"{centre.stack.environment['RTMP_INTERNAL_URL']}/{stream}"
    return [
        p.pid for p in psutil.process_iter(["cmdline"]) if {source, "pipe:1", "-vf"} <= set(p.info["cmdline"] or [])
    ]
