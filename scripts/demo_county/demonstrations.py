"""The county's demonstrations: every merchant and every registered household (domain reference 6.4, K14)."""

from collections.abc import Sequence

from poverty_alleviation.help.demonstrations import DemonstrationDraft, Demonstrations
from poverty_alleviation.help.models import DemonstrationKind
from scripts.demo_county.households import BY, SECOND, SINCE, Farmer

CRITERIA = {
    DemonstrationKind.ENTERPRISE: "示例标准：订单带动、按期付款、无投诉",
    DemonstrationKind.HOUSEHOLD: "示例标准：连续供货、收入有凭证",
}


async def name_demonstrations(merchants: Sequence[str], farmers: Sequence[Farmer]) -> None:
    """Each by two accounts and a paper."""
    register = Demonstrations()
    households = [farmer.household for farmer in farmers if farmer.registered and farmer.household]
    named = [(DemonstrationKind.ENTERPRISE, each) for each in merchants]
    named += [(DemonstrationKind.HOUSEHOLD, each) for each in households]
    for serial, (kind, each) in enumerate(named, 1):
        draft = DemonstrationDraft(
            kind=kind, named=each, criteria=CRITERIA[kind], document=f"DEMO-示范-{serial:02d}", valid_from=SINCE
        )
        number = await register.propose(draft, BY)
        await register.decide(number, SECOND, "DEMO-审核", is_approved=True)
