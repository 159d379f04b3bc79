"""The same broadcast on other platforms: where a host wants it handed on, and the handing on.

An address comes from a host and is opened by our machine, so it may lead to public servers alone, by RTMP or RTMPS. It
holds the platform's key: it stands sealed and is told to nobody.
"""

import re
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, urlsplit

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from live.errors import RelayAddressInvalid, RelayTargetsFull, RelayTargetUnknown, SessionNotFound, SessionStateForbids
from live.media.leased import LeasedTasks
from live.media.models import RelayTarget
from live.media.supervision import Lease
from live.models import OPEN
from live.ports import PublicHosts, RelayOut
from live.talk.feed import lock_session

MOST = 3
"""Each takes as much of the county's line as a viewer."""
PORTS = {"rtmp": 1935, "rtmps": 443}
_PRINTABLE = re.compile(r"[\x21-\x7e]{10,1000}")


def target_place(number: str) -> str:
    """What a sealed address is bound to."""
    return f"live_relay_target|address_sealed|{number}"


def read_address(address: str) -> tuple[str, int]:
    """Server and port of a push address. Raises :class:`RelayAddressInvalid`."""
    try:
        parts: SplitResult = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise RelayAddressInvalid() from None
    host = parts.hostname or ""
    named = bool(host) and len(host) <= 253 and parts.username is None and len(parts.path.strip("/")) > 0
    if not _PRINTABLE.fullmatch(address) or parts.scheme not in PORTS or not named or not port:
        raise RelayAddressInvalid()
    return host, port


@dataclass(frozen=True)
class RelayTargets:
    """What a host enters and takes out again."""

    cipher: FieldCipher
    hosts: PublicHosts
    clock: Clock = utc_now

    async def add(self, session_number: str, host: str, title: str, address: str) -> str:
        """Enter a platform; answers the target's number.

        Raises ``RelayAddressInvalid``, also for a server that is not public, ``RelayTargetsFull`` above three,
        ``SessionNotFound`` and ``SessionStateForbids``.
        """
        server, port = read_address(address)
        if not await self.hosts.is_public(server, port):
            raise RelayAddressInvalid()
        now = self.clock()
        number = public_number(now, "R")
        async with transaction():
            session = await lock_session(session_number)
            if session.host != host:
                raise SessionNotFound(number=session_number)
            if session.state not in OPEN:
                raise SessionStateForbids(state=session.state.value)
            if await RelayTarget.filter(session_id=session.id, removed_at=None).count() >= MOST:
                raise RelayTargetsFull(limit=MOST)
            await RelayTarget.create(
                number=number,
                session_id=session.id,
                title=title.strip(),
                server=server,
                address_sealed=self.cipher.encrypt(address, target_place(number)),
                created_at=now,
            )
        return number

    async def remove(self, session_number: str, host: str, number: str) -> None:
        """Hand it on there no more. Doing it twice changes nothing. Raises ``RelayTargetUnknown``."""
        found = await scalar(
            "UPDATE live_relay_target t SET removed_at = coalesce(t.removed_at, $4), running_since = NULL"
            " FROM live_session s WHERE s.id = t.session_id AND s.number = $1 AND s.host = $2 AND t.number = $3"
            " RETURNING t.id",
            session_number,
            host,
            number,
            self.clock(),
        )
        if found is None:
            raise RelayTargetUnknown(number=number)


@dataclass
class RelayOuts:
    """Hands sessions on while the supervisor's lease is held."""

    lease: Lease
    out: RelayOut
    hosts: PublicHosts
    cipher: FieldCipher
    clock: Clock = utc_now

    def __post_init__(self) -> None:
        self._pushes = LeasedTasks(self.lease)

    async def look(self) -> None:
        """Begin and end pushes as sessions and targets come and go."""
        if not await self._pushes.may_run():
            return
        found = await rows(
            "SELECT t.number, t.address_sealed, s.stream, p.generation FROM live_relay_target t"
            " JOIN live_session s ON s.id = t.session_id JOIN live_stream_publish p ON p.session_id = s.id"
            " WHERE t.removed_at IS NULL AND s.state = 'live' AND p.ended_at IS NULL"
        )
        wanted = {
            (each["number"], each["generation"]): partial(
                self._push, each["number"], bytes(each["address_sealed"]), each["stream"]
            )
            for each in found
        }
        await self._pushes.follow(wanted)
        await execute(
            "UPDATE live_relay_target SET running_since = NULL"
            " WHERE running_since IS NOT NULL AND NOT number = ANY($1::text[])",
            [each["number"] for each in found],
        )

    async def stop(self) -> None:
        """End every push."""
        await self._pushes.stop()

    async def _push(self, number: str, sealed: bytes, stream: str) -> None:
        """Once. The name may lead elsewhere by now, so it is asked again."""
        address = self.cipher.decrypt(sealed, target_place(number))
        if await self.hosts.is_public(*read_address(address)):
            await self._note(number, "running_since = $2")
            await self.out.push(stream, address)
        await self._note(number, "running_since = NULL, failed_at = $2, failures = failures + 1")

    async def _note(self, number: str, change: str) -> None:
        """Write how it goes, unless another has taken the lease over."""
        async with transaction():
            if await self.lease.still_holds():
                await execute(f"UPDATE live_relay_target SET {change} WHERE number = $1", number, self.clock())
