"""The sandbox as a real process with throw-away keys, and a merchant that signs by itself."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOT = Path(__file__).resolve().parents[2]
APPID = "wx1234567890abcdef"
APP_SECRET = "f" * 32
MCHID = "1900000100"
SUB_MCHID = "1900000201"
SERIAL = "5A0000000000000000000000000000000000BEEF"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"  # pragma: allowlist secret
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001002026110100000000000001"
PUSH_TOKEN = "a-token-for-pushes"
PUSH_AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


def write_keys(directory: Path, name: str) -> rsa.RSAPrivateKey:
    """Make an RSA key; leave ``name.pem`` and ``name.pub.pem`` in the directory."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (directory / f"{name}.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (directory / f"{name}.pub.pem").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return key


@dataclass
class SandboxProcess:
    """One running sandbox; ``stop`` and ``start`` keep its state and its port."""

    directory: Path
    product_base_url: str = "http://127.0.0.1:9"
    clock_scale: str = "0.01"
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    merchant_key: rsa.RSAPrivateKey = field(init=False)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(trust_env=False, timeout=30)
        for name in ("user-agent", "accept"):
            del self.client.headers[name]
        self.merchant_key = write_keys(self.directory, "merchant")
        write_keys(self.directory, "wechat")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        port_file = self.directory / "state" / "port"
        port_file.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "SANDBOX_HOST": "127.0.0.1",
            "SANDBOX_PORT": str(self.port),
            "SANDBOX_STATE_DIR": str(self.directory / "state"),
            "SANDBOX_MERCHANT_PUBLIC_KEY_FILE": str(self.directory / "merchant.pub.pem"),
            "SANDBOX_PRIVATE_KEY_FILE": str(self.directory / "wechat.pem"),
            "SANDBOX_SUB_MCHIDS": SUB_MCHID,
            "SANDBOX_CLOCK_SCALE": self.clock_scale,
            "WECHAT_APPID": APPID,
            "WECHAT_APPSECRET": APP_SECRET,
            "WECHAT_PAY_MCHID": MCHID,
            "WECHAT_PAY_CERT_SERIAL": SERIAL,
            "WECHAT_PAY_APIV3_KEY": APIV3_KEY,
            "WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
            "WECHAT_PUSH_TOKEN": PUSH_TOKEN,
            "WECHAT_PUSH_AES_KEY": PUSH_AES_KEY,
            "PRODUCT_BASE_URL": self.product_base_url,
        }
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.wechat_sandbox"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if port_file.exists() and port_file.read_text().strip():
                self.port = int(port_file.read_text())
                if self._answers():
                    return
            time.sleep(0.05)
        raise AssertionError("the sandbox did not start:\n" + (self.directory / "log").read_text())

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait for it."""
        if self.process is None:
            return
        self.process.send_signal(sign)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self.client.get(self.url + "/sandbox/health", timeout=2).status_code == 200
        except (OSError, httpx.HTTPError):
            return False

    # The control API

    def control(self, method: str, path: str, body: Any = None, *, expect: tuple[int, ...] = (200, 201)) -> Any:
        """Call the control API; the answer is its JSON."""
        answer = self.client.request(method, f"{self.url}/sandbox{path}", json=body)
        assert answer.status_code in expect, (answer.status_code, answer.text)
        return answer.json()

    def new_person(self, **members: Any) -> str:
        """A new person's openid."""
        return str(self.control("POST", "/people", members)["people"][0]["openid"])

    def fault(self, operation: str, action: dict[str, Any], **members: Any) -> Any:
        """Order a fault."""
        return self.control("POST", "/faults", {"operation": operation, "action": action, **members})

    # A merchant's own signing

    def sign(self, text: bytes, key: rsa.RSAPrivateKey | None = None) -> str:
        """RSA-SHA256 of the merchant (or of another key), base64."""
        raw = (key or self.merchant_key).sign(text, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode()

    def authorization(self, method: str, target: str, body: bytes, changes: dict[str, str] | None = None) -> str:
        """The Authorization header; ``changes`` replace members after the signature was made."""
        changes = dict(changes or {})
        timestamp = changes.pop("timestamp", str(int(time.time())))
        nonce = changes.pop("nonce_str", secrets.token_hex(16))
        signature = self.sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n")
        members = {
            "mchid": MCHID,
            "nonce_str": nonce,
            "timestamp": timestamp,
            "serial_no": SERIAL,
            "signature": signature,
        } | changes
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in members.items())

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        headers: dict[str, str | None] | None = None,
        timeout: float = 10.0,
        changes: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One signed Pay v3 call. A header of None is left out."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: dict[str, str | None] = {
            "Authorization": self.authorization(method, target, content, changes),
            "Accept": "application/json",
            "User-Agent": "longchuan-test",
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        return self.client.request(
            method,
            self.url + target,
            content=content or None,
            headers={name: value for name, value in sent.items() if value is not None},
            timeout=timeout,
        )

    # Shopping

    def prepay(self, number: str, openid: str, url: str, /, total: int = 4990, **members: Any) -> httpx.Response:
        """Open an order in partner mode."""
        body = {
            "sp_appid": APPID,
            "sp_mchid": MCHID,
            "sub_mchid": SUB_MCHID,
            "description": "示例·陇川甘蔗红糖",
            "out_trade_no": number,
            "notify_url": url,
            "amount": {"total": total, "currency": "CNY"},
            "payer": {"sp_openid": openid},
        } | members
        return self.call("POST", "/v3/pay/partner/transactions/jsapi", body)

    def payment_request(self, prepay_id: str, openid: str, **changes: Any) -> dict[str, Any]:
        """What ``wx.requestPayment`` receives, signed by the merchant."""
        timestamp, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        return {
            "openid": openid,
            "appId": APPID,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sign(f"{APPID}\n{timestamp}\n{nonce}\n{package}\n".encode()),
        } | changes

    def pay(self, prepay_id: str, openid: str, **changes: Any) -> str:
        """The person pays; the answer is ``errMsg``."""
        return str(self.control("POST", "/cashier/pay", self.payment_request(prepay_id, openid, **changes))["errMsg"])

    def buy(self, notify_url: str, total: int = 4990, **members: Any) -> tuple[str, str]:
        """Open an order and pay it; the answer is its number and the openid."""
        number, openid = "T" + secrets.token_hex(10), self.new_person()
        opened = self.prepay(number, openid, notify_url, total, **members)
        assert opened.status_code == 200, opened.text
        assert self.pay(opened.json()["prepay_id"], openid) == "requestPayment:ok"
        return number, openid

    def query(self, number: str) -> httpx.Response:
        """Look an order up in partner mode."""
        return self.call(
            "GET",
            f"/v3/pay/partner/transactions/out-trade-no/{number}?sp_mchid={MCHID}&sub_mchid={SUB_MCHID}",
        )
