"""The trade bill's parser: fen exact, sums checked, anything else refused."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.wechat_pay.bills import fen, parse_trade_bill
from payments.ports import BillInvalid, BillLineKind

HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


def yuan(value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def capture(number: str, amount: int, fee: int, name: str = "茶,一等`品") -> list[str]:
    return [
        "2026-11-23 10:00:00", "wx1", "1900000001", "1900000109", "", "42" + number, number, "openid",
        "JSAPI", "SUCCESS", "OTHERS", "CNY", yuan(amount), "0.00", "0", "0", "0.00", "0.00", "", "", name, "",
        yuan(fee) + "000", "0.60%", yuan(amount), "0.00", "",
    ]  # fmt: skip


def refund(number: str, amount: int, fee: int) -> list[str]:
    line = capture(number, 0, -fee)
    line[9], line[14], line[15], line[16], line[19], line[25] = (
        "REFUND", "50" + number, "R" + number, yuan(amount), "SUCCESS", yuan(amount),
    )  # fmt: skip
    return line


def bill(lines: list[list[str]], **totals: str) -> bytes:
    def total(column: int) -> str:
        return yuan(sum(fen(line[column]) for line in lines))

    summary = {
        "count": str(len(lines)), "settled": total(12), "refunded": total(16), "coupon": "0.00",
        "fee": total(22), "ordered": total(24), "asked": total(25), **totals,
    }  # fmt: skip
    rows = [HEADER, *("`" + ",`".join(line) for line in lines), SUMMARY, "`" + ",`".join(summary.values())]
    return ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()


def read(raw: bytes):  # type: ignore[no-untyped-def]
    return parse_trade_bill(date(2026, 11, 23), raw, sha1="0" * 40)


def test_lines_become_rows_and_commas_in_names_do_no_harm() -> None:
    rows = read(bill([capture("P1", 11970, 72), refund("P1", 1970, 12)])).rows
    assert [(r.kind, r.number, r.gross_fen, r.fee_fen) for r in rows] == [
        (BillLineKind.CAPTURE, "P1", 11970, 72),
        (BillLineKind.REFUND, "P1", 1970, -12),
    ]
    assert (rows[0].transaction_id, rows[1].refund_number, rows[0].sub_mchid) == ("42P1", "RP1", "1900000109")
    assert rows[0].traded_at.isoformat() == "2026-11-23T10:00:00+08:00"


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**6)), max_size=12))
def test_every_fen_comes_through(amounts: list[tuple[int, int]]) -> None:
    rows = read(bill([capture(f"P{i}", amount, fee) for i, (amount, fee) in enumerate(amounts)])).rows
    assert [(r.gross_fen, r.fee_fen) for r in rows] == amounts


@pytest.mark.parametrize("totals", [{"count": "2"}, {"fee": "0.71"}, {"ordered": "119.71"}, {"asked": "0.01"}])
def test_a_bill_that_does_not_add_up_is_refused_whole(totals: dict[str, str]) -> None:
    with pytest.raises(BillInvalid):
        read(bill([capture("P1", 11970, 72)], **totals))


@pytest.mark.parametrize("amount", ["", "abc", "0.005", "NaN", "Infinity", "1e400", "１２.００元"])
def test_no_amount_is_guessed(amount: str) -> None:
    with pytest.raises(BillInvalid):
        fen(amount)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        "没有对账单".encode(),
        bill([capture("P1", 1, 0)]).replace("微信订单号".encode(), b"x"),
        bill([capture("P1", 1, 0)]).replace(b"`SUCCESS", b"`REVOKED"),
        bill([capture("P1", 1, 0)]).replace(b"`2026-11-23 10:00:00", b"2026-11-23 10:00:00"),
        bill([capture("P1", 1, 0)]).replace(b"10:00:00", b"10:00"),
    ],
)
def test_a_bill_of_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(BillInvalid):
        read(raw)
