"""A month's certificate as people read it: the text that stands above the two signatures."""

from datetime import datetime

from kit.clock import CHINA
from ledger.chart import CHART
from ledger.models import Signatory
from ledger.periods import Certificate
from poverty_alleviation.month_close import certified
from poverty_alleviation.month_figures import MonthFigures

CHECKS = {
    "intake_unbooked": "现款收购未入账",
    "line_provisional": "已付未装箱（暂估）",
    "order_money": "订单款项与账簿不符",
    "bill_missing": "缺少渠道账单",
    "bill_difference": "账单差异",
    "fact_underway": "尚未送达的业务事实",
    "trial_balance": "试算不平",
    "movement_is_payables": "支付清算与应付变动之差",
    "bank_is_settled": "银行到账与结算之差",
    "stored_totals": "封存合计与分录不符的科目",
}
KINDS = {
    "orders.order_paid": "付款",
    "orders.order_packed": "装箱",
    "orders.lots_assigned": "补归批次",
    "orders.order_earned": "售后期满",
    "orders.line_refunded": "退款",
    "orders.late_money_refused": "迟到支付款",
    "orders.channel_settled": "渠道结算",
    "traceability.intake_paid": "现款收购",
    "poverty_alleviation.payout": "付款给农户",
    "poverty_alleviation.payout_difference": "付款差额",
    "poverty_alleviation.confirmation": "农户确认",
    "poverty_alleviation.period_income": "工资、分红、租金与返利",
    "poverty_alleviation.correction": "更正",
    "ledger.reversal": "冲销",
}
"""What a journal is posted from, for readers of the paper."""
SIGNATORIES = {Signatory.POVERTY_OFFICE: "扶贫部门", Signatory.OPERATOR: "平台运营方"}


def china_time(moment: datetime) -> str:
    """As clocks in the county say it."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def yuan(fen: int) -> str:
    """``-1,234.05``."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"


def certificate_text(found: Certificate) -> str:
    """The certificate in Chinese: figures, checks, items with their reasons, the root, and who has signed."""
    month = certified(found)
    lines = [
        f"陇川县消费帮扶台账 {month.period} 账期关账证明（第 {month.round} 次）",
        f"生成时间 {china_time(datetime.fromisoformat(month.made_at))}",
        "",
        *_figures(month.figures),
        "",
        "核对事项（发现 / 未说明）",
        *[f"  {CHECKS.get(each.check, each.check)}：{each.found} / {each.open}" for each in month.checks],
        "",
        f"列示差异 {len(month.items)} 项",
        *[
            f"  {CHECKS.get(each.kind, each.kind)} {each.key} {yuan(each.amount_fen)} 元：{each.reason}"
            for each in month.items
        ],
        "",
        f"属于已关账期的凭证 {sum(month.figures.corrections.values())} 笔",
        *[
            f"  第 {each.seq} 号 {KINDS.get(each.kind, each.kind)} {each.occurred_on} 更正 {each.corrects_period}"
            f" {yuan(each.amount_fen)} 元"
            for each in month.late
        ],
        "",
        f"凭证 {month.journals} 笔，末笔哈希 {month.root}",
        f"证明原文 SHA-256 {found.digest}",
        "",
    ]
    signed = {each.signatory: each for each in found.signatures}
    for signatory, name in SIGNATORIES.items():
        who = signed.get(signatory)
        lines.append(f"{name}：{f'{who.name}（{who.signed_by}）{china_time(who.signed_at)}' if who else '（待签字）'}")
    return "\n".join(lines) + "\n"


def month_sums(found: MonthFigures) -> dict[str, int]:
    """The figures of a month in fen, by what they are called, in the order of the paper."""
    return {
        "渠道告知收款": found.told_captured_fen,
        "渠道告知退款": found.told_refunded_fen,
        "账簿收款": found.sales_fen,
        "账簿退款": found.refunds_fen,
        "1101 变动": found.movement_fen,
        "应付各方变动合计": found.payables_total_fen,
        **{f"  {code} {CHART[code].name}": fen for code, fen in found.payables_fen.items()},
        "渠道结算": found.settled_gross_fen,
        "手续费": found.fees_fen,
        "银行到账": found.bank_fen,
        "现款收购": found.bought_at_scale_fen,
        "工资、分红、租金与返利": found.period_income_fen,
        "带动销售额": found.attributed_sales_fen,
        "增收额（已付）": found.income_paid_fen,
        "  其中农户已确认": found.income_confirmed_fen,
    }


def _figures(found: MonthFigures) -> list[str]:
    lines = [f"{name}：{yuan(fen)} 元" for name, fen in month_sums(found).items()]
    lines.append(f"带动农户：{found.households} 户")
    lines += [f"更正 {period} 账期：{count} 笔" for period, count in sorted(found.corrections.items())]
    return lines
