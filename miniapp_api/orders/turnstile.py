"""The turnstile in front of the checkout: who wants what was sold out a moment ago need not ask the database.

A request whose key was used before goes through to its kept answer: that it has the goods must not be hidden from a
buyer who asks again. A room may have pieces of its own, so what is bought there has signs of its own. Keys are looked
up many at a time, because those who are refused come many at a time.
"""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import msgspec

from kit.errors import DomainError
from kit.idempotency import used_keys
from live.media.keys import LiveKeys
from orders.errors import RoomSoldOut
from orders.quotes import HOSTED
from products.errors import SoldOut
from products.ports import SoldOutSigns


class _Line(msgspec.Struct):
    sku: str
    attribution: str | None = None


class _Cart(msgspec.Struct):
    lines: list[_Line]
    group: object = None
    attribution: str | None = None

    def signs(self) -> list[str]:
        """The names of the signs that count for the lines."""
        return [sign for line in self.lines for sign in _signs(line.sku, _room(line.attribution or self.attribution))]


def _room(token: str | None) -> str | None:
    number = LiveKeys.session_told(token) if token else None
    return HOSTED + number if number else None


def _signs(sku: str, room: str | None) -> list[str]:
    """A room that has pieces of its own is told that these are gone; every other one, that the SKU is."""
    return [_sign(SoldOut, sku, room), *([_sign(RoomSoldOut, sku, room)] if room else [])]


def _sign(refusal: type[DomainError], sku: str, source: object) -> str:
    return f"{refusal.code}|{source or ''}|{sku}"


_read_cart = msgspec.json.Decoder(_Cart).decode


@dataclass
class OrderTurnstile:
    """See :class:`api_kit.doors.Turnstile`."""

    signs: SoldOutSigns
    _waiting: list[tuple[str, asyncio.Future[bool]]] = field(default_factory=list)
    _asking: asyncio.Task[None] | None = None

    async def admit(self, key: str, body: bytes) -> None:
        """Raises :class:`SoldOut` where a sign hangs; anything odd is left to the route itself."""
        try:
            cart = _read_cart(body)
            # What is bought together has pieces of its own, whatever the SKU has.
            wanted = cart.signs() if cart.group is None else []
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        sign = await self.signs.hangs(wanted)
        if sign is not None and key and not await self._is_used(key):
            code, source, sku = sign.split("|", 2)
            raise RoomSoldOut(sku=sku, left=0, source=source) if code == RoomSoldOut.code else SoldOut(sku=sku, left=0)

    async def hear(self, refusal: DomainError) -> None:
        """Hang a sign when the truth has said that nothing is left."""
        if not isinstance(refusal, SoldOut | RoomSoldOut) or refusal.facts.get("left") != 0:
            return
        sku, source = str(refusal.facts["sku"]), cast("str | None", refusal.facts.get("source"))
        for seen_at in {None, source} if isinstance(refusal, SoldOut) else {source}:
            await self.signs.hang(_sign(type(refusal), sku, seen_at))

    async def _is_used(self, key: str) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        """Whoever comes while a query runs goes into the next one."""
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                used = await used_keys([key for key, _ in asked])
            except Exception as error:
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for key, answer in asked:
                    if not answer.done():
                        answer.set_result(key in used)
