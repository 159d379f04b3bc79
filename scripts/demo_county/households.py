"""Suppliers, some of whom stand for a household, and the contract under which households share in sales."""

from dataclasses import dataclass
from datetime import date, timedelta

from kit.clock import china_day, utc_now
from merchants.licences import LicenceKind
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contracts import Contracts, ContractTerms, RuleTerms
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.identity_numbers import check_character
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus, ChainTemplate
from poverty_alleviation.reserves.terms import Reserves
from scripts.demo_county.area import COUNTY, villages
from scripts.demo_county.goods import MERCHANTS
from traceability.models import SupplierKind
from traceability.service import Reach, Suppliers

BY = "demo-county"
SECOND = "demo-county-second"
SINCE = date(2020, 1, 1)
FARMERS = 24
NOBODY = {3, *range(18, 25)}
LEFT = {14, 15, 16, 17}
"""Of the 24 farmers 8 stand for no household, 4 for one that has left the register, 12 for one on it."""
PER_KG_FEN = 1200
SHARE_BP = 200
RESERVE_BP, HOLD_DAYS = 500, 30


@dataclass(frozen=True)
class Farmer:
    """A supplier, and the household behind it if there is one."""

    supplier: str
    township: str
    household: str | None
    registered: bool


def identity_number(serial: int, born: int = 1970) -> str:
    """A number of the unassigned area 999999 with a valid check digit (GB 11643; domain reference 6.4)."""
    body = f"999999{born}0101{serial:03d}"
    return body + check_character(body)


async def enter_farmers(suppliers: Suppliers, households: Households) -> list[Farmer]:
    """The farmers, one to a village; the first seven live in one township, whose keeper weighs for them."""
    farmers = []
    for serial, village in enumerate(list(villages())[:FARMERS], 1):
        township = village[:9]
        reach = Reach(caller=BY, township=township)
        supplier = await suppliers.enter(reach, f"示例农户{serial:02d}", SupplierKind.FARMER, township)
        household = None
        if serial not in NOBODY:
            household = await households.enter(
                Identity(
                    name=f"示例户主{serial:02d}",
                    id_number=identity_number(serial),
                    phone=f"100{serial:08d}",
                ),
                township,
                village,
                BY,
                f"示例户-{serial:03d}",
            )
            status = AssistanceStatus.EXITED_STABLE if serial in LEFT else AssistanceStatus.REGISTERED
            await households.decide(household, status, SINCE, f"DEMO-认定-{serial:03d}", BY)
            await households.link(household, supplier, SINCE, f"DEMO-关联-{serial:03d}", BY)
        farmers.append(Farmer(supplier, township, household, household is not None and serial not in LEFT))
    return farmers


async def conclude_contracts(contracts: Contracts, merchants: list[str], farmers: list[Farmer]) -> int:
    """For each merchant the two rules of the worked example (domain reference 2.5); answers how many.

    The companies promise in the chain of an enterprise and a cooperative, the others in that of the county's centre.
    """
    registered = [farmer.household for farmer in farmers if farmer.registered and farmer.household]
    stations = sorted({f"S{farmer.township}" for farmer in farmers})
    for serial, (merchant, (_, licence, _)) in enumerate(zip(merchants, MERCHANTS, strict=True), 1):
        if licence is LicenceKind.COMPANY:
            template = ChainTemplate.ENTERPRISE_COOPERATIVE_HOUSEHOLD
            parties = {"enterprise": [merchant], "cooperative": [merchants[0]]}
        else:
            template = ChainTemplate.CENTRE_STATION_HOUSEHOLD
            parties = {"centre": [f"S{COUNTY[0]}"], "station": stations}
        terms = ContractTerms(
            template=template,
            merchant=merchant,
            parties=parties | {"household": registered},
            document=f"DEMO-合同-{serial:02d}",
            valid_from=SINCE,
        )
        await conclude(contracts, terms)
    return len(merchants)


async def agree_reserves(merchants: list[str]) -> None:
    """What merchants hold back of their own parts from tomorrow on; the story's, whose parts are told, does not."""
    tomorrow = china_day(utc_now()) + timedelta(days=1)
    for serial, merchant in enumerate(merchants[1:], 2):
        await Reserves().enter(merchant, RESERVE_BP, HOLD_DAYS, tomorrow, f"DEMO-准备金-{serial:02d}", BY)


async def conclude(contracts: Contracts, terms: ContractTerms) -> None:
    """Draft a contract with the two rules, and let the second account approve it."""
    contract = await contracts.draft(terms, BY)
    for mechanism, kind, rate, scope in (
        (Mechanism.CONSIGNMENT, RuleKind.PER_UNIT, PER_KG_FEN, RuleScope.ALL_SUPPLIERS),
        (Mechanism.RETURN, RuleKind.PCT_NET, SHARE_BP, RuleScope.REGISTERED_ONLY),
    ):
        rule = RuleTerms(
            mechanism=mechanism,
            kind=kind,
            rate=rate,
            scope=scope,
            category=IncomeCategory.PRODUCTION,
            recognition=Recognition.ORDER_COMPLETED,
            valid_from=SINCE,
        )
        await contracts.add_rule(contract, rule, BY)
    await contracts.submit(contract)
    await contracts.decide(contract, SECOND, "DEMO-审核", is_approved=True)
