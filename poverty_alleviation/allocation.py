"""How one order line's money is divided, as a pure function of what remains of the line.

Domain reference 2.5, objects 7 to 11. Money is integer fen, mass integer gram, shares exact fractions. A
refund is no formula of its own: the caller allocates what remains and posts the difference to what stands
in the books.
"""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

import msgspec

from kit.money import split_fen

BASIS_POINTS = 10_000
GRAM_PER_KG = 1_000


class RuleKind(StrEnum):
    """What a rule promises, and so the unit of its rate (domain reference 2.5, object 5).

    Of a sold line: fen per kilogram, fen per piece, basis points of net goods money, fen per order line. Of a period:
    basis points of what the sales attributed to households came to; nothing (0) for wages, dividends, rents and
    services, whose records say the amounts.
    """

    PER_UNIT = "per_unit"
    PER_PIECE = "per_piece"
    PCT_NET = "pct_net"
    FIXED_LINE = "fixed_line"
    MARGIN_RETURN = "margin_return"
    WAGE = "wage"
    DIVIDEND = "dividend"
    LEASE = "lease"
    SERVICE = "service"


LINE_KINDS = (RuleKind.PER_UNIT, RuleKind.PER_PIECE, RuleKind.PCT_NET, RuleKind.FIXED_LINE)
"""The kinds that divide the money of an order line."""


class RuleScope(StrEnum):
    """Whose contributions share in a pool."""

    ALL_SUPPLIERS = "all_suppliers"
    REGISTERED_ONLY = "registered_only"


class IncomeCategory(StrEnum):
    """The four kinds of household income (domain reference 2.2)."""

    WAGE = "wage"
    PRODUCTION = "production"
    PROPERTY = "property"
    TRANSFER = "transfer"


class LotShare(msgspec.Struct, frozen=True, kw_only=True):
    """One contribution of a sealed lot. ``mass_gram`` is its part of the lot's whole input.

    ``household`` is the code of the household that the supplier stood for when the line was packed, or None.
    ``paid_at_scale``: the goods were bought outright, so a sale earns this party nothing more.
    """

    intake: str
    party: str
    mass_gram: int
    household: str | None = None
    paid_at_scale: bool = False


class LotUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a line took from one lot: ``quantity`` pieces of ``mass_gram`` in all."""

    lot: str
    quantity: int
    mass_gram: int
    shares: tuple[LotShare, ...]


class AppliedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A benefit rule as it stood when the line was packed; ``kind`` is one of ``LINE_KINDS``.

    ``rate`` is in the unit of its kind. ``version`` names the rule and its version, for example ``R20261123A-2``.
    """

    version: str
    kind: RuleKind
    rate: int
    scope: RuleScope
    category: IncomeCategory


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one contribution earns by one rule."""

    rule: str
    lot: str
    intake: str
    party: str
    household: str | None
    category: IncomeCategory
    amount_fen: int


class AttributedSale(msgspec.Struct, frozen=True, kw_only=True):
    """The consumer's money that stands for one contribution's goods. It is a measure, not income."""

    lot: str
    intake: str
    party: str
    household: str | None
    amount_fen: int


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Σ parts + host + merchant + unattributed = net; Σ attributed = net − unattributed. Both exactly."""

    parts: tuple[Part, ...]
    attributed: tuple[AttributedSale, ...]
    host_fen: int
    merchant_fen: int
    unattributed_fen: int


