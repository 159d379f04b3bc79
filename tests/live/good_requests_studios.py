"""Requests about studios that succeed."""

from datetime import timedelta

from kit.clock import china_day, utc_now
from tests.county.belongings import a_site
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.belongings import a_booking, a_room, a_studio
from tests.live.good_requests import plan


async def planned(owner: Owner) -> str:
    """A session that nobody has booked a studio for; answers its number."""
    return str((await owner.ask("host", "POST", "/v1/console/live/sessions", plan(owner)))["number"])


@good("console.list_assistant_candidates")
async def candidates(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"name": "示例"})


@good("console.enter_studio")
async def enter(owner: Owner) -> GoodRequest:
    return GoodRequest(body=a_room(await a_site()))


@good("console.correct_studio")
async def correct(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_studio(owner)}, body=a_room(await a_site()))


@good("console.show_studio_day")
async def day(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"day": str(china_day(utc_now()))})


@good("console.book_studio")
async def book(owner: Owner) -> GoodRequest:
    now = utc_now()
    body = {
        "session": await planned(owner), "begins_at": now.isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    return GoodRequest(names={"number": await a_studio(owner)}, body=body)


@good("console.confirm_studio_booking")
async def confirm(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_booking(owner, await planned(owner))})


@good("console.cancel_studio_booking")
async def cancel(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_booking(owner, await planned(owner))}, body={"reason": "示例原因"})
