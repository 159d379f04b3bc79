"""A Tencent CSS of our own for development and tests: ``python -m scripts.cloud_live_sandbox``.

It takes RTMP by an nginx of its own, lets in whoever has a good ``txSecret``, tells the product by signed notices,
shows HLS under signed addresses and obeys commands that are signed by TC3-HMAC-SHA256. It checks signatures by the
documentation and shares no code with the adapter, so an error of one is not the other's.
"""

import argparse
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from scripts.local_stack.debian_nginx import find_media_server

PUSH_KEY, PLAY_KEY, CALLBACK_KEY = "sandbox-push-key", "sandbox-play-key", "sandbox-callback-key"
SECRET_ID, SECRET_KEY = "AKIDsandbox", "sandbox-api-secret"  # pragma: allowlist secret
NGINX = """$load_module
daemon off;
pid $folder/nginx.pid;
error_log stderr notice;
$user
events { worker_connections 256; }
rtmp {
    access_log off;
    server {
        listen 127.0.0.1:$rtmp_port;
        application live {
            live on;
            notify_method post;
            on_publish http://127.0.0.1:$port/rtmp/publish;
            on_publish_done http://127.0.0.1:$port/rtmp/publish-done;
            hls on;
            hls_path $folder/hls;
            hls_fragment 1s;
        }
    }
}
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen 127.0.0.1:$control_port;
        location /control { rtmp_control all; }
    }
}
"""


