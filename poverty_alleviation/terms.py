"""Which households and which rules hold on a day: read when a line is packed or a delivery is paid, then frozen."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from kit.clock import china_day
from kit.database import row, rows
from poverty_alleviation.allocation import AppliedRule, IncomeCategory
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.vault import household_rights


class ScaleIncome(msgspec.Struct, frozen=True):
    """Whose income a delivery paid at the scale is, and by which version of a rule ('' without one)."""

    supplier: str
    household: str | None
    category: str
    rule: str


# Of the wanted merchants and products w, $1 and $2; $3 is the recognition, $4 the day.
_RULE = (
    "SELECT w.merchant, w.product, r.code || '-' || r.version AS version, r.kind, r.rate, r.scope, r.category"
    " FROM unnest($1::text[], $2::text[]) AS w (merchant, product) JOIN benefit_contract c ON c.merchant = w.merchant"
    " JOIN benefit_rule r ON r.contract_id = c.id WHERE r.recognition = $3"
    " AND r.state = 'approved' AND c.state IN ('approved', 'ended')"
    " AND (r.product IS NULL OR r.product = w.product) AND daterange(r.valid_from, r.valid_until) @> $4::date"
    " AND daterange(c.valid_from, c.valid_until) @> $4::date"
)


@household_rights()
async def households_of(suppliers: Iterable[str], moment: datetime) -> dict[str, str]:
    """The codes of the assisted households that suppliers stood for on the day of ``moment``, by supplier."""
    found = await rows(
        "SELECT l.supplier, h.code FROM supplier_link l JOIN household h ON h.id = l.household_id"
        " JOIN household_status s ON s.household_id = h.id WHERE l.supplier = ANY($1)"
        " AND daterange(l.valid_from, l.valid_until) @> $2::date"
        " AND daterange(s.valid_from, s.valid_until) @> $2::date AND s.status = ANY($3)",
        sorted(set(suppliers)),
        china_day(moment),
        [str(status) for status in ASSISTED],
    )
    return {link["supplier"]: link["code"] for link in found}


@household_rights()
async def assisted_households(codes: Iterable[str], day: date) -> frozenset[str]:
    """Those of some households that are assisted on a day."""
    found = await rows(
        "SELECT h.code FROM household h JOIN household_status s ON s.household_id = h.id WHERE h.code = ANY($1)"
        " AND daterange(s.valid_from, s.valid_until) @> $2::date AND s.status = ANY($3)",
        sorted(set(codes)),
        day,
        [str(status) for status in ASSISTED],
    )
    return frozenset(each["code"] for each in found)


async def rules_of_sales(
    sold: Iterable[tuple[str, str]], moment: datetime
) -> dict[tuple[str, str], tuple[AppliedRule, ...]]:
    """The rules by which sales of merchants' products divide on the day of ``moment``, by version; one statement.

    ``sold`` are merchants with products, and each is a key of what is answered. All rules of one apply beside each
    other, each with a pool of its own.
    """
    wanted = sorted(set(sold))
    rules: dict[tuple[str, str], list[AppliedRule]] = {pair: [] for pair in wanted}
    for rule in await rows(
        f"{_RULE} ORDER BY version",
        [merchant for merchant, _ in wanted],
        [product for _, product in wanted],
        str(Recognition.ORDER_COMPLETED),
        china_day(moment),
    ):
        rules[rule["merchant"], rule["product"]].append(msgspec.convert(rule, AppliedRule))
    return {pair: tuple(of) for pair, of in rules.items()}


async def rule_at_scale(merchant: str, product: str, moment: datetime, *, registered: bool) -> AppliedRule | None:
    """The one rule that a delivery paid at the scale on the day of ``moment`` stands under, None without one.

    A payment is one amount, so one rule names it (decision 0041). A rule for registered households alone is none for
    a supplier who stands for no household then (``registered``). Of those that fit, the rule of the product goes
    before one for all products, the rule for registered households before one for everybody, what came into force
    later before what has held longer, and at last what was written later.
    """
    found = await row(
        f"{_RULE} AND ($5 OR r.scope = 'all_suppliers') ORDER BY (r.product IS NULL), (r.scope = 'all_suppliers'),"
        " r.valid_from DESC, r.id DESC LIMIT 1",
        [merchant],
        [product],
        str(Recognition.INTAKE_PAID),
        china_day(moment),
        registered,
    )
    return None if found is None else msgspec.convert(found, AppliedRule)


async def income_at_scale(supplier: str, merchant: str, product: str, moment: datetime) -> ScaleIncome:
    """Whose income a delivery paid at the scale is by the links, statuses and rules of the day of ``moment``."""
    household = (await households_of([supplier], moment)).get(supplier)
    rule = await rule_at_scale(merchant, product, moment, registered=household is not None)
    category = str(rule.category if rule else IncomeCategory.PRODUCTION)
    return ScaleIncome(supplier, household, category, rule.version if rule else "")
