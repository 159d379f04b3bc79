"""Requests of a live session, and of its media server, that succeed."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.belongings import on_roster, own_account
from tests.products.shelf import listed_product
from tests.promotions.shop import running_campaign


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


async def ready(owner: Owner) -> str:
    """A session that the gate has let through; answers its number."""
    await on_roster(owner)
    number = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan(owner)))["number"]
    await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/identity-declarations")
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/readiness")
    return str(number)


async def shelved(owner: Owner) -> str:
    """A session on air with the house's goods on its shelf; answers its number."""
    number, _ = await on_air(owner)
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/shelf/{owner.house.sku}")
    return number


@good("console.issue_push_address", "console.clear_session", "console.declare_identity")
async def at_the_gate(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await ready(owner)})


@good("console.verify_identity")
async def verify(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await ready(owner)}, body={"document": "示例核验单"})


@good("console.describe_session")
async def describe(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await ready(owner)}, body={"notice": "示例公告"})


@good("console.write_run_down")
async def run_down(owner: Owner) -> GoodRequest:
    steps = [{"sku": owner.house.sku, "minutes": 5, "script": "示例脚本"}]
    return GoodRequest(names={"number": await ready(owner)}, body={"steps": steps})


@good("console.share_session")
async def share(owner: Owner) -> GoodRequest:
    slots = [{"merchant": owner.house.merchant, "from_minute": 0, "until_minute": 60}]
    return GoodRequest(names={"number": await ready(owner)}, body={"slots": slots})


@good("console.sign_off_products")
async def sign_off(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await shelved(owner)}, body={"skus": [owner.house.sku]})


@good("console.add_assistant")
async def assist(owner: Owner) -> GoodRequest:
    names = {"number": await ready(owner), "account": await own_account("foreign_host")}
    return GoodRequest(names=names, body={"role": "shelf"})


async def addressed(owner: Owner) -> tuple[str, dict[str, str]]:
    """A session with a push address; answers its number and what the media server asks when somebody uses it."""
    number = await ready(owner)
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


@good("console.arrange_shelf")
async def arrange(owner: Owner) -> GoodRequest:
    """A shelf of one product, in the order that it has."""
    number, _ = await on_air(owner)
    seen = await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/shelf/{owner.house.sku}")
    return GoodRequest(names={"number": number}, body={"codes": seen["shelf"], "version": seen["shelf_version"]})


@good("console.show_or_hide_product")
async def hide(owner: Owner) -> GoodRequest:
    number, _ = await on_air(owner)
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/shelf/{owner.house.sku}")
    return GoodRequest(names={"number": number, "code": owner.house.sku}, body={"hidden": True})


ON_SHELF = {"price_fen": 1990, "pieces": 2, "seconds": 600}


async def offered(owner: Owner) -> dict[str, str]:
    """A product on the shelf of a session on air; answers the names in its paths."""
    number, _ = await on_air(owner)
    _, (sku,) = await listed_product(owner.house.merchant, stock=10)
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/shelf/{sku}")
    return {"number": number, "code": sku}


async def priced(owner: Owner) -> dict[str, str]:
    """One that has a price of the room."""
    names = await offered(owner)
    path = f"/v1/console/live/sessions/{names['number']}/shelf/{names['code']}/price"
    await owner.ask("merchant_clerk", "POST", path, ON_SHELF)
    return names


@good("console.open_room_price")
async def open_price(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await offered(owner), body=ON_SHELF | {"limit_per_buyer": 1})


@good("console.add_room_pieces")
async def more_at_the_price(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await priced(owner), body={"pieces": 2, "reason": "示例追加"})


@good("console.add_room_stock")
async def more_stock(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await offered(owner), body={"pieces": 2, "reason": "示例到货"})


@good("console.end_room_price")
async def end_price(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await priced(owner))


async def with_coupons(owner: Owner) -> dict[str, str]:
    """A campaign of a session on air, which nobody shows yet; answers the names in its paths."""
    number, _ = await on_air(owner)
    campaign = await running_campaign(owner.house.merchant, source=f"live:{number}")
    return {"number": number, "campaign": campaign}


