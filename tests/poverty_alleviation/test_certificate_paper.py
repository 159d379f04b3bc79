"""The certificate on paper says what was signed, to the fen, the same bytes each time; its code tells what holds."""

import json
from datetime import UTC, date, datetime

import msgspec
import pytest
import zxingcpp

from ledger.errors import CertificateUnknown
from ledger.models import PeriodState, Signatory
from ledger.periods import Certificate, certificate, certificate_by_digest
from poverty_alleviation.certificate_paper import MonthCertificates
from poverty_alleviation.month_close import CertifiedMonth, certified
from tests.poverty_alleviation.conftest import NOW, OFFICER, County
from tests.poverty_alleviation.papers import drawn_code, pages_of
from tests.poverty_alleviation.test_figures import returned
from tests.poverty_alleviation.test_month_close import (
    DECEMBER,
    LATER,
    NOVEMBER,
    OPERATOR,
    a_month,
    everything_is_delivered,
    signed,
)

PAPERS = MonthCertificates("https://longchuan.example")
JANUARY = datetime(2027, 1, 5, 2, 0, tzinfo=UTC)


def words(found: Certificate) -> str:
    return "\n".join(pages_of(PAPERS.paper(found)))


def line(*cells: str) -> str:
    return "\n".join(cells)


async def test_the_paper_has_totals_ties_hashes_and_both_signers(county: County) -> None:
    """By hand as in ``test_month_close``: 109.70 paid, of which nothing is paid on to anybody; 82.28 attributed."""
    await a_month(county)
    begun = await county.close.begin(NOVEMBER, OFFICER)
    assert "尚未由双方签字" in words(begun)
    done = await signed(county, begun)
    text = words(done)
    assert "尚未由双方签字" not in text
    assert line("订单：渠道告知净额 = 1101 变动", "109.70", "109.70", "0.00", "0.00", "0.00") in text
    assert line("账单：与支付记录逐笔核对", "", "", "0.00", "0.00", "0.00").replace("\n\n\n", "\n") in text
    assert line("资金账", "1101 支付清算", "109.70", "0.00") in text
    assert line("统计账", "9101 带动销售额") in text
    for book in certified(done).figures.accounts:
        assert book.debit_fen >= 0
        assert book.credit_fen >= 0
    assert f"末笔哈希 {done.root}" in text
    assert done.digest in text
    assert line("扶贫部门", "示例扶贫干部", OFFICER, "2026-12-02 10:00:00") in text
    assert line("平台运营方", "示例县级干部", OPERATOR, "2026-12-02 10:00:00") in text
    assert "示例H1" not in text
    (code,) = zxingcpp.read_barcodes(drawn_code(PAPERS.paper(done), 0))
    assert code.text == f"https://longchuan.example/c/{done.digest}"
    assert PAPERS.paper(done) == PAPERS.paper(await certificate(NOVEMBER))


async def test_late_facts_are_listed_by_number_and_never_by_whom(county: County) -> None:
    """Fails when a late journal is named by its source: tried."""
    await a_month(county)
    await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    county.now = NOW
    late = county.refunded(1, 2, 7_314)
    county.now = LATER
    await county.tell(late, returned(county, "O1", 3_656))
    await county.payouts.record("示例H1", county.merchant, 581, "回单1", date(2026, 11, 30), OFFICER)
    await everything_is_delivered()
    county.now = JANUARY
    done = await signed(county, await county.close.begin(DECEMBER, OFFICER))
    month = certified(done)
    assert [(each.kind, each.corrects_period) for each in month.late] == [
        ("orders.line_refunded", NOVEMBER),
        ("poverty_alleviation.payout", NOVEMBER),
    ]
    assert [each.amount_fen for each in month.late][1] == 581
    text = words(done)
    assert line("退款", "2026-11-23", NOVEMBER) in text
    assert line("付款给农户", "2026-11-30", NOVEMBER, "5.81") in text
    for secret in ("示例H1", "回单1", "O1-F1"):
        assert secret not in done.text
        assert secret not in text


async def test_what_is_not_shown_whole_says_so(county: County) -> None:
    await a_month(county)
    found = await county.close.begin(NOVEMBER, OFFICER)
    month = certified(found)
    more = msgspec.structs.replace(month, figures=msgspec.structs.replace(month.figures, corrections={"2026-10": 3}))
    text = words(msgspec.structs.replace(found, text=json.dumps(msgspec.to_builtins(more))))
    assert "3 笔" in text
    assert "以上为前 0 笔，其余见账簿导出" in text
    assert msgspec.convert(msgspec.to_builtins(more), CertifiedMonth) == more


async def test_the_code_of_a_closing_that_was_taken_back_says_so(county: County) -> None:
    await a_month(county)
    first = await county.close.begin(NOVEMBER, OFFICER)
    await county.close.sign(NOVEMBER, first.digest, Signatory.POVERTY_OFFICE, OFFICER, "示例扶贫干部")
    assert (await certificate_by_digest(first.digest))[1] is PeriodState.CLOSING
    await county.close.reopen(NOVEMBER, "补录一笔", OFFICER)
    assert (await certificate_by_digest(first.digest))[1] is None
    second = await signed(county, await county.close.begin(NOVEMBER, OFFICER))
    assert (await certificate_by_digest(first.digest))[1] is None
    assert (await certificate_by_digest(second.digest))[1] is PeriodState.CLOSED
    with pytest.raises(CertificateUnknown):
        await certificate_by_digest("0" * 64)
