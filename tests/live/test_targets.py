"""A host has a broadcast handed on to other platforms: public servers alone, addresses sealed, one push each."""

import asyncio
from dataclasses import dataclass, field

import pytest

from integrations.name_service.public_hosts import SystemHosts, is_public_address
from kit.database import execute, rows, scalar
from live.errors import RelayAddressInvalid, RelayTargetsFull, RelayTargetUnknown, SessionNotFound, SessionStateForbids
from live.media.queries import relay_targets_of
from live.media.supervision import Lease
from live.media.targets import RelayOuts, RelayTargets, read_address
from tests.accounts.people import throwaway_cipher
from tests.live.rooms import HOST, House
from tests.live.waiting import until

RING = throwaway_cipher()
ADDRESS = "rtmp://push.platform.example/live/stream?key=geheim"


@dataclass
class Hosts:
    """A name service: what is public is what a test says."""

    public: bool = True
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def is_public(self, host: str, port: int) -> bool:
        self.asked.append((host, port))
        return self.public


@dataclass
class Out:
    """A server elsewhere: it notes who pushes, and hangs up when told to."""

    open: list[tuple[str, str]] = field(default_factory=list)
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def push(self, stream: str, target_url: str) -> None:
        self.open.append((stream, target_url))
        try:
            await self.hang_up.wait()
        finally:
            self.open.remove((stream, target_url))


@pytest.mark.parametrize(
    "address",
    [
        "http://platform.example/live/key",
        "file:///etc/passwd",
        "rtmp://platform.example",
        "rtmp:///live/key",
        "rtmp://user:word@platform.example/live/key",  # pragma: allowlist secret
        "rtmp://platform.example:99999/live/key",
        "rtmp://platform.example/live/key x",
        "rtmp://platform.example/live/\n",
        "rtmp://" + "a" * 300 + "/live/key",
        "concat:rtmp://platform.example/live/key",
    ],
)
def test_what_is_no_push_address_is_refused(address: str) -> None:
    with pytest.raises(RelayAddressInvalid):
        read_address(address)


def test_server_and_port_of_an_address() -> None:
    assert read_address(ADDRESS) == ("push.platform.example", 1935)
    assert read_address("rtmps://platform.example/live/key") == ("platform.example", 443)
    assert read_address("rtmp://[2001:4860:4860::8888]:1936/live/key") == ("2001:4860:4860::8888", 1936)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "10.1.2.3", "172.16.0.1",
        "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
        "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "no-such-name.invalid",
    ],
)  # fmt: skip
async def test_no_name_leads_inside(host: str) -> None:
    """Asked of the system's own resolver, which reads 127.1 and 2130706433 as this machine too."""
    assert not await SystemHosts().is_public(host, 1935)


async def test_numbers_of_the_open_internet_are_public() -> None:
    for host in ("8.8.8.8", "2001:4860:4860::8888"):
        assert is_public_address(host)
    assert await SystemHosts().is_public("8.8.8.8", 1935)


async def test_a_trial_leads_to_one_server_inside_and_to_no_other() -> None:
    hosts = SystemHosts(("127.0.0.1:1936",))
    assert await hosts.is_public("127.0.0.1", 1936)
    assert not await hosts.is_public("127.0.0.1", 1935)
    assert not await hosts.is_public("localhost", 1936)


async def test_an_address_is_sealed_and_shown_to_nobody(database: str) -> None:
    house = House()
    hosts = Hosts()
    targets = RelayTargets(RING, hosts, house.clock)
    session = await house.scheduled()
    number = await targets.add(session.number, HOST, " 视频号 ", ADDRESS)
    assert hosts.asked == [("push.platform.example", 1935)]
    [line] = await relay_targets_of(session.id)
    assert (line.number, line.title, line.server, line.running_since) == (
        number,
        "视频号",
        "push.platform.example",
        None,
    )
    assert "geheim" not in str(line)
    kept = await rows("SELECT address_sealed FROM live_relay_target")
    assert b"geheim" not in bytes(kept[0]["address_sealed"])
    hosts.public = False
    with pytest.raises(RelayAddressInvalid):
        await targets.add(session.number, HOST, "内网", ADDRESS)
    hosts.public = True
    with pytest.raises(SessionNotFound):
        await targets.add(session.number, "S-other", "他人", ADDRESS)
    for _ in range(2):
        await targets.add(session.number, HOST, "抖音", ADDRESS)
    with pytest.raises(RelayTargetsFull):
        await targets.add(session.number, HOST, "第四个", ADDRESS)
    for host, wanted in (("S-other", number), (HOST, "R20260101NOSUCH0001")):
        with pytest.raises(RelayTargetUnknown):
            await targets.remove(session.number, host, wanted)
    for _ in range(2):
        await targets.remove(session.number, HOST, number)
    assert len(await relay_targets_of(session.id)) == 2
    await house.sessions.cancel(session.number, HOST)
    with pytest.raises(SessionStateForbids):
        await targets.add(session.number, HOST, "太晚", ADDRESS)


async def test_one_push_each_while_the_session_is_live_and_the_lease_is_held(database: str) -> None:
    """Fails when the name is not asked again before a start, and when no lease is asked for: tried."""
    house, hosts, out, other = House(), Hosts(), Out(), Out()
    targets = RelayTargets(RING, hosts, house.clock)
    session, _ = await house.on_air()
    number = await targets.add(session.number, HOST, "视频号", ADDRESS)
    first = RelayOuts(Lease(), out, hosts, RING, house.clock)
    second = RelayOuts(Lease(), other, hosts, RING, house.clock)
    assert await first.lease.hold()
    for _ in range(2):
        await first.look()
        await second.look()
    await until(lambda: out.open == [(session.stream, ADDRESS)], 5, 0.01)
    assert other.open == []

    async def is_noted(running: bool, failures: int) -> bool:
        [line] = await relay_targets_of(session.id)
        return (line.running_since is not None, line.failures) == (running, failures)

    await until(lambda: is_noted(True, 0), 5)
    out.hang_up.set()
    await until(lambda: is_noted(False, 1), 5)
    out.hang_up.clear()
    await until(lambda: is_noted(True, 1), 5)  # it is begun again
    await execute("UPDATE live_lease SET expires_at = now() - interval '1 second'")
    assert await second.lease.hold()
    await first.look()
    assert out.open == []
    hosts.public = False
    await second.look()
    await until(lambda: is_noted(False, 2), 5)
    assert other.open == [], "the name leads inside by now"
    hosts.public = True
    await until(lambda: other.open == [(session.stream, ADDRESS)], 10)
    await targets.remove(session.number, HOST, number)
    await second.look()
    assert other.open == []
    await targets.add(session.number, HOST, "抖音", ADDRESS)
    await second.look()
    await until(lambda: len(other.open) == 1, 5, 0.01)
    await house.bans.ban(session.number, "staff:S1", "原因")
    await second.look()
    assert other.open == []
    assert await scalar("SELECT count(*) FROM live_relay_target WHERE running_since IS NOT NULL") == 0
