"""Requests of a live session, and of its media server, that succeed."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good


def plan(owner: Owner) -> dict[str, object]:
    """A session that begins soon."""
    soon = (utc_now() + timedelta(minutes=10)).isoformat()
    return {"title": "示例直播", "merchant": owner.house.merchant, "planned_at": soon}


@good("console.schedule_session")
async def schedule(owner: Owner) -> GoodRequest:
    return GoodRequest(body=plan(owner))


def callback(owner: Owner, fields: dict[str, str]) -> dict[str, Any]:
    """What the media server sends."""
    return {
        "query": {"secret": owner.house.callback_secret},
        "body": urlencode(fields).encode(),
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    }


async def addressed(owner: Owner) -> tuple[str, dict[str, str]]:
    """A session with a push address; answers its number and what the media server asks when somebody uses it."""
    number = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan(owner)))["number"]
    issued = await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/push-address")
    stream, _, query = issued["key"].partition("?")
    asked = {
        "call": "publish",
        "app": "live",
        "name": stream,
        "clientid": "1",
        "addr": "10.0.0.8",
        "flashver": "FMLE/3.0",
    }
    return number, asked | dict(parse_qsl(query))


async def on_air(owner: Owner) -> tuple[str, dict[str, str]]:
    """A session that somebody pushes to."""
    number, asked = await addressed(owner)
    told = callback(owner, asked)
    reply = await owner.http.post(
        "/v1/webhook/media/publish", params=told["query"], content=told["body"], headers=told["headers"]
    )
    assert reply.status_code == 204, reply.text
    return number, asked


@good("webhook.publish")
async def publish(owner: Owner) -> GoodRequest:
    return GoodRequest(**callback(owner, (await addressed(owner))[1]))


@good("webhook.publish_done")
async def publish_done(owner: Owner) -> GoodRequest:
    _, asked = await on_air(owner)
    return GoodRequest(
        **callback(owner, {"call": "publish_done", "app": "live", "name": asked["name"], "clientid": "1"})
    )


@good("console.put_on_shelf")
async def put_on_shelf(owner: Owner) -> GoodRequest:
    number, _ = await on_air(owner)
    return GoodRequest(names={"number": number, "code": owner.house.sku})


@good("console.pin_product")
async def pin(owner: Owner) -> GoodRequest:
    number, _ = await on_air(owner)
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/shelf/{owner.house.sku}")
    return GoodRequest(names={"number": number}, body={"sku": owner.house.sku})


@good("console.end_session")
async def end(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await on_air(owner))[0]})


@good("console.ban_session")
async def ban(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await on_air(owner))[0]}, body={"reason": "示例原因"})


@good("console.show_ban")
async def show_ban(owner: Owner) -> GoodRequest:
    number, _ = await on_air(owner)
    await owner.ask("county_officer", "PUT", f"/v1/console/live/sessions/{number}/ban", {"reason": "示例原因"})
    return GoodRequest(names={"number": number})


@good("console.begin_rehearsal")
async def rehearse(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await addressed(owner))[0]})


RELAY = {"title": "示例平台", "address": "rtmp://8.8.8.8/live/key"}
"""A number is asked of nobody, and nothing is on air."""


@good("console.add_relay_target")
async def add_target(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await addressed(owner))[0]}, body=RELAY)


@good("console.remove_relay_target")
async def remove_target(owner: Owner) -> GoodRequest:
    number, _ = await addressed(owner)
    made = await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/relay-targets", RELAY)
    return GoodRequest(names={"number": number, "target": made["targets"][0]["number"]})


@good("miniapp.post_message")
async def say(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await on_air(owner))[0]}, body={"text": "示例发言", "client_key": "a"})
