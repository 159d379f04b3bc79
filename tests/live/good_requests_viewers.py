"""Requests about reminders, and about codes that lead into a room, that succeed."""

from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.good_requests import ready

NOTE = {"note": "示例传单"}


@good("miniapp.ask_for_reminder", "miniapp.make_own_share_code")
async def before_the_air(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await ready(owner)})


@good("console.make_place_code")
async def hang_up(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await ready(owner)}, body=NOTE)


@good("miniapp.draw_own_share_code", "miniapp.open_share_code")
async def shared(owner: Owner) -> GoodRequest:
    made = await owner.ask("consumer", "PUT", f"/v1/miniapp/live/sessions/{await ready(owner)}/share-code")
    return GoodRequest(names={"code": made["code"]})


@good("console.draw_place_code")
async def hung(owner: Owner) -> GoodRequest:
    made = await owner.ask("host", "POST", f"/v1/console/live/sessions/{await ready(owner)}/share-codes", NOTE)
    return GoodRequest(names={"code": made["code"]})
