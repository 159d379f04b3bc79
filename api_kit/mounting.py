"""Doors on a Sanic application: each endpoint becomes one route that authenticates, checks, calls and answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

import msgspec
from sanic import Request, Sanic
from sanic.response import HTTPResponse, ResponseStream

from api_kit.answer_cache import AnswerCache, Kept, MakeSeveral
from api_kit.doors import Answer, Door, Endpoint, Together
from api_kit.doubled_members import refuse_doubled
from api_kit.errors import ContentInvalid, ContentTooLarge, ContentTypeUnsupported, MalformedJson
from api_kit.languages import wants_english
from api_kit.sheet_words import in_clients_words
from api_kit.socket_frames import FAILED, GOING_AWAY
from api_kit.sockets import AllowedOrigins, OriginForeign, open_socket
from api_kit.turnstiles import behind
from api_kit.uploads import FileBody, Upload, Uploads, read_file, read_upload, read_uploads
from kit.actors import Actor
from kit.database import transaction
from kit.errors import DomainError, NotAuthenticated, NotFound, NotPermitted, Unavailable
from kit.file_scanning import FileScanner
from kit.idempotency import BodyMarks, Claimed, KeyMissing, claim, let_go, settle

Authenticate = Callable[[Request], Awaitable[Actor | None]]
Services = Mapping[type, object]

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_WHERE = re.compile(r" - at `(?:\$|key in `?)?(.*?)`$")
# PostgreSQL has no text with U+0000, which JSON can only spell as an escape.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}")
_JSON = "application/json"


def mount(app: Sanic[Any, Any], door: Door, services: Services, authenticate: Authenticate) -> None:
    """Add every endpoint of the door. Raises KeyError for an endpoint whose service nobody has wired."""
    for endpoint in door.endpoints:
        wanted = [*endpoint.services.values(), *([endpoint.turnstile] if endpoint.turnstile else [])]
        missing = [kind.__qualname__ for kind in wanted if kind not in services]
        if missing:
            raise KeyError(f"{endpoint.name} needs {missing}, which bootstrap does not build")
        given = {a: services[k] for a, k in endpoint.services.items()}
        if endpoint.cached:
            handler = _cached_route(endpoint, given, cast(AnswerCache, services.get(AnswerCache, AnswerCache(0))))
        else:
            marks = cast(BodyMarks, services.get(BodyMarks) or BodyMarks())
            scanner = cast(FileScanner | None, services.get(FileScanner))
            origins = cast(AllowedOrigins, services.get(AllowedOrigins, AllowedOrigins(())))
            handler = (
                _socket_route(endpoint, given, authenticate, origins)
                if endpoint.websocket
                else _in_language(endpoint, _http_route(endpoint, given, authenticate, marks, scanner))
            )
        app.add_route(
            behind(services[endpoint.turnstile], handler) if endpoint.turnstile is not None else handler,
            endpoint.path,
            methods=[endpoint.method],
            name=endpoint.name.replace(".", "_"),
            # Problems are written by the application; unless a format is named, Sanic parses each handler's source.
            error_format="json",
            ctx_max_body_bytes=endpoint.max_body_bytes,
        )


def limit_bodies(app: Sanic[Any, Any]) -> None:
    """No route reads more than its endpoint takes: above the application's limit only where an endpoint says so."""

    async def limit(request: Request, route: Any, **_: Any) -> None:
        assert request.stream is not None
        usual = request.app.config.REQUEST_MAX_SIZE
        # A connection serves many requests, so the limit is set for each.
        request.stream.request_max_size = max(usual, getattr(route.ctx, "max_body_bytes", usual))

    app.add_signal(limit, "http.routing.after")


async def _admit(endpoint: Endpoint, request: Request, authenticate: Authenticate) -> Actor | None:
    """The caller, checked against the endpoint's actors."""
    if endpoint.actor_argument is None:
        return None
    actor = await authenticate(request)
    if actor is None:
        if endpoint.public:
            return None
        raise NotAuthenticated()
    if not isinstance(actor, endpoint.actors):
        if endpoint.public:
            return None
        raise NotPermitted()
    if endpoint.permit is not None:
        endpoint.permit(endpoint, actor)
    return actor


def _socket_route(
    endpoint: Endpoint, given: dict[str, object], authenticate: Authenticate, origins: AllowedOrigins
) -> Any:
    """The route of a socket: what is refused is refused before the handshake, as any request is."""

    async def handle(request: Request, **path: Any) -> None:
        if not origins.allow(request.headers.get("origin"), request.host):
            raise OriginForeign()
        arguments: dict[str, object] = {**given, **read_path(path)}
        if endpoint.actor_argument:
            arguments[endpoint.actor_argument] = await _admit(endpoint, request, authenticate)
        if endpoint.query is not None:
            arguments["query"] = read_query(request, endpoint.query)
        if endpoint.request_argument:
            arguments[endpoint.request_argument] = request
        arguments["ws"] = ws = open_socket(request)
        try:
            await endpoint.handler(**arguments)
        except asyncio.CancelledError:
            pass  # the connection is lost, or the server stops; there is nobody to answer
        except Exception as error:
            request.app.error_handler.log(request, error)
            ws.close(FAILED, "failed")
        finally:
            ws.close(GOING_AWAY, "bye")

    handle.is_websocket = True  # type: ignore[attr-defined]  # Sanic expects no answer of it then
    return handle


