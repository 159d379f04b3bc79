"""The secrets of one machine's stack: made once, kept in the state directory for its owner alone (0600)."""

import base64
import json
import os
import secrets
import string
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LETTERS = string.ascii_letters + string.digits
KEY_BITS = 2048


def _text(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def _digits(length: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(length))


# Shapes as WeChat gives them out (wechat reference 2.1, 2.2, 2.10). FIELD_KEYS: one key that seals.
MADE: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_KEYS": lambda: f"k1:aes-256-gcm:writing:{secrets.token_hex(32)}",
    "FIELD_INDEX_KEY": lambda: secrets.token_hex(32),
    "LEDGER_SIGNING_KEY": lambda: secrets.token_hex(32),
    "MEDIA_CALLBACK_SECRET": lambda: _text(43),
    "POSTGRES_OWNER_PASSWORD": lambda: _text(32),
    "POSTGRES_MIGRATE_PASSWORD": lambda: _text(32),
    "POSTGRES_PASSWORD": lambda: _text(32),
    "REDIS_PASSWORD": lambda: _text(32),
    "WECHAT_APPID": lambda: "wx" + secrets.token_hex(8),
    "WECHAT_APPSECRET": lambda: secrets.token_hex(16),
    "WECHAT_PUSH_TOKEN": lambda: _text(32),
    "WECHAT_PUSH_AES_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
    "WECHAT_PAY_MCHID": lambda: "19" + _digits(8),
    "WECHAT_PAY_CERT_SERIAL": lambda: secrets.token_hex(20).upper(),
    "WECHAT_PAY_APIV3_KEY": lambda: _text(32),
    "WECHAT_PAY_PUBLIC_KEY_ID": lambda: "PUB_KEY_ID_0" + _digits(30),
}
KEY_PAIRS = ("merchant", "wechat")


def write_private(path: Path, text: str) -> None:
    """Replace a file that its owner alone may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def keep_credentials(state: Path) -> dict[str, str]:
    """The secrets by name. What exists is never replaced; what a newer version needs is added."""
    path = state / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in MADE if name not in known]
    if missing:
        known.update({name: MADE[name]() for name in missing})
        write_private(path, json.dumps(known, indent=1))
    return known


def keep_key_pairs(state: Path) -> dict[str, Path]:
    """RSA pairs of the merchant and of the sandbox's WeChat: ``merchant_private`` ... to PEM files in
    ``keys/``.
    """
    folder = state / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    files = {}
    for owner in KEY_PAIRS:
        private, public = folder / f"{owner}_private.pem", folder / f"{owner}_public.pem"
        if not (private.exists() and public.exists()):
            key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
            write_private(private, _pem(key))
            write_private(public, _public_pem(key))
        files[f"{owner}_private"], files[f"{owner}_public"] = private, public
    return files


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
