"""kill -9 of who posts, who seals and who closes, and of the database, each exactly in the middle of it.

A lock that the test takes as the owner of the tables holds deliveries between the receipts of their facts and their
postings, or a close between its freezing and its seal; there the process dies. Afterwards every delivery is booked
once, to the fen, the chain is whole, the month closes at 0.00, the export passes the verifier that knows nothing but
its file, and the facts alone give the same books.
"""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from tortoise.exceptions import BaseORMException

from accounts.roles import Role
from kit.clock import CHINA, utc_now
from kit.database import rows, scalar
from ledger.chart import BOUGHT_AT_SCALE
from ledger.export import export_pieces
from ledger.queries import verify_chain
from poverty_alleviation.reconciliation import reconciliation
from scripts.local_stack.stack import LocalStack
from scripts.purchase_story.cast import Client
from server.database import ROOT
from tests.poverty_alleviation.conftest import County
from tests.poverty_alleviation.rebuilt import by_the_program
from tests.products.shelf import approved_merchant, listed_product
from tests.story.shop import Shop
from traceability.models import IntakeMode, SupplierKind

PROGRAMS = ("postgres", "redis", "api", "dispatcher", "worker", "beat", "wechat-sandbox")
EACH_TIME = 30
FEN_PER_KG = 1_150
SEALS = "SELECT pg_advisory_xact_lock(hashtextextended('ledger.sealer', 0))"
BOOKED = "SELECT count(*) FROM ledger_journal WHERE source_type = 'traceability.intake_paid'"
_WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND pid <> $2 LIMIT 1"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LocalStack]:
    """Everything that books, empty."""
    stack = LocalStack(tmp_path / "state", PROGRAMS, usual_ports=False)
    stack.start()
    yield stack
    stack.destroy()


@asynccontextmanager
async def held(house: LocalStack, statement: str) -> AsyncIterator[asyncpg.Connection]:
    """Locks of the owner of the tables, until the block ends or the database dies."""
    owner = await asyncpg.connect(house.environment["MIGRATE_DATABASE_URL"])
    try:
        await owner.execute("BEGIN")
        await owner.execute(statement)
        yield owner
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await owner.execute("ROLLBACK")
        owner.terminate()


async def waits(statement: str, other_than: int = 0) -> int:
    """The pid of a session that waits for what is held, in the middle of a statement with these words."""
    for _ in range(1_200):
        with suppress(OSError, BaseORMException):
            if pid := await scalar(_WAITING, f"%{statement}%", other_than):
                return int(pid)
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody came to {statement}")


async def dies(house: LocalStack, name: str) -> None:
    """kill -9."""
    old = await asyncio.to_thread(house.kill, name)
    await asyncio.to_thread(house.wait_until_up, name, after=old, patience_s=60.0)


@dataclass
class Scale(County):
    """A county that notes what it paid at the scale, in fen by supplier."""

    given: Counter[str] = field(default_factory=Counter)

    async def deliver(self, many: int) -> None:
        """Deliveries of the three suppliers in turn."""
        for serial in range(many):
            name, kilograms = list(self.suppliers)[serial % 3], 10 + serial % 7
            await self.take_in(name, kilograms * 1_000, IntakeMode.PAID_AT_SCALE, FEN_PER_KG)
            self.given[self.households.get(name, self.suppliers[name])] += kilograms * FEN_PER_KG


async def last_month() -> Scale:
    """A county in the middle of the month before this one, whose suppliers are paid at the scale."""
    month_ago = utc_now().astimezone(CHINA).replace(day=1) - timedelta(days=10)
    place = Scale(now=month_ago.astimezone(UTC))
    place.merchant = await approved_merchant()
    place.product, _ = await listed_product(place.merchant)
    for name in ("H1", "H2", "N1"):
        await place.enter_supplier(name)
    for name in ("H1", "H2"):
        await place.register(name)
    await place.enter_supplier("COOP", SupplierKind.COOPERATIVE)
    since = (place.now - timedelta(days=200)).date()
    place.contract = await place.conclude(place.chain(valid_from=since))
    return place


