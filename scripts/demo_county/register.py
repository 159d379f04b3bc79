"""Who lives with the households of the demo county, where they are paid, and the lines of the years."""

from datetime import date

from poverty_alleviation.households import Households
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.incomes import IncomeFigures, Incomes
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.register.years import YearDraft, Years
from scripts.demo_county.households import BY, SINCE, Farmer, identity_number

YEAR = 2020


async def enter_register(households: Households, farmers: list[Farmer]) -> None:
    """A head in each household, in every second a grown child whose card it is paid to, in every third a minor."""
    members = Members(households.cipher, households.access_logs)
    accounts = BankAccounts(households.cipher, households.access_logs)
    await RegisterLabels().enter_usual(BY)
    await OfficeRules().enter_usual_lines(BY)
    for serial, farmer in enumerate(farmers, 1):
        if farmer.household is None:
            continue
        paper = f"DEMO-名册-{serial:03d}"
        head = MemberDraft(name=f"示例户主{serial:02d}", id_number=identity_number(serial), relation=Relation.HEAD)
        holder, relation = await members.enter(farmer.household, head, SINCE, paper, BY), Relation.HEAD
        grown, minors = serial % 2 == 0, int(serial % 3 == 0)
        if grown:
            child = MemberDraft(
                name=f"示例子女{serial:02d}", id_number=identity_number(serial, 1995), relation=Relation.CHILD
            )
            holder, relation = await members.enter(farmer.household, child, SINCE, paper, BY), Relation.CHILD
        if minors:
            await members.enter(farmer.household, MemberDraft(birth_year=2015), date(2020, 9, 1), paper, BY)
        card = AccountDraft(
            bank="示例农村信用社", number=f"6200000000{serial:06d}", holder_relation=relation, member=holder
        )
        await accounts.enter(farmer.household, card, SINCE, paper, BY)
        persons = 1 + grown + minors
        year = YearDraft(year=YEAR, persons=persons, attribute="01", cause="capital")
        await Years().record(farmer.household, year, paper, BY)
        await Incomes().record(farmer.household, YEAR, persons, _baseline(serial, persons), paper, BY)


def _baseline(serial: int, persons: int) -> IncomeFigures:
    """What a household had in the year, in fen; plausible and nobody's (domain reference 6.4)."""
    wage, production, transfer = 300_000 + 10_000 * serial, 700_000, 60_000
    total, cost = wage + production + transfer, 280_000
    return IncomeFigures(
        wage_fen=wage,
        production_fen=production,
        property_fen=0,
        transfer_fen=transfer,
        total_fen=total,
        production_cost_fen=cost,
        net_fen=total - cost,
        net_per_person_fen=(total - cost) // persons,
    )
