"""Every route has a ceiling of SQL statements, and no list asks more of them because it has more rows.

The ceilings stand in ``docs/query-counts.md``, measured here with real belongings and rightful callers; they are
written anew by ``scripts/python -m pytest tests/doors/test_query_counts.py --write``. A route that is missing there
fails the test, as does one that sends more. Fails when ``reviews.queries`` asks for the pictures of each review: tried.
"""

import asyncio
import inspect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import httpx
import pytest

from api_kit.doors import Endpoint
from server.database import ROOT
from tests.conftest import Databases
from tests.doors.belongings import Belongings, give_belongings
from tests.doors.counting_server import HEADER
from tests.doors.house import House, endpoints, idempotency_key, start_house
from tests.doors.test_roles import a_role_for
from tests.payments.sandbox import APP_SECRET, start_sandbox

FILE = ROOT / "docs" / "query-counts.md"
# They end what the others need, sessions above all, so they come last.
LAST = ("limit_clerk", "remove_clerk", "change_password", "close_account", "log_out", "suspend_merchant")
HEAD = """# SQL statements of every route

Generated and held by `tests/doors/test_query_counts.py`: asked by a rightful caller about things that exist, with
authentication (one statement), `BEGIN` and `COMMIT`. A route that is refused here because of the state of the thing or
of its smallest body has its status beside it. More statements than the table says fail the test;
`scripts/python -m pytest tests/doors/test_query_counts.py --write` brings it up to date.

| route | statements | refused with |
| --- | ---: | --- |
"""
ROW = re.compile(r"^\| (\S+ \S+) \| (\d+) \| (\d*) \|$", re.MULTILINE)


class Counted(NamedTuple):
    """What one request came to: its statements, and its status when it was refused."""

    statements: int
    refused: str = ""


@pytest.fixture(scope="module")
def counted(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Counted], dict[str, Counted]]]:
    """The counts of every route with one thing of every kind, and of every read with three."""
    name = asyncio.run(databases.create())
    sandbox = start_sandbox(tmp_path_factory.mktemp("wechat"))
    house = start_house(
        tmp_path_factory.mktemp("counting"), databases.url(name), "tests.doors.counting_server",
        WECHAT_API_BASE=sandbox.base, WECHAT_PAY_BASES=sandbox.base, WECHAT_APPSECRET=APP_SECRET,
    )  # fmt: skip
    yield asyncio.run(count(house))
    house.stop()
    sandbox.stop()
    asyncio.run(databases.drop(name))


async def count(house: House) -> tuple[dict[str, Counted], dict[str, Counted]]:
    every = sorted(endpoints(), key=_turn)
    reads = [e for e in every if e.method == "GET"]
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
        belongings = await give_belongings(house)
        one = await ask_all(http, house, belongings, reads)
        for turn in (2, 3):
            await give_belongings(house, turn)
        several = await ask_all(http, house, belongings, reads)
        acts = [e for e in every if e.method != "GET"]
        return one | await ask_all(http, house, belongings, acts), several


def _turn(endpoint: Endpoint) -> tuple[int, str, int]:
    """As the doors are written: whoever was imported first in this process must not matter."""
    last = next((n for n, name in enumerate(LAST, 1) if endpoint.name.endswith(name)), 0)
    written = inspect.unwrap(endpoint.handler)
    return last, written.__module__, written.__code__.co_firstlineno


async def ask_all(
    http: httpx.AsyncClient, house: House, belongings: Belongings, asked: Sequence[Endpoint]
) -> dict[str, Counted]:
    found = {}
    for role in house.tokens:  # a session is noted as used once in five minutes
        await http.get("/v1/miniapp/me", headers=house.headers(role))
    for endpoint in asked:
        names = dict.fromkeys(endpoint.path_arguments, "1") | belongings.names_in(endpoint)
        path = belongings.path_with(endpoint, names)
        body = None if endpoint.method == "GET" else belongings.body_of(endpoint)
        headers = house.headers(
            a_role_for(endpoint), idempotency_key=idempotency_key(), content_type="application/json"
        )
        reply = await http.request(endpoint.method, path, content=body, headers=headers)
        assert reply.status_code < 500 or reply.status_code == 503, (endpoint.name, reply.text)
        refused = str(reply.status_code) if reply.status_code >= 400 else ""
        found[f"{endpoint.method} {endpoint.path}"] = Counted(int(reply.headers[HEADER]), refused)
    return found


def test_no_route_sends_more_statements_than_its_ceiling(
    counted: tuple[dict[str, Counted], dict[str, Counted]], request: pytest.FixtureRequest
) -> None:
    now, _ = counted
    if request.config.getoption("--write"):
        rows = [f"| {route} | {found.statements} | {found.refused} |\n" for route, found in sorted(now.items())]
        FILE.write_text(HEAD + "".join(rows))
    said = {route: Counted(int(most), refused) for route, most, refused in ROW.findall(FILE.read_text())}
    assert set(said) == set(now), "the table is behind the doors: run this test with --write"
    more = {route: (found, said[route]) for route, found in now.items() if found.statements > said[route].statements}
    assert more == {}, "more statements than before: is there a loop that asks?"
    otherwise = {r: (found, said[r]) for r, found in now.items() if found.refused != said[r].refused}
    assert otherwise == {}, "answered otherwise than when it was counted: run this test with --write"


def test_no_read_asks_more_because_there_are_more_rows(
    counted: tuple[dict[str, Counted], dict[str, Counted]],
) -> None:
    one, several = counted
    assert {r: (one[r], found) for r, found in several.items() if found.statements > one[r].statements} == {}
