"""A merchant's callback address on a kernel port: it keeps what came and answers as it is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request that came."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """``answers`` gives status and body for the n-th request (from 0)."""

    answers: Callable[[int, Received], tuple[int, bytes]] = lambda _number, _received: (204, b"")
    received: list[Received] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen on the loopback."""
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._take(body)

            def do_GET(self) -> None:
                self._take(b"")

            def _take(self, body: bytes) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(time.monotonic(), self.path, headers, body)
                listener.received.append(received)
                status, content = listener.answers(len(listener.received) - 1, received)
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The notify address."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/notices"

    def wait_for(self, count: int, seconds: float = 30.0) -> list[Received]:
        """What came, once so many have come; fails after the time."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.received) >= count, f"{len(self.received)} of {count} came"
        return list(self.received)
