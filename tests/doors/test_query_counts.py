"""Every route has a ceiling of SQL statements, and no list asks more of them because it has more rows.

The ceilings stand in ``docs/query-counts.md``, measured here with real belongings and rightful callers; they are
written anew by ``scripts/python -m pytest tests/doors/test_query_counts.py --write``. A route that is missing there
fails the test, as does one that sends more. Fails when ``reviews.queries`` asks for the pictures of each review: tried.
"""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import pytest
from tortoise.context import TortoiseContext

from api_kit.doors import Endpoint
from kit.database import execute
from server.database import ROOT, tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.doors.belongings import Owner, give_belongings
from tests.doors.counting_server import HEADER
from tests.doors.good_requests import GoodRequest, good_requests
from tests.doors.house import House, endpoints, idempotency_key, start_house
from tests.doors.test_roles import a_role_for
from tests.logistics.kuaidi100_stand_in import CUSTOMER, KEY, SALT, SECRET, Kuaidi100StandIn
from tests.payments.sandbox import APP_SECRET, PUSH_AES_KEY, PUSH_TOKEN, start_sandbox

PAYEES = ("1900000001", "1900000002")
"""Of the house's merchants."""
TRIES = 5
FILE = ROOT / "docs" / "query-counts.md"
# They compare all the money that there is, so they come before the others have made more of it.
FIRST = ("import_payment_bill", "import_fund_bill")
# They end what the others need, sessions above all, so they come last.
LAST = ("log_out", "suspend_merchant")
HEAD = """# SQL statements of every route

Generated and held by `tests/doors/test_query_counts.py`: asked by a rightful caller about things that exist, with
authentication (one statement), `BEGIN` and `COMMIT`. Each request succeeds: what one of them needs stands in
`tests/<room>/good_requests.py`. More statements than the table says fail the test;
`scripts/python -m pytest tests/doors/test_query_counts.py --write` brings it up to date.

| route | statements |
| --- | ---: |
"""
ROW = re.compile(r"^\| (\S+ \S+) \| (\d+) \|$", re.MULTILINE)


class Counted(NamedTuple):
    """What one request came to: its statements, and the refusal when there was one."""

    statements: int
    refused: str


@pytest.fixture(scope="module")
def counted(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Counted], dict[str, Counted]]]:
    """The counts of every route with one thing of every kind, and of every read with three."""
    name = asyncio.run(databases.create())
    sandbox = start_sandbox(tmp_path_factory.mktemp("wechat"), SANDBOX_SUB_MCHIDS=",".join(PAYEES))
    sandbox.control("POST", "/people", openid="openid-consumer")
    kuaidi100 = Kuaidi100StandIn()
    kuaidi100.start()
    house = start_house(
        tmp_path_factory.mktemp("counting"), databases.url(name), "tests.doors.counting_server",
        WECHAT_API_BASE=sandbox.base, WECHAT_PAY_BASES=sandbox.base, WECHAT_APPSECRET=APP_SECRET,
        WECHAT_PUSH_TOKEN=PUSH_TOKEN, WECHAT_PUSH_AES_KEY=PUSH_AES_KEY,
        WECHAT_PAY_SHARE_RECEIVER_NAME="示例县平台公司", WECHAT_PAY_TRANSFER_SCENE="1009",
        CARRIER_SERVICE="kuaidi100", CARRIER_CUSTOMER=CUSTOMER, CARRIER_KEY=KEY, CARRIER_SECRET=SECRET,
        CARRIER_SALT=SALT, CARRIER_POLL_BASE=kuaidi100.base, CARRIER_API_BASE=kuaidi100.base,
        MEDIA_SECOND_RUNG="true",
    )  # fmt: skip
    yield asyncio.run(count(house))
    house.stop()
    sandbox.stop()
    kuaidi100.stop()
    asyncio.run(databases.drop(name))


async def count(house: House) -> tuple[dict[str, Counted], dict[str, Counted]]:
    every = sorted(endpoints(), key=turn_of)
    reads = [e for e in every if e.method == "GET"]
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
        owner = Owner(house, http, await give_belongings(house))
        async with connected(house):
            one = await ask_all(owner, reads)
        for turn in (2, 3):
            await give_belongings(house, turn)
        async with connected(house):
            several = await ask_all(owner, reads)
            acts = [e for e in every if e.method != "GET"]
            return one | await ask_all(owner, acts), several


