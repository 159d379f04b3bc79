"""What one merchant of WeChat Pay is made of. Held by one gateway, never global (wechat reference 4.7)."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from integrations.wechat_pay.signatures import (
    KeyRing,
    KeyUnusable,
    PlatformKey,
    read_apiv3_key,
    read_private_key,
)

Mode = Literal["partner", "direct"]

OFFICIAL_BASES = ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com")
MAX_NOTIFY_URL_CHARS = 255


@dataclass(frozen=True)
class WeChatPayConfiguration:
    """``mode`` partner: ``mchid`` is the service provider and each payee has a ``sub_mchid``; direct: it is
    the seller.

    ``bases`` are tried in order. ``notify_url`` is absolute, public and without a query.
    ``most_parts`` is how many sub-orders a provider may combine. ``timeout_seconds`` bounds one attempt,
    ``budget_seconds`` a call with all its attempts.
    """

    mode: Mode
    appid: str
    mchid: str
    certificate_serial: str
    private_key: RSAPrivateKey
    apiv3_key: bytes
    ring: KeyRing
    notify_url: str
    bases: tuple[str, ...] = OFFICIAL_BASES
    most_parts: int = 50
    timeout_seconds: float = 5.0
    budget_seconds: float = 8.0


def read_configuration(
    *,
    mode: str,
    appid: str,
    mchid: str,
    certificate_serial: str,
    private_key_pem: bytes,
    apiv3_key: str,
    public_key_id: str = "",
    public_key_pem: bytes = b"",
    platform_certificates: tuple[bytes, ...] = (),
    notify_url: str,
    bases: tuple[str, ...] = OFFICIAL_BASES,
) -> WeChatPayConfiguration:
    """Check every part once, when the process starts. Raises :class:`KeyUnusable` or ValueError."""
    if mode not in ("partner", "direct"):
        raise ValueError(f"the mode of WeChat Pay is partner or direct, not {mode!r}")
    if not re.fullmatch(r"[0-9]{8,32}", mchid):
        raise ValueError("the merchant number is not a number of 8 to 32 digits")
    ring = KeyRing()
    if public_key_id:
        ring.add(PlatformKey.from_public_key(public_key_id, public_key_pem))
    for pem in platform_certificates:
        ring.add(PlatformKey.from_certificate(pem))
    if not ring.keys:
        raise KeyUnusable("neither a public key of WeChat Pay nor a platform certificate is configured")
    return WeChatPayConfiguration(
        mode="partner" if mode == "partner" else "direct",
        appid=appid,
        mchid=mchid,
        certificate_serial=certificate_serial,
        private_key=read_private_key(private_key_pem),
        apiv3_key=read_apiv3_key(apiv3_key),
        ring=ring,
        notify_url=_checked_notify_url(notify_url),
        bases=tuple(_origin(base) for base in bases),
    )


def _checked_notify_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or len(url) > MAX_NOTIFY_URL_CHARS:
        raise ValueError("the notify URL must be absolute, without a query, and of at most 255 characters")
    return url


def _origin(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(f"a base of WeChat Pay is an origin such as {OFFICIAL_BASES[0]}, not {base!r}")
    return f"{parts.scheme}://{parts.netloc}"
