"""R8: what belongs to somebody does not exist for anybody else, by name or in a list (commerce reference R8).

Generated from the doors: a route with names in its path, open to people who own things, is asked by somebody else of
the same role about things that exist. A route that nobody has entered in ``tests/<room>/belongings.py`` fails the test.
Fails when the owner's column is taken out of ``orders.queries.order_of`` or ``orders.transitions.advance_or_refuse``:
tried with both.
"""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from accounts.actors import Consumer, Host, MerchantClerk, StationKeeper
from api_kit.doors import Endpoint
from kit.actors import Actor
from tests.conftest import Databases
from tests.doors.belongings import Belongings, give_belongings
from tests.doors.house import House, endpoints, idempotency_key, start_house
from tests.doors.problems import check_problem

STRANGERS: dict[type[Actor], str] = {
    Consumer: "consumer_two",
    MerchantClerk: "foreign_clerk",
    Host: "foreign_host",
    StationKeeper: "foreign_keeper",
}
OWNERS: dict[type[Actor], str] = {
    Consumer: "consumer",
    MerchantClerk: "merchant_clerk",
    Host: "host",
    StationKeeper: "station_keeper",
}


@pytest.fixture(scope="module")
def owned(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Belongings]]:
    """An API of its own, in which something of every kind stands."""
    name = asyncio.run(databases.create())
    running = start_house(tmp_path_factory.mktemp("owned"), databases.url(name))
    yield running, asyncio.run(give_belongings(running))
    running.stop()
    asyncio.run(databases.drop(name))


def owner_kinds(endpoint: Endpoint) -> list[type[Actor]]:
    """The actors of an endpoint who own things; a route for county offices alone has none."""
    return [kind for kind in STRANGERS if any(issubclass(kind, actor) for actor in endpoint.actors)]


def reads_and_acts(belongings: Belongings) -> list[Endpoint]:
    about = [e for e in endpoints() if e.path_arguments and owner_kinds(e) and not e.public]
    return [e for e in about if e.name not in belongings.shared]


def lists() -> list[Endpoint]:
    return [e for e in endpoints() if not e.path_arguments and owner_kinds(e) and e.method == "GET" and not e.public]


async def ask(
    http: httpx.AsyncClient, house: House, role: str, endpoint: Endpoint, path: str, body: bytes | None = None
) -> httpx.Response:
    headers = house.headers(role, idempotency_key=idempotency_key(), content_type="application/json")
    return await http.request(endpoint.method, path, content=body, headers=headers)


async def test_r08_somebody_elses_things_do_not_exist(owned: tuple[House, Belongings]) -> None:
    house, belongings = owned
    unknown = [e.name for e in reads_and_acts(belongings) if set(belongings.names_in(e)) != set(e.path_arguments)]
    assert unknown == [], "say in tests/<room>/belongings.py whose these are"
    before = await house.fingerprint()
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
        for endpoint in reads_and_acts(belongings):
            path = belongings.path_of(endpoint)
            body = None if endpoint.method == "GET" else belongings.body_of(endpoint)
            for kind in owner_kinds(endpoint):
                reply = await ask(http, house, STRANGERS[kind], endpoint, path, body)
                problem = check_problem(reply)
                assert reply.status_code in (403, 404), (endpoint.name, kind.__name__, problem)
    assert await house.fingerprint() == before


async def test_r08_the_owner_meets_them(owned: tuple[House, Belongings]) -> None:
    """The same reads by the owner are answered, so the refusals above are about whose it is."""
    house, belongings = owned
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
        for endpoint in (e for e in reads_and_acts(belongings) if e.method == "GET"):
            role = next(OWNERS[kind] for kind in owner_kinds(endpoint))
            reply = await ask(http, house, role, endpoint, belongings.path_of(endpoint))
            assert reply.status_code in (200, 204), (endpoint.name, reply.status_code, reply.text)


async def test_r08_no_list_shows_somebody_elses_things(owned: tuple[House, Belongings]) -> None:
    house, belongings = owned
    shown = set()
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
        for endpoint in lists():
            for kind in owner_kinds(endpoint):
                mine = set(belongings.private[OWNERS[kind]])
                answers = []
                for role in (STRANGERS[kind], OWNERS[kind]):
                    reply = await ask(http, house, role, endpoint, endpoint.path)
                    assert reply.status_code in (200, 204, 404, 422), (endpoint.name, reply.text)
                    answers.append(reply.text)
                leaked = sorted(name for name in mine if name in answers[0])
                assert leaked == [], (endpoint.name, kind.__name__)
                shown |= {name for name in mine if name in answers[1]}
    never = {name for names in belongings.private.values() for name in names} - shown
    assert never == set(), "a private thing that no list of its owner shows proves nothing about lists"
