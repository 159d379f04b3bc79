"""Requests about what is left of a session, that succeed."""

from kit.clock import china_day, utc_now
from kit.database import execute
from live.evidence.holds import EvidenceDesk
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.aired import aired
from tests.live.good_requests import shelved


@good(
    "console.show_replay_files",
    "console.download_recording",
    "console.download_replay_hls",
    "console.make_clip",
    "console.download_clip",
    "console.show_evidence",
    "console.download_evidence",
    "console.check_evidence",
    "console.show_board",
    "console.export_board",
    "console.show_commission",
    "console.show_line_moment",
    "miniapp.play_clip",
    "miniapp.show_replay_cover",
)
async def about_what_is_left(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await aired(owner))


@good("console.hold_evidence")
async def hold(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await aired(owner), body={"document": "示例查询函"})


@good("console.fetch_evidence_back")
async def fetch_back(owner: Owner) -> GoodRequest:
    """Of what lies in cold storage, as the job leaves it."""
    names = await aired(owner)
    await execute(
        "INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at)"
        " SELECT id, 'copying', $2::jsonb, now() FROM live_session WHERE number = $1",
        names["number"],
        '[{"name": "session.jsonl", "bytes": 1, "sha256": "0", "is_verified": true}]',
    )
    for state in ("copied", "cold"):
        await execute("UPDATE live_evidence_copy SET state = $1", state)
    return GoodRequest(names=names)


@good("console.release_evidence")
async def release(owner: Owner) -> GoodRequest:
    """Placed by somebody else than who lifts it."""
    held = await EvidenceDesk().hold((await aired(owner))["number"], "示例查询函", "staff:another")
    return GoodRequest(names={"hold": held}, body={"document": "示例解除函"})


@good("console.list_host_commissions", "console.export_host_commissions")
async def commissions(owner: Owner) -> GoodRequest:
    await aired(owner)
    today = str(china_day(utc_now()))
    return GoodRequest(query={"first_day": today, "last_day": today})


@good("miniapp.open_product")
async def open_product(owner: Owner) -> GoodRequest:
    number = await shelved(owner)
    room = await owner.ask("consumer", "GET", f"/v1/miniapp/live/sessions/{number}")
    names = {"number": number, "code": owner.house.sku}
    return GoodRequest(names=names, body={"viewer_pass": room["viewer_pass"]})
