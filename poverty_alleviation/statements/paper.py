"""The statement on paper: what the household reads, signs and keeps (domain reference 2.2 and 2.5)."""

from collections.abc import Sequence

from kit.clock import china_day
from kit.documents import Sheet
from kit.money import yuan
from poverty_alleviation.lineage.models import ChangeKind
from poverty_alleviation.office.net_income import Estimate
from poverty_alleviation.statements.claims import ClaimStep
from poverty_alleviation.statements.figures import CATEGORIES, StatementText
from poverty_alleviation.statements.quarters import quarter_name
from poverty_alleviation.statements.service import PrintedStatement
from poverty_alleviation.statements.words import CLAIM_STEPS, CROPS, ESTIMATED, FAULTS, NO_INCOME, TWO_MEASURES, rate

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
    title = f"{first.village}农户对账单清单"
    sheet.begin_page(foot=f"{title}　{quarter_name(first.quarter)}")
    sheet.line(title, 16, centred=True)
    sheet.line(f"{quarter_name(first.quarter)}　共 {len(shown)} 户", centred=True)
    sheet.space()
    head = ["序号", "农户编码", "户主", "对账单编号", "签字领取"]
    listed = [[str(at), each.text.household, each.name, each.text.number, ""] for at, each in enumerate(shown, start=1)]
    sheet.table([2, 6, 6, 7, 4], [head, *listed], numbers_from=9)
    for each in shown:
        _statement(sheet, each)
    return sheet.octets()


def _statement(sheet: Sheet, shown: PrintedStatement) -> None:
    """Every page has the code: whichever is signed and photographed files itself."""
    text = shown.text
    sheet.begin_page(foot=f"农户对账单 {text.number}　{text.household}", code=shown.link)
    _head(sheet, shown)
    sheet.table(
        [1, 1, 1],
        [
            ["带动销售额", "增收额（已付）", "其中已确认"],
            [yuan(text.attributed_sales_fen), yuan(text.income_paid_fen), yuan(text.income_confirmed_fen)],
        ],
        numbers_from=0,
    )
    sheet.space(1)
    sheet.line(TWO_MEASURES, 9)
    titles = iter("一二三四五")
    _categories(sheet, text, next(titles))
    _products(sheet, text, next(titles))
    if text.estimate is not None:
        _estimate(sheet, text.estimate, next(titles))
    if text.claims:
        _claims(sheet, text.claims, next(titles))
    sheet.space()
    sheet.heading(f"{next(titles)}、签字（对数字有异议的，请勿签字，并告知帮扶干部）", needs=49)
    sheet.line(
        f"{quarter_name(text.quarter)}带动销售额 {yuan(text.attributed_sales_fen)} 元；"
        f"增收额（已付）{yuan(text.income_paid_fen)} 元，其中已确认 {yuan(text.income_confirmed_fen)} 元。",
        9,
    )
    sheet.space(1)
    sheet.boxes(SIGNATURES)
    sheet.space(2)
    sheet.line("扫右上角二维码可在手机上核对，需填写本户手机号或证件号的后四位。", 9)
    sheet.line(f"数字摘要 SHA-256 {shown.digest}", 8)


def _head(sheet: Sheet, shown: PrintedStatement) -> None:
    text = shown.text
    sheet.line("农户对账单", 18)
    sheet.line(f"{quarter_name(text.quarter)}　编号 {text.number}")
    sheet.line(f"户主 {shown.name}　农户编码 {text.household}")
    sheet.line(f"{text.village}　出具日期 {china_day(shown.issued_at).isoformat()}　金额单位：元")
    for step in text.lineage:
        other = "" if step.other is None else f"，{step.household} 与 {step.other}"
        sheet.line(f"{step.day.isoformat()} {CHANGES[step.kind]}{other}；此前收入仍记在原户名下", 9)
    sheet.space()


def _categories(sheet: Sheet, text: StatementText, place: str) -> None:
    sheet.space()
    sheet.heading(f"{place}、收入分类")
    by_category = {each.category: each for each in text.income_by_category}
    rows = [["收入类别", "已付", "其中已确认"]]
    for category, name in CATEGORIES.items():
        each = by_category[category]
        rows.append([name, yuan(each.paid_fen), yuan(each.confirmed_fen)])
    sheet.table(
        [2, 1, 1], [*rows, ["合计", yuan(text.income_paid_fen), yuan(text.income_confirmed_fen)]], numbers_from=1
    )


def _products(sheet: Sheet, text: StatementText, place: str) -> None:
    sheet.space()
    sheet.heading(f"{place}、按产品")
    products = [[each.title, yuan(each.attributed_sales_fen), yuan(each.income_paid_fen)] for each in text.lines]
    total = ["合计", yuan(text.attributed_sales_fen), yuan(text.income_paid_fen)]
    sheet.table([4, 2, 2], [["产品", "带动销售额", "增收额（已付）"], *products, total], numbers_from=1)


def _estimate(sheet: Sheet, of: Estimate, place: str) -> None:
    sheet.space()
    sheet.heading(f"{place}、成本估算（估算，不计入收入）", needs=40)
    rows = [
        [CROPS.get(each.crop, each.crop), each.source or "—", rate(each.rate_bp), yuan(each.received_fen),
         yuan(each.cost_fen)]
        for each in of.crops
    ]  # fmt: skip
    head = ["作物类别", "费率来源", "费率", "生产经营性收入", "成本（估算）"]
    sheet.table([3, 6, 2, 3, 3], [head, *rows], numbers_from=2)
    persons = "未登记" if of.persons is None else str(of.persons)
    each = "—" if of.per_person_fen is None else yuan(of.per_person_fen)
    sheet.space(2)
    sheet.table(
        [1, 1, 1, 1],
        [
            ["成本（估算）", "增收额减成本（估算）", "家庭人口", "人均（估算）"],
            [yuan(of.cost_fen), yuan(of.net_fen), persons, each],
        ],
        numbers_from=0,
    )
    sheet.space(1)
    sheet.line(ESTIMATED, 9)


def _claims(sheet: Sheet, steps: Sequence[ClaimStep], place: str) -> None:
    sheet.space()
    sheet.heading(f"{place}、追偿与抵扣（不计入收入）")
    rows = [
        [each.day.isoformat(), each.claim, FAULTS[each.fault], CLAIM_STEPS[each.kind], yuan(each.amount_fen),
         yuan(each.left_fen)]
        for each in steps
    ]  # fmt: skip
    head = ["日期", "追偿单", "事由", "事项", "金额", "尚欠"]
    sheet.table([3, 5, 3, 2, 2, 2], [head, *rows], numbers_from=4)
    sheet.space(1)
    sheet.line(NO_INCOME, 9)
