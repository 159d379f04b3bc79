"""Requests made from the OpenAPI description: whatever it allows, and what it does not, no route fails or lies.

Short here; ``scripts/test --whole`` makes more than 5,000 cases.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api_kit.doors import Endpoint
from server.app import openapi_document
from tests.conftest import Databases
from tests.doors.belongings import Belongings, give_belongings
from tests.doors.house import House, endpoints, idempotency_key, start_house
from tests.doors.test_roles import a_role_for
from tests.payments.sandbox import APP_SECRET, start_sandbox

# They end or change the sessions that the cases themselves use; tests/accounts walks them one by one.
LEFT_OUT = ("log_out", "change_password")
ASKED: dict[str, int] = {}
"""How often the long form has asked each endpoint."""
PATIENCE_S = 20
STOOD_STILL_S = 60
"""What took longer than any answer may says that the machine was suspended, and nothing of the product."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def crowded(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Belongings]]:
    """An API of its own, in which something of every kind stands."""
    name = asyncio.run(databases.create())
    sandbox = start_sandbox(tmp_path_factory.mktemp("wechat"))
    running = start_house(
        tmp_path_factory.mktemp("crowded"), databases.url(name),
        WECHAT_API_BASE=sandbox.base, WECHAT_PAY_BASES=sandbox.base, WECHAT_APPSECRET=APP_SECRET,
    )  # fmt: skip
    yield running, asyncio.run(give_belongings(running))
    running.stop()
    sandbox.stop()
    asyncio.run(databases.drop(name))


def asked() -> list[Endpoint]:
    return [e for e in endpoints() if not e.name.endswith(LEFT_OUT)]


@cache
def description() -> BaseSchema:
    """The description of all doors, read once: it costs a quarter of a second."""
    return schemathesis.openapi.from_dict(openapi_document())


def make_cases(
    house: House, belongings: Belongings, endpoint: Endpoint, count: int, mode: GenerationMode = GenerationMode.POSITIVE
) -> int:
    """Ask one endpoint ``count`` times, fewer when there is less to ask; every second time about things that exist.

    Answers how often. ``NEGATIVE`` asks for what the description forbids, and not at all where it forbids nothing.
    """
    path = endpoint.path.replace("<", "{").replace(">", "}").replace(":str", "").replace(":int", "")
    operation = description()[path][endpoint.method]
    role = a_role_for(endpoint)
    real = belongings.names_in(endpoint)
    dice, made = random.Random(endpoint.name), 0

    @hypothesis.seed(20261126)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        nonlocal made
        made += 1
        if real and dice.random() < 0.5:
            case.path_parameters = {**case.path_parameters, **real}
        keyed = {"Idempotency-Key": idempotency_key()} if endpoint.key_argument else {}
        reply = answered(lambda: case.call(house.base, headers=house.headers(role) | keyed, timeout=PATIENCE_S))
        if reply.status_code == 401 and role != "anonymous" and mode is GenerationMode.POSITIVE:
            asyncio.run(house.renew(role))
            reply = answered(lambda: case.call(house.base, headers=house.headers(role) | keyed, timeout=PATIENCE_S))
            assert reply.status_code != 401, "whoever is not let in tests nothing"
        case.validate_response(reply, CHECKS)

    try:
        ask()
    except Unsatisfiable:
        if mode is GenerationMode.POSITIVE:
            raise
    return made


def answered(ask: Callable[[], Response]) -> Response:
    """The answer to a case, which is asked anew when the machine stood still meanwhile."""
    while True:
        began = time.time()
        try:
            reply = ask()
        except requests.RequestException:
            if time.time() - began < STOOD_STILL_S:
                raise
            continue
        if time.time() - began < STOOD_STILL_S:
            return reply


@pytest.mark.parametrize("endpoint", asked(), ids=lambda e: e.name)
def test_no_case_of_the_description_makes_a_route_fail(crowded: tuple[House, Belongings], endpoint: Endpoint) -> None:
    make_cases(*crowded, endpoint, 3)


def test_whoever_loses_a_session_gets_another(crowded: tuple[House, Belongings]) -> None:
    """A clerk's own duties are changed by a case: without, all that a clerk may ask was answered with 401 from then."""
    house, belongings = crowded
    at = f"/v1/console/merchants/{house.merchant}/clerks"
    old = house.headers("merchant_clerk")
    with httpx.Client(base_url=house.base, headers=old, trust_env=False, timeout=PATIENCE_S) as http:
        (clerk,) = http.get(at).json()["clerks"]
        assert http.put(f"{at}/{clerk['number']}/duties", json={"duties": []}).status_code == 200
        assert http.get(at).status_code == 401
    (endpoint,) = (e for e in asked() if e.name == "console.list_clerks")
    make_cases(house, belongings, endpoint, 3)
    assert house.headers("merchant_clerk") != old


@pytest.mark.whole
@pytest.mark.timeout(7200)  # a machine that is suspended meanwhile; every single answer has its own limit
@pytest.mark.parametrize("endpoint", asked(), ids=lambda e: e.name)
def test_thousands_of_cases(crowded: tuple[House, Belongings], endpoint: Endpoint) -> None:
    allowed = make_cases(*crowded, endpoint, 60)
    ASKED[endpoint.name] = allowed + make_cases(*crowded, endpoint, 20, GenerationMode.NEGATIVE)


@pytest.mark.whole
def test_they_were_thousands_over_all_doors() -> None:
    """Of the run above; alone it says nothing."""
    if len(ASKED) == len(asked()):
        assert sum(ASKED.values()) >= 5_000, sum(ASKED.values())
        assert {name.partition(".")[0] for name in ASKED} == {"miniapp", "console", "webhook", "pages"}
