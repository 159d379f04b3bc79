"""R14: who is not let in by name stays out, however the address is spelt (commerce reference R14)."""

import httpx
import pytest

from api_kit.doors import Door
from tests.doors.conftest import Some
from tests.doors.house import House, endpoints, idempotency_key
from tests.doors.test_roles import address

TRICKS = (
    "/v1/miniapp/..;/console{rest}",
    "/v1/miniapp/../console{rest}",
    "/v1/miniapp/%2e%2e/console{rest}",
    "/v1/console;/{rest}",
    "/v1/console{rest};.json",
    "/v1/console{rest}/.",
    "/v1//console{rest}",
    "//v1/console{rest}",
    "/v1/console{rest}%20",
    "/v1/Console{rest}",
    "/v1/console/%2e{rest}",
    "/v1/console{rest}%2f",
)
OVERRIDES = {
    "x-original-url": "/v1/console/staff",
    "x-rewrite-url": "/v1/console/staff",
    "x-http-method-override": "DELETE",
    "x-forwarded-user": "administrator",
    "x-user-id": "1",
    "cookie": "session=1; role=administrator",
}


def test_r14_a_route_that_says_nobody_is_not_built() -> None:
    """Fails when ``read_endpoint`` no longer asks for an actor: tried."""
    door = Door("example", "/v1/example", "示例")

    async def anybody(query: None) -> None:
        """谁都可以。"""

    with pytest.raises(TypeError, match="no actor and not public"):
        door.get("/things")(anybody)


async def test_r14_no_spelling_of_an_address_lets_a_buyer_into_the_console(
    house: House, http: httpx.AsyncClient, some: Some
) -> None:
    """Short: three spellings of each address."""
    before = await house.fingerprint()
    headers = house.headers("consumer", idempotency_key=idempotency_key())
    for endpoint in (e for e in endpoints() if e.name.startswith("console.") and e.actors):
        rest = address(endpoint).removeprefix("/v1/console")
        for trick in some(TRICKS, 3, endpoint.path):
            # The raw path goes out as it is written: httpx would tidy it up.
            url = httpx.URL(house.base).copy_with(raw_path=trick.format(rest=rest).encode())
            reply = await http.send(httpx.Request(endpoint.method, url, headers=headers, content=b""))
            assert reply.status_code in (400, 401, 403, 404, 405), (endpoint.name, trick, reply.text)
    assert await house.fingerprint() == before


async def test_r14_no_header_says_who_somebody_is(house: House, http: httpx.AsyncClient) -> None:
    for name, value in OVERRIDES.items():
        as_buyer = await http.get("/v1/console/staff", headers=house.headers("consumer") | {name: value})
        assert as_buyer.status_code == 403, name
        as_nobody = await http.get("/v1/console/staff", headers={name: value})
        assert as_nobody.status_code == 401, name
        elsewhere = await http.get("/v1/miniapp/me", headers=house.headers("consumer") | {name: value})
        assert elsewhere.status_code == 200
        assert elsewhere.json()["number"].startswith("C")
