"""Requests about household statements that succeed."""

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.belongings import QUARTER, UNISSUED, an_issued_one, token_of


@good("console.issue_household_statements")
async def issue(owner: Owner) -> GoodRequest:
    return GoodRequest(body=UNISSUED)


@good("console.print_village_statements")
async def print_village(owner: Owner) -> GoodRequest:
    return GoodRequest(query=QUARTER)


@good("pages.open_own_statement")
async def open_page(owner: Owner) -> GoodRequest:
    number = await an_issued_one()
    form = {"content-type": "application/x-www-form-urlencoded"}
    return GoodRequest(names={"token": token_of(owner, number)}, body=b"last_four=0077", headers=form)