@asynccontextmanager
async def connected(house: House) -> AsyncIterator[None]:
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        yield
        await context.close_connections()


def turn_of(endpoint: Endpoint) -> tuple[int, bool, str, int]:
    """As the doors are written: whoever was imported first in this process must not matter.

    Good requests come first: the others take off the shelf and close what these are about.
    """
    last = next((n for n, name in enumerate(LAST, 1) if endpoint.name.endswith(name)), -endpoint.name.endswith(FIRST))
    written = inspect.unwrap(endpoint.handler)
    return last, endpoint.name not in good_requests(), written.__module__, written.__code__.co_firstlineno


async def ask_all(owner: Owner, asked: Sequence[Endpoint]) -> dict[str, Counted]:
    found = {}
    for endpoint in asked:
        await execute("UPDATE account_session SET last_seen_at = now()")  # else it is noted once in five minutes
        reply = await ask_until_it_is_served(owner, endpoint)
        assert reply.status_code < 500, (endpoint.name, reply.text, owner.house.outages())
        refused = reply.text if reply.status_code >= 400 else ""
        found[f"{endpoint.method} {endpoint.path}"] = Counted(int(reply.headers[HEADER]), refused)
    return found


async def ask_until_it_is_served(owner: Owner, endpoint: Endpoint) -> httpx.Response:
    """A 503 counts nothing: on a busy machine a vendor's twin may be late, and then a client comes again. Each time
    about something new, because the first time may have taken effect.
    """
    making = good_requests().get(endpoint.name)
    for _ in range(TRIES):
        reply = await ask(owner, endpoint, await making(owner) if making else GoodRequest())
        if reply.status_code != 503:
            break
        await asyncio.sleep(2)
    return reply


async def ask(owner: Owner, endpoint: Endpoint, good: GoodRequest) -> httpx.Response:
    """The request, as far as it is said; what is not is the smallest one about the belongings."""
    belongings, house = owner.found, owner.house
    names = dict.fromkeys(endpoint.path_arguments, "1") | belongings.names_in(endpoint) | dict(good.names)
    path = belongings.path_with(endpoint, names)
    if good.query:
        path = f"{path.partition('?')[0]}?{urlencode(good.query)}"
    body = None
    if endpoint.method != "GET":
        body = good.content() if good.body is not None else belongings.body_of(endpoint)
    headers = {"idempotency-key": idempotency_key(), "content-type": "application/json", **good.headers}
    if good.token:
        headers["authorization"] = f"Bearer {good.token}"
    else:
        headers |= house.headers(good.role or a_role_for(endpoint))
    return await owner.http.request(endpoint.method, path, content=body, headers=headers)


def test_no_route_sends_more_statements_than_its_ceiling(
    counted: tuple[dict[str, Counted], dict[str, Counted]], request: pytest.FixtureRequest
) -> None:
    now, _ = counted
    if request.config.getoption("--write"):
        assert not any(found.refused for found in now.values()), "a refusal is no count to write down"
        FILE.write_text(HEAD + "".join(f"| {route} | {found.statements} |\n" for route, found in sorted(now.items())))
    said = {route: int(most) for route, most in ROW.findall(FILE.read_text())}
    assert set(said) == set(now), "the table is behind the doors: run this test with --write"
    more = {route: (found.statements, said[route]) for route, found in now.items() if found.statements > said[route]}
    assert more == {}, "more statements than before: is there a loop that asks?"


def test_every_route_is_counted_while_it_succeeds(counted: tuple[dict[str, Counted], dict[str, Counted]]) -> None:
    """The ceiling of a refusal says nothing about the work of the route."""
    refused = {route: found.refused for found_in in counted for route, found in found_in.items() if found.refused}
    assert refused == {}, "say in tests/<room>/good_requests.py what succeeds"


def test_no_read_asks_more_because_there_are_more_rows(
    counted: tuple[dict[str, Counted], dict[str, Counted]],
) -> None:
    one, several = counted
    assert {r: (one[r], found) for r, found in several.items() if found.statements > one[r].statements} == {}
