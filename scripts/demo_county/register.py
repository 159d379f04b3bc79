"""Who lives with the households of the demo county, where they are paid, and the lines of the years."""

from datetime import date

from poverty_alleviation.households import Households
from poverty_alleviation.office.thresholds import OfficeRules
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
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
        year = YearDraft(year=YEAR, persons=1 + grown + minors, attribute="01", cause="capital")
        await Years().record(farmer.household, year, paper, BY)
