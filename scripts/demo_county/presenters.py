"""The live centre of the demo county: studios, and hosts with all that presenting needs (live reference 5)."""

from dataclasses import replace
from datetime import timedelta

from kit.clock import china_day
from kit.database import rows
from live.roster.service import ContractDraft, Roster, TrainingDraft
from live.studios.service import StudioDraft, Studios
from scripts.demo_county.households import identity_number
from scripts.demo_county.people import BY

FIRST_CARD = 901
"""Serial of the first host's identity card, away from those of farmers."""
YEARS = 2
"""For so long they have been hosts already: sessions of the past have somebody who might present them."""
_HOSTS = (
    "SELECT a.number, a.name FROM staff_account a JOIN role_grant g ON g.staff_id = a.id WHERE g.role = 'host'"
    " ORDER BY a.login"
)


CENTRE = "S533124"
"""The county's service centre, where the studios are."""


async def enter_studios() -> None:
    """Two rooms of the county's live centre."""
    for name, equipment, capacity in (
        ("县直播中心 1 号间", ("摄像机", "补光灯", "导播台"), 6),
        ("县直播中心 2 号间", ("手机支架", "补光灯"), 2),
    ):
        await Studios().enter(StudioDraft(name=name, site=CENTRE, equipment=equipment, capacity=capacity), BY)


async def enter_hosts(roster: Roster) -> None:
    """Every account that presents: identity checked each year, a contract, a training."""
    today = china_day(roster.clock())
    since = today - timedelta(days=365 * YEARS)
    yearly = replace(roster, identity_days=365)
    for serial, host in enumerate(await rows(_HOSTS), FIRST_CARD):
        number = host["number"]
        await roster.enter(number, host["name"], identity_number(serial, 1990), BY)
        for year in range(YEARS + 1):
            day = since + timedelta(days=365 * year)
            await yearly.check_identity(number, f"示例身份核验记录 {day}", day, BY)
        contract = ContractDraft(
            contract_number=f"DEMO-ZB-{serial}",
            document="示例主播合同",
            valid_from=since,
            valid_until=today + timedelta(days=365 * YEARS),
        )
        await roster.add_contract(number, contract, BY)
        training = TrainingDraft(title="示例主播上岗培训", completed_on=since, hours=16, document="示例结业证书")
        await roster.add_training(number, training, BY)
