"""The fund-flow bill: every movement of one account with the balance after it (wechat reference 2.4).

The same CSV as the trade bill. Sums and counts of the summary are added up again, and each balance must be the one
before it and the movement; a bill that does not add up is refused whole.
"""

from datetime import date, datetime
from itertools import pairwise

from integrations.wechat_pay.bills import Line, fen, read_table
from kit.clock import CHINA
from payments.ports import BillInvalid, FundBill, FundBillRow

_REQUIRED = (
    "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型", "收支金额(元)", "账户结余(元)",
    "备注", "业务凭证号",
)  # fmt: skip
_INCOME, _EXPENSE = "收入", "支出"


def parse_fund_bill(day: date, account: str, raw: bytes, *, sha1: str) -> FundBill:
    """The typed movements of one day. Raises :class:`BillInvalid`. CPU-bound: call it in a thread."""
    table, summary = read_table(raw, _REQUIRED)
    rows = tuple(_row(cells, number) for number, cells in enumerate(table, start=1))
    _check_sums(rows, summary)
    for before, after in pairwise(rows):
        if before.balance_fen + after.amount_fen != after.balance_fen:
            raise BillInvalid(f"row {after.line_number}: the balance does not follow from the one before it")
    return FundBill(day=day, account=account, sha1=sha1, rows=rows)


def _row(cells: Line, number: int) -> FundBillRow:
    if cells["收支类型"] not in (_INCOME, _EXPENSE):
        raise BillInvalid(f"row {number} is neither income nor expense")
    try:
        booked_at = datetime.strptime(cells["记账时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        raise BillInvalid(f"row {number} has no readable time") from None
    amount = fen(cells["收支金额(元)"])
    if amount < 0 or not cells["资金流水单号"]:
        raise BillInvalid(f"row {number} has a negative amount or no number")
    return FundBillRow(
        line_number=number,
        booked_at=booked_at,
        flow_number=cells["资金流水单号"],
        transaction_id=cells["微信支付业务单号"],
        business=cells["业务类型"],
        amount_fen=amount if cells["收支类型"] == _INCOME else -amount,
        balance_fen=fen(cells["账户结余(元)"]),
        remark=cells["备注"],
        voucher=cells["业务凭证号"],
    )


def _check_sums(rows: tuple[FundBillRow, ...], summary: Line) -> None:
    incomes = [row.amount_fen for row in rows if row.amount_fen >= 0]
    expenses = [-row.amount_fen for row in rows if row.amount_fen < 0]
    stated = [summary.get(name) for name in ("资金流水总笔数", "收入笔数", "支出笔数")]
    if stated != [str(len(rows)), str(len(incomes)), str(len(expenses))]:
        raise BillInvalid(f"the summary counts {stated}, there are {len(incomes)} incomes and {len(expenses)} expenses")
    for name, added in (("收入金额", sum(incomes)), ("支出金额", sum(expenses))):
        if fen(summary.get(name, "")) != added:
            raise BillInvalid(f"{name} is not what the rows add up to")
