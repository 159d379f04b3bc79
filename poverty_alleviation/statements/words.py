"""The Chinese words of a statement, the same on paper and behind its code."""

from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.statements.claims import ClaimStepKind

TWO_MEASURES = "带动销售额是消费者购买本户产品所付的货款，增收额是本户实际收到的收入，两者不可相加。"
ESTIMATED = "本栏为估算：成本按费率推算，不是实际支出，不计入上列任何收入与合计，也不在签字确认之列。"
NO_INCOME = "本栏不计入上列任何收入与合计。对追偿有异议的，可向帮扶干部提出，处理完毕前暂停抵扣。"
CROPS = {
    "": "未分类",
    "grain": "粮食",
    "tobacco": "烤烟",
    "livestock": "畜禽",
    "fruit": "林果",
    "cash_crop": "其他经济作物",
}
"""Kinds of crop with rates of their own (domain reference 2.2); another one is printed as the office has named it."""
FAULTS = {
    ClawbackFault.GOODS_OF_OTHERS: "非本户产品",
    ClawbackFault.ADULTERATED: "掺杂掺假",
    ClawbackFault.SHORT_WEIGHT: "短斤少两",
    ClawbackFault.OVER_LIMIT: "检测超限",
}
CLAIM_STEPS = {
    ClaimStepKind.CARRIED_OVER: "期初尚欠",
    ClaimStepKind.CLAIMED: "追偿",
    ClaimStepKind.SET_OFF: "抵扣",
    ClaimStepKind.TAKEN_BACK: "撤销",
}
"""By kind. What the household owes goes up by the first two and down by the others."""


def rate(basis_points: int | None) -> str:
    """``40%``, or that nobody has entered one."""
    if basis_points is None:
        return "未登记"
    return f"{basis_points / 100:g}%"
