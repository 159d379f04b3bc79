"""The protocol of the HTTP process's connections: a socket that is closed leaves nothing in circles.

Sanic's socket, its protocol and the parser of frames hold each other, 10 KB that wait for a full collection, and a full
collection looks at every socket that is open: under a storm of joins it stopped the process for a second.
"""

from typing import Any

from sanic.server.protocols.websocket_protocol import WebSocketProtocol

SETTLED_S = 3.0
"""So long after a connection is lost Sanic's own tasks for it have ended."""


class SocketProtocol(WebSocketProtocol):
    """Sanic's, taken apart when it is over."""

    __slots__ = ()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        super().connection_lost(exc)  # type: ignore[no-untyped-call]
        if self.websocket is not None:
            self.loop.call_later(SETTLED_S, take_apart, self)


def take_apart(protocol: Any) -> None:
    """Let go of what a lost connection holds and what holds it; whatever of Sanic's still runs finds it closed."""
    socket, protocol.websocket = protocol.websocket, None
    if socket is None:
        return
    socket.io_proto = None
    socket.assembler.protocol = None
    socket.keepalive_ping_task = socket.auto_closer_task = None
    socket.data_finished_fut = socket.connection_lost_waiter = socket.recv_cancel = None
    frames = socket.ws_proto
    frames.parser = iter(())  # a generator that holds its frames, as its error does by the place where it was raised
    frames.parser_exc = frames.handshake_exc = None
