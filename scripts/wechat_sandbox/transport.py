"""The wire of Pay v3: the Authorization header, strict JSON, signed answers (wechat reference 2.2)."""

import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, TypeVar

import msgspec
from sanic import Request

from scripts.wechat_sandbox.errors import PayError, describe_validation, parameter_error
from scripts.wechat_sandbox.keys import SigningKey, signature_headers
from scripts.wechat_sandbox.world import World

SCHEME = "WECHATPAY2-SHA256-RSA2048"
UPLOAD_TARGET = "/v3/merchant-service/images/upload"
TIMESTAMP_WINDOW_SECONDS = 300
NONCE_MEMORY = 100_000
SIGN_ERROR_NUMBER = 268443699

_PAIR = re.compile(r'\s*(?P<name>[a-z_]+)="(?P<value>[^"]*)"\s*(?:,|$)')
_MEMBERS = {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One request as it came: ``target`` is the raw path with its query, ``body`` the raw bytes."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    base_url: str
    path_arguments: dict[str, str]
    query: dict[str, str]

    def decode(self, kind: type[T]) -> T:
        """The body as a struct. Raise PARAM_ERROR for bad JSON, nulls, unknown fields and broken limits."""
        try:
            return msgspec.json.decode(self.body, type=kind, strict=True)
        except msgspec.ValidationError as error:
            raise describe_validation(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise parameter_error("", "is not valid JSON") from error

    def decode_query(self, kind: type[T]) -> T:
        """The query as a struct of strings, under the same rules."""
        try:
            return msgspec.convert(self.query, kind)
        except msgspec.ValidationError as error:
            raise describe_validation(error, "query") from error


class NonceMemory:
    """Nonces of the last minutes: a signed request is good once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, nonce: str) -> bool:
        """Remember the nonce; False when it was there already."""
        now = time.monotonic()
        while self._seen:
            oldest, at = next(iter(self._seen.items()))
            if now - at < 2 * TIMESTAMP_WINDOW_SECONDS and len(self._seen) < NONCE_MEMORY:
                break
            del self._seen[oldest]
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True


def sign_error(issue: str, *, field: str, value: str, message: bytes = b"") -> PayError:
    """401 SIGN_ERROR with the detail that WeChat gives; a signed text is told by its length, never echoed."""
    detail: dict[str, Any] = {
        "detail": {"issue": issue},
        "field": field,
        "location": "authorization",
        "value": value[:64],
    }
    if message:
        detail["sign_information"] = {"sign_message_length": len(message)}
    return PayError(401, "SIGN_ERROR", "错误的签名，验签失败", number=SIGN_ERROR_NUMBER, detail=detail)


def authorise(world: World, nonces: NonceMemory, call: Call) -> None:
    """Check the headers and the merchant's signature over exactly the bytes that came. Raise PayError."""
    if not call.headers.get("user-agent"):
        raise parameter_error("User-Agent", "header is missing", location="header")
    accept = call.headers.get("accept", "")
    if "application/json" not in accept and "*/*" not in accept:
        raise parameter_error("Accept", "header must allow application/json", value=accept[:64], location="header")
    is_file = call.target == UPLOAD_TARGET
    wanted = "multipart/form-data" if is_file else "application/json"
    if call.method == "POST" and not call.headers.get("content-type", "").startswith(wanted):
        raise parameter_error("Content-Type", f"header must be {wanted}", location="header")
    members = _read_authorization(call.headers.get("authorization", ""))
    settings = world.settings
    if members["mchid"] != settings.mchid:
        raise sign_error("mchid is not known", field="mchid", value=members["mchid"])
    if members["serial_no"].upper() != settings.merchant_serial.upper():
        raise sign_error(
            "serial_no is not a certificate of this merchant", field="serial_no", value=members["serial_no"]
        )
    timestamp = members["timestamp"]
    if (
        not timestamp.isascii()
        or not timestamp.isdigit()
        or abs(time.time() - int(timestamp)) > TIMESTAMP_WINDOW_SECONDS
    ):
        raise sign_error("timestamp is more than 5 minutes away", field="timestamp", value=timestamp)
    if not _NONCE.fullmatch(members["nonce_str"]):
        raise sign_error("nonce_str has a wrong shape", field="nonce_str", value=members["nonce_str"])
    head = f"{call.method}\n{call.target}\n{timestamp}\n{members['nonce_str']}\n"
    message = head.encode() + (read_parts(call).get("meta", b"") if is_file else call.body) + b"\n"
    if not world.keys.merchant_has_signed(message, members["signature"]):
        raise sign_error("sign not match", field="signature", value=members["signature"], message=message)
    if not nonces.is_new(members["nonce_str"]):
        raise sign_error("nonce_str was used before", field="nonce_str", value=members["nonce_str"])
    serial = call.headers.get("wechatpay-serial", "")
    if serial and serial not in _own_serials(world):
        raise parameter_error("Wechatpay-Serial", "names no key of WeChat", value=serial[:64], location="header")


def read_parts(call: Call) -> dict[str, bytes]:
    """The parts of a multipart body by their names."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    read = BytesParser(policy=HTTP).parsebytes(head + call.body)
    found: dict[str, bytes] = {}
    for part in read.iter_parts() if read.is_multipart() else ():
        content = part.get_payload(decode=True)
        found[str(part.get_param("name", "", "content-disposition"))] = content if isinstance(content, bytes) else b""
    return found


def _own_serials(world: World) -> set[str]:
    serials = {certificate.serial for certificate in world.keys.certificates()}
    serials.add(world.keys.public_key_id)
    return serials


def _read_authorization(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise sign_error("authorization scheme is not " + SCHEME, field="authorization", value=scheme)
    members: dict[str, str] = {}
    position = 0
    while position < len(rest):
        pair = _PAIR.match(rest, position)
        if pair is None or pair["name"] in members:
            raise sign_error("authorization cannot be read", field="authorization", value=rest[position:])
        members[pair["name"]] = pair["value"]
        position = pair.end()
    if set(members) != _MEMBERS:
        raise sign_error("authorization has other members than it must", field="authorization", value=rest)
    return members


def reply_key(world: World, call_headers: dict[str, str]) -> SigningKey:
    """The key that signs an answer. While a merchant migrates, the request's ``Wechatpay-Serial`` decides."""
    mode = world.conditions.signing_mode
    if mode == "public_key":
        return world.keys.by_public_key()
    if mode == "both" and call_headers.get("wechatpay-serial", "").startswith("PUB_KEY_ID_"):
        return world.keys.by_public_key()
    return world.keys.by_certificate()


def new_request_id(number: int = 0) -> str:
    """A Request-ID whose suffix is the numeric code of the answer."""
    return f"08{secrets.token_hex(16).upper()}-{number}"


def signed_headers(key: SigningKey, body: bytes, *, age_seconds: int = 0) -> dict[str, str]:
    """Signature headers for a body, made ``age_seconds`` ago."""
    return signature_headers(key, body, timestamp=int(time.time()) - age_seconds, nonce=secrets.token_hex(16))


def cut_connection(request: Request) -> None:
    """Reset the connection, so that no byte of an answer leaves."""
    # uvloop's transports are no subclass of asyncio.Transport.
    transport: Any = request.transport
    transport.abort()
