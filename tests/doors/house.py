"""The API as a process of its own on a fresh database, with one person for every role."""

import asyncio
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from tortoise.context import TortoiseContext

from accounts.models import ConsumerAccount, RoleGrant, StaffAccount
from accounts.roles import SCOPE_OF_ROLE, Role
from accounts.service import Sessions, phone_place
from api_kit.doors import Endpoint
from kit.clock import utc_now
from kit.numbers import public_number
from server.adapters import key_ring
from server.app import DOORS, load_doors
from server.database import ROOT, tortoise_config
from server.settings import DatabaseSettings, load_settings
from tests.orders.mall import environment
from tests.payments import channel
from tests.products.shelf import TOWNSHIP, approved_merchant, listed_product
from tests.servers import free_port
from tests.superuser import open_as_superuser

# What a request may write without having an effect: that a session is in use, that a log-in failed.
NO_EFFECT = ("account_session", "login_failure", "access_log")

ROLES = ("consumer", "merchant_clerk", "foreign_clerk", "host", "station_keeper", "county_officer",
         "poverty_officer", "auditor", "administrator")  # fmt: skip

# Of the same role as somebody above and of another scope; the matrix of roles needs no second one.
STRANGERS = {"foreign_host": Role.HOST, "foreign_keeper": Role.STATION_KEEPER}


@dataclass
class House:
    """A running API; ``tokens`` holds a fresh session of every role, made by :meth:`session`."""

    base: str
    database_url: str
    log: Path
    process: subprocess.Popen[bytes]
    merchant: str = ""
    foreign_merchant: str = ""
    product: str = ""
    sku: str = ""
    foreign_sku: str = ""
    callback_secret: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    async def session(self, role: str) -> str:
        """A new token of a role; to be called with a database connected."""
        sessions = Sessions()
        if role.startswith("consumer"):
            return (await sessions.open_for_consumer(self.owners[role])).token
        return (await sessions.open_for_grant(self.owners[role])).token

    async def renew(self, role: str) -> None:
        """Give a role a fresh session: one of staff ends when it is idle for hours, or with the grant it was of."""
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=self.database_url)))
            if not role.startswith("consumer"):
                self.owners[role] = (await RoleGrant.get(staff__login=role, revoked_at=None)).id
            self.tokens[role] = await self.session(role)
            await context.close_connections()

    async def bind_phone(self, name: str, phone: str = "+8619900000001") -> None:
        """Bind a consumer's phone by decree, sealed as the product seals it; a database is connected."""
        cipher = key_ring(load_settings(self.environment))
        account = await ConsumerAccount.get(id=self.owners[name])
        await ConsumerAccount.filter(id=account.id).update(
            phone_cipher=cipher.encrypt(phone, phone_place(account.number)),
            phone_index=cipher.blind_index("consumer_account.phone", phone),
            phone_bound_at=utc_now(),
        )

    async def seed(self) -> None:
        """Two merchants with a product each, two consumers, one member of staff for every role."""
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=self.database_url)))
            self.merchant = await approved_merchant()
            self.foreign_merchant = await approved_merchant(2, "另一家合作社")
            self.product, (self.sku,) = await listed_product(self.merchant, stock=500)
            _, (self.foreign_sku,) = await listed_product(self.foreign_merchant, stock=500)
            for name in ("consumer", "consumer_two"):
                account = await ConsumerAccount.create(
                    number=public_number(utc_now(), "C"), appid=channel.APPID, openid=f"openid-{name}",
                    created_at=utc_now(), last_login_at=utc_now(),
                )  # fmt: skip
                self.owners[name] = account.id
                self.tokens[name] = await self.session(name)
            for name in (*ROLES[1:], *STRANGERS):
                self.owners[name] = await self._staff(name)
                self.tokens[name] = await self.session(name)
            await context.close_connections()

    async def _staff(self, name: str) -> int:
        role = {"foreign_clerk": Role.MERCHANT_CLERK, **STRANGERS}.get(name) or Role(name)
        scope = {
            "merchant_clerk": self.merchant,
            "foreign_clerk": self.foreign_merchant,
            "station_keeper": TOWNSHIP,
            "foreign_keeper": "533124201",
        }.get(name, "")
        now = utc_now()
        account = await StaffAccount.create(
            number=public_number(now, "U"), login=name, name="示例职员", password_hash="!",
            password_set_at=now, created_at=now, created_by="staff:test",
        )  # fmt: skip
        grant = await RoleGrant.create(
            staff_id=account.id, role=role, scope_kind=SCOPE_OF_ROLE[role], scope=scope, granted_at=now,
            granted_by="staff:test",
        )  # fmt: skip
        return int(grant.id)

    def headers(self, role: str, **more: str) -> dict[str, str]:
        """The headers of a role's request; an anonymous one has none."""
        bearer = {"authorization": f"Bearer {self.tokens[role]}"} if role != "anonymous" else {}
        return {**bearer, **{name.replace("_", "-"): value for name, value in more.items()}}

    async def fingerprint(self, but: Sequence[str] = NO_EFFECT) -> dict[str, str]:
        """A hash of every row of every table, to show that nothing has changed."""
        connection = await open_as_superuser(self.database_url)
        try:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'household')"
                " AND NOT tablename = ANY($1)",
                list(but),
            )
            union = " UNION ALL ".join(
                f"SELECT '{t['tablename']}' AS name,"
                " md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                f' AS hash FROM "{t["tablename"]}" t'
                for t in tables
            )
            return {found["name"]: found["hash"] for found in await connection.fetch(union)}
        finally:
            await connection.close()

    def files(self) -> list[Path]:
        """Every file of a picture that the API has stored."""
        return sorted(path for path in (self.log.parent / "pictures").rglob("*") if path.is_file())

    async def noted(self, subject: str) -> int:
        """How often the access log says that somebody has read the subject."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM access_log WHERE subject = $1", subject))
        finally:
            await connection.close()

    def outages(self) -> list[str]:
        """What the API has said of its 503s: what was away, or too slow."""
        return [line for line in self.log.read_text().splitlines() if '"unavailable"' in line]

    def stop(self) -> str:
        """End the process that this object started; answers everything it has ever written."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.log.read_text()


