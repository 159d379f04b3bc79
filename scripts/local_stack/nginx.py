"""The media server: nginx with the RTMP module, configured from ``nginx.conf.template``."""

import os
from dataclasses import dataclass
from pathlib import Path
from string import Template

from scripts.local_stack.credentials import write_private
from scripts.local_stack.debian_nginx import MediaServer
from scripts.local_stack.identity import Identity, owned_folder, run_as
from scripts.local_stack.postgres import PreparationFailed
from scripts.local_stack.probes import accepts, answers_http
from scripts.local_stack.programs import Program, plain_environment

TEMPLATE = Path(__file__).with_name("nginx.conf.template")
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Nginx:
    """One media server. Under root the whole of it runs as ``identity``, so it owns what it writes."""

    server: MediaServer
    folder: Path
    media: Path
    rtmp_port: int
    hls_port: int
    control_port: int
    api_host: str
    api_port: int
    callback_secret: str
    identity: Identity | None = None

    @property
    def configuration(self) -> Path:
        """The file that :meth:`prepare` writes; it holds the callback secret."""
        return self.folder / "nginx.conf"

    def text(self) -> str:
        """The configuration."""
        module = self.server.module
        return Template(TEMPLATE.read_text()).substitute(
            load_module=f"load_module {module};" if module else "",
            directory=self.folder,
            media_directory=self.media,
            rtmp_host=HOST,
            rtmp_port=self.rtmp_port,
            hls_host=HOST,
            hls_port=self.hls_port,
            control_port=self.control_port,
            api_host=self.api_host,
            api_port=self.api_port,
            callback_secret=self.callback_secret,
        )

    def prepare(self) -> None:
        """Make the folders, write the configuration and have nginx itself check it."""
        owned_folder(self.folder, self.identity)
        owned_folder(self.folder / "temporary", self.identity)
        owned_folder(self.media, self.identity, 0o755)
        owned_folder(self.media / "hls", self.identity, 0o755)
        owned_folder(self.media / "rungs", self.identity, 0o755)
        owned_folder(self.media / "barred", self.identity, 0o755)
        write_private(self.configuration, self.text())
        if self.identity is not None:
            os.chown(self.configuration, self.identity.uid, self.identity.gid)
        checked = run_as(self.identity, [*self._argv(), "-t"], environment=plain_environment())
        if checked.returncode != 0:
            raise PreparationFailed(f"nginx -t: {checked.stdout[-2000:]}")

    def program(self) -> Program:
        """The server process."""
        return Program(
            name="nginx",
            argv=tuple(self._argv()),
            environment=plain_environment(),
            directory=self.folder,
            identity=self.identity,
            ready=lambda: answers_http(self.control_port, "/ready", 204) and accepts(self.rtmp_port),
            early=True,
        )

    def _argv(self) -> list[str]:
        return [
            str(self.server.program),
            "-p",
            str(self.folder),
            "-c",
            str(self.configuration),
            "-e",
            "stderr",
        ]
