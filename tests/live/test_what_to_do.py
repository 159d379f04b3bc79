"""Refusals that say what would be taken instead, in both languages."""

from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from kit.clock import utc_now
from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House, idempotency_key
from tests.doors.problems import check_problem
from tests.live.belongings import a_studio, own_account
from tests.live.good_requests_studios import planned

__all__ = ["house", "http", "inside"]
pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("inside")]


@pytest.mark.parametrize(
    ("language", "assistant", "booking"),
    [
        ("zh-CN", "本场助理须是另一个主播账号", "预约时段须包含计划开播时间、尚未过去且不超过十二小时"),
        (
            "en",
            "An assistant is another account that presents",
            "A booking holds the planned time, lies ahead and lasts twelve hours at most",
        ),
    ],
)
async def test_a_host_is_told_what_would_do(
    house: House, http: httpx.AsyncClient, language: str, assistant: str, booking: str
) -> None:
    """Who may assist, and when a studio may be booked. Fails when they are told no more than that it is wrong."""
    owner = Owner(house, http, Belongings())
    session = await planned(owner)

    async def refused(method: str, path: str, body: Mapping[str, object], status: int, code: str) -> object:
        headers = owner.house.headers("host", idempotency_key=idempotency_key()) | {"accept-language": language}
        answer = await owner.http.request(method, f"/v1/console/live/{path}", json=body, headers=headers)
        return check_problem(answer, status, code)["title"]

    own = f"sessions/{session}/assistants/{await own_account()}"
    assert await refused("PUT", own, {"role": "moderator"}, 409, "live_assistant_invalid") == assistant
    now = utc_now()
    wrong = {"session": session, "begins_at": now.isoformat(), "ends_at": (now + timedelta(hours=13)).isoformat()}
    path = f"studios/{await a_studio(owner)}/bookings"
    assert await refused("POST", path, wrong, 422, "live_studio_booking_invalid") == booking
