"""What hosts have in this room."""

from datetime import timedelta

from kit.clock import utc_now
from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A session that is planned."""
    plan = {
        "title": "示例直播", "merchant": owner.house.merchant,
        "planned_at": (utc_now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    number = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan))["number"]
    names = {"number": number, "code": owner.house.product, "offset": "1", "viewer": "0" * 26, "word": "示例词"}
    owner.found.by_pattern["/v1/(miniapp|console)/live/sessions/"] = names
    owner.found.private["host"] |= {number}
    report = f"/v1/miniapp/live/sessions/{number}/reports"
    reported = await owner.ask("consumer", "POST", report, {"reason": "other"})
    owner.found.by_pattern["/v1/console/live-reports/"] = {"report": reported["number"]}
    owner.found.shared["miniapp.report_room"] = "a live room is open to every viewer"
    owner.found.shared["miniapp.post_message"] = "a live room is open to every viewer"
