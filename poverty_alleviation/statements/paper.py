"""The statement on paper: what the household reads, signs and keeps (domain reference 2.2 and 2.5)."""

from collections.abc import Sequence

from kit.clock import china_day
from kit.documents import Sheet
from kit.money import yuan
from poverty_alleviation.lineage.models import ChangeKind
from poverty_alleviation.statements.figures import CATEGORIES
from poverty_alleviation.statements.quarters import quarter_name
from poverty_alleviation.statements.service import PrintedStatement

CHANGES = {ChangeKind.SPLIT: "分户", ChangeKind.MERGE: "并户", ChangeKind.HEAD: "户主变更"}
SIGNATURES = ("村委会书记", "第一书记", "帮扶干部", "户主")


def statement_paper(shown: PrintedStatement) -> bytes:
    """One statement as a PDF, the same bytes whenever it is printed."""
    sheet = Sheet(f"农户对账单 {shown.text.number}", shown.issued_at)
    _statement(sheet, shown)
    return sheet.octets()


def bundle_paper(shown: Sequence[PrintedStatement]) -> bytes:
    """The statements of a village in one PDF, by household code, behind a list of them."""
    first = shown[0].text
    sheet = Sheet(f"农户对账单 {first.village} {first.quarter}", max(each.issued_at for each in shown))
    sheet.begin_page()
    sheet.line(f"{first.village}农户对账单清单", 16, centred=True)
    sheet.line(f"{quarter_name(first.quarter)}  共 {len(shown)} 户", centred=True)
    sheet.space()
    head = ["序号", "农户编码", "户主", "对账单编号", "签字领取"]
    listed = [[str(at), each.text.household, each.name, each.text.number, ""] for at, each in enumerate(shown, start=1)]
    sheet.table([1, 4, 3, 5, 3], [head, *listed], numbers_from=9)
    for each in shown:
        _statement(sheet, each)
    return sheet.octets()


def _statement(sheet: Sheet, shown: PrintedStatement) -> None:
    text = shown.text
    sheet.begin_page()
    sheet.qr_code(shown.link)
    sheet.line("农户对账单", 18)
    sheet.line(f"{quarter_name(text.quarter)}  编号 {text.number}")
    sheet.line(f"户主 {shown.name}  农户编码 {text.household}  {text.village}")
    for step in text.lineage:
        other = "" if step.other is None else f"，{step.household} 与 {step.other}"
        sheet.line(f"{step.day.isoformat()} {CHANGES[step.kind]}{other}；此前收入仍记在原户名下", 9)
    sheet.line(f"出具日期 {china_day(shown.issued_at).isoformat()}  金额单位：元")
    sheet.space(6)
    sheet.table(
        [1, 1, 1],
        [
            ["带动销售额", "增收额（已付）", "其中已确认"],
            [yuan(text.attributed_sales_fen), yuan(text.income_paid_fen), yuan(text.income_confirmed_fen)],
        ],
        numbers_from=0,
    )
    sheet.line("带动销售额是消费者购买本户产品所付的货款，增收额是本户实际收到的收入，两者不可相加。", 9)
    sheet.space()
    sheet.line("一、收入分类", 11)
    by_category = {each.category: each for each in text.income_by_category}
    rows = [["收入类别", "已付", "其中已确认"]]
    for category, name in CATEGORIES.items():
        each = by_category[category]
        rows.append([name, yuan(each.paid_fen), yuan(each.confirmed_fen)])
    sheet.table(
        [2, 1, 1], [*rows, ["合计", yuan(text.income_paid_fen), yuan(text.income_confirmed_fen)]], numbers_from=1
    )
    sheet.space()
    sheet.line("二、按产品", 11)
    products = [[each.title, yuan(each.attributed_sales_fen), yuan(each.income_paid_fen)] for each in text.lines]
    total = ["合计", yuan(text.attributed_sales_fen), yuan(text.income_paid_fen)]
    sheet.table([4, 2, 2], [["产品", "带动销售额", "增收额（已付）"], *products, total], numbers_from=1)
    sheet.space()
    sheet.line("三、签字（对数字有异议的，请勿签字，并告知帮扶干部）", 11)
    sheet.boxes(SIGNATURES)
    sheet.space(2)
    sheet.line("扫右上角二维码可在手机上核对，需填写本户手机号或证件号的后四位。", 9)
    sheet.line(f"数字摘要 SHA-256 {shown.digest}", 8)
