"""Deny by default: every route for every role, read from the endpoints themselves."""

import asyncio
import re
from collections.abc import Awaitable, Sequence

import httpx
import msgspec
import pytest

from accounts.actors import (
    Administrator,
    Auditor,
    Consumer,
    CountyOfficer,
    Host,
    MerchantClerk,
    PovertyOfficer,
    StationKeeper,
)
from api_kit.doors import Endpoint
from kit.actors import Actor
from tests.doors.conftest import Some
from tests.doors.house import ROLES, House, endpoints, idempotency_key
from tests.doors.problems import check_page, check_problem

ACTORS: dict[str, type[Actor]] = {
    "consumer": Consumer,
    "merchant_clerk": MerchantClerk,
    "foreign_clerk": MerchantClerk,
    "host": Host,
    "station_keeper": StationKeeper,
    "county_officer": CountyOfficer,
    "poverty_officer": PovertyOfficer,
    "auditor": Auditor,
    "administrator": Administrator,
}
LOG_OUT = ("miniapp.log_out", "console.staff_log_out")
"""Without a body they end the very session that asks: the matrix gives each caller one of its own."""
GARBAGE = (b"", b"{}", b"[]", b"null", b"\x00", b'{"a":', b'{"__proto__":{"x":1}}', b'"' + b"a" * 5000 + b'"')


def address(endpoint: Endpoint) -> str:
    """The route with names that nobody bears."""
    return re.sub(r"<\w+(?::(\w+))?>", lambda found: "987654321" if found[1] == "int" else "NOBODY", endpoint.path)


def guarded() -> list[Endpoint]:
    return [e for e in endpoints() if not e.public]


async def ask(
    http: httpx.AsyncClient, endpoint: Endpoint, headers: dict[str, str], body: bytes = b"{}", path: str = ""
) -> httpx.Response:
    """One request; a read has no body."""
    sent = {**headers, "content-type": "application/json", "idempotency-key": idempotency_key()}
    content = None if endpoint.method == "GET" else body
    return await http.request(endpoint.method, path or address(endpoint), content=content, headers=sent)


def a_role_for(endpoint: Endpoint) -> str:
    """A role that may come in; nobody's for a route without an actor."""
    return next((role for role, actor in ACTORS.items() if issubclass(actor, endpoint.actors)), "anonymous")


def check_no_failure(endpoint: Endpoint, reply: httpx.Response) -> None:
    """Whatever was asked, the answer is no failure of ours, and a refusal is a problem document or a page."""
    assert reply.status_code < 500, (endpoint.name, str(reply.url)[:200], reply.text)
    if reply.status_code >= 400 and endpoint.page and reply.status_code != 413:  # an address too long to be read
        check_page(reply, reply.status_code)
    elif reply.status_code >= 400:
        check_problem(reply)


