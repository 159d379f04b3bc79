"""The two pages behind the code of a statement. Neither says whose it is."""

from collections.abc import Sequence
from html import escape

from content.stories.models import StoryChannel
from kit.money import yuan
from poverty_alleviation.confirming.models import DisputedKind, DisputeState
from poverty_alleviation.confirming.own_disputes import MOST_WORDS, OwnReason, OwnRow
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.statements.figures import CATEGORIES, StatementText
from poverty_alleviation.statements.quarters import quarter_name
from poverty_alleviation.statements.words import CLAIM_STEPS, CROPS, ESTIMATED, FAULTS, NO_INCOME, TWO_MEASURES, rate
from poverty_alleviation.stories.queries import OwnConsent
from public_pages.markup import facts, heading, listed, page, paragraph

MOST_LINES = 60
_PLACES = {
    StoryChannel.PRODUCT_PAGE: "商品页",
    StoryChannel.SCAN_PAGE: "扫码页",
    StoryChannel.LIVE: "直播",
    StoryChannel.LEAFLET: "宣传单",
}


def question_view(*, refused: bool) -> str:
    """The form; ``refused``: what was written did not open it, or nothing does."""
    return page(
        "对账单核对",
        heading("对账单核对", 1),
        paragraph("未能打开：后四位不符、二维码无效，或今日尝试次数过多。", "w") if refused else "",
        paragraph("请填写本户手机号或证件号的后四位。"),
        '<form method="post"><p><input name="last_four" maxlength="4" required autocomplete="off"></p>'
        '<p><button class="b">查看</button></p></form>',
        paragraph("连续五次有误，本页停用一天。数字有疑问，请联系帮扶干部。"),
    )


def statement_view(
    shown: StatementText, rows: Sequence[OwnRow] = (), agreed: Sequence[OwnConsent] = (), said: str = ""
) -> str:
    """The figures of the quarter, both measures side by side, what may be disputed and what be taken back of stories.

    ``said``: what has become of the form that was sent.
    """
    income = [(CATEGORIES[each.category], f"{yuan(each.paid_fen)} 元") for each in shown.income_by_category]
    lines = [
        f"{each.title}：带动销售额 {yuan(each.attributed_sales_fen)} 元，增收额 {yuan(each.income_paid_fen)} 元"
        for each in shown.lines[:MOST_LINES]
    ]
    return page(
        "对账单",
        paragraph(said, "w") if said else "",
        heading(quarter_name(shown.quarter), 1),
        facts(
            [
                ("编号", shown.number),
                ("带动销售额", f"{yuan(shown.attributed_sales_fen)} 元"),
                ("增收额", f"{yuan(shown.income_paid_fen)} 元（已付）"),
                ("已确认", f"{yuan(shown.income_confirmed_fen)} 元"),
            ]
        ),
        paragraph(TWO_MEASURES),
        heading("收入分类（已付）"),
        facts(income),
        heading("按产品"),
        listed(lines),
        _estimate(shown),
        _claims(shown),
        paragraph("数字有疑问，请勿签字，并告知帮扶干部。", "w"),
        *_rows(rows),
        *_stories(agreed),
    )


def _rows(rows: Sequence[OwnRow]) -> list[str]:
    """Each row with its state, and one form for those that may be ticked; no script, one press."""
    if not rows:
        return []
    closed = [f"{_row(each)}：{_standing(each)}" for each in rows if not each.is_open]
    ticks = [
        f'<label class="t"><input type="checkbox" name="tick" value="{escape(each.tick)}">{escape(_row(each))}'
        f"{'（' + _STATES[each.state] + '）' if each.state else ''}</label>"
        for each in rows
        if each.is_open
    ]
    parts = [heading("逐笔核对"), listed(closed) if closed else ""]
    if ticks:
        choices = "".join(f"<option>{each}</option>" for each in OwnReason)
        parts.append(
            paragraph("哪一笔不对，就勾选哪一笔，选原因，再填后四位。")
            + f'<form method="post">{"".join(ticks)}<p>原因 <select name="reason">{choices}</select></p>'
            f'<p><textarea name="words" rows="3" maxlength="{MOST_WORDS}" placeholder="要说的话（可不填）"></textarea>'
            "</p>"
            '<p><input name="last_four" maxlength="4" required autocomplete="off" placeholder="后四位"></p>'
            '<p><button class="b">提出异议</button></p></form>'
        )
    return parts


def _row(each: OwnRow) -> str:
    about = FAULTS[ClawbackFault(each.about)] if each.kind is DisputedKind.CLAWBACK else each.about
    day = each.day.isoformat() if each.day else ""
    return " ".join(part for part in (day, _KINDS[each.kind], about, f"{yuan(each.amount_fen)} 元") if part)


def _standing(each: OwnRow) -> str:
    return _STATES[each.state] if each.state and not each.is_confirmed else "已确认"


_KINDS = {
    DisputedKind.PAYOUT: "付款",
    DisputedKind.INTAKE: "过磅收购付款",
    DisputedKind.PERIOD_INCOME: "工资、分红、租金等",
    DisputedKind.LINE: "待付",
    DisputedKind.CLAWBACK: "追偿",
}
_STATES = {
    DisputeState.OPEN: "异议已提出，待核查",
    DisputeState.ANSWERED: "异议已答复，待办结",
    DisputeState.SETTLED: "异议成立，已办结",
    DisputeState.REJECTED: "异议不成立，已办结",
}


def _stories(agreed: Sequence[OwnConsent]) -> list[str]:
    """Each consent with a form that takes it back; empty when there is none."""
    if not agreed:
        return []
    parts = [heading("人物故事"), paragraph("本户人员同意公开的故事，可随时撤回；撤回后立即撤下，不能恢复。")]
    for each in agreed:
        places = "、".join(_PLACES[channel] for channel in each.channels)
        parts.append(paragraph(f"“{each.beginning}…”（{places}，至 {each.valid_until.isoformat()}）"))
        parts.append(
            f'<form method="post"><p><input type="hidden" name="consent" value="{escape(each.number)}"><input'
            ' name="last_four" maxlength="4" required autocomplete="off" placeholder="后四位"></p>'
            '<p><button class="b c">撤回同意</button></p></form>'
        )
    return parts


def _estimate(shown: StatementText) -> str:
    of = shown.estimate
    if of is None:
        return ""
    costs = [
        f"{CROPS.get(each.crop, each.crop)}：收入 {yuan(each.received_fen)} 元，费率 {rate(each.rate_bp)}"
        f"（来源：{each.source or '无'}），估算成本 {yuan(each.cost_fen)} 元"
        for each in of.crops
    ]
    return (
        heading("成本估算（不计入收入）")
        + listed(costs)
        + facts(
            [
                ("估算成本", f"{yuan(of.cost_fen)} 元"),
                ("估算净额", f"{yuan(of.net_fen)} 元"),
                ("估算人均", None if of.per_person_fen is None else f"{yuan(of.per_person_fen)} 元"),
            ]
        )
        + paragraph(ESTIMATED)
    )


def _claims(shown: StatementText) -> str:
    if not shown.claims:
        return ""
    steps = [
        f"{each.day.isoformat()} {CLAIM_STEPS[each.kind]}（{FAULTS[each.fault]}）{yuan(each.amount_fen)} 元，"
        f"尚欠 {yuan(each.left_fen)} 元"
        for each in shown.claims[:MOST_LINES]
    ]
    return heading("追偿与抵扣（不计入收入）") + listed(steps) + paragraph(NO_INCOME)
