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
    names = {"number": number, "code": owner.house.product}
    owner.found.by_pattern["/v1/(miniapp|console)/live/sessions/"] = names
    target = {"title": "示例平台", "address": "rtmp://8.8.8.8/live/key"}
    made = await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/relay-targets", target)
    owner.found.by_pattern["/v1/console/live/sessions/<number:str>/relay-targets/"] = {
        "number": number, "target": made["targets"][0]["number"],
    }  # fmt: skip
    owner.found.bodies["console.add_relay_target"] = target
    banned = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan))["number"]
    await owner.ask("county_officer", "PUT", f"/v1/console/live/sessions/{banned}/ban", {"reason": "示例原因"})
    owner.found.by_pattern["/v1/console/live/sessions/<number:str>/ban"] = {"number": banned}
    owner.found.private["host"] |= {number}
    owner.found.shared["miniapp.post_message"] = "a live room is open to every viewer"
