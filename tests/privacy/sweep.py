"""Every route, asked in every role, and everything that was answered searched for the canary."""

import asyncio
import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote, urlencode
from zlib import crc32

import httpx

from api_kit.doors import Endpoint
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good_requests
from tests.doors.house import ROLES, idempotency_key
from tests.doors.test_query_counts import LAST
from tests.doors.test_roles import ACTORS
from tests.privacy.canary import WORDS, Canary, spellings
from tests.privacy.household_fields import CLASSES, SIGNATORIES, FieldClass

EVERYBODY = ("anonymous", *ROLES, "consumer_two", "foreign_host", "foreign_keeper")
STRANGERS = frozenset({"anonymous", "consumer", "merchant_clerk", "host", "station_keeper"})
"""One of each class of those who must learn nothing."""
CALLERS = (*sorted(STRANGERS), "county_officer", "poverty_officer", "auditor")
"""Who asks in the short form: the strangers, and who reads figures."""
REFUSED = 2
"""How many of them ask in the short form for what is not open to them: a refusal says nothing of what there is."""
SPELLED = {each: tuple(s for word in WORDS.get(each.name, ()) for s in spellings(word)) for each in CLASSES}


@dataclass
class Swept:
    """What the sweep has seen: leaks as (route, role, class), and which class reached which of its readers."""

    leaks: set[tuple[str, str, str]] = field(default_factory=set)
    shown: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    answered: Counter[str] = field(default_factory=Counter)
    asked: set[tuple[str, str]] = field(default_factory=set)
    succeeded: set[str] = field(default_factory=set)

    def look(self, endpoint: str, role: str, reply: httpx.Response, canary: Canary) -> None:
        """Search one answer: its headers, its body, the files in it."""
        self.asked.add((endpoint, role))
        self.answered[f"{role} {reply.status_code // 100}xx"] += 1
        if reply.status_code < 400:
            self.succeeded.add(endpoint)
        raw = unpacked(reply)
        members = set(members_of(reply))
        for each in CLASSES:
            has_word = any(word in raw for word in SPELLED[each])
            if has_word and may_read(each, endpoint, role):
                self.shown[each.name].add(role)
            elif has_word:
                self.leaks.add((endpoint, role, each.name))
            forbidden = members & each.members
            if forbidden and role not in each.readers | SIGNATORIES.get(endpoint, frozenset()):
                self.leaks.add((endpoint, role, f"{each.name}: {sorted(forbidden)}"))
        if role not in ("poverty_officer", "auditor") and canary.supplier.encode() in raw:
            self.shown["supplier"].add(role)


def may_read(each: FieldClass, endpoint: str, role: str) -> bool:
    """Whether the role learns fields of the class on this route."""
    return role in each.readers and (not each.routes or endpoint in each.routes)


