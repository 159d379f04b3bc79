"""The cryptography of WeChat Pay v3: RSA-SHA256 signatures, AES-256-GCM resources, OAEP fields, the ring of
keys.

Sources: wechat reference 2.2 and 2.3. Everything works on the exact bytes that travel; nothing is re-
serialised.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
MAX_AGE = timedelta(minutes=5)
APIV3_KEY_BYTES = 32

_PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_[0-9]{1,64}")
_CERTIFICATE_SERIAL = re.compile(r"[0-9A-F]{1,40}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[\x21-\x7e]{1,128}")


class KeyUnusable(ValueError):
    """A key or certificate that settings name cannot be used."""


class SignatureRejected(Exception):
    """A reply or a notice is not provably WeChat's: ``reason`` says why and holds nothing secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ResourceRejected(Exception):
    """A signed resource does not decrypt under the APIv3 key."""


def read_private_key(pem: bytes) -> RSAPrivateKey:
    """The merchant's signing key. Raises :class:`KeyUnusable` unless it is RSA of 2048 bits or more."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("the merchant's private key is not a PEM key") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise KeyUnusable("the merchant's private key is not RSA of 2048 bits or more")
    return key


def read_public_key(pem: bytes) -> RSAPublicKey:
    """WeChat Pay's public key (微信支付公钥). Raises :class:`KeyUnusable`."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise KeyUnusable("WeChat Pay's public key is not a PEM key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise KeyUnusable("WeChat Pay's public key is not RSA of 2048 bits or more")
    return key


def read_apiv3_key(text: str) -> bytes:
    """The APIv3 key as 32 bytes; enforced here, once, so that AES-128 can never slip in."""
    key = text.encode()
    if len(key) != APIV3_KEY_BYTES:
        raise KeyUnusable(f"the APIv3 key has {len(key)} bytes, not {APIV3_KEY_BYTES}")
    return key


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """RSA-SHA256 (PKCS #1 v1.5) as base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()


def authorization(
    key: RSAPrivateKey,
    *,
    mchid: str,
    serial: str,
    method: str,
    target: str,
    body: bytes,
    moment: datetime,
) -> str:
    """The Authorization header for a request whose path with query is ``target`` and whose exact bytes are
    ``body``.
    """
    timestamp, nonce = str(int(moment.timestamp())), secrets.token_hex(16)
    message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
        f'serial_no="{serial}",signature="{sign(key, message)}"'
    )


@dataclass(frozen=True)
class PlatformKey:
    """One key WeChat signs with. A public key has no expiry; a platform certificate does."""

    serial: str
    key: RSAPublicKey
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @classmethod
    def from_certificate(cls, pem: bytes) -> "PlatformKey":
        """The key of a platform certificate, named by its serial in capital hex."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            raise KeyUnusable("a platform certificate is not a PEM certificate") from error
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise KeyUnusable("a platform certificate does not hold an RSA key")
        return cls(
            serial=f"{certificate.serial_number:X}",
            key=key,
            valid_from=certificate.not_valid_before_utc,
            valid_until=certificate.not_valid_after_utc,
        )

    @classmethod
    def from_public_key(cls, key_id: str, pem: bytes) -> "PlatformKey":
        """WeChat Pay's public key under its id ``PUB_KEY_ID_...``."""
        if not _PUBLIC_KEY_ID.fullmatch(key_id):
            raise KeyUnusable("the id of WeChat Pay's public key does not look like PUB_KEY_ID_<digits>")
        return cls(serial=key_id, key=read_public_key(pem))

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the key may still be believed."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_until is None or moment <= self.valid_until
        )


