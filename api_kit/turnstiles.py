"""What may stand before one route and refuse a request before the database is asked."""

from typing import Any, Protocol, cast

from sanic import Request
from sanic.response import HTTPResponse

from kit.errors import DomainError


class Turnstile(Protocol):
    """Stands before one route: may refuse a request before anybody is authenticated, and hears what was refused inside.

    It must let pass whatever it is not sure about, and every request whose key may have been used before.
    """

    async def admit(self, key: str, body: bytes) -> None:
        """Raises a :class:`kit.errors.DomainError` to refuse. ``key`` is the Idempotency-Key as sent, maybe empty."""
        ...

    async def hear(self, refusal: DomainError) -> None:
        """The route refused a request that was let pass; its transaction is over."""
        ...


def behind(turnstile: object, handle: Any) -> Any:
    """The route behind its turnstile."""
    guard = cast(Turnstile, turnstile)

    async def pass_through(request: Request, **path: Any) -> HTTPResponse:
        try:
            await guard.admit(request.headers.get("idempotency-key", ""), request.body)
        except DomainError as refusal:
            # The answer that Sanic would have made of it, without its way through the signals of an exception.
            return request.app.error_handler.default(request, refusal)
        try:
            return cast(HTTPResponse, await handle(request, **path))
        except DomainError as refusal:
            await guard.hear(refusal)
            raise

    return pass_through