@dataclass
class Cloud:
    """What the cloud knows. ``live`` is the sequence of each stream that it receives."""

    callback_url: str
    control_port: int
    folder: Path
    live: dict[str, str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, told: dict[str, list[str]]) -> bool:
        """Whether a publisher is let in."""
        name = told.get("name", [""])[-1]
        if name in self.forbidden or not signed(PUSH_KEY, name, told):
            return False
        with self.lock:
            self.live[name] = sequence = str(time.time_ns())
        self.tell({"event_type": 1, "stream_id": name, "sequence": sequence, "event_time": int(time.time())})
        return True

    def publish_done(self, name: str) -> None:
        """A publisher has gone: its end, and the file that was made of it."""
        with self.lock:
            sequence = self.live.pop(name, None)
        if sequence is None:
            return
        now = int(time.time())
        self.tell({"event_type": 0, "stream_id": name, "sequence": sequence, "event_time": now})
        began = int(sequence) // 1_000_000_000
        self.tell({
            "event_type": 100, "stream_id": name, "file_id": sequence, "file_size": 1000, "duration": now - began,
            "start_time": began, "end_time": now, "video_url": f"https://vod.example/{sequence}.mp4",
        })  # fmt: skip

    def tell(self, event: dict[str, Any]) -> None:
        """Send a notice, after the answer to nginx."""
        until = int(time.time()) + 600
        sign = hashlib.md5(f"{CALLBACK_KEY}{until}".encode()).hexdigest()
        notice = {"appid": 1, "app": "sandbox", "appname": "live", "t": until, "sign": sign, **event}
        self.notices.append(notice)
        threading.Thread(target=self._send, args=(notice,), daemon=True).start()

    def _send(self, notice: dict[str, Any]) -> None:
        for _ in range(5):
            try:
                if httpx.post(self.callback_url, json=notice, timeout=5, trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)

    def command(self, action: str, told: dict[str, Any]) -> dict[str, Any]:
        """Obey."""
        name = str(told.get("StreamName", ""))
        self.commands.append(f"{action} {name}".strip())
        if action == "DescribeLiveStreamOnlineList":
            return {"OnlineInfo": [{"StreamName": each} for each in self.live]}
        if action == "ForbidLiveStream":
            datetime.strptime(str(told["ResumeTime"]), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            self.forbidden.add(name)
        elif action != "DropLiveStream":
            return {"Error": {"Code": "InvalidAction", "Message": action}}
        query = {"app": "live", "name": name}
        httpx.get(f"http://127.0.0.1:{self.control_port}/control/drop/publisher", params=query, trust_env=False)
        return {}


def signed(key: str, name: str, told: dict[str, list[str]]) -> bool:
    """Whether ``txSecret`` and ``txTime`` are good for a stream."""
    expires, secret = told.get("txTime", [""])[-1], told.get("txSecret", [""])[-1]
    try:
        over = int(expires, 16) <= time.time()
    except ValueError:
        return False
    return not over and secret == hashlib.md5(f"{key}{name}{expires}".encode()).hexdigest()


def command_is_signed(headers: dict[str, str], body: bytes) -> bool:
    """TC3-HMAC-SHA256 over the headers that the caller says are signed."""
    try:
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        secret_id, day, service, kind = parts["Credential"].split("/")
        second = int(headers["x-tc-timestamp"])
        names = parts["SignedHeaders"].split(";")
        signed_headers = "".join(f"{n}:{headers[n].lower() if n == 'x-tc-action' else headers[n]}\n" for n in names)
    except (KeyError, ValueError):
        return False
    canonical = f"POST\n/\n\n{signed_headers}\n{';'.join(names)}\n{hashlib.sha256(body).hexdigest()}"
    text = f"{scheme}\n{second}\n{day}/{service}/{kind}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{SECRET_KEY}".encode()
    for part in (day, service, kind):
        key = hmac.digest(key, part.encode(), "sha256")
    good = hmac.digest(key, text.encode(), "sha256").hex() == parts["Signature"]
    is_now = abs(second - time.time()) < 300 and day == datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d")
    right = (scheme, secret_id, service, kind) == ("TC3-HMAC-SHA256", SECRET_ID, "live", "tc3_request")
    return good and is_now and right and {"content-type", "host"} <= set(names)


class Handler(BaseHTTPRequestHandler):
    """HTTP: nginx's questions, commands, viewers, and what the cloud knows."""

    cloud: Cloud

    def do_POST(self) -> None:
        """Commands, and what nginx asks."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/":
            headers = {name.lower(): value for name, value in self.headers.items()}
            if command_is_signed(headers, body):
                found = self.cloud.command(headers["x-tc-action"], json.loads(body))
            else:
                found = {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": ""}}
            self._say(200, json.dumps({"Response": {**found, "RequestId": "sandbox"}}).encode())
            return
        told = parse_qs(body.decode())
        if self.path == "/rtmp/publish":
            self._say(204 if self.cloud.publish(told) else 403)
        else:
            self.cloud.publish_done(told.get("name", [""])[-1])
            self._say(204)

    def do_GET(self) -> None:
        """A playlist or FLV by a signed address, a segment, or everything that is known."""
        address = urlsplit(self.path)
        name = Path(address.path).name
        if address.path == "/state":
            cloud = self.cloud
            known = {"live": list(cloud.live), "forbidden": sorted(cloud.forbidden), "commands": cloud.commands}
            self._say(200, json.dumps(known | {"notices": cloud.notices}).encode())
        elif name.endswith((".m3u8", ".flv")) and not signed(PLAY_KEY, Path(name).stem, parse_qs(address.query)):
            self._say(403)
        elif name.endswith(".flv"):
            self._say(200 if Path(name).stem in self.cloud.live else 404)
        elif (self.cloud.folder / "hls" / name).is_file():
            self._say(200, (self.cloud.folder / "hls" / name).read_bytes())
        else:
            self._say(404)

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "rtmp-port", "control-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--callback-url", required=True)
    parser.add_argument("--nginx-folder", type=Path, help="where Debian's nginx lies unpacked, or is to be")
    options = parser.parse_args()
    folder: Path = options.folder
    (folder / "hls").mkdir(parents=True, exist_ok=True)
    server = find_media_server(options.nginx_folder or folder / "nginx-debian", print)
    (folder / "nginx.conf").write_text(
        Template(NGINX).substitute(
            load_module=f"load_module {server.module};" if server.module else "",
            user="user root;" if os.getuid() == 0 else "",
            folder=folder,
            port=options.port,
            rtmp_port=options.rtmp_port,
            control_port=options.control_port,
        )
    )
    Handler.cloud = Cloud(options.callback_url, options.control_port, folder)
    nginx = subprocess.Popen([str(server.program), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"])
    web = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=web.shutdown).start())
    try:
        web.serve_forever()
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(folder / "hls", ignore_errors=True)


if __name__ == "__main__":
    main()
