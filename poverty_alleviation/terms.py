"""Which households and which rules hold on a day: read when a line is packed or a delivery is paid, then frozen."""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from kit.clock import china_day
from kit.database import row, rows
from poverty_alleviation.allocation import AppliedRule
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.vault import household_rights

_RULE = (
    "SELECT r.code || '-' || r.version AS version, r.kind, r.rate, r.scope, r.category FROM benefit_rule r"
    " JOIN benefit_contract c ON c.id = r.contract_id WHERE c.merchant = $1 AND r.recognition = $2"
    " AND r.state = 'approved' AND c.state IN ('approved', 'ended')"
    " AND (r.product IS NULL OR r.product = $3) AND daterange(r.valid_from, r.valid_until) @> $4::date"
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


async def rules_of_sale(merchant: str, product: str, moment: datetime) -> tuple[AppliedRule, ...]:
    """The rules by which a sale of a merchant's product divides on the day of ``moment``, by version.

    All of them apply beside each other, each with a pool of its own.
    """
    found = await rows(f"{_RULE} ORDER BY 1", merchant, str(Recognition.ORDER_COMPLETED), product, china_day(moment))
    return tuple(msgspec.convert(rule, AppliedRule) for rule in found)


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
        merchant,
        str(Recognition.INTAKE_PAID),
        product,
        china_day(moment),
        registered,
    )
    return None if found is None else msgspec.convert(found, AppliedRule)