def start_house(directory: Path, database_url: str, module: str = "server.app", **more: str) -> House:
    """Start the API (or what ``module`` makes of it), wait until it is ready, and let the people in."""
    port = free_port()
    settings = environment(
        directory, database_url, API_HOST="127.0.0.1", API_PORT=str(port), LOG_LEVEL="DEBUG",
        PUBLIC_BASE_URL=f"http://127.0.0.1:{port}", DATABASE_POOL_MAX="10", **more,
    )  # fmt: skip
    log = directory / "api.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    house = House(f"http://127.0.0.1:{port}", database_url, log, process)
    house.environment = settings
    house.callback_secret = settings["MEDIA_CALLBACK_SECRET"]
    until = time.monotonic() + 120  # on a busy machine
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{house.base}/health/ready", trust_env=False, timeout=2).status_code == 200:
                asyncio.run(house.seed())
                return house
        except httpx.HTTPError:
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("the API did not start:\n" + log.read_text()[-3000:])


def endpoints(*, websocket: bool = False) -> list[Endpoint]:
    """Every endpoint of every door."""
    load_doors()
    return [e for door in DOORS for e in door.endpoints if e.websocket is websocket]


def idempotency_key() -> str:
    """A key nobody has used."""
    return secrets.token_hex(16)


def order_body(sku: str, quantity: object = 1, **more: object) -> dict[str, object]:
    """A well-formed order of goods at 39.90 a piece but for what is asked for."""
    pieces = quantity if type(quantity) is int and 0 < quantity < 1000 else 1
    return {
        "lines": [{"sku": sku, "quantity": quantity}],
        "amount_fen": 3990 * pieces,
        "delivery": {
            "recipient": "示例收货人",
            "phone": "19900000001",
            "region": "533124",
            "address": "章凤镇示例路 1 号",
        },
        **more,
    }
