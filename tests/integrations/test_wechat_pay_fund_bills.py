"""The fund-flow bill's parser: signs, sums and the running balance; anything else is refused whole."""

from datetime import date

import pytest

from integrations.wechat_pay.fund_bills import parse_fund_bill
from payments.ports import BillInvalid, FundBill

HEADER = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def line(flow: str, kind: str, way: str, amount: str, balance: str, voucher: str = "P1") -> str:
    values = ["2026-11-25 10:00:00", "42", flow, kind, kind, way, amount, balance, "system", "茶,一等`品", voucher]
    return "`" + ",`".join(values)


CAPTURE = line("1", "交易", "收入", "119.70", "219.70")
FEE = line("2", "扣除交易手续费", "支出", "0.72", "218.98")


def read(*lines: str, summary: str = "`2,`1,`119.70,`1,`0.72") -> FundBill:
    raw = ("\ufeff" + "\r\n".join([HEADER, *lines, SUMMARY, summary]) + "\r\n").encode()
    return parse_fund_bill(date(2026, 11, 25), "1900000109", raw, sha1="0" * 40)


def test_movements_are_signed_and_carry_the_balance() -> None:
    found = read(CAPTURE, FEE)
    assert [(r.business, r.amount_fen, r.balance_fen, r.voucher) for r in found.rows] == [
        ("交易", 11970, 21970, "P1"), ("扣除交易手续费", -72, 21898, "P1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "summary"),
    [
        ((CAPTURE,), "`2,`1,`119.70,`1,`0.72"),
        ((CAPTURE, FEE), "`2,`2,`119.70,`0,`0.72"),
        ((CAPTURE, FEE), "`2,`1,`119.71,`1,`0.72"),
        ((CAPTURE, line("2", "扣除交易手续费", "支出", "0.72", "218.97")), "`2,`1,`119.70,`1,`0.72"),
        ((CAPTURE, line("2", "扣除交易手续费", "转出", "0.72", "218.98")), "`2,`1,`119.70,`1,`0.72"),
        ((CAPTURE, line("2", "扣除交易手续费", "支出", "-0.72", "220.42")), "`2,`1,`119.70,`1,`-0.72"),
        ((CAPTURE, line("2", "扣除交易手续费", "支出", "0.725", "218.98")), "`2,`1,`119.70,`1,`0.72"),
        ((CAPTURE, line("", "扣除交易手续费", "支出", "0.72", "218.98")), "`2,`1,`119.70,`1,`0.72"),
        ((CAPTURE, FEE), "`2,`1,`119.70,`1"),
    ],
)
def test_a_bill_that_does_not_add_up_is_refused_whole(lines: tuple[str, ...], summary: str) -> None:
    with pytest.raises(BillInvalid):
        read(*lines, summary=summary)
