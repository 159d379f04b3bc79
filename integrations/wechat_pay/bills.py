"""The trade bill: CSV with a backtick before each value, amounts in yuan, a summary at the end.

Source: wechat reference 2.4. Values may hold commas, so lines are split at comma + backtick, not at the
comma. Every sum of the summary is added up again; a bill that does not add up is refused whole.
"""

import re
from datetime import date, datetime
from decimal import Decimal

from kit.clock import CHINA
from payments.ports import BillInvalid, BillLineKind, TradeBill, TradeBillRow

_REQUIRED = (
    "交易时间", "公众账号ID", "商户号", "特约商户号", "微信订单号", "商户订单号", "交易状态", "微信退款单号",
    "商户退款单号", "退款状态", "手续费", "订单金额", "申请退款金额",
)  # fmt: skip
_SUMMARY = ("总交易单数", "手续费总金额", "订单总金额", "申请退款总金额")

_AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,5})?", re.ASCII)

Line = dict[str, str]


def parse_trade_bill(day: date, raw: bytes, *, sha1: str) -> TradeBill:
    """The typed rows of a bill of type ALL. Raises :class:`BillInvalid`. CPU-bound: call it in a thread."""
    table, summary = read_table(raw, _REQUIRED)
    rows = tuple(_row(cells, number) for number, cells in enumerate(table, start=1))
    _check_sums(table, rows, summary)
    return TradeBill(day=day, sha1=sha1, rows=rows)


def read_table(raw: bytes, required: tuple[str, ...]) -> tuple[list[Line], Line]:
    """The lines of any bill and its summary, as texts by their column. Raises :class:`BillInvalid`."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BillInvalid("the bill is not UTF-8") from None
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if len(lines) < 3:
        raise BillInvalid("the bill has no header, no summary header or no summary")
    header = [name.strip() for name in lines[0].split(",")]
    if missing := [name for name in required if name not in header]:
        raise BillInvalid(f"the bill lacks columns: {missing}")
    table = [_cells(header, line, number) for number, line in enumerate(lines[1:-2], start=2)]
    return table, _cells([name.strip() for name in lines[-2].split(",")], lines[-1], len(lines))


def _cells(header: list[str], line: str, number: int) -> Line:
    if not line.startswith("`"):
        raise BillInvalid(f"line {number} does not begin with a backtick")
    values = line[1:].split(",`")
    if len(values) != len(header):
        raise BillInvalid(f"line {number} has {len(values)} values, the header names {len(header)}")
    return dict(zip(header, (value.strip() for value in values), strict=True))


def _row(cells: Line, number: int) -> TradeBillRow:
    is_refund = cells["交易状态"] == "REFUND"
    if not is_refund and cells["交易状态"] != "SUCCESS":
        raise BillInvalid(f"row {number} has the unknown state {cells['交易状态']!r}")
    try:
        traded_at = datetime.strptime(cells["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        raise BillInvalid(f"row {number} has no readable time") from None
    fee_fen = fen(cells["手续费"])
    return TradeBillRow(
        line_number=number,
        kind=BillLineKind.REFUND if is_refund else BillLineKind.CAPTURE,
        traded_at=traded_at,
        appid=cells["公众账号ID"],
        mchid=cells["商户号"],
        sub_mchid=None if cells["特约商户号"] in ("", "0") else cells["特约商户号"],
        transaction_id=cells["微信订单号"],
        number=cells["商户订单号"],
        refund_id=cells["微信退款单号"] if is_refund else None,
        refund_number=cells["商户退款单号"] if is_refund else None,
        refund_state=cells["退款状态"] if is_refund else None,
        gross_fen=fen(cells["申请退款金额"]) if is_refund else fen(cells["订单金额"]),
        fee_fen=-abs(fee_fen) if is_refund else fee_fen,
    )


def fen(yuan: str) -> int:
    """``"0.60000"`` as 60. Fees carry up to five decimals and are whole fen all the same.

    Anything else is refused.
    """
    if not _AMOUNT.fullmatch(yuan):
        raise BillInvalid(f"{yuan[:20]!r} is not an amount")
    amount = Decimal(yuan) * 100
    if amount != amount.to_integral_value():
        raise BillInvalid(f"{yuan[:20]!r} is not a whole number of fen")
    return int(amount)


def _check_sums(table: list[Line], rows: tuple[TradeBillRow, ...], summary: Line) -> None:
    if missing := [name for name in _SUMMARY if name not in summary]:
        raise BillInvalid(f"the summary lacks {missing}")
    if summary["总交易单数"] != str(len(rows)):
        raise BillInvalid(f"the summary counts {summary['总交易单数'][:12]} rows, there are {len(rows)}")
    for total, column in (
        ("手续费总金额", "手续费"),
        ("订单总金额", "订单金额"),
        ("申请退款总金额", "申请退款金额"),
    ):
        stated, added = fen(summary[total]), sum(fen(cells[column]) for cells in table)
        if stated != added:
            raise BillInvalid(f"{total} states {stated} fen, the rows add up to {added}")
