"""Sockets begin one after another, a few in each pass of the loop: what is due there meanwhile is not late."""

import asyncio
from typing import Any, cast

import pytest

from api_kit.sockets import AllowedOrigins
from server.sockets import AT_ONCE, SocketProtocol, Turns, asks_for_socket, is_foreign

MANY = 3 * AT_ONCE + 1


class Asking:
    """As much of a connection as waits for its turn."""

    def __init__(self, number: int, begun: list[int]) -> None:
        self.loop = asyncio.get_running_loop()
        self.number = number
        self.begun = begun

    def begin(self) -> None:
        self.begun.append(self.number)


async def test_a_few_begin_in_each_pass_in_the_order_of_coming() -> None:
    """Fails when all begin at once: tried."""
    turns, begun = Turns(), list[int]()
    for number in range(MANY):
        turns.wait(cast(SocketProtocol, Asking(number, begun)))
    passes = []
    while len(begun) < MANY:
        await asyncio.sleep(0)
        passes.append(len(begun))
    assert passes == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE, MANY]
    assert begun == list(range(MANY))
    turns.wait(cast(Any, Asking(MANY, begun)))
    await asyncio.sleep(0)
    assert begun[-1] == MANY, "who comes after all have begun does not wait for a pass that never comes"


HEAD = b"GET /feed HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nupgrade:  WebSocket \r\n"


@pytest.mark.parametrize(
    ("more", "asks", "foreign"),
    [
        (b"\r\n", True, False), (b"Origin: https://evil.example\r\n\r\n", True, True),
        (b"ORIGIN:https://evil.example\r\n\r\n", True, True), (b"Origin: https://shop.example\r\n\r\n", True, False),
        (b"Origin: https://page.example \r\n\r\n", True, False), (b"Origin: null\r\n\r\n", True, True),
        (b"Origin: \r\n\r\n", True, True), (b"Origin: https://evil.example\r\n", False, True),
        (b"X-Forwarded-Host: evil.example\r\nOrigin: https://evil.example\r\n\r\n", True, False),
        (b"Forwarded: host=evil.example\r\nOrigin: https://evil.example\r\n\r\n", True, False),
    ],
)  # fmt: skip
def test_what_is_told_from_a_head_that_is_not_parsed(more: bytes, asks: bool, foreign: bool) -> None:
    """Where a proxy may have said the host, the route decides."""
    assert asks_for_socket(HEAD + more) is asks
    assert is_foreign(HEAD + more, AllowedOrigins(("https://page.example",))) is foreign


def test_other_requests_are_none_for_a_socket() -> None:
    assert not asks_for_socket(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert not asks_for_socket(b"POST / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
