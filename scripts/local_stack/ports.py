"""Which loopback ports the stack uses: the usual one when it is free, else another; remembered for the next
start.
"""

import json
import random
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

USUAL = {
    "api": 8000,
    "hls": 8081,
    "flv": 8082,
    "sandbox": 8083,
    "media_control": 8084,
    "rtmp": 1935,
    "postgres": 5432,
    "redis": 6379,
}
LOWEST = 20000
HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen here now, also when an earlier one left connections in TIME_WAIT."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose_ports(
    names: list[str],
    remembered: Path,
    *,
    fixed: Mapping[str, int] | None = None,
    usual: bool = True,
    say: Callable[[str], None] = print,
) -> dict[str, int]:
    """A free port for every name, all different; writes them to ``remembered``.

    ``fixed`` ones were given by the person and are not questioned. ``usual=False`` (tests) never tries the
    usual ones. Says so when a port is not the usual one for the first time, or not the one of the last
    start.
    """
    before = _read(remembered)
    chosen: dict[str, int] = dict(fixed or {})
    for name in names:
        if name in chosen:
            continue
        last = before.get(name) or (USUAL[name] if usual else 0)
        if last and is_free(last) and last not in chosen.values():
            chosen[name] = last
            continue
        chosen[name] = _another(set(chosen.values()) | set(before.values()) | set(USUAL.values()))
        if last:
            say(f"端口 {last}（{name}）已被占用，改用 {chosen[name]} / port {last} is taken")
    remembered.write_text(json.dumps({**before, **chosen}, indent=1))
    return chosen


def _another(taken: set[int]) -> int:
    """A free port below the range that the kernel gives to outgoing connections.

    A port inside that range may be taken by any outgoing connection while its server is being restarted,
    and a client that retries may even connect to itself.
    """
    highest = max(_first_outgoing_port(), LOWEST + 1000)
    for _ in range(200):
        port = random.randrange(LOWEST, highest)
        if port not in taken and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        found: int = probe.getsockname()[1]
        return found


def _first_outgoing_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return 32768


def _read(path: Path) -> dict[str, int]:
    try:
        return {str(name): int(port) for name, port in json.loads(path.read_text()).items()}
    except (OSError, ValueError):
        return {}
