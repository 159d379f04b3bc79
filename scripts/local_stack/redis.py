"""Redis for one machine: loopback, a password, an append-only file a restart keeps what was queued."""

from dataclasses import dataclass
from pathlib import Path

from scripts.local_stack.credentials import write_private
from scripts.local_stack.probes import redis_ready
from scripts.local_stack.programs import Program, plain_environment


@dataclass(frozen=True)
class Redis:
    """One server with its folder."""

    server: Path
    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Where the product connects."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration; a file, because arguments are visible to everyone on the machine."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "daemonize no",
        )
        write_private(self.folder / "redis.conf", "\n".join(lines) + "\n")

    def program(self) -> Program:
        """The server process."""
        return Program(
            name="redis",
            argv=(str(self.server), str(self.folder / "redis.conf")),
            environment=plain_environment(),
            directory=self.folder,
            ready=lambda: redis_ready(self.port, self.password),
            first=True,
        )