@dataclass
class KeyRing:
    """Every key WeChat may sign with, by serial. Two live side by side while a merchant switches to the
    public key.

    An unknown serial is a refusal and nothing else: it never causes an outbound call, and never empties the
    ring.
    """

    keys: dict[str, PlatformKey] = field(default_factory=dict)

    def add(self, key: PlatformKey) -> None:
        """Learn a key."""
        self.keys[_canonical(key.serial)] = key

    def find(self, serial: str) -> PlatformKey | None:
        """The key of a serial, or None. Hex serials compare without leading zeros and without case."""
        return self.keys.get(_canonical(serial))

    def newest(self) -> PlatformKey:
        """The key to encrypt with and to ask for.

        The public key when there is one, else the latest certificate.
        """
        if not self.keys:
            raise KeyUnusable("there is no key of WeChat Pay")
        return max(
            self.keys.values(),
            key=lambda k: (
                k.valid_until is None,
                k.valid_until or datetime.max.replace(tzinfo=UTC),
            ),
        )


def _canonical(serial: str) -> str:
    return serial if serial.startswith("PUB_KEY_ID_") else serial.upper().lstrip("0")


def verify(
    ring: KeyRing,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    now: datetime,
    is_notice: bool,
) -> str:
    """Prove that WeChat signed ``raw`` less than five minutes ago; answers the serial of the key.

    ``headers`` has lower-case names. Cheap checks come first, so junk costs nothing. Raises
    :class:`SignatureRejected`. Source: wechat reference 2.2, reliability reference 0.8.
    """
    serial = headers.get("wechatpay-serial", "")
    timestamp = headers.get("wechatpay-timestamp", "")
    nonce = headers.get("wechatpay-nonce", "")
    signature = headers.get("wechatpay-signature", "")
    kind = headers.get("wechatpay-signature-type", "" if is_notice else SCHEME)
    if kind != SCHEME:
        raise SignatureRejected("signature type")
    if not (_PUBLIC_KEY_ID.fullmatch(serial) or _CERTIFICATE_SERIAL.fullmatch(serial.upper())):
        raise SignatureRejected("serial")
    if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise SignatureRejected("timestamp or nonce")
    if abs(now.timestamp() - int(timestamp)) >= MAX_AGE.total_seconds():
        raise SignatureRejected("age")
    if signature.startswith(PROBE_PREFIX):
        raise SignatureRejected("probe")
    known = ring.find(serial)
    if known is None or not known.is_valid_at(now):
        raise SignatureRejected("unknown key")
    try:
        given = base64.b64decode(signature, validate=True)
        known.key.verify(
            given,
            f"{timestamp}\n{nonce}\n".encode() + raw + b"\n",
            PKCS1v15(),
            SHA256(),
        )
    except (binascii.Error, ValueError, InvalidSignature):
        raise SignatureRejected("signature") from None
    return known.serial


def decrypt_resource(key: bytes, *, nonce: str, ciphertext: str, associated_data: str) -> bytes:
    """The plaintext of an AEAD_AES_256_GCM resource; its last 16 bytes are the tag.

    Raises :class:`ResourceRejected`.
    """
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(key).decrypt(nonce.encode(), sealed, associated_data.encode())
    except (binascii.Error, ValueError, InvalidTag):
        raise ResourceRejected("the resource does not decrypt") from None


def open_sealed(key: bytes, *, nonce: str, sealed: bytes) -> bytes:
    """The content of a sealed file. Raises :class:`ResourceRejected`."""
    try:
        return AESGCM(key).decrypt(nonce.encode(), sealed, None)
    except (ValueError, InvalidTag):
        raise ResourceRejected("the file does not decrypt") from None


def encrypt_field(key: RSAPublicKey, text: str) -> str:
    """A sensitive field (a name, a bank card) under WeChat's key: RSA-OAEP with SHA-1, base64."""
    return base64.b64encode(key.encrypt(text.encode(), _OAEP)).decode()


def decrypt_field(key: RSAPrivateKey, text: str) -> str:
    """A sensitive field that WeChat encrypted for the merchant. Raises :class:`ResourceRejected`."""
    try:
        return key.decrypt(base64.b64decode(text, validate=True), _OAEP).decode()
    except (binascii.Error, ValueError):
        raise ResourceRejected("the field does not decrypt") from None


_OAEP = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
