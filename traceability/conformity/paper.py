"""The certificate on paper: two copies on one page, one goes with the goods, one is kept (domain reference 3.5)."""

from datetime import datetime, time

from kit.clock import CHINA
from kit.documents import Sheet
from traceability.conformity.forms import Form, form_of
from traceability.conformity.models import ConformityBasis
from traceability.conformity.queries import ConformityCard

BASES = {
    ConformityBasis.COMMISSIONED_TEST: "委托检测",
    ConformityBasis.OWN_TEST: "自我检测",
    ConformityBasis.QUALITY_CONTROL: "质量安全控制",
    ConformityBasis.OWN_PROMISE: "自我承诺",
}


def certificate_paper(shown: ConformityCard) -> bytes:
    """The certificate as a PDF on the form of its day, the same bytes whenever it is printed."""
    form = form_of(shown.issued_on)
    sheet = Sheet(f"{form.title} {shown.number}", datetime.combine(shown.issued_on, time(), CHINA))
    sheet.begin_page()
    _copy(sheet, form, shown, "随货交付联")
    sheet.space(8)
    sheet.line("…" * 60, 8, centred=True)
    sheet.space(8)
    _copy(sheet, form, shown, f"存根联（保存 {form.kept_years} 年）")
    return sheet.octets()


def _copy(sheet: Sheet, form: Form, shown: ConformityCard, whose: str) -> None:
    sheet.line(form.title, 16, centred=True)
    sheet.line(f"{whose}  编号 {shown.number}  批次 {shown.lot}", 9, centred=True)
    if shown.withdrawn_at is not None:
        sheet.line(f"已作废：{shown.withdrawn_because}", 12, centred=True)
    sheet.space()
    sheet.line(form.opening, 11)
    for promise in form.promises:
        sheet.line(f"√ {promise}", 11)
    if form.says_basis:
        bases = "  ".join(f"{'√' if basis == shown.basis else '□'} {name}" for basis, name in BASES.items())
        sheet.line(f"承诺依据：{bases}", 11)
    sheet.space()
    content = [
        ["产品名称", shown.product_name],
        ["数量（重量）", f"{shown.mass_gram // 1000}.{shown.mass_gram % 1000:03} 千克"],
        ["产地", shown.origin],
        ["生产者", shown.producer],
        ["联系方式", shown.contact],
        ["开具日期", shown.issued_on.isoformat()],
    ]
    sheet.table([1, 3], [["项目", "内容"], *content], numbers_from=9)
    sheet.space()
    sheet.line("生产者盖章或签名：", 11)
