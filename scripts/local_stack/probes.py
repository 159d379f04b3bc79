"""Short questions to a server: are you ready? Each answers within a second and never raises."""

import http.client
import socket
import struct

PATIENCE_S = 1.0


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens."""
    try:
        with socket.create_connection((host, port), PATIENCE_S):
            return True
    except OSError:
        return False


def answers_http(port: int, path: str, status: int = 200, host: str = "127.0.0.1") -> bool:
    """Whether ``GET path`` gives ``status``."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def postgres_ready(port: int, user: str, database: str) -> bool:
    """Whether PostgreSQL lets people in: during recovery it accepts the connection and answers with an
    error.

    Sends a start-up message (protocol 3.0); ``R`` asks for the password, so the server is up; ``E`` is a
    refusal.
    """
    words = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database)) + b"\0"
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as server:
            server.settimeout(PATIENCE_S)
            server.sendall(struct.pack(">ii", 8 + len(words), 3 << 16) + words)
            return server.recv(1) == b"R"
    except OSError:
        return False


def redis_ready(port: int, password: str) -> bool:
    """Whether Redis has loaded its file and answers commands."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as server:
            server.settimeout(PATIENCE_S)
            server.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            told = b""
            while told.count(b"\r\n") < 2:
                more = server.recv(256)
                if not more:
                    return False
                told += more
            return told.endswith(b"+PONG\r\n")
    except OSError:
        return False
