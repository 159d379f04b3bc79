"""Bills: to the fen, in WeChat's CSV, with the hash of the plain file."""

import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.replies import china_today
from tests.wechat_sandbox.sandbox_process import MCHID, SandboxProcess

ACCOUNT = "1900000505"


def fetch(sandbox: SandboxProcess, target: str) -> tuple[list[list[str]], list[str]]:
    """The lines and the summary of a bill, after its hash was checked."""
    told = sandbox.call("GET", target).json()
    assert told["hash_type"] == "SHA1"
    path = told["download_url"].removeprefix(sandbox.url)
    answer = sandbox.call("GET", path)
    assert answer.status_code == 200
    assert "wechatpay-signature" not in answer.headers
    content = gzip.decompress(answer.content) if "tar_type=GZIP" in target else answer.content
    assert hashlib.sha1(content).hexdigest() == told["hash_value"]
    lines = content.decode("utf-8-sig").split("\r\n")
    rows = [line.removeprefix("`").split(",`") for line in lines[1:-3]]
    assert len(lines[0].split(",")) == len(rows[0])
    assert len(lines[-3].split(",")) == len(lines[-2].split(",`"))
    return rows, lines[-2].removeprefix("`").split(",`")


@pytest.fixture(scope="module")
def traded(sandbox_process: SandboxProcess) -> str:
    """A sub-merchant with two payments and one partial refund."""
    listener = Listener()
    listener.start()
    sandbox_process.control("POST", "/sub-merchants", {"sub_mchid": ACCOUNT})
    first, _ = sandbox_process.buy(listener.url, sub_mchid=ACCOUNT, description="红糖, 两斤`装", total=4990)
    sandbox_process.buy(listener.url, sub_mchid=ACCOUNT, total=1)
    body = {
        "out_trade_no": first,
        "out_refund_no": "RB" + first,
        "sub_mchid": ACCOUNT,
        "amount": {"refund": 1234, "total": 4990, "currency": "CNY"},
    }
    assert sandbox_process.call("POST", "/v3/refund/domestic/refunds", body).status_code == 200
    listener.stop()
    return first


@pytest.mark.parametrize("tail", ["", "&tar_type=GZIP"])
def test_the_trade_bill_adds_up(sandbox: SandboxProcess, traded: str, tail: str) -> None:
    sandbox.control("PATCH", "/settings", {"bills_ready": "at_once"})
    rows, summary = fetch(
        sandbox, f"/v3/bill/tradebill?bill_date={china_today()}&bill_type=ALL&sub_mchid={ACCOUNT}{tail}"
    )
    assert len(rows) == 3
    assert {row[3] for row in rows} == {ACCOUNT}
    assert {row[2] for row in rows} == {MCHID}
    capture = next(row for row in rows if row[6] == traded and row[9] == "SUCCESS")
    assert (capture[12], capture[22], capture[23], capture[24]) == ("49.90", "0.30", "0.60%", "49.90")
    assert capture[20] == "红糖, 两斤`装"
    refund = next(row for row in rows if row[9] == "REFUND")
    # 0.6 % of 49.90 is 30 fen, of what is left (37.56) 23 fen: 7 fen come back.
    assert (refund[15], refund[16], refund[22], refund[25]) == ("RB" + traded, "12.34", "-0.07", "12.34")
    columns = (12, 16, 17, 22, 24, 25)
    sums = [str(sum((Decimal(row[column]) for row in rows), Decimal("0.00"))) for column in columns]
    assert summary == ["3", *sums]


def test_a_bill_of_one_kind(sandbox: SandboxProcess, traded: str) -> None:
    sandbox.control("PATCH", "/settings", {"bills_ready": "at_once", "bill_has_bom": False})
    base = f"/v3/bill/tradebill?bill_date={china_today()}&sub_mchid={ACCOUNT}&bill_type="
    assert len(fetch(sandbox, base + "SUCCESS")[0]) == 2
    assert len(fetch(sandbox, base + "REFUND")[0]) == 1


def test_the_fund_flow_of_the_own_account(sandbox: SandboxProcess, listener: Listener) -> None:
    sandbox.control("PATCH", "/settings", {"bills_ready": "at_once"})
    openid = sandbox.new_person()
    body = {
        "appid": "wx1234567890abcdef",
        "mchid": MCHID,
        "description": "直营",
        "out_trade_no": "TF" + str(datetime.now(UTC).timestamp()).replace(".", ""),
        "notify_url": listener.url,
        "amount": {"total": 10000, "currency": "CNY"},
        "payer": {"openid": openid},
    }
    prepay_id = sandbox.call("POST", "/v3/pay/transactions/jsapi", body).json()["prepay_id"]
    assert sandbox.pay(prepay_id, openid) == "requestPayment:ok"
    rows, summary = fetch(sandbox, f"/v3/bill/fundflowbill?bill_date={china_today()}&account_type=BASIC")
    assert [row[5] for row in rows[-2:]] == ["收入", "支出"]
    assert [row[6] for row in rows[-2:]] == ["100.00", "0.60"]
    balance = sandbox.control("GET", f"/funds/{MCHID}")["balance_fen"]
    assert Decimal(rows[-1][7]) * 100 == balance
    assert Decimal(summary[2]) - Decimal(summary[4]) == Decimal(balance) / 100


def test_when_there_is_no_bill(sandbox: SandboxProcess, traded: str) -> None:
    def code(query: str) -> str:
        return str(sandbox.call("GET", f"/v3/bill/tradebill?{query}").json()["code"])

    assert code(f"bill_date={china_today()}") == "STATEMENT_CREATING"
    assert code("bill_date=2019-06-11") == "PARAM_ERROR"
    assert code("bill_date=2026-02-30") == "PARAM_ERROR"
    assert code(f"bill_date={china_today()}&tar_type=ZIP") == "PARAM_ERROR"
    past = datetime.now(UTC).date() - timedelta(days=40)
    assert code(f"bill_date={past}") == "NO_STATEMENT_EXIST"
    expired = sandbox.call("GET", "/v3/billdownload/file?token=unknown")
    assert expired.json()["code"] == "PARAM_ERROR"
