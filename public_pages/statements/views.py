"""The two pages behind the code of a statement. Neither says whose it is."""

from collections.abc import Sequence
from html import escape

from content.stories.models import StoryChannel
from kit.money import yuan
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


def statement_view(shown: StatementText, agreed: Sequence[OwnConsent] = ()) -> str:
    """The figures of the quarter, both measures side by side, and what may be taken back of stories."""
    income = [(CATEGORIES[each.category], f"{yuan(each.paid_fen)} 元") for each in shown.income_by_category]
    lines = [
        f"{each.title}：带动销售额 {yuan(each.attributed_sales_fen)} 元，增收额 {yuan(each.income_paid_fen)} 元"
        for each in shown.lines[:MOST_LINES]
    ]
    return page(
        "对账单",
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
        *_stories(agreed),
    )


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
