"""The pages behind the codes of papers."""

from kit.clock import CHINA
from ledger.models import PeriodState, Signatory
from ledger.periods import Certificate
from public_pages.markup import facts, heading, page, paragraph
from traceability.receipts import ReceiptShown

_STATES = {
    PeriodState.CLOSED: "有效：双方已签字，账期已关账。",
    PeriodState.CLOSING: "未生效：尚未由双方签字。",
    None: "无效：本次关账已撤回。",
}
_SIGNATORIES = {Signatory.POVERTY_OFFICE: "主管部门", Signatory.OPERATOR: "平台运营方"}
"""As anybody may read them."""


def certificate_view(found: Certificate, state: PeriodState | None) -> str:
    """Whether a certificate holds, and what to compare on the paper."""
    signed = [
        (f"{_SIGNATORIES[each.signatory]}签字", f"{each.signed_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}")
        for each in found.signatures
    ]
    return page(
        "关账证明核对",
        heading("关账证明核对", 1),
        paragraph(_STATES[state], "m" if state is PeriodState.CLOSED else "w"),
        facts(
            [
                ("账期", found.period),
                ("关账次数", f"第 {found.round} 次"),
                ("末笔哈希", found.root),
                ("原文摘要", found.digest),
                *signed,
            ]
        ),
        paragraph("以上内容与纸质证明不一致的，以本页为准，并请告知县级主管部门。"),
    )


def receipt_view(shown: ReceiptShown) -> str:
    """What the records say of a delivery."""
    return page(
        "收购单核对",
        heading("收购单核对", 1),
        facts(shown.pairs),
        paragraph("以上为系统记录。与纸质收购单不一致的，请向收购站点或县级主管部门反映。", "w"),
    )
