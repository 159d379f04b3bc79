"""Auditors read disputes as they read everything: without the words of either side, and read only."""

import console_api.confirming.endpoints  # noqa: F401 - importing adds the routes to the door
from accounts.roles import Role
from poverty_alleviation.confirming.disputes import Disputes
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.said import payout_of, statements
from tests.poverty_alleviation.test_doors import Console, console

__all__ = ["console"]


async def test_an_auditor_reads_what_is_disputed_and_not_what_was_said(county: County, console: Console) -> None:
    """Fails when words are shown to whoever may read the rows: tried."""
    await statements(county)
    payout, disputes = await payout_of(county), Disputes(county.clock)
    number = await disputes.open("示例H1", [payout], "只收到 8.00 元", OFFICER)
    await disputes.answer(number, "银行退回", OFFICER)
    for path, only in (("/poverty/disputes", "items"), (f"/poverty/disputes/{number}", None)):
        shown = {}
        for role in (Role.AUDITOR, Role.POVERTY_OFFICER):
            reply = await console.ask(role, "GET", path)
            assert reply.status_code == 200, reply.text
            shown[role] = reply.json()[only][0] if only else reply.json()
        office, audit = shown[Role.POVERTY_OFFICER], shown[Role.AUDITOR]
        assert (office["reason"], office["answer"], office["verdict"]) == ("只收到 8.00 元", "银行退回", "")
        assert audit == office | {"reason": None, "answer": None, "verdict": None}
        assert audit["held_rows"][0]["amount_fen"] == 872
    for role in (Role.COUNTY_OFFICER, Role.MERCHANT_CLERK, Role.STATION_KEEPER):
        assert (await console.ask(role, "GET", "/poverty/disputes")).status_code == 403
    for method, path in (
        ("POST", "/poverty/households/示例H1/disputes"),
        ("PUT", f"/poverty/disputes/{number}/answer"),
        ("PUT", f"/poverty/disputes/{number}/verdict"),
    ):
        assert (await console.ask(Role.AUDITOR, method, path, {})).status_code in (403, 404), path
