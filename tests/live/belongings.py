"""What hosts have in this room."""

import itertools
from datetime import timedelta

from county.hosts.retention import HostRetention
from kit.clock import china_day, utc_now
from kit.database import scalar
from live.evidence.holds import EvidenceDesk
from poverty_alleviation.retention.models import ErasureGround
from tests.county.belongings import a_site
from tests.doors.belongings import Owner
from tests.live.hosts import TWO, card, presenting_account
from tests.poverty_alleviation.good_requests_confirming import unseen

HOSTS = "/v1/console/live/hosts"
PAPER = {"document": "示例文件 9 号"}
CARDS = itertools.count(200)
"""Serials of cards that nobody has yet."""


async def own_account(login: str = "host") -> str:
    """The staff number of one of the house's people."""
    return str(await scalar("SELECT number FROM staff_account WHERE login = $1", login))


async def on_roster(owner: Owner) -> str:
    """The house's host on record with all that presenting needs, entered when it is not; answers the account."""
    host, today = await own_account(), china_day(utc_now())
    if await scalar("SELECT 1 FROM live_host WHERE number = $1", host):
        return host
    body = {"host": host, "name": "示例主播", "id_number": card(next(CARDS))}
    await owner.ask("county_officer", "POST", HOSTS, body)
    papers = {
        "identity-checks": {"document": "示例核验记录", "checked_on": str(today)},
        "contracts": {
            "contract_number": "ZB-1", "document": "示例合同", "valid_from": str(today),
            "valid_until": str(today + timedelta(days=365)),
        },
        "trainings": {"title": "示例主播培训", "completed_on": str(today), "hours": "8", "document": "示例结业证"},
    }  # fmt: skip
    for kind, told in papers.items():
        await _paper(owner, host, kind, told)
    return host


async def _paper(owner: Owner, host: str, kind: str, told: dict[str, str]) -> str:
    """A paper of a host with its photograph; answers the number of the file."""
    headers = owner.house.headers("county_officer") | {"content-type": "image/jpeg"}
    reply = await owner.http.post(f"{HOSTS}/{host}/{kind}", params=told, headers=headers, content=unseen())
    assert reply.status_code == 201, reply.text
    return str(reply.json()["number"])


def a_room(site: str) -> dict[str, object]:
    """A studio by a name that nobody has yet."""
    return {"name": f"示例直播间{next(CARDS)}", "site": site, "equipment": ["环形灯"], "capacity": 4}


async def a_studio(owner: Owner) -> str:
    """A studio; answers its number."""
    made = await owner.ask("county_officer", "POST", "/v1/console/live/studios", a_room(await a_site()))
    return str(made["number"])


async def a_booking(owner: Owner, session: str) -> str:
    """A studio of its own booked for a session that begins within an hour; answers the booking's number."""
    now = utc_now()
    times = {"begins_at": now.isoformat(), "ends_at": (now + timedelta(hours=3)).isoformat()}
    path = f"/v1/console/live/studios/{await a_studio(owner)}/bookings"
    return str((await owner.ask("host", "POST", path, {"session": session, **times}))["number"])


async def a_proposal(owner: Owner) -> str:
    """To list somebody whom nobody knows; answers its number."""
    body = {"kind": "listing", "reason": "示例原因", "id_number": card(next(CARDS))}
    return str((await owner.ask("county_officer", "POST", "/v1/console/live/blacklistings", body))["number"])


async def a_leaver(owner: Owner) -> str:
    """The account of a host on record about whom nothing stands."""
    serial = next(CARDS)
    host = await presenting_account(f"ULEAVES{serial:010d}")
    body = {"host": host, "name": "示例主播", "id_number": card(serial)}
    await owner.ask("county_officer", "POST", HOSTS, body)
    return host


async def a_consent(owner: Owner) -> str:
    """The number of a guardian's paper."""
    told = {"document": "示例同意书", "signed_on": str(china_day(utc_now()))}
    return await _paper(owner, await on_roster(owner), "guardian-consents", told)


