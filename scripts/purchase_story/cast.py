"""Who acts, and how each of them reaches the system."""

import asyncio
import json
import random
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

RETRY_STATUSES = (502, 503)


class Refused(Exception):
    """The system answered with a problem."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Stage:
    """Where the system is and which demo accounts it has, as ``scripts/run`` left them in its state directory."""

    api: str
    sandbox: str
    ffmpeg: str
    demo: dict[str, Any]
    seller_mchid: str | None = None
    """The one merchant of direct mode; in partner mode each merchant has its own."""

    @classmethod
    def of(cls, state: Path) -> Self:
        """Read a state directory. Raises FileNotFoundError when nothing was ever started there."""
        environment = json.loads((state / "environment.json").read_text())
        demo = json.loads((state / "demo.json").read_text())
        return cls(
            environment["PUBLIC_BASE_URL"],
            environment["WECHAT_API_BASE"],
            environment.get("FFMPEG_PATH", "ffmpeg"),
            demo,
            environment["WECHAT_PAY_MCHID"] if environment["WECHAT_PAY_MODE"] == "direct" else None,
        )


@dataclass
class Client:
    """One person's hand on the API: a bearer token, and retries that are safe because of their keys."""

    http: httpx.AsyncClient
    base: str
    token: str = ""
    retried: int = field(default=0)
    attempts: int = 12

    async def call(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        """One request. A lost connection or a 503 is repeated with the same key; a problem raises Refused."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["idempotency-key"] = key or secrets.token_hex(16)
        for attempt in range(self.attempts):
            try:
                answer = await self.http.request(method, self.base + path, json=body, headers=headers)
            except httpx.TransportError:
                if attempt == self.attempts - 1:
                    raise
            else:
                if answer.status_code not in RETRY_STATUSES and not _still_running(answer):
                    if answer.status_code >= 400:
                        raise Refused(answer.status_code, _json(answer))
                    return _json(answer)
            self.retried += 1
            await asyncio.sleep(min(0.2 * 2**attempt, 2) * (0.75 + random.random() / 2))
        raise Refused(answer.status_code, _json(answer))

    async def get(self, path: str) -> Any:
        """Read."""
        return await self.call("GET", path)

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        """Act; a key is made when none is given."""
        return await self.call("POST", path, body, key=key)

    async def put(self, path: str, body: object = None) -> Any:
        """Replace."""
        return await self.call("PUT", path, body)

    async def delete(self, path: str) -> Any:
        """End."""
        return await self.call("DELETE", path)


def _still_running(answer: httpx.Response) -> bool:
    body = _json(answer) if answer.status_code == 409 else None
    return isinstance(body, dict) and body.get("code") in ("request_in_progress", "busy")


def _json(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        return answer.text


@dataclass
class Cast:
    """Everybody of the story."""

    stage: Stage
    http: httpx.AsyncClient

    @property
    def wechat(self) -> Client:
        """WeChat's own world: phones, faults, what it has on its books."""
        return Client(self.http, self.stage.sandbox + "/sandbox")

    async def staff(self, role: str, **scope: str) -> Client:
        """A member of staff from the demo accounts, logged in."""
        account = next(
            found
            for found in self.stage.demo["staff"]
            if found["role"] == role and all(found.get(name) == value for name, value in scope.items())
        )
        client = Client(self.http, self.stage.api + "/v1/console")
        credentials = {"login": account["login"], "password": account["password"], "role": role}
        answer = await client.post("/session", credentials)
        client.token = answer["token"]
        return client

    async def consumers(self, count: int) -> list["Buyer"]:
        """New people with phones, logged in through WeChat."""
        people = (await self.wechat.post("/people", {"count": count}))["people"]

        async def log_in(person: dict[str, str]) -> Buyer:
            client = Client(self.http, self.stage.api + "/v1/miniapp")
            for attempt in range(5):
                code = (await self.wechat.post("/login-codes", {"openid": person["openid"]}))["code"]
                try:
                    client.token = (await client.post("/session", {"code": code}))["token"]
                    break
                except Refused as refusal:
                    # A code is good once; when the answer was lost, the phone asks WeChat for another.
                    if refusal.code != "wechat_code_rejected" or attempt == 4:
                        raise
            return Buyer(person["openid"], client)

        return list(await asyncio.gather(*(log_in(person) for person in people)))


@dataclass
class Buyer:
    """A consumer: the phone's WeChat identity and the API."""

    openid: str
    api: Client
    trade: dict[str, Any] | None = None
    payment: dict[str, str] | None = None

    @property
    def number(self) -> str:
        """The number of the one order of this buyer's trade."""
        assert self.trade is not None
        return str(self.trade["orders"][0]["number"])

    @property
    def trade_number(self) -> str:
        """The number of the trade that this buyer placed."""
        assert self.trade is not None
        return str(self.trade["trade"])
