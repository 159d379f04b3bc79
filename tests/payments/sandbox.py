"""The WeChat sandbox as a process of its own, on a kernel port and a throw-away directory."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kit.numbers import secret_token
from tests.payments import channel
from tests.payments.channel import APPID, MCHID, MERCHANT_SERIAL, PUBLIC_KEY_ID, SUB_MCHID, rsa_key

ROOT = Path(__file__).resolve().parents[2]
APP_SECRET = secret_token()[:32]
PUSH_TOKEN = secret_token()[:16].replace("-", "a").replace("_", "b")
PUSH_AES_KEY = "".join(c for c in secret_token() * 2 if c.isalnum())[:43]


@dataclass
class Sandbox:
    """A running sandbox; ``control`` reaches its control API."""

    base: str
    process: subprocess.Popen[bytes]

    def control(self, method: str, path: str, **members: Any) -> Any:
        """Call ``/sandbox/...`` and answer its JSON."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            reply = client.request(method, f"{self.base}/sandbox{path}", json=members or None)
        assert reply.status_code < 300, (reply.status_code, reply.text)
        return reply.json() if reply.content else None

    def fault(self, operation: str, kind: str, *, times: int | None = 1, **action: Any) -> None:
        """Order a fault."""
        self.control("POST", "/faults", operation=operation, action={"kind": kind, **action}, times=times)

    def person(self) -> str:
        """A new person's openid."""
        return str(self.control("POST", "/people")["people"][0]["openid"])

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The journal's entries of one operation."""
        return list(self.control("GET", f"/journal?operation={operation}")["entries"])

    def stop(self) -> None:
        """End the process that this object started."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def leave(sandbox: Sandbox, usual: dict[str, Any]) -> None:
    """Leave a shared sandbox as the next test expects it: a split that lands later would be in its sums."""
    sandbox.control("DELETE", "/faults")
    sandbox.control("POST", "/standstills")
    sandbox.control("PATCH", "/settings", **usual)


def start_sandbox(directory: Path, **environment: str) -> Sandbox:
    """Start it and wait until it says that it is up."""
    (directory / "merchant.pem").write_bytes(channel.public_pem(rsa_key("merchant")))
    (directory / "wechat.pem").write_bytes(channel.private_pem(rsa_key("wechat")))
    state = directory / "state"
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.wechat_sandbox"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SANDBOX_HOST": "127.0.0.1",
            "SANDBOX_PORT": "0",
            "SANDBOX_STATE_DIR": str(state),
            "SANDBOX_MERCHANT_PUBLIC_KEY_FILE": str(directory / "merchant.pem"),
            "SANDBOX_PRIVATE_KEY_FILE": str(directory / "wechat.pem"),
            "SANDBOX_SUB_MCHIDS": SUB_MCHID,
            "SANDBOX_CLOCK_SCALE": "0.02",
            "SANDBOX_BILLS_READY": "at_once",
            "WECHAT_APPID": APPID,
            "WECHAT_APPSECRET": APP_SECRET,
            "WECHAT_PAY_MCHID": MCHID,
            "WECHAT_PAY_CERT_SERIAL": MERCHANT_SERIAL,
            "WECHAT_PAY_APIV3_KEY": channel.apiv3_key(),
            "WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
            "WECHAT_PUSH_TOKEN": PUSH_TOKEN,
            "WECHAT_PUSH_AES_KEY": PUSH_AES_KEY,
            **environment,
        },
        stdout=(directory / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            base = f"http://127.0.0.1:{int((state / 'port').read_text())}"
            if httpx.get(f"{base}/sandbox/health", trust_env=False, timeout=2).status_code == 200:
                return Sandbox(base, process)
        except (OSError, ValueError, httpx.HTTPError):
            pass
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("the sandbox did not start:\n" + (directory / "log").read_text()[-3000:])
