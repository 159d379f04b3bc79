"""The cryptography of WeChat Pay: round trips, refusals, OpenSSL and wechatpayv3 as second opinions."""

import base64
import re
import secrets
import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpayv3.utils import aes_decrypt, build_authorization, rsa_decrypt, rsa_encrypt, rsa_verify

from integrations.wechat_pay.gateway import WeChatPayGateway
from integrations.wechat_pay.notices import read_notice
from integrations.wechat_pay.signatures import (
    KeyRing,
    KeyUnusable,
    PlatformKey,
    ResourceRejected,
    SignatureRejected,
    authorization,
    decrypt_field,
    decrypt_resource,
    encrypt_field,
    read_apiv3_key,
    read_private_key,
    verify,
)
from integrations.wechat_pay.texts import clean_text
from kit.clock import utc_now
from payments.ports import NoticeForged, NoticeUnreadable
from tests.payments import channel
from tests.payments.channel import PUBLIC_KEY_ID, Paid, notice_body, private_pem, rsa_key, signed_headers


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def check(headers: dict[str, str], raw: bytes, *, is_notice: bool = True) -> str:
    return verify(channel.configuration().ring, lower(headers), raw, now=utc_now(), is_notice=is_notice)


def parts_of(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def test_openssl_verifies_a_request_over_the_exact_bytes(tmp_path: Path) -> None:
    body = '{"描述":"高山云雾茶","n":1}'.encode()
    header = authorization(
        rsa_key("merchant"), mchid="1900000001", serial="ABC", method="POST",
        target="/v3/pay/transactions/jsapi?a=1", body=body, moment=utc_now(),
    )  # fmt: skip
    parts = parts_of(header)
    message = (
        f"POST\n/v3/pay/transactions/jsapi?a=1\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode() + body + b"\n"
    )
    (tmp_path / "key.pem").write_bytes(channel.public_pem(rsa_key("merchant")))
    (tmp_path / "message").write_bytes(message)
    (tmp_path / "signature").write_bytes(base64.b64decode(parts["signature"]))
    command = [
        "openssl",
        "dgst",
        "-sha256",
        "-verify",
        str(tmp_path / "key.pem"),
        "-signature",
        str(tmp_path / "signature"),
    ]
    assert subprocess.run([*command, str(tmp_path / "message")], capture_output=True).returncode == 0
    (tmp_path / "message").write_bytes(message.replace(b"1}", b"2}"))
    assert subprocess.run([*command, str(tmp_path / "message")], capture_output=True).returncode != 0


def test_wechatpayv3_signs_the_same_message() -> None:
    theirs = build_authorization(
        "/v3/pay/transactions/jsapi", "POST", "1900000001", "ABC", rsa_key("merchant"), data='{"a":1}'
    )
    parts = parts_of(theirs)
    message = f"POST\n/v3/pay/transactions/jsapi\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode() + b'{"a":1}\n'
    rsa_key("merchant").public_key().verify(base64.b64decode(parts["signature"]), message, PKCS1v15(), SHA256())
    assert set(parts) == set(
        parts_of(
            authorization(
                rsa_key("merchant"),
                mchid="1",
                serial="A",
                method="GET",
                target="/",
                body=b"",
                moment=utc_now(),
            )
        )
    )


def test_pay_sign_is_over_the_four_lines_the_phone_shows() -> None:
    gateway = WeChatPayGateway(channel.configuration(), httpx.AsyncClient(trust_env=False))
    signed = gateway.pay_sign("wx201410272009395522657a690389285100")
    message = f"{channel.APPID}\n{signed.time_stamp}\n{signed.nonce_str}\n{signed.package}\n".encode()
    rsa_key("merchant").public_key().verify(base64.b64decode(signed.pay_sign), message, PKCS1v15(), SHA256())
    assert signed.package == "prepay_id=wx201410272009395522657a690389285100"
    assert signed.sign_type == "RSA"
    assert signed.time_stamp.isdigit()


@settings(max_examples=40, deadline=None)
@given(raw=st.binary(max_size=400))
def test_whatever_wechat_signs_verifies_and_one_changed_byte_does_not(raw: bytes) -> None:
    headers = signed_headers(raw)
    assert check(headers, raw) == PUBLIC_KEY_ID
    with pytest.raises(SignatureRejected):
        check(headers, raw + b" ")
    if raw:
        with pytest.raises(SignatureRejected):
            check(headers, bytes([raw[0] ^ 1]) + raw[1:])


def test_wechatpayv3_agrees_about_a_notice_signature() -> None:
    raw = notice_body(Paid("P1", 100, "openid").members())
    headers = signed_headers(raw)
    assert rsa_verify(
        headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], raw.decode(),
        headers["Wechatpay-Signature"], rsa_key("wechat").public_key(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}, "signature type"),
        ({"Wechatpay-Signature-Type": None}, "signature type"),
        ({"Wechatpay-Serial": "PUB_KEY_ID_999"}, "unknown key"),
        ({"Wechatpay-Serial": "not a serial"}, "serial"),
        ({"Wechatpay-Serial": None}, "serial"),
        ({"Wechatpay-Timestamp": "tomorrow"}, "timestamp or nonce"),
        ({"Wechatpay-Timestamp": "1,2"}, "timestamp or nonce"),
        ({"Wechatpay-Nonce": "a\nb"}, "timestamp or nonce"),
        ({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/abc"}, "probe"),
        ({"Wechatpay-Signature": "%%%"}, "signature"),
        ({"Wechatpay-Signature": ""}, "signature"),
        ({"Wechatpay-Signature": None}, "signature"),
    ],
)
def test_a_bad_header_is_refused_for_its_reason(change: dict[str, str | None], reason: str) -> None:
    headers: dict[str, str | None] = {**signed_headers(b"{}"), **change}
    with pytest.raises(SignatureRejected) as refused:
        check({name: value for name, value in headers.items() if value is not None}, b"{}")
    assert refused.value.reason == reason