def _http_route(
    endpoint: Endpoint,
    given: dict[str, object],
    authenticate: Authenticate,
    marks: BodyMarks,
    scanner: FileScanner | None,
) -> Any:
    decoder = msgspec.json.Decoder(endpoint.body) if endpoint.body is not None else None

    async def handle(request: Request, **path: Any) -> HTTPResponse:
        actor = await _admit(endpoint, request, authenticate)
        arguments: dict[str, object] = {**given, **read_path(path)}
        if endpoint.actor_argument:
            arguments[endpoint.actor_argument] = actor
        if len(request.body) > endpoint.max_body_bytes:
            raise ContentTooLarge(limit_bytes=endpoint.max_body_bytes)
        if decoder is not None:
            arguments["body"] = read_body(request, decoder)
        files = _read_files(endpoint, request)
        if scanner is not None:
            for content in (each for given_file in files.values() for each in given_file.files):
                await scanner.check(content)
        arguments |= files
        if endpoint.query is not None:
            arguments["query"] = read_query(request, endpoint.query)
        if endpoint.request_argument:
            arguments[endpoint.request_argument] = request
        if endpoint.key_argument is None:
            return render(await endpoint.handler(**arguments), endpoint.status)
        key = request.headers.get("idempotency-key", "")
        if not _KEY.fullmatch(key):
            raise KeyMissing()
        arguments[endpoint.key_argument] = key
        caller = actor.caller if actor else "anonymous"
        return await _once(endpoint, arguments, caller, f"{request.method} {request.path}", key, marks.of(request.body))

    return handle


def _in_language(endpoint: Endpoint, handler: Any) -> Any:
    """The route, with what it says about rows of a file in the client's language; under a key Chinese is kept."""
    if not endpoint.about_rows:
        return handler

    async def handle(request: Request, **path: Any) -> HTTPResponse:
        response: HTTPResponse = await handler(request, **path)
        english = wants_english(request)
        response.headers["content-language"] = "en" if english else "zh-CN"
        if english and response.body:
            response.body = in_clients_words(response.body, endpoint.about_rows)
        return response

    return handle


def _read_files(endpoint: Endpoint, request: Request) -> dict[str, Upload | Uploads | FileBody]:
    """What the endpoint takes of files, by argument."""
    kinds = (
        (endpoint.upload_argument, read_upload),
        (endpoint.uploads_argument, read_uploads),
        (endpoint.file_argument, read_file),
    )
    said = request.headers.get("content-type", "")
    return {argument: read(said, request.body) for argument, read in kinds if argument}


def _cached_route(endpoint: Endpoint, given: dict[str, object], cache: AnswerCache) -> Any:
    """A read that is the same for everybody. The key is what was checked, so no spelling of it is a second entry."""
    route = f"{endpoint.path}?"
    several = _several(endpoint.together, route) if endpoint.together is not None else None

    async def handle(request: Request, **path: Any) -> HTTPResponse:
        names = read_path(path)
        arguments: dict[str, object] = {**given, **names}
        key = route + "/".join(map(str, names.values()))
        if endpoint.query is not None:
            arguments["query"] = query = read_query(request, endpoint.query)
            key += msgspec.json.encode(query).decode()

        async def make() -> bytes:
            return msgspec.json.encode(await endpoint.handler(**arguments))

        found = await cache.get(key, make, several)
        return kept_answer(request, found, _JSON)

    return handle


def kept_answer(
    request: Request, found: Kept, content_type: str, headers: Mapping[str, str] | None = None
) -> HTTPResponse:
    """An answer of the cache, or that the client has it already.

    A client may keep it and has to ask every time: what it keeps is never older than what is here.
    """
    sent = {**(headers or {}), "etag": found.etag, "cache-control": "no-cache"}
    if _matches(request.headers.get("if-none-match"), found.etag):
        return HTTPResponse(None, status=304, headers=sent)
    return HTTPResponse(found.body, headers=sent, content_type=content_type)


def _several(together: Together, route: str) -> MakeSeveral:
    """Answers by key, made together; a key is the route and the one name in its path."""

    async def make(keys: Sequence[str]) -> dict[str, bytes]:
        made = await together([key.removeprefix(route) for key in keys])
        return {route + name: msgspec.json.encode(answer) for name, answer in made.items()}

    return make


