"""A door is a list of endpoints; an endpoint is an async function whose signature says everything.

The annotation of an argument decides what it is:

* an actor type (a subclass of :class:`Actor`, or a union of them): the permission. Anybody else gets 401 or 403;
* the argument ``body`` or ``query`` (a msgspec struct, unknown fields refused): the checked input;
* :class:`IdempotencyKey`: the header is required, and the first answer is kept and repeated; a handler that answers
  :class:`Made` keeps that number instead, and the endpoint's ``answer`` reads the answer from it each time;
* :class:`Upload`: one file with short texts, from ``multipart/form-data``; :class:`Uploads`: several;
* :class:`FileBody`: a file, as the whole body or as the one file of a form;
* ``Request``: the raw request, for webhooks and sockets;
* a name that stands in the path: that path parameter;
* any other class: the service of that type, wired by ``server.bootstrap``.

A route without an actor must say ``public=True``, or the door refuses to be built: deny is the default.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from sanic import Request

from api_kit.sheet_words import members_about_rows
from api_kit.turnstiles import Turnstile
from api_kit.uploads import FileBody, Upload, Uploads
from kit.actors import Actor

Handler = Callable[..., Awaitable[Any]]
Decorator = Callable[[Handler], Handler]
Permit = Callable[["Endpoint", Actor], None]
Together = Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]]
Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
ReadAgain = Callable[[str], Awaitable[msgspec.Struct]]
Effect = Literal["with_answer", "with_refusal", "resumable"]

MAX_BODY_BYTES = 1024 * 1024


class IdempotencyKey(str):
    """The value of the Idempotency-Key header."""


class Made(str):
    """The opaque number of what a request made; nothing else of its answer is kept (decision 0061)."""


Told = TypeVar("Told", bound=msgspec.Struct | None)


@dataclass(frozen=True)
class Answer(Generic[Told]):
    """An answer with a status or headers of its own; a handler says ``-> Answer[itsBody]``."""

    body: Told
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """One route, read from its handler's signature."""

    handler: Handler
    name: str
    method: Method
    path: str
    status: int
    public: bool
    actors: tuple[type[Actor], ...]
    services: dict[str, type]
    path_arguments: tuple[str, ...]
    returns: Any
    actor_argument: str | None = None
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    key_argument: str | None = None
    request_argument: str | None = None
    upload_argument: str | None = None
    uploads_argument: str | None = None
    file_argument: str | None = None
    effect: Effect = "with_answer"
    answer: ReadAgain | None = None
    permit: Permit | None = None
    websocket: bool = False
    cached: bool = False
    together: Together | None = None
    max_body_bytes: int = MAX_BODY_BYTES
    turnstile: type[Turnstile] | None = None
    page: bool = False

    about_rows: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").split("\n")[0]

    @property
    def description(self) -> str:
        """The rest of the handler's docstring."""
        return "\n".join((inspect.getdoc(self.handler) or "").split("\n")[1:]).strip()


def _actors(annotation: Any) -> tuple[type[Actor], ...]:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    found = tuple(o for o in options if isinstance(o, type) and issubclass(o, Actor))
    if found and any(o not in found and o is not type(None) for o in options):
        raise TypeError(f"an actor is mixed with something else: {annotation}")
    return found


