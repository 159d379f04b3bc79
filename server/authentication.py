"""A request's bearer token as an actor."""

from collections.abc import Awaitable, Callable

from sanic import Request

from accounts.service import Sessions
from accounts.tokens import read_bearer
from kit.actors import Actor
from kit.errors import NotAuthenticated


def authenticator(sessions: Sessions) -> Callable[[Request], Awaitable[Actor | None]]:
    """Answers None without a token, raises NotAuthenticated for one that is unknown, expired or revoked."""

    async def authenticate(request: Request) -> Actor | None:
        header = request.headers.get("authorization")
        if not header:
            return None
        token = read_bearer(header)
        actor = await sessions.resolve(token) if token else None
        if actor is None:
            raise NotAuthenticated()
        return actor

    return authenticate
