"""Kuaidi100 as it is documented, on a kernel port: it verifies every signature before it answers."""

import json
import threading
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CUSTOMER, KEY, SECRET, SALT = "DEMO0000CUSTOMER", "demoKey0001", "demoSecret0001", "a-salt-of-this-test-run"


def signed(text: str) -> str:
    """Their signature."""
    return md5(text.encode(), usedforsecurity=False).hexdigest().upper()


@dataclass
class Kuaidi100StandIn:
    """What it knows of waybills, and what it was asked. ``next_answer`` replaces one answer."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscribed: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    taken_back: list[dict[str, Any]] = field(default_factory=list)
    collected: set[str] = field(default_factory=set)
    next_answer: tuple[int, bytes] | None = None
    base: str = ""

    def start(self) -> None:
        """Serve in a thread of its own."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
                status, body = stand_in.answer(self.path, form)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """One call."""
        if self.next_answer is not None:
            answer, self.next_answer = self.next_answer, None
            return answer
        param = json.loads(form["param"])
        found = {"/poll/query.do": self._query, "/poll": self._subscribe, "/label/order": self._label}[path](
            form, param
        )
        return 200, json.dumps(found, ensure_ascii=False).encode()

    def _query(self, form: dict[str, str], param: dict[str, Any]) -> dict[str, Any]:
        if form["customer"] != CUSTOMER or form["sign"] != signed(form["param"] + KEY + CUSTOMER):
            return {"result": False, "returnCode": "503", "message": "验证签名失败"}
        found = self.known.get(param["num"])
        if found is None or found["com"] != param["com"]:
            return {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"}
        if found.get("phone", "") != "" and found["phone"] != param["phone"]:
            return {"result": False, "returnCode": "408", "message": "验证码错误"}
        return {"message": "ok", "nu": param["num"], "status": "200", **found}

    def _subscribe(self, form: dict[str, str], param: dict[str, Any]) -> dict[str, Any]:
        if form["schema"] != "json" or param["key"] != KEY:
            return {"result": False, "returnCode": "600", "message": "您不是合法的订阅者"}
        if any(each["number"] == param["number"] for each in self.subscribed):
            return {"result": False, "returnCode": "501", "message": "重复订阅"}
        self.subscribed.append(param)
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    def _label(self, form: dict[str, str], param: dict[str, Any]) -> dict[str, Any]:
        if form["sign"] != signed(form["param"] + form["t"] + KEY + SECRET):
            return {"success": False, "code": 30002, "message": "验证签名失败"}
        if param["partnerKey"] != "demo-partner-key":
            return {"success": False, "code": 30007, "message": "面单账号错误"}
        if form["method"] == "cancel":
            return self._take_back(param)
        assert form["method"] == "order"
        waybill = self.labels.setdefault(param["orderId"], f"YT{len(self.labels):010d}")
        data = {"taskId": "1", "kuaidinum": waybill, "kdComOrderNum": f"KD{waybill}",
                "label": f"{self.base}/label/{waybill}.png"}  # fmt: skip
        return {"success": True, "code": 200, "message": "success", "data": data}

    def _take_back(self, param: dict[str, Any]) -> dict[str, Any]:
        """Of a waybill that it printed, under the number that it gave with it."""
        waybill = param["kuaidinum"]
        if waybill not in self.labels.values() or param["orderId"] != f"KD{waybill}":
            return {"success": False, "code": 30006, "message": "单号不存在", "data": None}
        if waybill in self.collected:
            return {"success": False, "code": 30011, "message": "快件已揽收，不能取消", "data": None}
        self.taken_back.append(param)
        return {"success": True, "code": 200, "message": "success", "data": None}


def push_form(result: dict[str, Any], status: str = "polling", salt: str = SALT) -> dict[str, str]:
    """A signed push of ``lastResult``."""
    param = json.dumps({"status": status, "message": "", "lastResult": result}, ensure_ascii=False)
    return {"param": param, "sign": signed(param + salt)}