class Door:
    """The endpoints of one audience, below one prefix such as ``/v1/miniapp``.

    ``permit`` sees every caller whose type fits and raises for one who is limited in a way that types cannot say.
    ``pages``: people read the answers, so they and the refusals are HTML.
    """

    def __init__(
        self, name: str, prefix: str, title: str, permit: Permit | None = None, *, pages: bool = False
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.title = title
        self.permit = permit
        self.pages = pages
        self.endpoints: list[Endpoint] = []

    def get(
        self, path: str, *, public: bool = False, status: int = 200, cached: bool = False,
        together: Together | None = None,
    ) -> Decorator:  # fmt: skip
        """A read. A ``cached`` one answers everybody alike, with an ETag and from memory for a moment.

        ``together`` makes the answers for several values of its one path argument at once; see
        :class:`api_kit.answer_cache.AnswerCache`.
        """
        return self._route("GET", path, public=public, status=status, cached=cached, together=together)

    def post(
        self,
        path: str,
        *,
        public: bool = False,
        status: int = 201,
        effect: Effect = "with_answer",
        answer: ReadAgain | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        turnstile: type[Turnstile] | None = None,
    ) -> Decorator:
        """A creation or an act. ``effect="resumable"``: the handler talks to the network between transactions.

        ``effect="with_refusal"``: what the handler has committed before it refused is kept, as a wrong code is counted.
        ``answer`` makes the answer of what the handler has :class:`Made`, at the first request as at a repeated one.
        """
        declared = {"effect": effect, "answer": answer, "max_body_bytes": max_body_bytes, "turnstile": turnstile}
        return self._route("POST", path, public=public, status=status, **declared)

    def put(self, path: str, *, public: bool = False, status: int = 200) -> Decorator:
        """A replacement; repeating it changes nothing more."""
        return self._route("PUT", path, public=public, status=status)

    def patch(self, path: str, *, status: int = 200) -> Decorator:
        """A change of some members."""
        return self._route("PATCH", path, public=False, status=status)

    def delete(self, path: str, *, status: int = 204) -> Decorator:
        """An end; repeating it changes nothing more."""
        return self._route("DELETE", path, public=False, status=status)

    def websocket(self, path: str, *, public: bool = False) -> Decorator:
        """A socket: the handler also takes ``request`` and ``ws``."""
        return self._route("GET", path, public=public, status=101, websocket=True)

    def _route(self, method: Method, path: str, *, public: bool, status: int, **rest: Any) -> Decorator:
        def add(handler: Handler) -> Handler:
            self.endpoints.append(
                read_endpoint(
                    handler,
                    name=f"{self.name}.{handler.__name__}",
                    method=method,
                    path=self.prefix + path,
                    status=status,
                    public=public,
                    permit=self.permit,
                    page=self.pages,
                    **rest,
                )
            )
            return handler

        return add


def read_endpoint(handler: Handler, *, name: str, path: str, public: bool, **declared: Any) -> Endpoint:
    """Read a handler's signature. Raises TypeError where it does not say enough."""
    hints = get_type_hints(handler)
    in_path = {part.strip("<>").split(":")[0] for part in path.split("/") if part.startswith("<")}
    read: dict[str, Any] = {"actors": (), "services": {}, "path_arguments": ()}
    for argument in inspect.signature(handler).parameters:
        hint = hints[argument]
        if argument in in_path:
            read["path_arguments"] += (argument,)
        elif _actors(hint):
            read["actors"], read["actor_argument"] = _actors(hint), argument
        elif argument in ("body", "query"):
            read[argument] = hint
        elif hint is IdempotencyKey:
            read["key_argument"] = argument
        elif hint is Upload:
            read["upload_argument"] = argument
        elif hint is Uploads:
            read["uploads_argument"] = argument
        elif hint is FileBody:
            read["file_argument"] = argument
        elif hint is Request:
            read["request_argument"] = argument
        elif argument != "ws":
            read["services"][argument] = hint
    if set(read["path_arguments"]) != in_path:
        raise TypeError(f"{name}: the path names {in_path}, the handler takes {read['path_arguments']}")
    if declared.get("cached") and (read["actors"] or read.get("request_argument")):
        raise TypeError(f"{name}: an answer for everybody cannot know who asks")
    alone = len(in_path) == 1 and "query" not in read and not read["services"]
    if declared.get("together") and not (declared.get("cached") and alone):
        raise TypeError(f"{name}: only cached answers by one name can be made together")
    if not read["actors"] and not public:
        raise TypeError(f"{name}: no actor and not public")
    returns, answer = hints.get("return"), declared.get("answer")
    if (returns is Made) != (answer is not None) or (returns is Made and "key_argument" not in read):
        raise TypeError(f"{name}: what was made under a key is answered by an answer, and nothing else is")
    if answer is not None:
        returns = get_type_hints(answer)["return"]
    rows_of = members_about_rows(returns)
    return Endpoint(
        handler=handler, name=name, path=path, public=public, returns=returns, about_rows=rows_of, **declared, **read
    )
