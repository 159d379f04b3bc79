"""The envelope of WeChat's message push: signature, AES, XML or JSON (wechat reference 2.10).

wechatpy opens the cipher and parses the XML; what it leaves to the caller stands before it: the size, the
age, a comparison of signatures in constant time, and the refusal of types and entities in XML.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

import msgspec
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.parser import parse_message

from kit.clock import Clock, utc_now
from kit.errors import Invalid, NotAuthenticated

MAX_PUSH_BYTES = 64 * 1024
MAX_AGE_SECONDS = 300


class PushNotAuthentic(NotAuthenticated):
    """A message push is not signed with our token, or is too old."""

    code = "push_not_authentic"
    title = "消息推送签名验证失败"
    title_en = "The message push is not authentic"


class PushNotReadable(Invalid):
    """A message push is signed and cannot be read."""

    code = "push_not_readable"
    title = "消息推送内容无法解析"
    title_en = "The message push cannot be read"


class PushQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What WeChat puts into the address."""

    timestamp: str
    nonce: str
    signature: str = ""
    msg_signature: str = ""
    encrypt_type: str = ""
    echostr: str = ""
    openid: str = ""


@dataclass(frozen=True)
class PushMessage:
    """A decrypted message. ``key`` is the same on every repeat: message id, or sender, time, event and what it says.

    The time is in whole seconds: without the content, who answers two questions in one second would have answered one.
    """

    key: str
    sender: str
    kind: str
    event: str | None
    members: dict[str, object]


@dataclass(frozen=True)
class MessagePush:
    """Opens message pushes of one mini-program. ``aes_key`` is the 43-character EncodingAESKey.

    With ``plain`` the console is set to plain text: the signature then covers the address and not the body.
    """

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    plain: bool = False
    clock: Clock = utc_now

    def answer_probe(self, query: PushQuery) -> str:
        """The text to echo when the console verifies the address. Raises :class:`PushNotAuthentic`."""
        self._check_age(query.timestamp)
        if not hmac.compare_digest(_signature(self.token, query.timestamp, query.nonce), query.signature.lower()):
            raise PushNotAuthentic()
        return query.echostr

    def open(self, query: PushQuery, raw: bytes) -> PushMessage:
        """The message, verified and, unless plain text is configured, decrypted: each mode refuses the other's pushes.

        Raises :class:`PushNotAuthentic` or :class:`PushNotReadable`.
        """
        if len(raw) > MAX_PUSH_BYTES:
            raise PushNotReadable(limit_bytes=MAX_PUSH_BYTES)
        if (query.encrypt_type != "aes") is not self.plain:
            raise PushNotAuthentic()
        self._check_age(query.timestamp)
        if self.plain:
            return self._open_plain(query, raw)
        is_json = raw.lstrip()[:1] == b"{"
        sealed = _sealed(raw, is_json)
        expected = _signature(self.token, query.timestamp, query.nonce, sealed)
        if not hmac.compare_digest(expected, query.msg_signature.lower()):
            raise PushNotAuthentic()
        plain = self._decrypt(query, sealed)
        return _read_json(plain) if plain.lstrip()[:1] == "{" else _read_xml(plain)

    def _open_plain(self, query: PushQuery, raw: bytes) -> PushMessage:
        expected = _signature(self.token, query.timestamp, query.nonce)
        if not hmac.compare_digest(expected, query.signature.lower()):
            raise PushNotAuthentic()
        try:
            plain = raw.decode()
        except UnicodeDecodeError:
            raise PushNotReadable(reason="body") from None
        return _read_json(plain) if plain.lstrip()[:1] == "{" else _read_xml(plain)

    def _check_age(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise PushNotAuthentic()
        if abs(self.clock().timestamp() - int(timestamp)) >= MAX_AGE_SECONDS:
            raise PushNotAuthentic()

    def _decrypt(self, query: PushQuery, sealed: str) -> str:
        try:
            crypto = WeChatCrypto(self.token, self.aes_key, self.appid)
            plain = crypto.decrypt_message(
                {"Encrypt": sealed}, query.msg_signature.lower(), query.timestamp, query.nonce
            )
        except InvalidSignatureException:
            raise PushNotAuthentic() from None
        except InvalidAppIdException:
            raise PushNotReadable(reason="another appid") from None
        except Exception:
            # wechatpy lets the cipher's and struct's own errors through, and those of a key of another length.
            raise PushNotReadable(reason="decryption") from None
        return str(plain)


def _signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _sealed(raw: bytes, is_json: bool) -> str:
    """The Encrypt member of the outer body."""
    try:
        text = raw.decode()
        if is_json:
            found = msgspec.json.decode(text, type=dict[str, object]).get("Encrypt")
        else:
            found = getattr(_parse_xml(text), "_data", {}).get("Encrypt")
    except (UnicodeDecodeError, msgspec.MsgspecError):
        raise PushNotReadable(reason="body") from None
    if not isinstance(found, str) or not found:
        raise PushNotReadable(reason="no Encrypt")
    return found


def _parse_xml(text: str) -> object:
    """wechatpy's message. Declarations of types and entities are refused before any parser sees them."""
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise PushNotReadable(reason="entities")
    # The outer envelope has no MsgType; wechatpy needs one to choose a class.
    if "<MsgType>" not in text:
        text = text.replace("</xml>", "<MsgType>sealed</MsgType></xml>")
    try:
        return parse_message(text)
    except Exception:
        # expat's errors, and wechatpy's own KeyError and AttributeError on XML of another shape.
        raise PushNotReadable(reason="xml") from None


def _read_xml(plain: str) -> PushMessage:
    members = getattr(_parse_xml(plain), "_data", None)
    if not isinstance(members, dict):
        raise PushNotReadable(reason="xml")
    return _message(members)


def _read_json(plain: str) -> PushMessage:
    try:
        return _message(msgspec.json.decode(plain, type=dict[str, object]))
    except msgspec.MsgspecError:
        raise PushNotReadable(reason="json") from None


def _message(members: dict[str, object]) -> PushMessage:
    sender, made, kind = (str(members.get(name, "")) for name in ("FromUserName", "CreateTime", "MsgType"))
    if not kind:
        raise PushNotReadable(reason="no MsgType")
    event = members.get("Event")
    content = hashlib.sha256(msgspec.json.encode(members, order="deterministic")).hexdigest()
    identity = members.get("MsgId") or f"{sender}|{made}|{event or ''}|{content}"
    return PushMessage(
        key=str(identity),
        sender=sender,
        kind=kind.lower(),
        event=str(event).lower() if event else None,
        members=dict(members),
    )
