"""Notices to the merchant.

Encrypted, signed, repeated on WeChat's schedule, and spoiled when a fault says so.

The schedule is 15 s, 15 s, 30 s, 3 m, 10 m, 20 m, 3 x 30 m, 60 m, 3 x 3 h, 2 x 6 h after the first attempt,
times the clock scale; 200 or 204 within 5 s ends it (wechat reference 2.3).
"""

import asyncio
import secrets
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from scripts.wechat_sandbox.faults import Delay, Duplicate, Flavour, Forge, Lose, Reorder, Rule
from scripts.wechat_sandbox.keys import SigningKey, signature_headers
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.records import Attempt, Notice
from scripts.wechat_sandbox.transport import new_request_id
from scripts.wechat_sandbox.world import World

RETRY_SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
ANSWER_SECONDS = 5.0
STALE_SECONDS = 600
MAX_PARALLEL = 64
KEPT_ATTEMPTS = 64


class NoticeDesk:
    """Makes notices, sends them, and keeps what came back."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = httpx.AsyncClient(
            timeout=ANSWER_SECONDS,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=MAX_PARALLEL, max_keepalive_connections=16),
        )
        self._held: dict[str, list[Notice]] = {}
        self._sent = 0

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def announce(
        self,
        *,
        event_type: str,
        original_type: str,
        summary: str,
        url: str,
        out_trade_no: str,
        resource: dict[str, Any],
        out_refund_no: str = "",
    ) -> Notice:
        """Write the notice (joining the caller's transaction) and send it as soon as the loop is free."""
        notice = Notice(
            id=str(uuid4()),
            event_type=event_type,
            original_type=original_type,
            summary=summary,
            url=url,
            out_trade_no=out_trade_no,
            out_refund_no=out_refund_no,
            resource=resource,
            created_at=utc_now(),
            next_attempt_at=utc_now(),
        )
        rules = self._world.faults.take_notice(f"notice.{original_type}", out_trade_no)
        notice.faults = [f"{rule.id}:{type(rule.action).__name__.lower()}" for rule in rules]
        if any(isinstance(rule.action, Lose) for rule in rules):
            notice.state = "lost"
            notice.next_attempt_at = None
        self._world.notices.put(notice.id, notice)
        self._world.timers.start(self._first(notice, rules))
        return notice

    def resume(self) -> None:
        """After a restart: go on with every notice that still waits."""
        for notice in self._world.notices:
            if notice.state == "waiting":
                self._world.timers.start(self._follow_schedule(notice))

    def give_up(self) -> None:
        """Send none of the notices that still wait."""
        for notice in self._world.notices:
            if notice.state == "waiting":
                notice.state = "exhausted"
                notice.next_attempt_at = None
                self._world.notices.put(notice.id, notice)

    async def send_now(self, notice: Notice, flavour: str = "genuine") -> Attempt:
        """Send one attempt at once and tell what came back."""
        return await self._attempt(notice, flavour)

    async def _first(self, notice: Notice, rules: list[Rule]) -> None:
        for rule in rules:
            if isinstance(rule.action, Delay):
                await self._world.timers.pause(rule.action.seconds)
        for rule in rules:
            if isinstance(rule.action, Forge):
                await self._attempt(notice, rule.action.flavour)
                if rule.action.instead:
                    notice.state = "lost"
                    notice.next_attempt_at = None
                    self._world.notices.put(notice.id, notice)
        if notice.state != "waiting":
            self._world.journal.write(
                "notice", f"notice.{notice.state}", out_trade_no=notice.out_trade_no, note=notice.id
            )
            return
        copies = sum(rule.action.copies for rule in rules if isinstance(rule.action, Duplicate))
        for rule in rules:
            if isinstance(rule.action, Reorder):
                self._hold(rule, rule.action, notice, copies)
                return
        await self._send_with_copies(notice, copies)

    async def _send_with_copies(self, notice: Notice, copies: int) -> None:
        duplicates = [self._attempt(notice, "duplicate") for _ in range(copies)]
        await asyncio.gather(self._attempt(notice, "genuine"), *duplicates)
        await self._follow_schedule(notice)

    def _hold(self, rule: Rule, action: Reorder, notice: Notice, copies: int) -> None:
        held = self._held.setdefault(rule.id, [])
        held.append(notice)
        if len(held) >= action.count:
            self._release(rule.id, copies)
        elif len(held) == 1:
            self._world.timers.later(action.within_seconds, lambda: self._release(rule.id, copies))

    def _release(self, rule_id: str, copies: int) -> None:
        held = self._held.pop(rule_id, [])

        async def send_newest_first() -> None:
            for notice in (each for each in reversed(held) if each.state == "waiting"):
                await asyncio.gather(*(self._attempt(notice, "genuine") for _ in range(1 + copies)))
                self._world.timers.start(self._follow_schedule(notice))

        self._world.timers.start(send_newest_first())

    async def _follow_schedule(self, notice: Notice) -> None:
        while notice.state == "waiting":
            if notice.genuine_attempts > len(RETRY_SECONDS):
                notice.state = "exhausted"
                notice.next_attempt_at = None
                self._world.notices.put(notice.id, notice)
                return
            if notice.genuine_attempts:
                wait = self._world.scaled(RETRY_SECONDS[notice.genuine_attempts - 1])
                notice.next_attempt_at = utc_now() + timedelta(seconds=wait)
                self._world.notices.put(notice.id, notice)
                await self._world.timers.pause(wait)
            if notice.state == "waiting":
                await self._attempt(notice, "genuine")

    async def _attempt(self, notice: Notice, flavour: str) -> Attempt:
        began = time.monotonic()
        attempt = Attempt(at=utc_now(), flavour=flavour)
        body, headers = self._compose(notice, flavour)
        try:
            answer = await self._client.post(notice.url, content=body, headers=headers)
            attempt.status = answer.status_code
        except httpx.HTTPError as error:
            attempt.error = type(error).__name__
        is_genuine = flavour in ("genuine", "duplicate")
        if flavour == "genuine":
            notice.genuine_attempts += 1
        if is_genuine and attempt.status in (200, 204) and notice.state != "delivered":
            notice.state = "delivered"
            notice.next_attempt_at = None
        notice.attempts = [*notice.attempts, attempt][-KEPT_ATTEMPTS:]
        self._world.notices.put(notice.id, notice)
        self._world.journal.write(
            "notice",
            f"notice.{notice.original_type}",
            out_trade_no=notice.out_trade_no,
            status=attempt.status,
            code=attempt.error,
            note=f"{flavour} {notice.id}",
            elapsed_ms=int((time.monotonic() - began) * 1000),
        )
        return attempt

    def _compose(self, notice: Notice, flavour: str) -> tuple[bytes, dict[str, str]]:
        resource = spoil_resource(notice.resource, flavour)
        sealed = self._world.keys.encrypt(msgspec.json.encode(resource), notice.original_type)
        if flavour == "ciphertext":
            sealed["ciphertext"] = _flip(sealed["ciphertext"], 8)
        body = msgspec.json.encode(
            {
                "id": notice.id,
                "create_time": rfc3339(notice.created_at),
                "resource_type": "encrypt-resource",
                "event_type": notice.event_type,
                "summary": notice.summary,
                "resource": {"original_type": notice.original_type, **sealed},
            }
        )
        key = self._world.keys.stranger() if flavour == "other_key" else self._key()
        age = STALE_SECONDS if flavour == "stale" else 0
        headers = signature_headers(key, body, timestamp=int(time.time()) - age, nonce=secrets.token_hex(16))
        if flavour == "signature":
            headers["Wechatpay-Signature"] = _flip(headers["Wechatpay-Signature"], 20)
        elif flavour == "signtest":
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        elif flavour == "serial":
            headers["Wechatpay-Serial"] = "PUB_KEY_ID_0000000000000000000000000000"
        headers["Content-Type"] = "application/json"
        headers["Accept"] = "*/*"
        headers["User-Agent"] = "Mozilla/4.0"
        headers["Request-ID"] = new_request_id()
        return body, headers

    def _key(self) -> SigningKey:
        """The key of this notice: while a merchant migrates, a share of them is signed by the public key."""
        conditions = self._world.conditions
        if conditions.signing_mode == "public_key":
            return self._world.keys.by_public_key()
        if conditions.signing_mode == "certificate":
            return self._world.keys.by_certificate()
        self._sent += 1
        percent = conditions.notice_public_key_percent
        is_public = (self._sent * percent) // 100 > ((self._sent - 1) * percent) // 100
        return self._world.keys.by_public_key() if is_public else self._world.keys.by_certificate()


def spoil_resource(resource: dict[str, Any], flavour: Flavour | str) -> dict[str, Any]:
    """A copy of the resource, with one fen more or another merchant where the flavour says so."""
    if "sub_orders" in resource:
        first, *rest = resource["sub_orders"]
        return {**resource, "sub_orders": [spoil_resource(first, flavour), *rest]}
    if flavour == "amount":
        amount = dict(resource["amount"])
        for name in ("total", "payer_total", "total_amount", "payer_amount", "refund", "payer_refund"):
            if name in amount:
                amount[name] += 1
        return {**resource, "amount": amount}
    if flavour == "mchid":
        changed: dict[str, Any] = {
            name: "1999999999" for name in ("mchid", "sp_mchid", "sub_mchid") if name in resource
        }
        return {**resource, **changed}
    return resource


def _flip(base64_text: str, position: int) -> str:
    """The text with one character changed to another of the same alphabet."""
    other = "A" if base64_text[position] != "A" else "B"
    return base64_text[:position] + other + base64_text[position + 1 :]