def test_another_key_cannot_sign_under_wechats_serial() -> None:
    with pytest.raises(SignatureRejected, match="signature"):
        check(signed_headers(b"{}", key="stranger"), b"{}")


@pytest.mark.parametrize("seconds", [-301, 310, 86_400])
def test_a_signature_five_minutes_away_is_refused(seconds: int) -> None:
    headers = signed_headers(b"{}", at=utc_now() + timedelta(seconds=seconds))
    with pytest.raises(SignatureRejected, match="age"):
        check(headers, b"{}")
    check(signed_headers(b"{}", at=utc_now() + timedelta(seconds=seconds // abs(seconds) * 280)), b"{}")


def test_a_reply_may_leave_the_signature_type_out_and_a_notice_may_not() -> None:
    headers = signed_headers(b"{}")
    del headers["Wechatpay-Signature-Type"]
    assert check(headers, b"{}", is_notice=False) == PUBLIC_KEY_ID
    with pytest.raises(SignatureRejected):
        check(headers, b"{}", is_notice=True)


def test_the_ring_holds_the_public_key_and_certificates_side_by_side() -> None:
    now = utc_now()
    good = channel.certificate(rsa_key("platform"), 0x0ABCDEF0, begins=now - timedelta(days=1), ends=now + timedelta(1))
    old = channel.certificate(rsa_key("old"), 0x77, begins=now - timedelta(days=9), ends=now - timedelta(days=2))
    ring = channel.configuration(certificates=(good, old)).ring
    raw = b'{"a":1}'
    for serial in ("ABCDEF0", "abcdef0", "0ABCDEF0"):
        assert (
            verify(ring, lower(signed_headers(raw, key="platform", serial=serial)), raw, now=now, is_notice=True)
            == "ABCDEF0"
        )
    assert verify(ring, lower(signed_headers(raw)), raw, now=now, is_notice=True) == PUBLIC_KEY_ID
    with pytest.raises(SignatureRejected, match="unknown key"):
        verify(ring, lower(signed_headers(raw, key="old", serial="77")), raw, now=now, is_notice=True)
    assert ring.newest().serial == PUBLIC_KEY_ID
    only = KeyRing()
    only.add(PlatformKey.from_certificate(good))
    assert only.newest().serial == "ABCDEF0"
    assert len(ring.keys) == 3, "an unknown or expired serial never changes the ring"


@settings(max_examples=40, deadline=None)
@given(plain=st.binary(max_size=300), associated=st.text(max_size=20))
def test_a_sealed_resource_opens_and_a_changed_one_does_not(plain: bytes, associated: str) -> None:
    key, nonce = secrets.token_bytes(32), secrets.token_hex(6)
    sealed = AESGCM(key).encrypt(nonce.encode(), plain, associated.encode("utf-8", "surrogatepass"))
    text = base64.b64encode(sealed).decode()
    assert decrypt_resource(key, nonce=nonce, ciphertext=text, associated_data=associated) == plain
    with pytest.raises(ResourceRejected):
        decrypt_resource(key, nonce=nonce, ciphertext=text, associated_data=associated + "x")
    broken = base64.b64encode(sealed[:-1] + bytes([sealed[-1] ^ 1])).decode()
    with pytest.raises(ResourceRejected):
        decrypt_resource(key, nonce=nonce, ciphertext=broken, associated_data=associated)
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(nonce.encode(), base64.b64decode(broken), associated.encode())


def test_wechatpayv3_opens_the_same_resource() -> None:
    sealed = channel.seal(b'{"a":"\xe8\x8c\xb6"}')
    theirs = aes_decrypt(sealed["nonce"], sealed["ciphertext"], sealed["associated_data"], channel.apiv3_key())
    ours = decrypt_resource(
        channel.apiv3_key().encode(),
        nonce=sealed["nonce"], ciphertext=sealed["ciphertext"], associated_data=sealed["associated_data"],
    )  # fmt: skip
    assert theirs == ours.decode() == '{"a":"茶"}'


@settings(max_examples=15, deadline=None)
@given(name=st.text(min_size=1, max_size=30))
def test_sensitive_fields_travel_both_ways_with_wechatpayv3(name: str) -> None:
    key = rsa_key("wechat")
    assert rsa_decrypt(encrypt_field(key.public_key(), name), key) == name
    assert decrypt_field(key, rsa_encrypt(name, key.public_key())) == name
    with pytest.raises(ResourceRejected):
        decrypt_field(key, "AAAA")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_an_apiv3_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyUnusable):
        read_apiv3_key("k" * length)


def test_junk_is_no_key() -> None:
    for junk in (b"", private_pem(rsa_key("merchant"))[:60]):
        with pytest.raises(KeyUnusable):
            read_private_key(junk)
    with pytest.raises(KeyUnusable):
        PlatformKey.from_public_key("0119", channel.public_pem(rsa_key("wechat")))


def test_a_notice_is_read_and_its_event_decides_its_type() -> None:
    paid = Paid("P20261123", 100, "openid")
    raw = notice_body(paid.members(), notice_id="EV-1")
    notice = read_notice(channel.configuration(), signed_headers(raw), raw, now=utc_now())
    assert notice.id == "EV-1"
    assert [(seen.number, seen.amount_fen, seen.combination) for seen in notice.transactions] == [
        ("P20261123", 100, None)
    ]
    swapped = notice_body(paid.members(), event="REFUND.SUCCESS")
    with pytest.raises(NoticeUnreadable):
        read_notice(channel.configuration(), signed_headers(swapped), swapped, now=utc_now())
    other = notice_body({"a": 1}, event="MCHTRANSFER.BILL.FINISHED")
    unknown = read_notice(channel.configuration(), signed_headers(other), other, now=utc_now())
    assert unknown.transactions == ()
    assert unknown.refund is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff\xfe", b'{"id":1}'])
def test_signed_junk_is_unreadable_and_unsigned_junk_is_forged(raw: bytes) -> None:
    with pytest.raises(NoticeUnreadable):
        read_notice(channel.configuration(), signed_headers(raw), raw, now=utc_now())
    with pytest.raises(NoticeForged):
        read_notice(channel.configuration(), {}, raw, now=utc_now())


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200), limit=st.integers(1, 127))
def test_cleaned_text_fits_wechats_rule(text: str, limit: int) -> None:
    cleaned = clean_text(text, max_chars=limit)
    assert len(cleaned) <= limit
    assert all(len(char.encode()) <= 3 for char in cleaned)
    assert clean_text(cleaned, max_chars=limit) == cleaned


def test_emoji_go_and_chinese_stays() -> None:
    assert clean_text("高山云雾茶🍵 250g\n👨‍👩‍👧", max_chars=127) == "高山云雾茶 250g"