def _matches(asked: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag; the comparison is the weak one (RFC 9110, 13.1.2)."""
    if asked is None:
        return False
    return asked.strip() == "*" or etag in {each.strip().removeprefix("W/") for each in asked.split(",")}


async def _once(
    endpoint: Endpoint, arguments: dict[str, object], caller: str, route: str, key: str, mark: bytes
) -> HTTPResponse:
    """Run the handler under its key: the first answer is kept, later requests get the same bytes.

    Or what it has made is kept, and every request is answered by how that stands.
    """
    if endpoint.effect == "with_answer":
        async with transaction():
            claimed = await claim(caller, route, key, mark)
            if claimed.status is not None:
                return await _again(endpoint, claimed)
            return await _settled(endpoint, claimed, await endpoint.handler(**arguments))
    if endpoint.effect == "with_refusal":
        return await _once_or_refused(endpoint, arguments, (caller, route, key, mark))
    async with transaction():
        claimed = await claim(caller, route, key, mark)
    if claimed.status is not None:
        return await _again(endpoint, claimed)
    try:
        made = await endpoint.handler(**arguments)
    except DomainError as refusal:
        if not isinstance(refusal, Unavailable):
            await let_go(claimed)
        raise
    return await _settled(endpoint, claimed, made)


async def _once_or_refused(
    endpoint: Endpoint, arguments: dict[str, object], claims: tuple[str, str, str, bytes]
) -> HTTPResponse:
    """The effect commits with its answer; a refusal leaves no claim, but what its own transactions have written."""
    async with transaction():
        claimed = await claim(*claims)
        if claimed.status is not None:
            return await _again(endpoint, claimed)
        try:
            made = await endpoint.handler(**arguments)
        except DomainError as refusal:
            await let_go(claimed)
            refused = refusal
        else:
            return await _settled(endpoint, claimed, made)
    raise refused


async def _settled(endpoint: Endpoint, claimed: Claimed, answer: object) -> HTTPResponse:
    if endpoint.answer is not None:
        made = str(answer)
        response = render(await endpoint.answer(made), endpoint.status)
        await settle(claimed, response.status, None, made)
        return response
    response = render(answer, endpoint.status)
    await settle(claimed, response.status, response.body or b"")
    return response


async def _again(endpoint: Endpoint, claimed: Claimed) -> HTTPResponse:
    if endpoint.answer is not None and claimed.made is not None:
        response = render(await endpoint.answer(claimed.made), cast(int, claimed.status))
    else:
        response = HTTPResponse(
            claimed.answer or b"",
            status=cast(int, claimed.status),
            content_type=_JSON if claimed.answer else None,
        )
    response.headers["idempotency-replayed"] = "true"
    return response


def render(answer: object, status: int) -> HTTPResponse:
    """A struct as JSON, None as 204, a response or a stream as it is."""
    if isinstance(answer, HTTPResponse | ResponseStream):
        return cast(HTTPResponse, answer)
    given: Answer[msgspec.Struct | None] = answer if isinstance(answer, Answer) else Answer(cast(Any, answer), status)
    if given.body is None:
        return HTTPResponse(b"", status=204 if given.status in (200, 201) else given.status, headers=given.headers)
    return HTTPResponse(msgspec.json.encode(given.body), status=given.status, headers=given.headers, content_type=_JSON)


def read_path(path: dict[str, Any]) -> dict[str, Any]:
    """The names in the path, decoded. Raises NotFound for one that nothing can bear, before any room is asked."""
    read = dict(path)
    for argument, name in path.items():
        if isinstance(name, str):
            try:
                read[argument] = unquote(name, errors="strict")
            except UnicodeDecodeError:
                raise NotFound() from None
            if not _NAME.fullmatch(read[argument]):
                raise NotFound()
        elif isinstance(name, int) and not 0 <= name < 2**63:
            raise NotFound()
    return read


def read_body(request: Request, decoder: msgspec.json.Decoder[Any]) -> object:
    """The checked body. Raises the errors of the wire."""
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != _JSON:
        raise ContentTypeUnsupported(content_type=content_type[:80])
    if _NUL.search(request.body):
        raise ContentInvalid(errors=[{"pointer": "#", "detail": "a text holds the character U+0000"}])
    try:
        body = decoder.decode(request.body)
        refuse_doubled(request.body)
        return body
    except msgspec.ValidationError as error:
        raise _content_invalid(str(error), "#") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJson() from None


def read_query(request: Request, shape: type[msgspec.Struct]) -> object:
    """The checked query string; a name given twice or unknown is an error."""
    values = {}
    for name, given in request.get_args(keep_blank_values=True).items():
        if len(given) > 1:
            raise ContentInvalid(errors=[{"pointer": f"?{name}", "detail": "given more than once"}])
        if "\0" in given[0]:
            raise ContentInvalid(errors=[{"pointer": f"?{name}", "detail": "holds the character U+0000"}])
        values[name] = given[0]
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _content_invalid(str(error), "?") from None


def _content_invalid(message: str, root: str) -> ContentInvalid:
    """msgspec's ``Expected `int` - at `$.lines[0].quantity``` as a pointer and a sentence."""
    found = _WHERE.search(message)
    place = found.group(1) if found else ""
    place = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", place).strip(".")
    pointer = f"?{place}" if root == "?" else "#" + "".join(f"/{part}" for part in place.split(".") if part)
    return ContentInvalid(errors=[{"pointer": pointer, "detail": _WHERE.sub("", message)}])
