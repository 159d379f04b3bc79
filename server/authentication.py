"""A request's bearer token as an actor."""

from collections.abc import Awaitable, Callable

from sanic import Request

from accounts.service import Sessions
from kit.actors import Actor
from kit.errors import NotAuthenticated


def authenticator(sessions: Sessions) -> Callable[[Request], Awaitable[Actor | None]]:
    """Answers None without a token, raises NotAuthenticated for one that is unknown, expired or revoked."""

    async def authenticate(request: Request) -> Actor | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return None
        actor = await sessions.resolve(token.strip()) if scheme.lower() == "bearer" and token else None
        if actor is None:
            raise NotAuthenticated()
        return actor

    return authenticate
