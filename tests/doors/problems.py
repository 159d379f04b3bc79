"""What every refusal looks like."""

import re

import httpx

_TRACES = re.compile(r"Traceback|\.py\b|asyncpg|tortoise|sanic|line \d+|SELECT |Error:", re.IGNORECASE)


def check_problem(reply: httpx.Response, status: int | None = None, code: str | None = None) -> dict[str, object]:
    """An RFC 9457 document of a 4xx, without anything from the inside; answers its members."""
    assert 400 <= reply.status_code < 500, (reply.status_code, reply.text)
    assert reply.headers["content-type"] == "application/problem+json", reply.text
    members: dict[str, object] = reply.json()
    assert members["status"] == reply.status_code
    assert {"type", "title", "status", "code"} <= set(members)
    assert str(members["type"]).startswith("urn:longchuan:problem:")
    assert not _TRACES.search(reply.text), reply.text
    if status is not None:
        assert reply.status_code == status, reply.text
    if code is not None:
        assert members["code"] == code, reply.text
    check_headers(reply)
    return members


def check_page(reply: httpx.Response, status: int = 404) -> None:
    """A refusal that a person reads: a page of ours without anything from the inside."""
    assert reply.status_code == status, (reply.status_code, reply.text)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.text.startswith("<!doctype html>")
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert not _TRACES.search(reply.text), reply.text
    check_headers(reply)


def check_headers(reply: httpx.Response) -> None:
    """What every answer carries."""
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", reply.headers["x-request-id"])
    assert "server" not in reply.headers