def allocate(
    net_fen: int, quantity: int, lots: Sequence[LotUse], rules: Sequence[AppliedRule], host_basis_points: int
) -> Allocation:
    """Divide what remains of a line: ``net_fen`` of goods money for ``quantity`` pieces.

    Pieces that no lot covers leave their money unattributed: it is shown as such, never guessed. The pieces
    of a refund come first out of those; beyond that every lot shrinks in the same proportion. The host's
    commission and every pool are floors, pools are split by largest remainder with ties by party, and the
    merchant has the residue. The residue is negative where a price per kilogram, piece or line exceeds what the
    goods fetched: the merchant bears that, never the supplier.
    """
    if net_fen < 0 or quantity < 0:
        raise ValueError("an allocation is of what remains, which is never negative")
    kept = sorted((use for use in lots if use.quantity > 0), key=lambda use: use.lot)
    covered = sum(use.quantity for use in kept)
    if not covered:
        return Allocation(parts=(), attributed=(), host_fen=0, merchant_fen=0, unattributed_fen=net_fen)
    if not quantity:
        return Allocation(parts=(), attributed=(), host_fen=0, merchant_fen=net_fen, unattributed_fen=0)
    remaining = Fraction(min(quantity, covered), covered)
    weights = [use.quantity * remaining.numerator for use in kept]
    weights.append(max(quantity - covered, 0) * remaining.denominator)
    *nets, unattributed = split_fen(net_fen, weights)
    parts = [
        part
        for rule in sorted(rules, key=lambda rule: rule.version)
        for use, base in zip(kept, _bases(rule, kept, nets, remaining), strict=True)
        for part in _pool_parts(rule, use, base)
    ]
    sold = net_fen - unattributed
    host = sold * host_basis_points // BASIS_POINTS
    return Allocation(
        parts=tuple(parts),
        attributed=tuple(sale for use, net in zip(kept, nets, strict=True) for sale in _attributed(use, net)),
        host_fen=host,
        merchant_fen=sold - host - sum(part.amount_fen for part in parts),
        unattributed_fen=unattributed,
    )


def _bases(
    rule: AppliedRule, uses: Sequence[LotUse], nets: Sequence[int], remaining: Fraction
) -> Sequence[int | Fraction]:
    """By lot what a rule would pay if every contribution shared in it, as an exact fraction of fen.

    A sum per line stays whole as long as a piece of the line is kept, and is divided among the lots by pieces.
    """
    if rule.kind is RuleKind.PER_UNIT:
        scale = remaining.denominator * GRAM_PER_KG
        return [Fraction(rule.rate * use.mass_gram * remaining.numerator, scale) for use in uses]
    if rule.kind is RuleKind.PER_PIECE:
        return [rule.rate * use.quantity * remaining for use in uses]
    if rule.kind is RuleKind.PCT_NET:
        return [Fraction(rule.rate * net, BASIS_POINTS) for net in nets]
    if rule.kind is RuleKind.FIXED_LINE:
        return split_fen(rule.rate, [use.quantity for use in uses])
    raise ValueError(f"{rule.kind} divides no line")


def _pool_parts(rule: AppliedRule, use: LotUse, base: int | Fraction) -> list[Part]:
    """One rule on one lot of the line. Contributions that were paid at the scale share in nothing.

    A price per kilogram or piece counts the mass of the contributions in its scope. A percentage and a sum per line
    count all goods that were not bought outright, so that the registered households' pool does not
    shrink because neighbours without registration delivered to the same lot (the worked vector of the
    domain reference).
    """
    whole = sum(share.mass_gram for share in use.shares)
    unpaid = [share for share in use.shares if not share.paid_at_scale]
    inside = sorted(
        (s for s in unpaid if s.household is not None or rule.scope is RuleScope.ALL_SUPPLIERS),
        key=lambda share: (share.party, share.intake),
    )
    if not inside:
        return []
    counted = inside if rule.kind in (RuleKind.PER_UNIT, RuleKind.PER_PIECE) else unpaid
    pool = base.numerator * sum(share.mass_gram for share in counted) // (base.denominator * whole)
    amounts = split_fen(pool, [share.mass_gram for share in inside])
    return [
        Part(
            rule=rule.version,
            lot=use.lot,
            intake=share.intake,
            party=share.party,
            household=share.household,
            category=rule.category,
            amount_fen=amount,
        )
        for share, amount in zip(inside, amounts, strict=True)
        if amount
    ]


def _attributed(use: LotUse, net_fen: int) -> list[AttributedSale]:
    """The lot's net money by mass over every contribution, those paid at the scale too."""
    shares = sorted(use.shares, key=lambda share: (share.party, share.intake))
    amounts = split_fen(net_fen, [share.mass_gram for share in shares])
    return [
        AttributedSale(
            lot=use.lot, intake=share.intake, party=share.party, household=share.household, amount_fen=amount
        )
        for share, amount in zip(shares, amounts, strict=True)
        if amount
    ]
