"""What does not look right in the county's own affairs and on its shelf: detectors besides the poverty office's.

Their alarms stand in the one work list of ``poverty_alleviation.office.alarms``.
"""

from datetime import date

import msgspec

from county.disclosure.queries import counted_complaints, unanswered
from county.funds.queries import over_lines
from county.meetings.service import missed
from county.stations import station_uses
from kit.clock import Clock, utc_now
from poverty_alleviation.office.alarms import Alarms
from poverty_alleviation.office.detectors import DETECTORS, Detector, Finding, Numbers
from products.oddities import forbidden_blades, run_out_papers


async def idle_stations(today: date, numbers: Numbers) -> list[Finding]:
    """A station that nobody has used for too long (domain reference C04)."""
    return [
        Finding(
            rule="station_idle",
            key=each.division,
            facts={"division": each.division, "sites": each.sites, "last_used_on": each.last_used_on},
        )
        for each in await station_uses(today, numbers["station_idle_days"])
        if each.is_idle
    ]


async def meetings_missed(today: date, numbers: Numbers) -> list[Finding]:
    """A period in which a meeting was due and none was held, or its minutes never came (domain reference G02)."""
    return [
        Finding(rule="meeting_missed", key=f"{each.kind} {each.since}", facts=msgspec.structs.asdict(each))
        for each in await missed(today, numbers["meeting_record_days"])
    ]


async def fund_lines_over(today: date, numbers: Numbers) -> list[Finding]:
    """A line of a fund of which the bank has paid more than its budget (domain reference F04)."""
    return [
        Finding(rule="fund_line_over", key=each.line, facts=msgspec.structs.asdict(each)) for each in await over_lines()
    ]


async def disclosure_unanswered(today: date, numbers: Numbers) -> list[Finding]:
    """A complaint about disclosure whose last day has passed without an answer."""
    return [
        Finding(rule="disclosure_unanswered", key=each.complaint, facts=msgspec.structs.asdict(each))
        for each in await unanswered(today)
    ]


async def disclosure_complaints(today: date, numbers: Numbers) -> list[Finding]:
    """So many complaints about disclosure that the plan's ten are near (domain reference T13)."""
    count = await counted_complaints()
    if count < numbers["disclosure_complaints"]:
        return []
    return [Finding(rule="disclosure_complaints", key="all", facts={"count": count})]


async def papers_run_out(today: date, numbers: Numbers) -> list[Finding]:
    """A product stands on the shelf and its certificate, or its merchant's paper, has run out (domain reference 5)."""
    return [
        Finding(rule="paper_run_out", key=f"{each.product} {each.kind}", facts=msgspec.structs.asdict(each))
        for each in await run_out_papers(today)
    ]


async def blades_forbidden(today: date, numbers: Numbers) -> list[Finding]:
    """A blade that may not be sold here stands on the shelf, such as a long knife called handicraft."""
    return [
        Finding(rule="blade_forbidden", key=each.sku, facts=msgspec.structs.asdict(each))
        for each in await forbidden_blades()
    ]


OWN_DETECTORS: tuple[Detector, ...] = (
    idle_stations,
    meetings_missed,
    fund_lines_over,
    disclosure_unanswered,
    disclosure_complaints,
    papers_run_out,
    blades_forbidden,
)


def all_alarms(clock: Clock = utc_now) -> Alarms:
    """The work list with every detector of the house."""
    return Alarms(clock, (*DETECTORS, *OWN_DETECTORS))