async def close_last_month(house: LocalStack, office: Client, operator: Client, period: str) -> None:
    """The API and then the database die between the freezing and the seal; asked again, it goes on where it was."""
    async with held(house, SEALS) as owner:
        asked = asyncio.create_task(office.put(f"/ledger/periods/{period}/closing"))
        closer = 0
        for victim in ("api", "postgres"):
            closer = await waits(SEALS[:30], other_than=closer)  # the session of an API that died may wait on
            standing = await owner.fetchrow("SELECT state, round FROM ledger_period WHERE period = $1", period)
            assert tuple(standing) == ("closing", 1)
            assert await owner.fetchval("SELECT count(*) FROM ledger_certificate") == 0
            await dies(house, victim)
    made = await asked
    for signer in (office, operator):
        made = await signer.put(f"/ledger/periods/{period}/signature", {"digest": made["digest"]})
    assert made["round"] == 1
    assert len(made["signatures"]) == 2


async def exported(folder: Path) -> str:
    """What the verifier says of the whole export."""
    raw = b"".join([piece async for piece in export_pieces(utc_now())])
    file = folder / "export.jsonl"
    file.write_bytes(raw)
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "verify_ledger"), str(file)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, env={}, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


async def comes_to(query: str, wanted: int) -> None:
    """Until a number of the database is what it should be."""
    found = None
    for _ in range(600):
        with suppress(OSError, BaseORMException):
            found = await scalar(query)
            if found == wanted:
                return
        await asyncio.sleep(0.1)
    raise AssertionError((query, found, wanted))


async def test_who_books_dies_in_the_middle_and_nothing_is_lost_or_booked_twice(
    house: LocalStack, tmp_path: Path
) -> None:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        shop = Shop(house, http)
        async with shop.inside():
            county = await last_month()
            period = county.now.astimezone(CHINA).strftime("%Y-%m")
            for victim in ("dispatcher", "postgres"):
                async with held(house, "LOCK TABLE ledger_posting IN SHARE MODE"):
                    await county.deliver(EACH_TIME)
                    await waits(
                        "INSERT INTO ledger_journal"
                    )  # the one statement of both; PostgreSQL keeps its first 1,024 bytes
                    await dies(house, victim)
                await comes_to(BOOKED, county.intakes_made)
            for victim in ("worker", "postgres"):
                house.kill("beat", signal.SIGSTOP)
                await county.deliver(EACH_TIME)
                await comes_to(BOOKED, county.intakes_made)
                async with held(house, "LOCK TABLE ledger_journal IN SHARE MODE"):
                    house.kill("beat", signal.SIGCONT)
                    await waits("UPDATE ledger_journal")
                    await dies(house, victim)
            await comes_to("SELECT count(*) FROM ledger_journal WHERE hash IS NULL", 0)
            await comes_to("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL", 0)
            office = await shop.staff("office", Role.POVERTY_OFFICER)
            operator = await shop.staff("operator", Role.COUNTY_OFFICER)
            await close_last_month(house, office, operator, period)
            assert (await reconciliation()).is_exact
            owed = await rows(
                "SELECT a.owner, -sum(p.amount_fen)::bigint AS fen FROM ledger_posting p"
                " JOIN ledger_account a ON a.id = p.account_id WHERE a.state = 'paid' GROUP BY a.owner"
            )
            assert {each["owner"]: each["fen"] for each in owed} == county.given
            bought = (
                "SELECT sum(p.amount_fen)::bigint FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
            )
            assert await scalar(f"{bought} WHERE a.code = $1", BOUGHT_AT_SCALE) == county.given.total()
            (chain,) = await verify_chain()
            assert (chain.sealed, chain.unsealed, chain.broken_at) == (county.intakes_made, 0, None)
            assert f"{county.intakes_made} journals in 1 months" in await exported(tmp_path)
            code, said = await by_the_program(house.environment)
            assert (code, "逐字节相同" in said) == (0, True), said
