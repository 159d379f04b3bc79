"""Where a request comes from."""

import ipaddress

from sanic import Request

# What proxies of every make add. A request that carries one has come through something.
FORWARDING_HEADERS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-original-forwarded-for",
    "x-real-ip",
)
UNKNOWN = "0.0.0.0"


def client_address(request: Request) -> str:
    """The client's IP address in one spelling.

    It is the peer's, or with TRUSTED_PROXIES = n the n-th from the right of X-Forwarded-For: what stands further left
    was written by the client. Anything there that is no address falls back to the peer's.
    """
    for found in (request.remote_addr, request.ip):
        address = _read(found)
        if address is not None:
            return address
    return UNKNOWN


def peer_is_loopback(request: Request) -> bool:
    """Whether a program on this machine opened the connection and says nothing of a client behind it."""
    if any(name in request.headers for name in FORWARDING_HEADERS):
        return False
    peer = _read(request.ip)
    return peer is not None and ipaddress.ip_address(peer).is_loopback


def _read(text: str | None) -> str | None:
    """An address without brackets and zone; an IPv4 address in IPv6 clothes as IPv4."""
    try:
        address = ipaddress.ip_address((text or "").strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