def unpacked(reply: httpx.Response) -> bytes:
    """Headers, body, and what is in the archive that a spreadsheet is."""
    parts = [str(reply.headers.raw).encode(), *(v for pair in reply.headers.raw for v in pair), reply.content]
    if reply.content[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(reply.content)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(parts)


def members_of(reply: httpx.Response) -> Iterator[str]:
    """The names of all members of a JSON answer, however deep, also line by line."""
    if "json" not in reply.headers.get("content-type", ""):
        return
    for line in [reply.text] if reply.text[:1] in "{[" and "\n{" not in reply.text else reply.text.splitlines():
        yield from _names(json.loads(line) if line.strip() else None)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def overlay(canary: Canary, code: str) -> dict[str, dict[str, str]]:
    """The canary's own names where a route has names in its path; the longest pattern wins."""
    order = {"number": canary.order, "line": canary.line}
    return {
        "/v1/(miniapp|console)/orders/": order,
        "/v1/console/order-lines/": {"line": canary.line},
        "/v1/miniapp/trades/": {"number": canary.trade},
        "/v1/console/lots/": {"number": canary.lot},
        "/v1/console/labels/": {"code": canary.label},
        "/s/": {"code": canary.label},
        "/v1/console/poverty/households/": {
            "code": quote(code), "supplier": canary.supplier, "figure": "income_paid",
        },
        "/v1/console/poverty/households/<code:str>/members/": {"code": quote(code), "member": canary.member},
        "/v1/console/poverty/households/<code:str>/accounts/": {"code": quote(code), "account": canary.account},
        "/v1/console/poverty/contracts/": {"number": canary.contract},
        "/v1/console/poverty/payouts/": {"number": canary.payout},
        "/v1/console/poverty/agreements/": {"number": canary.agreement},
        "/v1/console/poverty/income-sheets/": {"number": canary.sheet},
        "/v1/console/poverty/income-lines/": {"number": f"{canary.sheet}-1"},
        "/v1/console/poverty/intakes/": {"number": canary.intake},
        "/v1/console/poverty/household-changes/": {"number": canary.change},
        "/v1/console/poverty/stories/": {"number": canary.story},
    }  # fmt: skip


def permitted(endpoint: Endpoint, role: str) -> bool:
    """Whether the route is open to the role."""
    actor = ACTORS.get(role)
    return endpoint.public or (actor is not None and issubclass(actor, endpoint.actors))


def asking(endpoint: Endpoint, callers: Sequence[str]) -> list[str]:
    """Everybody whom the route is open to, and of the others so many that its address chooses; of everybody, all."""
    others = [role for role in callers if not permitted(endpoint, role)]
    if len(callers) < len(EVERYBODY):
        begin = crc32(endpoint.path.encode())
        others = [others[(begin + n) % len(others)] for n in range(min(REFUSED, len(others)))]
    return [role for role in callers if role in others or permitted(endpoint, role)]


@dataclass
class Sweep:
    """One run over the doors."""

    owner: Owner
    canary: Canary
    code: str
    callers: Sequence[str]
    found: Swept = field(default_factory=Swept)
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    async def read(self, endpoints: Sequence[Endpoint]) -> None:
        """Every read in every role, about the belongings and about the canary's own goods."""
        belongings = self.owner.found
        theirs = dict(belongings.by_pattern)
        plain = {endpoint.name: belongings.names_in(endpoint) for endpoint in endpoints}
        for names in (theirs, theirs | overlay(self.canary, self.code)):
            belongings.by_pattern = names
            asked = [e for e in endpoints if names is theirs or belongings.names_in(e) != plain[e.name]]
            await asyncio.gather(*(self._ask_all(e, asking(e, self.callers), GoodRequest()) for e in asked))
        belongings.by_pattern = theirs

    async def act(self, endpoints: Sequence[Endpoint]) -> None:
        """Every route's good request, in every role that it is not open to and by its rightful caller.

        The next one is made while strangers are still being refused; whoever is logged out is so at the end.
        """
        refused = []
        for endpoint in endpoints:
            making = good_requests().get(endpoint.name)
            good = await making(self.owner) if making else GoodRequest()
            strangers = [role for role in asking(endpoint, self.callers) if not permitted(endpoint, role)]
            refused.append(asyncio.create_task(self._ask_all(endpoint, strangers, good)))
            if endpoint.name.endswith(LAST):
                await asyncio.gather(*refused)
            rightful = good.role or next((role for role in ACTORS if permitted(endpoint, role)), "anonymous")
            await self._ask(endpoint, rightful, good, bearer="" if good.token else rightful)
        await asyncio.gather(*refused)

    async def unmask(self, endpoints: Sequence[Endpoint]) -> None:
        """The canary's identity, its son's and its account, asked for by everybody."""
        names = {"code": quote(self.code), "member": self.canary.member, "account": self.canary.account}
        names |= {"helper": self.canary.helper}
        for endpoint in endpoints:
            await self._ask_all(endpoint, self.callers, GoodRequest(names=names))

    async def _ask_all(self, endpoint: Endpoint, roles: Sequence[str], good: GoodRequest) -> None:
        await asyncio.gather(*(self._ask(endpoint, role, good, bearer=role) for role in roles))

    async def _ask(self, endpoint: Endpoint, role: str, good: GoodRequest, bearer: str) -> None:
        belongings, house = self.owner.found, self.owner.house
        names = dict.fromkeys(endpoint.path_arguments, "1") | belongings.names_in(endpoint) | dict(good.names)
        path = belongings.path_with(endpoint, names)
        if good.query:
            path = f"{path.partition('?')[0]}?{urlencode(good.query)}"
        body = None
        if endpoint.method != "GET":
            body = good.content() if good.body is not None else belongings.body_of(endpoint)
        headers = {"idempotency-key": idempotency_key(), "content-type": "application/json", **good.headers}
        headers |= house.headers(bearer) if bearer else {"authorization": f"Bearer {good.token}"}
        request = self.owner.http.build_request(endpoint.method, path, content=body, headers=headers)
        async with self.gate:
            try:
                reply = await self.owner.http.send(request)
            except httpx.TransportError:  # the server has closed a connection that nobody used for a while
                reply = await self.owner.http.send(request)
        assert reply.status_code < 500 or reply.status_code == 503, (endpoint.name, role, reply.text)
        self.found.look(endpoint.name, role, reply, self.canary)
