"""Bills of a day: the trade bill and the fund-flow bill, in WeChat's backtick CSV (wechat reference 2.4)."""

import gzip
import hashlib
import secrets
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import UNSET

from scripts.wechat_sandbox.errors import PayError, parameter_error
from scripts.wechat_sandbox.funds import fee_of, fee_returned
from scripts.wechat_sandbox.moments import CHINA, bill_time, utc_now
from scripts.wechat_sandbox.pay import PayDesk, present
from scripts.wechat_sandbox.pay_schemas import BillToken, FundFlowBillQuery, SubMerchantFundQuery, TradeBillQuery
from scripts.wechat_sandbox.records import FundEntry, Order, Refund
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World

TOKEN_SECONDS = 300
KEPT_DAYS = 92
READY_HOUR = 10

TRADE_HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_HEADER = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def yuan(fen: int) -> str:
    """An amount in yuan with two decimals, exact."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def bill_line(values: Iterable[str]) -> str:
    """One line: every value behind a backtick, separated by commas."""
    return ",".join("`" + value for value in values)


class BillDesk:
    """The bill endpoints. A bill is made when it is asked for and kept under its token for five minutes."""

    def __init__(self, world: World, pay: PayDesk) -> None:
        self._world = world
        self._pay = pay
        self._files: dict[str, tuple[float, bytes]] = {}

    def trade(self, call: Call) -> dict[str, Any]:
        """``GET /v3/bill/tradebill``."""
        query = call.decode_query(TradeBillQuery)
        day = self._day(query.bill_date)
        sub_mchid = present(query.sub_mchid)
        if sub_mchid:
            self._pay.sub_merchant(sub_mchid)
        rows = self._trade_rows(day, sub_mchid, query.bill_type)
        if not rows:
            raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在：当日无交易")
        text = trade_bill([row for _, row in sorted(rows, key=lambda pair: pair[0])])
        return self._offer(call, text, is_gzip=query.tar_type is not UNSET)

    def fund_flow(self, call: Call) -> dict[str, Any]:
        """``GET /v3/bill/fundflowbill``: the basic account of the asking merchant."""
        query = call.decode_query(FundFlowBillQuery)
        day = self._day(query.bill_date)
        entries = self._world.funds.entries(self._world.settings.mchid) if query.account_type == "BASIC" else []
        if not any(_china_day(entry.at) == day for entry in entries):
            raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在：当日无资金变动")
        return self._offer(call, fund_bill(entries, day), is_gzip=query.tar_type is not UNSET)

    def sub_merchant_fund_flow(self, call: Call) -> dict[str, Any]:
        """``GET /v3/bill/sub-merchant-fundflowbill``: a sub-merchant's basic account, sealed for the provider."""
        query = call.decode_query(SubMerchantFundQuery)
        day = self._day(query.bill_date)
        self._pay.sub_merchant(query.sub_mchid)
        entries = self._world.funds.entries(query.sub_mchid)
        if not any(_china_day(entry.at) == day for entry in entries):
            raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在：当日无资金变动")
        key, nonce = secrets.token_hex(16), secrets.token_hex(6)
        sealed = AESGCM(key.encode()).encrypt(nonce.encode(), self._plain(fund_bill(entries, day)), None)
        part = {
            "bill_sequence": 1,
            "encrypt_key": self._world.keys.seal_for_merchant(key),
            "nonce": nonce,
            **self._keep(call, sealed),
        }
        return {"download_bill_count": 1, "download_bill_list": [part]}

    def download(self, call: Call) -> bytes:
        """``GET /v3/billdownload/file``: the file itself, without a signature."""
        token = call.decode_query(BillToken).token
        made_at, content = self._files.get(token, (0.0, b""))
        if not content or time.monotonic() - made_at > TOKEN_SECONDS:
            raise PayError(400, "PARAM_ERROR", "账单下载链接已失效")
        return content

    def _offer(self, call: Call, text: str, *, is_gzip: bool) -> dict[str, Any]:
        plain = self._plain(text)
        return self._keep(call, plain, gzip.compress(plain) if is_gzip else plain)

    def _plain(self, text: str) -> bytes:
        return (("\ufeff" if self._world.conditions.bill_has_bom else "") + text).encode()

    def _keep(self, call: Call, hashed: bytes, file: bytes | None = None) -> dict[str, Any]:
        """Keep a file for five minutes; answers its address and the hash of ``hashed``."""
        now = time.monotonic()
        self._files = {token: file for token, file in self._files.items() if now - file[0] <= TOKEN_SECONDS}
        token = secrets.token_urlsafe(32)
        self._files[token] = (now, hashed if file is None else file)
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(hashed, usedforsecurity=False).hexdigest(),
            "download_url": f"{call.base_url}/v3/billdownload/file?token={token}",
        }

    def _day(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise parameter_error("bill_date", "is not a date", value=text, location="query") from error
        now = utc_now().astimezone(CHINA)
        if day > now.date() or (now.date() - day).days > KEPT_DAYS:
            raise parameter_error("bill_date", "must be a past day within three months", value=text, location="query")
        if self._world.conditions.bills_ready == "documented":
            ready = datetime(day.year, day.month, day.day, READY_HOUR, tzinfo=CHINA) + timedelta(days=1)
            if now < ready:
                raise PayError(400, "STATEMENT_CREATING", "账单生成中，请在次日 10 点后重试")
        return day

    def _trade_rows(self, day: date, sub_mchid: str, bill_type: str) -> list[tuple[datetime, list[str]]]:
        rows: list[tuple[datetime, list[str]]] = []
        for order in self._world.orders:
            if order.success_at is None or (sub_mchid and order.sub_mchid != sub_mchid):
                continue
            if bill_type != "REFUND" and _china_day(order.success_at) == day:
                rows.append((order.success_at, capture_row(order)))
            if bill_type != "SUCCESS":
                refunded = 0
                for refund in self._world.refunds_for(order.out_trade_no):
                    fee = fee_returned(order.total, refunded, refund.refund, order.fee_rate_ppm)
                    if refund.state != "CLOSED":
                        refunded += refund.refund
                    if _china_day(refund.created_at) == day:
                        rows.append((refund.created_at, refund_row(order, refund, fee)))
        return rows


def _china_day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _rate(rate_ppm: int) -> str:
    return f"{rate_ppm // 10_000}.{rate_ppm % 10_000 // 100:02d}%"


def _row(order: Order, at: datetime, state: str, amounts: dict[str, str]) -> list[str]:
    return [
        bill_time(at),
        order.appid,
        order.mchid,
        order.sub_mchid or "0",
        "",
        order.transaction_id,
        order.out_trade_no,
        order.payer_openid,
        "JSAPI",
        state,
        "OTHERS",
        "CNY",
        amounts.get("settled", "0.00"),
        "0.00",
        amounts.get("refund_id", "0"),
        amounts.get("out_refund_no", "0"),
        amounts.get("refund", "0.00"),
        "0.00",
        amounts.get("refund_type", ""),
        amounts.get("refund_state", ""),
        order.description,
        order.attach,
        amounts["fee"],
        _rate(order.fee_rate_ppm),
        amounts.get("total", "0.00"),
        amounts.get("asked", "0.00"),
        "",
    ]


def capture_row(order: Order) -> list[str]:
    """The line of a payment."""
    amounts = {
        "settled": yuan(order.total),
        "total": yuan(order.total),
        "fee": yuan(fee_of(order.total, order.fee_rate_ppm)),
    }
    return _row(order, order.success_at or order.created_at, "SUCCESS", amounts)


def refund_row(order: Order, refund: Refund, fee: int) -> list[str]:
    """The line of a refund; its fee is negative, for it comes back."""
    amounts = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund": yuan(refund.refund),
        "asked": yuan(refund.refund),
        "refund_type": "ORIGINAL",
        "refund_state": {"ABNORMAL": "CHANGE", "CLOSED": "FAIL"}.get(refund.state, refund.state),
        "fee": yuan(-fee),
    }
    return _row(order, refund.created_at, "REFUND", amounts)