@good("console.show_room_coupon", "console.take_down_room_coupon")
async def coupons_of_the_room(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await with_coupons(owner))


@good("miniapp.claim_room_coupon")
async def claim_in_the_room(owner: Owner) -> GoodRequest:
    names = await with_coupons(owner)
    await owner.ask("host", "PUT", "/v1/console/live/sessions/{number}/coupons/{campaign}".format(**names))
    room = await owner.ask("consumer", "GET", f"/v1/miniapp/live/sessions/{names['number']}")
    return GoodRequest(names=names, body={"attribution": room["attribution"]})


@good("console.announce_in_room", "console.clear_room_announcement")
async def announced(owner: Owner) -> GoodRequest:
    """Another text than the one that is shown."""
    number, _ = await on_air(owner)
    await owner.ask("host", "PUT", f"/v1/console/live/sessions/{number}/announcement", {"text": "示例公告"})
    return GoodRequest(names={"number": number}, body={"text": "示例公告二"})


@good("console.pin_product")
async def pin(owner: Owner) -> GoodRequest:
    number = await shelved(owner)
    body = {"skus": [owner.house.sku]}
    await owner.ask("county_officer", "POST", f"/v1/console/live/sessions/{number}/sign-offs", body)
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


@good("console.ask_for_rung")
async def ask_for_rung(owner: Owner) -> GoodRequest:
    """Where there are any, and the machine has two cores."""
    return GoodRequest(names={"number": (await on_air(owner))[0]})


@good("console.give_rung_up")
async def give_rung_up(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await on_air(owner))[0]})


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


async def spoken(owner: Owner) -> dict[str, str]:
    """A session on air in which the consumer has said something."""
    number, _ = await on_air(owner)
    said = {"text": "示例发言", "client_key": "a"}
    path = f"/v1/miniapp/live/sessions/{number}/messages"
    return {"number": number, "offset": str((await owner.ask("consumer", "POST", path, said))["offset"])}


@good("console.remove_message", "console.ban_author")
async def about_a_message(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await spoken(owner), body={"reason": "示例理由"})


@good("console.mute_author")
async def mute(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await spoken(owner), body={"minutes": 5, "reason": "示例理由"})


@good("console.lift_restrictions")
async def lift(owner: Owner) -> GoodRequest:
    names = await spoken(owner)
    room = f"/v1/console/live/sessions/{names['number']}"
    await owner.ask("host", "PUT", f"{room}/chat/{names['offset']}/ban", {"reason": "示例理由"})
    (banned,) = (await owner.ask("host", "GET", f"{room}/talk"))["restrictions"]
    return GoodRequest(names=names | {"viewer": banned["viewer"]}, body={"reason": "示例理由"})


@good("console.set_talk_rules")
async def slow_down(owner: Owner) -> GoodRequest:
    names = await spoken(owner)
    return GoodRequest(names=names, body={"slow_mode_s": 30, "comments_closed": False, "reason": "示例理由"})


@good("console.add_room_keyword")
async def list_word(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await spoken(owner) | {"word": "示例词"})


async def reported(owner: Owner) -> dict[str, str]:
    """A report of the consumer's about a fresh session."""
    number, _ = await on_air(owner)
    path = f"/v1/miniapp/live/sessions/{number}/reports"
    return {"report": (await owner.ask("consumer", "POST", path, {"reason": "abuse"}))["number"]}


@good("console.take_room_report")
async def take(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await reported(owner))


@good("console.decide_room_report")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await reported(owner), body={"upheld": True, "answer": "示例答复"})


@good("miniapp.report_room")
async def report(owner: Owner) -> GoodRequest:
    names = await spoken(owner)
    body = {"reason": "false_claim", "detail": "示例", "message": int(names["offset"])}
    return GoodRequest(names={"number": names["number"]}, body=body)
