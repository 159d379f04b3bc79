"""A merchant and a WeChat Pay made of fresh keys, for tests; nothing here outlives the run."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from integrations.wechat_pay.configuration import WeChatPayConfiguration, read_configuration
from kit.clock import utc_now

APPID = "wx0123456789abcdef"
MCHID = "1900000001"
SUB_MCHID = "1900000109"
MERCHANT_SERIAL = "5157F09E" * 5
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026112300000001"
NOTIFY_URL = "https://mall.example/v1/webhook/wechat-pay/notices"


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """One key per name and run."""
    return generate_private_key(65537, 2048)


@cache
def apiv3_key() -> str:
    """The APIv3 key of this run."""
    return secrets.token_hex(16)


def private_pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate(key: RSAPrivateKey, serial: int, *, begins: datetime, ends: datetime) -> bytes:
    """A self-signed certificate as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sandbox")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


def configuration(
    *,
    mode: str = "partner",
    bases: tuple[str, ...] = ("http://127.0.0.1:1",),
    certificates: tuple[bytes, ...] = (),
) -> WeChatPayConfiguration:
    """What the product would be configured with to talk to this WeChat Pay."""
    return read_configuration(
        mode=mode,
        appid=APPID,
        mchid=MCHID,
        certificate_serial=MERCHANT_SERIAL,
        private_key_pem=private_pem(rsa_key("merchant")),
        apiv3_key=apiv3_key(),
        public_key_id=PUBLIC_KEY_ID,
        public_key_pem=public_pem(rsa_key("wechat")),
        platform_certificates=certificates,
        notify_url=NOTIFY_URL,
        bases=bases,
    )


def signed_headers(
    raw: bytes,
    *,
    key: str = "wechat",
    serial: str = PUBLIC_KEY_ID,
    at: datetime | None = None,
    prefix: str = "",
) -> dict[str, str]:
    """The headers under which WeChat Pay would send ``raw``."""
    stamp, nonce = str(int((at or utc_now()).timestamp())), secrets.token_hex(16)
    signature = rsa_key(key).sign(f"{stamp}\n{nonce}\n".encode() + raw + b"\n", PKCS1v15(), SHA256())
    return {
        "Wechatpay-Serial": serial,
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": prefix + base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }


def seal(plain: bytes, associated_data: str = "transaction") -> dict[str, str]:
    """A resource under the APIv3 key."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key().encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "original_type": associated_data,
        "ciphertext": base64.b64encode(sealed).decode(),
        "nonce": nonce,
        "associated_data": associated_data,
    }


def notice_body(members: dict[str, object], *, event: str = "TRANSACTION.SUCCESS", notice_id: str = "") -> bytes:
    """A notice as it travels."""
    kind = "refund" if event.startswith("REFUND.") else "transaction"
    return msgspec.json.encode(
        {
            "id": notice_id or f"EV-{secrets.token_hex(12)}",
            "create_time": utc_now().isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "支付成功",
            "resource": seal(msgspec.json.encode(members), kind),
        }
    )


@dataclass(frozen=True)
class Paid:
    """The content of a payment notice in partner mode; change a member to forge it."""

    number: str
    amount_fen: int
    payer_openid: str
    transaction_id: str = ""
    sub_mchid: str | None = SUB_MCHID
    mchid: str = MCHID
    appid: str = APPID
    currency: str = "CNY"
    state: str = "SUCCESS"

    def members(self) -> dict[str, object]:
        return {
            "sp_appid": self.appid,
            "sp_mchid": self.mchid,
            "sub_mchid": self.sub_mchid,
            "out_trade_no": self.number,
            "transaction_id": self.transaction_id or f"4200{abs(hash(self.number)) % 10**20:020d}",
            "trade_type": "JSAPI",
            "trade_state": self.state,
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "success_time": utc_now().astimezone(UTC).isoformat(timespec="seconds"),
            "payer": {"sp_openid": self.payer_openid},
            "amount": {"total": self.amount_fen, "payer_total": self.amount_fen, "currency": self.currency},
        }


def combined_members(payments: Sequence[Mapping[str, Any]], wrong_fen: int = 0) -> dict[str, object]:
    """The content of the notice of a combined payment: rows of ``payment``, the first with so many fen too many."""
    return {
        "combine_appid": APPID,
        "combine_mchid": MCHID,
        "combine_out_trade_no": payments[0]["combination"],
        "combine_payer_info": {"openid": payments[0]["payer_openid"]},
        "sub_orders": [
            {
                "mchid": MCHID,
                "sub_mchid": payment["sub_mchid"],
                "out_trade_no": payment["number"],
                "trade_state": "SUCCESS",
                "transaction_id": f"42{payment['number']}",
                "success_time": utc_now().isoformat(timespec="seconds"),
                "amount": {"total_amount": payment["amount_fen"] + (0 if at else wrong_fen), "currency": "CNY"},
            }
            for at, payment in enumerate(payments)
        ],
    }


def soon(seconds: float) -> datetime:
    """A moment from now."""
    return utc_now() + timedelta(seconds=seconds)
