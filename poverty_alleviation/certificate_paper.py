"""The certificate of a month on paper, for the file: figures, ties, totals, late facts, hashes and both signers."""

from dataclasses import dataclass
from datetime import datetime

from kit.documents import Sheet
from ledger.chart import CHART, Book
from ledger.periods import Certificate
from poverty_alleviation.certificate_text import CHECKS, KINDS, SIGNATORIES, china_time, month_sums, yuan
from poverty_alleviation.month_close import CertifiedMonth, certified

_BOOKS = {Book.CASH: "资金账", Book.STATISTICS: "统计账"}


@dataclass(frozen=True)
class MonthCertificates:
    """Prints certificates. ``base_url`` is where the printed code leads."""

    base_url: str

    def paper(self, found: Certificate) -> bytes:
        """The certificate as a PDF, the same bytes for the same signatures. In a thread: it takes its time."""
        month = certified(found)
        made_at = max([found.made_at, *(each.signed_at for each in found.signatures)])
        sheet = Sheet(f"关账证明 {month.period}", made_at)
        sheet.begin_page(foot=f"消费帮扶台账关账证明　{month.period}", code=f"{self.base_url}/c/{found.digest}")
        sheet.line("消费帮扶台账关账证明", 18)
        sheet.line(f"账期 {month.period}  第 {month.round} 次关账  金额单位：元")
        sheet.line(f"证明生成时间 {china_time(datetime.fromisoformat(month.made_at))}")
        if len(found.signatures) < len(SIGNATORIES):
            sheet.line("尚未由双方签字，未生效", 12)
        sheet.space(6)
        _ties(sheet, month)
        _checks(sheet, month)
        _figures(sheet, month)
        _totals(sheet, month)
        _late(sheet, month)
        _signatures(sheet, found, month)
        return sheet.octets()


def _ties(sheet: Sheet, month: CertifiedMonth) -> None:
    """What must agree to the fen: left, right, their difference, what is listed of it, and the rest, which is 0.00."""
    of = month.figures
    listed = {kind: sum(each.amount_fen for each in month.items if each.kind == kind) for kind in CHECKS}
    debits = {book: sum(each.debit_fen for each in of.accounts if each.book == book) for book in _BOOKS}
    credits = {book: sum(each.credit_fen for each in of.accounts if each.book == book) for book in _BOOKS}
    ties = [
        ("订单：渠道告知净额 = 1101 变动", of.told_captured_fen - of.told_refunded_fen, of.movement_fen, "order_money"),
        ("账簿：1101 变动 = 应付各方变动", of.movement_fen, of.payables_total_fen, ""),
        ("账单：渠道结算 = 银行到账 + 手续费", of.settled_gross_fen, of.bank_fen + of.fees_fen, ""),
        *[(f"{name}：借方 = 贷方", debits[book], credits[book], "") for book, name in _BOOKS.items()],
    ]
    rows = [
        [name, yuan(left), yuan(right), yuan(left - right), yuan(listed.get(kind, 0)),
         yuan(left - right - listed.get(kind, 0))]
        for name, left, right, kind in ties
    ]  # fmt: skip
    missed = sum(each.amount_fen for each in month.items if each.kind == "bill_difference" and each.reason is None)
    bills = yuan(listed["bill_difference"])
    rows.append(["账单：与支付记录逐笔核对", "", "", bills, yuan(listed["bill_difference"] - missed), yuan(missed)])
    sheet.heading("一、勾稽关系")
    sheet.table([7, 3, 3, 3, 3, 3], [["项目", "左方", "右方", "差额", "已列示说明", "未说明"], *rows], numbers_from=1)
    sheet.space()


def _checks(sheet: Sheet, month: CertifiedMonth) -> None:
    sheet.heading("二、核对事项与列示差异")
    rows = [[CHECKS.get(each.check, each.check), str(each.found), str(each.open)] for each in month.checks]
    sheet.table([4, 1, 1], [["核对事项", "发现", "未说明"], *rows], numbers_from=1)
    for each in month.items:
        kind = CHECKS.get(each.kind, each.kind)
        sheet.line(f"{kind}  {each.key}  {yuan(each.amount_fen)}  {each.reason}（{each.said_by}）", 8)
    sheet.space()


def _figures(sheet: Sheet, month: CertifiedMonth) -> None:
    sheet.heading("三、本期数字")
    rows = [[name, yuan(fen)] for name, fen in month_sums(month.figures).items()]
    rows.append(["带动农户（户）", str(month.figures.households)])
    sheet.table([3, 1], [["项目", "金额"], *rows], numbers_from=1)
    sheet.line("带动销售额是消费者所付货款，增收额是农户实际收到的收入，两者不可相加。", 9)
    sheet.space()


def _totals(sheet: Sheet, month: CertifiedMonth) -> None:
    sheet.heading("四、各账簿科目发生额")
    rows = []
    for book, name in _BOOKS.items():
        of = [each for each in month.figures.accounts if each.book == book]
        for each in of:
            rows.append([name, f"{each.code} {CHART[each.code].name}", yuan(each.debit_fen), yuan(each.credit_fen)])
        debits, credits = sum(each.debit_fen for each in of), sum(each.credit_fen for each in of)
        rows.append([name, "合计", yuan(debits), yuan(credits)])
    sheet.table([1, 4, 2, 2], [["账簿", "科目", "借方", "贷方"], *rows], numbers_from=2)
    sheet.space()


def _late(sheet: Sheet, month: CertifiedMonth) -> None:
    count = sum(month.figures.corrections.values())
    sheet.heading(f"五、属于已关账期、计入本期的事项（{count} 笔）")
    rows = [
        [str(each.seq), KINDS.get(each.kind, each.kind), each.occurred_on.isoformat(), each.corrects_period,
         yuan(each.amount_fen)]
        for each in month.late
    ]  # fmt: skip
    if rows:
        sheet.table([1, 3, 2, 2, 2], [["凭证号", "事项", "发生日期", "所属账期", "金额"], *rows], numbers_from=4)
    if count > len(rows):
        sheet.line(f"以上为前 {len(rows)} 笔，其余见账簿导出。", 9)
    sheet.space()


def _signatures(sheet: Sheet, found: Certificate, month: CertifiedMonth) -> None:
    sheet.heading("六、封存与签字")
    sheet.line(f"凭证 {month.journals} 笔，末笔哈希 {month.root}", 9)
    sheet.line(f"证明原文 SHA-256 {found.digest}", 9)
    sheet.line("本账期最后一个每日锚点的哈希应与末笔哈希一致；扫右上角二维码可核对本证明是否有效。", 9)
    signed = {each.signatory: each for each in found.signatures}
    rows = []
    for signatory, name in SIGNATORIES.items():
        who = signed.get(signatory)
        signer = [who.name, who.signed_by, china_time(who.signed_at)] if who else ["待签字", "", ""]
        rows.append([name, *signer])
    sheet.table([2, 2, 2, 3], [["签字方", "姓名", "账号", "签字时间"], *rows], numbers_from=9)
