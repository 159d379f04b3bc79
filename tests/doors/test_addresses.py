"""Whose address a request has, with and without proxies that are trusted."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.conftest import Databases
from tests.doors.house import House, start_house

SPOOFED, CLIENT = "203.0.113.7", "198.51.100.1"


@pytest_asyncio.fixture
async def proxied(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """An API that trusts one proxy."""
    name = await databases.create()
    directory = tmp_path_factory.mktemp("proxied")
    running = await asyncio.to_thread(start_house, directory, databases.url(name), TRUSTED_PROXIES="1")
    yield running
    await asyncio.to_thread(running.stop)
    await databases.drop(name)


async def addresses_that_failed(house: House, *forwarded: dict[str, str]) -> set[str]:
    """Log in wrongly once with each set of headers; answers which of the known addresses that was held against."""
    connection = await asyncpg.connect(house.database_url)
    try:
        await connection.execute("DELETE FROM login_failure")
        async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=15) as http:
            for headers in forwarded:
                body = {"login": "nobody.there", "password": "wrong-Password-1"}  # pragma: allowlist secret
                answer = await http.post("/v1/console/session", json=body, headers=headers)
                assert answer.status_code == 401, answer.text
        found = {row["subject_hash"] for row in await connection.fetch("SELECT subject_hash FROM login_failure")}
        await connection.execute("DELETE FROM login_failure")
    finally:
        await connection.close()
    known = ("127.0.0.1", SPOOFED, CLIENT, "2001:db8::1", "unknown", "not an address", "0.0.0.0")
    named = {address for address in known if sha256(f"address|{address}".encode()).hexdigest() in found}
    assert len(found) == len(named) + 1, "one name, and nothing but known addresses"
    return named


async def test_without_the_setting_a_spoofed_header_has_no_effect(house: House) -> None:
    spoofed: tuple[dict[str, str], ...] = (
        {"x-forwarded-for": SPOOFED},
        {"x-forwarded-for": f"{SPOOFED}, {CLIENT}"},
        {"x-real-ip": SPOOFED},
        {"forwarded": f"for={SPOOFED}"},
        {},
    )
    assert await addresses_that_failed(house, *spoofed) == {"127.0.0.1"}


async def test_with_a_trusted_proxy_its_own_entry_counts_and_not_the_clients(proxied: House) -> None:
    behind = [{"x-forwarded-for": f"{SPOOFED}, {CLIENT}"}, {"x-forwarded-for": CLIENT, "x-real-ip": SPOOFED}]
    assert await addresses_that_failed(proxied, *behind) == {CLIENT}
    assert await addresses_that_failed(proxied, {"x-forwarded-for": f"{SPOOFED}, 2001:DB8:0::1"}) == {"2001:db8::1"}
    nothing = [
        {"x-forwarded-for": "not an address"},
        {"x-forwarded-for": "unknown"},
        {"forwarded": f"for={SPOOFED}"},
        {},
    ]
    assert await addresses_that_failed(proxied, *nothing) == {"127.0.0.1"}


@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"x-forwarded-for": SPOOFED},
        {"x-real-ip": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"x-forwarded-proto": "https"},
        {"via": "1.1 proxy"},
    ],
    ids=lambda header: "=".join(*header.items()),
)
async def test_the_media_door_hears_no_forwarded_request(house: House, header: dict[str, str]) -> None:
    """With the right secret and from this machine: what a proxy hands on comes from anywhere."""
    form = {"call": "publish_done", "app": "live", "name": "x" * 26, "clientid": "1"}
    path = f"/v1/webhook/media/publish-done?secret={house.callback_secret}"
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=15) as http:
        assert (await http.post(path, data=form)).status_code == 204
        forwarded = await http.post(path, data=form, headers=header)
    assert (forwarded.status_code, forwarded.json()["code"]) == (403, "publish_refused")
