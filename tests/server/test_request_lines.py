"""The lines of answered requests."""

import asyncio
import json
import logging

import pytest

from server.request_lines import RequestLines


async def test_each_answer_leaves_one_line_and_those_of_a_turn_leave_together(
    capfdbinary: pytest.CaptureFixture[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lines = RequestLines()
    lines.add("r1", "GET", "v1/miniapp/products", 200, 0.01234)
    lines.add("r2", "POST", "v1/miniapp/orders", 409, 1.0)
    assert capfdbinary.readouterr().out == b""
    await asyncio.sleep(0)
    lines.add("r3", "GET", "v1/miniapp/products", 200, 0.5)
    await asyncio.sleep(0)
    written = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [(line["request_id"], line["status"], line["duration_ms"]) for line in written] == [
        ("r1", 200, 12.3),
        ("r2", 409, 1000.0),
        ("r3", 200, 500.0),
    ]
    assert all(line["event"] == "request" and line["timestamp"].endswith("Z") for line in written)


async def test_nothing_is_written_where_only_warnings_are(
    capfdbinary: pytest.CaptureFixture[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    RequestLines().add("r1", "GET", "v1/miniapp/products", 200, 0.01)
    await asyncio.sleep(0)
    assert capfdbinary.readouterr().out == b""
