"""How sales and work reach a household: the ways of the county plan, and the rules that each of them may have.

One table for what domain reference 2.4 says of each way: which event makes it income, of which of the four kinds it
is, and whether the household is carried directly (P06).
"""

from enum import StrEnum

import msgspec

from poverty_alleviation.allocation import LINE_KINDS, IncomeCategory, RuleKind


class Recognition(StrEnum):
    """The event that makes an amount income."""

    INTAKE_PAID = "intake_paid"
    ORDER_COMPLETED = "order_completed"
    PERIOD_PAID = "period_paid"


class Mechanism(StrEnum):
    """A way in which a household shares (domain reference 2.4)."""

    PURCHASE = "purchase"
    CONSIGNMENT = "consignment"
    OWN_SHOP = "own_shop"
    WORK = "work"
    DIVIDEND = "dividend"
    LEASE = "lease"
    RETURN = "return"
    SERVICE = "service"


class MechanismTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a way allows: by kind of rule the event that makes it income, and the categories of that income.

    No category: nothing is paid, so there is no event either.
    """

    is_direct: bool
    recognised: dict[RuleKind, Recognition | None]
    categories: frozenset[IncomeCategory] = frozenset()


_SOLD: dict[RuleKind, Recognition | None] = dict.fromkeys(LINE_KINDS, Recognition.ORDER_COMPLETED)
_PRODUCTION = frozenset({IncomeCategory.PRODUCTION})
_PROPERTY = frozenset({IncomeCategory.PROPERTY})

MECHANISMS: dict[Mechanism, MechanismTerms] = {
    Mechanism.PURCHASE: MechanismTerms(
        is_direct=True, recognised={RuleKind.PER_UNIT: Recognition.INTAKE_PAID}, categories=_PRODUCTION
    ),
    Mechanism.CONSIGNMENT: MechanismTerms(is_direct=True, recognised=_SOLD, categories=_PRODUCTION),
    Mechanism.OWN_SHOP: MechanismTerms(is_direct=True, recognised=_SOLD, categories=_PRODUCTION),
    Mechanism.WORK: MechanismTerms(
        is_direct=True,
        recognised={RuleKind.WAGE: Recognition.PERIOD_PAID},
        categories=frozenset({IncomeCategory.WAGE}),
    ),
    Mechanism.DIVIDEND: MechanismTerms(
        is_direct=False, recognised={RuleKind.DIVIDEND: Recognition.PERIOD_PAID}, categories=_PROPERTY
    ),
    Mechanism.LEASE: MechanismTerms(
        is_direct=False, recognised={RuleKind.LEASE: Recognition.PERIOD_PAID}, categories=_PROPERTY
    ),
    # A part of each sale, or of a period's sales: the rule has to say whether it is production or transfer income.
    Mechanism.RETURN: MechanismTerms(
        is_direct=False,
        recognised={
            RuleKind.PCT_NET: Recognition.ORDER_COMPLETED,
            RuleKind.FIXED_LINE: Recognition.ORDER_COMPLETED,
            RuleKind.MARGIN_RETURN: Recognition.PERIOD_PAID,
        },
        categories=frozenset({IncomeCategory.PRODUCTION, IncomeCategory.TRANSFER}),
    ),
    Mechanism.SERVICE: MechanismTerms(is_direct=False, recognised={RuleKind.SERVICE: None}),
}