async def give(owner: Owner) -> None:
    """A session that is planned."""
    plan = {
        "title": "示例直播", "merchant": owner.house.merchant,
        "planned_at": (utc_now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    number = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan))["number"]
    names = {
        "number": number, "code": owner.house.product, "account": await own_account("foreign_host"), "role": "shelf",
        "campaign": "NONE", "offset": "1", "viewer": "0" * 26, "word": "示例词",
    }  # fmt: skip
    owner.found.by_pattern["/v1/(miniapp|console)/live/sessions/"] = names
    owner.found.by_pattern["/rooms/"] = {"number": number}
    owner.found.by_pattern[f"{HOSTS}/"] = {"number": await on_roster(owner)}
    retention, leaver = HostRetention(), await a_leaver(owner)
    records = {
        "blacklistings": await a_proposal(owner),
        "host-papers": await a_consent(owner),
        "host-holds": await retention.hold(leaver, PAPER["document"], TWO),
        "host-erasures": await retention.propose(await a_leaver(owner), ErasureGround.REQUEST, PAPER["document"], TWO),
    }
    owner.found.by_pattern |= {f"/v1/console/live/{kind}/": {"number": number} for kind, number in records.items()}
    booking = await a_booking(owner, number)
    owner.found.by_pattern["/v1/console/live/studios/"] = {"number": await a_studio(owner)}
    owner.found.by_pattern["/v1/console/live/studio-bookings/"] = {"number": booking}
    owner.found.shared |= {
        "console.book_studio": "a studio is everybody's who presents; the session in the body is the host's own",
    }
    owner.found.private["host"] |= {number, booking}
    report = f"/v1/miniapp/live/sessions/{number}/reports"
    reported = await owner.ask("consumer", "POST", report, {"reason": "other"})
    owner.found.by_pattern["/v1/console/live-reports/"] = {"report": reported["number"]}
    owner.found.shared["miniapp.report_room"] = "a live room is open to every viewer"
    await owner.ask("consumer", "PUT", f"/v1/miniapp/live/sessions/{number}/reminder")
    shared = await owner.ask("consumer", "PUT", f"/v1/miniapp/live/sessions/{number}/share-code")
    owner.found.by_pattern["/v1/miniapp/live/share-codes/"] = {"code": shared["code"]}
    hung = {"note": "示例村公告栏"}
    placed = await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/share-codes", hung)
    owner.found.by_pattern["/v1/console/live/share-codes/"] = {"code": placed["code"]}
    owner.found.shared |= {
        "miniapp.ask_for_reminder": "a live room is open to every viewer",
        "miniapp.take_reminder_back": "a live room is open to every viewer; the wish is the caller's own",
        "miniapp.make_own_share_code": "a live room is open to every viewer; the code is the caller's own",
        "miniapp.draw_own_share_code": "WeChat draws it, which is away here; whose it is stands in test_shares",
        "console.draw_place_code": "WeChat draws it, which is away here; whose it is stands in test_shares",
    }
    target = {"title": "示例平台", "address": "rtmp://8.8.8.8/live/key"}
    made = await owner.ask("host", "POST", f"/v1/console/live/sessions/{number}/relay-targets", target)
    owner.found.by_pattern["/v1/console/live/sessions/<number:str>/relay-targets/"] = {
        "number": number, "target": made["targets"][0]["number"],
    }  # fmt: skip
    owner.found.bodies["console.add_relay_target"] = target
    banned = (await owner.ask("host", "POST", "/v1/console/live/sessions", plan))["number"]
    await owner.ask("county_officer", "PUT", f"/v1/console/live/sessions/{banned}/ban", {"reason": "示例原因"})
    owner.found.by_pattern["/v1/console/live/sessions/<number:str>/ban"] = {"number": banned}
    from tests.live.aired import aired  # which needs the helpers of this module

    left = await aired(owner)
    owner.found.private["host"] |= {left["number"]}
    for part in ("replay", "clips", "cover", "evidence", "board", "commission"):
        owner.found.by_pattern[f"/v1/(miniapp|console)/live/sessions/<number:str>/{part}"] = left
    owner.found.by_pattern["/v1/console/live/order-lines/"] = left
    held = await EvidenceDesk().hold(left["number"], "示例查询函", "staff:another")
    owner.found.by_pattern["/v1/console/live/evidence-holds/"] = {"hold": held}
    owner.found.shared["miniapp.post_message"] = "a live room is open to every viewer"
    owner.found.shared["miniapp.claim_room_coupon"] = "the coupons of a live room are open to every viewer"
