"""Secrets are made once, kept for their owner alone, and have the shapes that WeChat gives out."""

import base64
import json
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.local_stack.credentials import MADE, keep_credentials, keep_key_pairs


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_second_start_keeps_every_secret(tmp_path: Path) -> None:
    assert keep_credentials(tmp_path) == keep_credentials(tmp_path)
    assert mode(tmp_path / "secrets.json") == 0o600


def test_two_machines_share_no_secret(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = keep_credentials(tmp_path), keep_credentials(tmp_path / "other")
    assert [name for name in MADE if here[name] == there[name]] == []


def test_a_newer_version_adds_what_it_needs_and_replaces_nothing(tmp_path: Path) -> None:
    known = keep_credentials(tmp_path)
    kept = {name: value for name, value in known.items() if name != "FIELD_KEYS"}
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    again = keep_credentials(tmp_path)
    assert again.keys() == MADE.keys()
    assert again["FIELD_KEYS"] != known["FIELD_KEYS"]
    assert {name: again[name] for name in kept} == kept


def test_the_shapes(tmp_path: Path) -> None:
    known = keep_credentials(tmp_path)
    assert len(known["WECHAT_PAY_APIV3_KEY"].encode()) == 32
    assert len(base64.b64decode(known["WECHAT_PUSH_AES_KEY"] + "=")) == 32
    assert len(known["WECHAT_PUSH_AES_KEY"]) == 43
    assert known["WECHAT_PAY_MCHID"].isdigit()
    assert len(known["WECHAT_PAY_MCHID"]) == 10
    assert len(bytes.fromhex(known["FIELD_KEYS"].removeprefix("k1:aes-256-gcm:writing:"))) == 32
    assert len(bytes.fromhex(known["FIELD_INDEX_KEY"])) == 32
    assert min(len(known[name]) for name in ("SECRET_KEY", "FIELD_KEYS", "MEDIA_CALLBACK_SECRET")) >= 32


def test_key_pairs_are_kept_and_belong_together(tmp_path: Path) -> None:
    files = keep_key_pairs(tmp_path)
    before = {name: path.read_bytes() for name, path in files.items()}
    assert {name: path.read_bytes() for name, path in keep_key_pairs(tmp_path).items()} == before
    for owner in ("merchant", "wechat"):
        private = serialization.load_pem_private_key(before[f"{owner}_private"], None)
        public = serialization.load_pem_public_key(before[f"{owner}_public"])
        assert isinstance(private, rsa.RSAPrivateKey)
        assert isinstance(public, rsa.RSAPublicKey)
        signature = private.sign(b"order", padding.PKCS1v15(), hashes.SHA256())
        public.verify(signature, b"order", padding.PKCS1v15(), hashes.SHA256())
        assert mode(files[f"{owner}_private"]) == 0o600
    assert mode(tmp_path / "keys") == 0o700
