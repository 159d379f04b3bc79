"""The first chart of accounts (domain reference 2.5)."""

from dataclasses import dataclass
from enum import StrEnum


class Book(StrEnum):
    """The two books; a journal sums to zero in each of them, and their figures never meet."""

    CASH = "cash"
    STATISTICS = "statistics"


class State(StrEnum):
    """How far an amount has come (domain reference 2.5, object 9). Sub-accounts of one code and owner.

    What is PAID or CONFIRMED is no debt any more; it stands in the same code so that an owner's whole
    history is one account, and what is still owed is ACCRUED + EARNED. CLAWBACK is what an owner owes back, a debit,
    less what was set off against it.
    """

    NONE = ""
    ACCRUED = "accrued"
    EARNED = "earned"
    PAID = "paid"
    CONFIRMED = "confirmed"
    CLAWBACK = "clawback"


@dataclass(frozen=True)
class ChartEntry:
    """One code: its names and whose name the owner is."""

    code: str
    name: str
    name_en: str
    owner: str

    @property
    def book(self) -> Book:
        """Codes of the statistics book begin with 9."""
        return Book.STATISTICS if self.code.startswith("9") else Book.CASH


CLEARING = "1101"
BANK = "1102"
BOUGHT_AT_SCALE = "1401"
WAGES_PAID = "1402"
DIVIDENDS_PAID = "1403"
RENTS_PAID = "1404"
RETURNS_PAID = "1405"
HOUSEHOLD = "2101"
SUPPLIER = "2102"
MERCHANT = "2103"
HOST = "2104"
LOGISTICS = "2105"
PLATFORM_FEE = "2106"
AFTER_SALES_RESERVE = "2107"
UNATTRIBUTED = "2109"
LATE_MONEY = "2110"
SUBSIDY = "4101"
CHANNEL_FEES = "5101"
SALES_CONTRA = "9100"
ATTRIBUTED_SALES = "9101"

PERIOD_INCOME_PAID = (WAGES_PAID, DIVIDENDS_PAID, RENTS_PAID, RETURNS_PAID)
"""What payers gave out of their own cash for a period."""

CHART: dict[str, ChartEntry] = {
    entry.code: entry
    for entry in (
        ChartEntry(CLEARING, "支付清算", "Payment clearing", "sales channel"),
        ChartEntry(BANK, "银行存款（渠道结算到账）", "Bank, settled by a channel", "sales channel"),
        ChartEntry(BOUGHT_AT_SCALE, "现款收购货款（商户自有资金）", "Goods bought at the scale, own cash", "merchant"),
        ChartEntry(WAGES_PAID, "发放工资（用工单位自有资金）", "Wages paid, own cash", "payer"),
        ChartEntry(DIVIDENDS_PAID, "发放分红（经营主体自有资金）", "Dividends paid, own cash", "payer"),
        ChartEntry(RENTS_PAID, "支付租金（承租人自有资金）", "Rents paid, own cash", "payer"),
        ChartEntry(RETURNS_PAID, "返利支出（商户自有资金）", "Returns on sales paid, own cash", "payer"),
        ChartEntry(HOUSEHOLD, "应付农户", "Payable to households", "household"),
        ChartEntry(SUPPLIER, "应付其他供货人", "Payable to other suppliers", "supplier"),
        ChartEntry(MERCHANT, "应付商户", "Payable to merchants", "merchant"),
        ChartEntry(HOST, "应付主播与推荐佣金", "Commission of hosts and referrers", "source of the sale"),
        ChartEntry(LOGISTICS, "应付物流", "Payable for freight", "merchant"),
        ChartEntry(PLATFORM_FEE, "平台服务费", "Platform fee", "merchant"),
        ChartEntry(AFTER_SALES_RESERVE, "商户售后准备金", "After-sales reserve", "merchant"),
        ChartEntry(UNATTRIBUTED, "未归集货款", "Unattributed goods money", "merchant"),
        ChartEntry(LATE_MONEY, "应退迟到支付款", "Late payments to be returned", "merchant"),
        ChartEntry(SUBSIDY, "财政补贴与专项资金", "Subsidies and public funds", "fund line"),
        ChartEntry(CHANNEL_FEES, "支付渠道手续费", "Fees of the payment channel", "sales channel"),
        ChartEntry(SALES_CONTRA, "带动销售额对照", "Contra of attributed sales", "merchant"),
        ChartEntry(ATTRIBUTED_SALES, "带动销售额", "Attributed sales", "household"),
    )
}

STATISTICS = [code for code, entry in CHART.items() if entry.book is Book.STATISTICS]
"""The codes of the statistics book; all others are of the cash book."""
