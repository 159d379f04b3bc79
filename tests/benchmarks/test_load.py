"""The client of the benchmark against a small server, and the arithmetic of its report."""

import asyncio
import itertools

import pytest

from scripts.benchmarks.load import Round, drive, get, post
from scripts.benchmarks.loads import Load
from scripts.benchmarks.report import goals, percentiles, ratio


async def serve(answers: list[tuple[str, bytes]], seen: list[bytes]) -> asyncio.Server:
    """Answers in turn, each cut in three pieces, in the middle of head and body."""
    turn = itertools.cycle(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            seen.append(head)
            status, body = next(turn)
            whole = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            for piece in (whole[:20], whole[20:-3], whole[-3:]):
                writer.write(piece)
                await asyncio.sleep(0)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


async def test_every_answer_is_counted_once_and_refusals_apart() -> None:
    seen: list[bytes] = []
    server = await serve([("200 OK", b"12345"), ("409 Conflict", b"no more")], seen)
    port = server.sockets[0].getsockname()[1]
    done = await drive(port, lambda: get("/x"), connections=3, seconds=0.2)
    server.close()
    assert len(done.latencies_ms) == len(seen) > 3
    assert done.refused == len(seen) // 2
    assert done.sample.endswith(b"no more")
    assert done.rate == pytest.approx((len(seen) - done.refused) / done.seconds)


async def test_a_server_that_hangs_up_fails_the_round() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    with pytest.raises(ConnectionError):
        await drive(server.sockets[0].getsockname()[1], lambda: get("/x"), connections=1, seconds=5)
    server.close()


def test_a_post_says_how_long_its_body_is() -> None:
    sent = post("/orders", "户撒".encode(), {"Idempotency-Key": "k"})
    assert b"Content-Length: 6\r\n" in sent
    assert b"Idempotency-Key: k\r\n" in sent
    assert sent.endswith(b"\r\n\r\n" + "户撒".encode())


def a_round(count: int, milliseconds: float = 1.0) -> Round:
    return Round(seconds=1.0, latencies_ms=[milliseconds] * count)


def test_one_noisy_round_does_not_decide() -> None:
    rounds = {"list": [a_round(60), a_round(65), a_round(5)], "query": [a_round(100)] * 3}
    assert ratio(rounds, "list", "query") == pytest.approx(0.6)
    load = Load("list", "list of 20", lambda: b"", "query", 0.6)
    assert "measured 0.600  met" in goals([load], rounds)[0]
    assert "NOT met" in goals([Load("list", "list of 20", lambda: b"", "query", 0.61)], rounds)[0]


def test_percentiles_are_of_all_rounds_together() -> None:
    p50, p99 = percentiles([a_round(98, 2.0), a_round(2, 50.0)])
    assert (p50, p99) == (2.0, 50.0)
