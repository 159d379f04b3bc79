"""Whether a name leads to public servers alone: never to this machine, its network or a cloud's inside."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

RESOLVE_SECONDS = 3.0


def is_public_address(text: str) -> bool:
    """Whether an IP address is one of the open Internet, also when it is wrapped into IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public_address(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True)
class SystemHosts:
    """Asks the system's resolver. Implements :class:`live.ports.PublicHosts`.

    ``trials`` are servers (``host:port``) that count as public all the same, so that handing on can be tried where
    nothing public is to be had; production has none.
    """

    trials: tuple[str, ...] = ()

    async def is_public(self, host: str, port: int) -> bool:
        """See :class:`live.ports.PublicHosts`."""
        if f"{host}:{port}" in self.trials:
            return True
        asked = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.wait_for(asked, RESOLVE_SECONDS)
        except (OSError, UnicodeError, TimeoutError):
            return False
        return bool(found) and all(is_public_address(str(each[4][0])) for each in found)