def _fen(text: str) -> int:
    """The fen of a text that ``yuan`` has written."""
    return int(text.replace(".", ""))


def trade_bill(rows: list[list[str]]) -> str:
    """The whole trade bill: header, lines, summary header, summary."""
    columns = (12, 16, 17, 22, 24, 25)
    totals = [yuan(sum(_fen(row[column]) for row in rows)) for column in columns]
    lines = [
        TRADE_HEADER,
        *(bill_line(row) for row in rows),
        TRADE_SUMMARY,
        bill_line([str(len(rows)), *totals]),
    ]
    return "\r\n".join(lines) + "\r\n"


def fund_bill(entries: list[FundEntry], day: date) -> str:
    """The whole fund-flow bill of one day; ``entries`` are all movements so far, for the balance."""
    balance = 0
    lines = [FUND_HEADER]
    incomes: list[int] = []
    expenses: list[int] = []
    for entry in entries:
        balance += entry.amount
        if _china_day(entry.at) != day:
            continue
        (incomes if entry.amount >= 0 else expenses).append(abs(entry.amount))
        lines.append(
            bill_line(
                [
                    bill_time(entry.at),
                    entry.transaction_id,
                    entry.number,
                    entry.kind,
                    entry.kind,
                    "收入" if entry.amount >= 0 else "支出",
                    yuan(abs(entry.amount)),
                    yuan(balance),
                    "system",
                    "",
                    entry.reference,
                ]
            )
        )
    summary = [str(len(incomes) + len(expenses)), str(len(incomes)), yuan(sum(incomes))]
    lines += [FUND_SUMMARY, bill_line([*summary, str(len(expenses)), yuan(sum(expenses))])]
    return "\r\n".join(lines) + "\r\n"
