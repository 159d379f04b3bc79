"""Something of every kind, each with an owner: what strangers must not reach, and what odd requests are made about.

Each room says in ``tests/<room>/belongings.py`` what its owners have: an ``async def give(owner: Owner)`` that makes
the things, through the doors where a door makes them, and notes them in ``owner.found``.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from tortoise.context import TortoiseContext

from api_kit.doors import Endpoint
from server.database import ROOT, tortoise_config
from server.settings import DatabaseSettings
from tests.doors.examples import body_of, example
from tests.doors.house import House, idempotency_key

OWNERS = ("consumer", "merchant_clerk", "host", "station_keeper")


@dataclass
class Belongings:
    """Real path arguments by route: the longest pattern that fits a path names them.

    ``private`` are the names that nobody but a role's owner may read. ``shared`` are endpoints about things that
    everybody of the role shares, each with the reason. ``bodies`` are those of endpoints that look at the meaning of
    their body before they look at whose thing it is about.
    """

    by_pattern: dict[str, dict[str, str]] = field(default_factory=dict)
    private: dict[str, set[str]] = field(default_factory=lambda: {role: set() for role in OWNERS})
    shared: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, object] = field(default_factory=dict)

    def body_of(self, endpoint: Endpoint) -> bytes:
        """A body that an endpoint accepts."""
        if endpoint.name in self.bodies:
            return msgspec.json.encode(self.bodies[endpoint.name])
        return body_of(endpoint.body)

    def names_in(self, endpoint: Endpoint) -> dict[str, str]:
        """Real values for an endpoint's path arguments; those that nothing is known about are missing."""
        fitting = [pattern for pattern in self.by_pattern if re.match(pattern, endpoint.path)]
        if not fitting:
            return {}
        found = self.by_pattern[max(fitting, key=len)]
        return {name: found[name] for name in endpoint.path_arguments if name in found}

    def path_of(self, endpoint: Endpoint) -> str:
        """The path of an endpoint about things that exist, with the query that it needs."""
        return self.path_with(endpoint, self.names_in(endpoint))

    def path_with(self, endpoint: Endpoint, names: Mapping[str, str]) -> str:
        """The same with given names."""
        path = re.sub(r"<(\w+)(?::\w+)?>", lambda part: names[part[1]], endpoint.path)
        query = urlencode(example(endpoint.query)) if endpoint.query is not None else ""
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Owner:
    """The people of a running house, as a room's ``give`` meets them; the house's database is connected.

    With each ``turn`` there is one thing more of every kind.
    """

    house: House
    http: httpx.AsyncClient
    found: Belongings
    turn: int = 1

    async def ask(self, role: str, method: str, path: str, body: Any = None) -> Any:
        """One request that must succeed; answers its JSON."""
        headers = self.house.headers(role, idempotency_key=idempotency_key())
        reply = await self.http.request(method, path, json=body, headers=headers)
        assert reply.status_code < 300, (method, path, reply.status_code, reply.text)
        return reply.json() if reply.content else None


async def give_belongings(house: House, turn: int = 1) -> Belongings:
    """Let the owners of the house have one of everything; with a further ``turn`` one more."""
    found = Belongings()
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=20) as http:
            for path in sorted((ROOT / "tests").glob("*/belongings.py")):
                if path.parent.name != "doors":
                    room = importlib.import_module(f"tests.{path.parent.name}.belongings")
                    await room.give(Owner(house, http, found, turn))
        await context.close_connections()
    return found
