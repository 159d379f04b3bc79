"""The wire: what is refused before anything is looked at, and that every answer is signed."""

import json
import secrets
import time

import pytest

from tests.wechat_sandbox.replies import certificate_key, is_signed_by, unseal, wechat_public_key
from tests.wechat_sandbox.sandbox_process import (
    APPID,
    MCHID,
    PUBLIC_KEY_ID,
    SUB_MCHID,
    SandboxProcess,
    write_keys,
)

TARGET = f"/v3/pay/partner/transactions/out-trade-no/T0000001?sp_mchid={MCHID}&sub_mchid={SUB_MCHID}"


def test_answers_are_signed_and_carry_a_request_id(sandbox: SandboxProcess) -> None:
    answer = sandbox.call("GET", TARGET)
    assert (answer.status_code, answer.json()["code"]) == (404, "ORDER_NOT_EXIST")
    assert answer.headers["wechatpay-serial"] == PUBLIC_KEY_ID
    assert is_signed_by(wechat_public_key(sandbox), answer.headers, answer.content)
    assert not is_signed_by(wechat_public_key(sandbox), answer.headers, answer.content + b" ")
    assert answer.headers["request-id"].endswith("-268512771")


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1900000999"},
        {"serial_no": "5A11"},
        {"signature": "AAAA"},
        {"timestamp": "-400"},
        {"timestamp": "+400"},
        {"timestamp": "soon"},
        {"nonce_str": "x" * 33},
        {"extra": "1"},
    ],
)
def test_a_wrong_authorization_is_a_sign_error(sandbox: SandboxProcess, changes: dict[str, str]) -> None:
    if changes.get("timestamp", "")[:1] in ("-", "+"):  # seconds away from the moment of the call
        changes = {"timestamp": str(int(time.time()) + int(changes["timestamp"]))}
    answer = sandbox.call("GET", TARGET, changes=changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert is_signed_by(wechat_public_key(sandbox), answer.headers, answer.content)


def test_the_signature_covers_the_query_and_the_raw_body(sandbox: SandboxProcess) -> None:
    other_query = sandbox.authorization("GET", TARGET + "0", b"")
    assert sandbox.call("GET", TARGET, headers={"Authorization": other_query}).status_code == 401
    body = {"sp_mchid": MCHID, "sub_mchid": SUB_MCHID}
    close = "/v3/pay/partner/transactions/out-trade-no/T0000001/close"
    compact = json.dumps(body, separators=(",", ":")).encode()
    spaced = sandbox.authorization("POST", close, json.dumps(body).encode())
    assert sandbox.call("POST", close, compact, headers={"Authorization": spaced}).status_code == 401
    assert sandbox.call("POST", close, compact).json()["code"] == "ORDER_NOT_EXIST"


def test_a_stranger_cannot_sign(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> None:
    stranger = write_keys(tmp_path_factory.mktemp("stranger"), "stranger")
    text = f"GET\n{TARGET}\n{int(time.time())}\n{secrets.token_hex(16)}\n\n".encode()
    assert sandbox.call("GET", TARGET, changes={"signature": sandbox.sign(text, stranger)}).status_code == 401


def test_a_nonce_is_good_once(sandbox: SandboxProcess) -> None:
    header = sandbox.authorization("GET", TARGET, b"")
    assert sandbox.call("GET", TARGET, headers={"Authorization": header}).status_code == 404
    assert sandbox.call("GET", TARGET, headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("name", ["User-Agent", "Accept"])
def test_required_headers(sandbox: SandboxProcess, name: str) -> None:
    answer = sandbox.call("GET", TARGET, headers={name: None})
    assert (answer.status_code, answer.json()["detail"]["field"]) == (400, name)


@pytest.mark.parametrize(
    "header", ["", "Bearer x", 'WECHATPAY2-SHA256-RSA2048 mchid="1"', "WECHATPAY2-SHA256-RSA2048 ;;"]
)
def test_an_unreadable_authorization_is_refused(sandbox: SandboxProcess, header: str) -> None:
    assert sandbox.call("GET", TARGET, headers={"Authorization": header}).json()["code"] == "SIGN_ERROR"


def test_unknown_paths_and_repeated_queries_are_refused(sandbox: SandboxProcess) -> None:
    assert sandbox.call("GET", "/v3/pay/unknown").json()["code"] == "RESOURCE_NOT_EXISTS"
    assert sandbox.call("GET", TARGET + f"&sub_mchid={SUB_MCHID}").json()["code"] == "PARAM_ERROR"
    assert sandbox.call("GET", TARGET + "&more=1").json()["detail"]["field"] == "/more"


def test_public_key_mode_has_no_certificates(sandbox: SandboxProcess) -> None:
    assert sandbox.call("GET", "/v3/certificates").status_code == 404


def test_certificate_mode_and_migration(sandbox: SandboxProcess) -> None:
    sandbox.control("PATCH", "/settings", {"signing_mode": "certificate"})
    listed = sandbox.call("GET", "/v3/certificates")
    first = listed.json()["data"][-1]
    assert listed.headers["wechatpay-serial"] == first["serial_no"]
    assert len(first["serial_no"]) == 40
    pem = unseal(first["encrypt_certificate"]).decode()
    assert is_signed_by(certificate_key(pem), listed.headers, listed.content)

    rotated = sandbox.control("POST", "/keys/certificates")
    answer = sandbox.call("GET", TARGET)
    assert answer.headers["wechatpay-serial"] == rotated["serial"] != first["serial_no"]
    assert is_signed_by(certificate_key(rotated["pem"]), answer.headers, answer.content)
    assert len(sandbox.call("GET", "/v3/certificates").json()["data"]) >= 2

    sandbox.control("PATCH", "/settings", {"signing_mode": "both"})
    asked = sandbox.call("GET", TARGET, headers={"Wechatpay-Serial": PUBLIC_KEY_ID})
    assert asked.headers["wechatpay-serial"] == PUBLIC_KEY_ID
    assert is_signed_by(wechat_public_key(sandbox), asked.headers, asked.content)
    assert sandbox.call("GET", TARGET).headers["wechatpay-serial"] == rotated["serial"]


def test_a_serial_that_names_no_key_is_refused(sandbox: SandboxProcess) -> None:
    answer = sandbox.call("GET", TARGET, headers={"Wechatpay-Serial": "PUB_KEY_ID_1"})
    assert answer.json()["detail"]["field"] == "Wechatpay-Serial"


def test_a_body_over_one_mebibyte_is_not_read(sandbox: SandboxProcess) -> None:
    target = "/v3/pay/transactions/jsapi"
    answer = sandbox.call("POST", target, b'"' + b"x" * (1 << 20) + b'"')
    assert answer.status_code == 413
    assert sandbox.control("GET", "/health")["appid"] == APPID
