"""Reading what the sandbox signed and sealed, written apart from its own code."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.wechat_sandbox.sandbox_process import APIV3_KEY, SandboxProcess


def is_signed_by(key: rsa.RSAPublicKey, headers: Any, body: bytes) -> bool:
    """Whether the headers carry this key's signature over the body."""
    text = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
    try:
        signature = base64.b64decode(headers["wechatpay-signature"], validate=True)
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def wechat_public_key(sandbox: SandboxProcess) -> rsa.RSAPublicKey:
    """WeChat's key of the public-key mode."""
    key = serialization.load_pem_public_key(Path(sandbox.directory, "wechat.pub.pem").read_bytes())
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def certificate_key(pem: str) -> rsa.RSAPublicKey:
    """The key of a certificate."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def unseal(sealed: dict[str, str]) -> bytes:
    """The plain text of a sealed resource."""
    assert sealed["algorithm"] == "AEAD_AES_256_GCM"
    return AESGCM(APIV3_KEY.encode()).decrypt(
        sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), sealed["associated_data"].encode()
    )


def read_notice(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The notice and its plain resource."""
    notice = json.loads(body)
    return notice, json.loads(unseal(notice["resource"]))


def china_today() -> str:
    """The day that it is in China, as bills name it."""
    return datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date().isoformat()