async def in_small_groups(requests: Sequence[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """Eight at a time, so that the server and the client work side by side."""
    found: list[httpx.Response] = []
    for begin in range(0, len(requests), 8):
        found += await asyncio.gather(*requests[begin : begin + 8])
    return found


def test_the_matrix_covers_every_actor_type_that_a_route_can_ask_for() -> None:
    wanted = {actor for e in endpoints() for actor in e.actors}
    assert all(any(issubclass(known, actor) for known in ACTORS.values()) for actor in wanted)
    assert set(ACTORS) == set(ROLES)
    assert len(guarded()) > 40


async def test_every_route_for_every_role(inside: House, http: httpx.AsyncClient) -> None:
    """401 without a token, 403 with the wrong one, neither with the right one; and nothing changes.

    No guarded route is left out.
    """
    before = await inside.fingerprint()
    for endpoint in guarded():
        check_problem(await ask(http, endpoint, {}), 401, "not_authenticated")
        callers = {role: inside.headers(role) for role in ACTORS}
        if endpoint.name in LOG_OUT:
            callers = {role: {"authorization": f"Bearer {await inside.session(role)}"} for role in ACTORS}
        replies = await asyncio.gather(*(ask(http, endpoint, callers[role]) for role in ACTORS))
        for (role, actor), reply in zip(ACTORS.items(), replies, strict=True):
            if issubclass(actor, endpoint.actors):
                assert reply.status_code < 500, (endpoint.name, role, reply.text)
                assert reply.status_code not in (401, 403), (endpoint.name, role, reply.text)
            else:
                check_problem(reply, 403, "not_permitted")
    assert await inside.fingerprint() == before


def takes_nothing(endpoint: Endpoint) -> bool:
    """Whether a body without a member is a good one: nothing is asked for, and nothing changes."""
    return endpoint.body is not None and all(not field.required for field in msgspec.structs.fields(endpoint.body))


@pytest.mark.parametrize("door", ["miniapp", "console", "webhook"])
async def test_no_garbage_makes_a_route_fail_or_change_anything(
    house: House, http: httpx.AsyncClient, some: Some, door: str
) -> None:
    before = await house.fingerprint()
    for endpoint in endpoints():
        if not endpoint.name.startswith(door) or endpoint.name in LOG_OUT:
            continue
        headers = house.headers(a_role_for(endpoint))
        for body in some(GARBAGE, 3, endpoint.path) if endpoint.method != "GET" else GARBAGE[:1]:
            reply = await ask(http, endpoint, headers, body)
            assert reply.status_code < 500, (endpoint.name, body[:20], reply.text)
            if (
                endpoint.body is not None and not (body == b"{}" and takes_nothing(endpoint))
            ) or reply.status_code >= 400:
                check_problem(reply)
    assert await house.fingerprint() == before


STRANGE = ("%00", "%FF%FE", "%ED%A0%80", "..%2F..%2Fetc%2Fpasswd", "'%20OR%201=1--", "%E4%B8%AD%E6%96%87",
           "a" * 3000, "a" * 90, "9" * 30,
           "-1", "1e400", "%F0%9F%8D%B5")  # fmt: skip


async def test_no_strange_name_in_a_path_makes_a_route_fail(house: House, http: httpx.AsyncClient, some: Some) -> None:
    before = await house.fingerprint()
    for endpoint in endpoints():
        if not endpoint.path_arguments:
            continue
        headers = house.headers(a_role_for(endpoint))
        replies = await in_small_groups(
            [
                ask(http, endpoint, headers, path=re.sub(r"<[^>]+>", name, endpoint.path))
                for name in some(STRANGE, 4, endpoint.path)
            ]
        )
        for reply in replies:
            check_no_failure(endpoint, reply)
    assert await house.fingerprint() == before


VALUES = ("", "%00", "%FF", "-1", "1.5", "NaN", "99999999999999999999", "%ED%A0%80")
# 2^63, -1, infinity, nothing, null and texts for numbers, as a cursor spells them.
CURSORS = ("WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "Wy0xXQ", "WzFlNDAwXQ", "W10", "bnVsbA", "WyJhIiwiYiJd", "e30")


async def test_no_strange_query_makes_a_route_fail(house: House, http: httpx.AsyncClient, some: Some) -> None:
    for endpoint in endpoints():
        if endpoint.query is None:
            continue
        headers = house.headers(a_role_for(endpoint))
        members = endpoint.query.__struct_fields__
        queries = [f"{member}={value}" for member in members for value in some(VALUES, 2, endpoint.path + member)]
        queries += [f"cursor={value}" for value in some(CURSORS, 2, endpoint.path) if "cursor" in members]
        wrong = [f"{members[0]}=1&{members[0]}=1", "nobody_asked_for_this=1"]
        for reply in await in_small_groups(
            [ask(http, endpoint, headers, path=f"{address(endpoint)}?{query}") for query in queries + wrong]
        ):
            check_no_failure(endpoint, reply)
        for query in wrong:
            check_problem(await ask(http, endpoint, headers, path=f"{address(endpoint)}?{query}"))


async def test_sockets_refuse_a_plain_request_and_a_foreign_page(house: House, http: httpx.AsyncClient) -> None:
    for endpoint in endpoints(websocket=True):
        reply = await http.get(address(endpoint))
        assert 400 <= reply.status_code < 500, reply.text


async def test_logging_out_ends_this_session_alone(inside: House, http: httpx.AsyncClient) -> None:
    for role, path in (("consumer", "/v1/miniapp/session"), ("host", "/v1/console/session")):
        token, other = await inside.session(role), await inside.session(role)
        bearer = {"authorization": f"Bearer {token}"}
        me = path.replace("session", "me")
        assert (await http.get(me, headers=bearer)).status_code == 200
        assert (await http.delete(path, headers=bearer)).status_code == 204
        check_problem(await http.get(me, headers=bearer), 401, "not_authenticated")
        check_problem(await http.delete(path, headers=bearer), 401, "not_authenticated")
        assert (await http.get(me, headers={"authorization": f"Bearer {other}"})).status_code == 200
