"""The two pages behind the code of a statement. Neither says whose it is."""

from kit.money import yuan
from poverty_alleviation.statements.figures import CATEGORIES, StatementText
from poverty_alleviation.statements.quarters import quarter_name
from public_pages.markup import facts, heading, listed, page, paragraph

MOST_LINES = 60


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


def statement_view(shown: StatementText) -> str:
    """The figures of the quarter, both measures side by side."""
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
        paragraph("带动销售额是消费者所付货款，增收额是本户实际收到的收入，两者不可相加。"),
        heading("收入分类（已付）"),
        facts(income),
        heading("按产品"),
        listed(lines),
        paragraph("数字有疑问，请勿签字，并告知帮扶干部。", "w"),
    )
