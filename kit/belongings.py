"""What the house knows about one person, told and erased room by room (``server/own_records.py`` lists them)."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kit.database import rows

MAX_ROWS = 10_000
"""Of one kind in an export."""

Told = dict[str, list[dict[str, Any]]]
"""Rows by what they are."""


@dataclass(frozen=True)
class Person:
    """Somebody as the rooms know them: ``number`` is public, ``identity`` the name that the login's vendor gave."""

    number: str
    identity: str

    @property
    def caller(self) -> str:
        """How rooms that note who acted know the person."""
        return f"consumer:{self.number}"


async def _nothing_told(person: Person) -> Told:
    return {}


async def _nothing_open(person: Person) -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Part:
    """What one room contributes.

    ``erase`` owns its transaction and changes nothing when it is repeated. ``open_matters`` counts what keeps an
    account from being closed, by kind.
    """

    room: str
    erase: Callable[[Person], Awaitable[None]]
    personal_data: Callable[[Person], Awaitable[Told]] = _nothing_told
    open_matters: Callable[[Person], Awaitable[Mapping[str, int]]] = _nothing_open


async def told(sql: str, *parameters: object) -> list[dict[str, Any]]:
    """The rows of a query as JSON objects, ``MAX_ROWS`` at most."""
    found = await rows(f"SELECT to_jsonb(t)::text AS told FROM ({sql}) t LIMIT {MAX_ROWS}", *parameters)
    return [json.loads(each["told"]) for each in found]
