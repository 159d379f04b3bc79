"""看讲解 through the real media server: what was explained is played at once, and no more after a cut."""

import asyncio
import json

import pytest

from kit.database import execute
from kit.numbers import opaque_id
from tests.live.centre import CONSOLE, MINIAPP, Centre
from tests.live.pictures import decoded_pictures
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_viewer_plays_a_clip_as_soon_as_the_host_has_unpinned(centre: Centre) -> None:
    """A stranger's player opens it while the broadcast goes on, and after it; a cut takes it from everybody."""
    number = await centre.scheduled()
    keyed = {"idempotency-key": opaque_id()}
    assert (await centre.host.put(f"{CONSOLE}/{number}/shelf/{centre.sku}")).status_code == 200
    signed = await centre.officer.post(f"{CONSOLE}/{number}/sign-offs", json={"skus": [centre.sku]}, headers=keyed)
    assert signed.status_code < 300, signed.text
    address = await centre.address(number)
    centre.push(address["url"])
    plan = (await centre.until(number, "live"))["playback"]
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    assert (await centre.host.put(f"{CONSOLE}/{number}/pin", json={"sku": centre.sku})).status_code == 200
    await asyncio.sleep(4)  # that long the host explains
    (chapter,) = (await centre.room(number))["chapters"]
    assert chapter["clip"] is None
    assert (await centre.host.delete(f"{CONSOLE}/{number}/pin")).status_code == 204
    (chapter,) = (await centre.room(number))["chapters"]
    playlist = await centre.anonymous.get(chapter["clip"])
    first = next(line for line in playlist.text.splitlines() if line.startswith("http"))
    pictures = (await centre.anonymous.get(first)).content
    assert pictures[0] == 0x47
    clip = str(centre.anonymous.base_url.join(chapter["clip"]))
    on_air = await asyncio.to_thread(decoded_pictures, clip, 60)
    assert 50 <= on_air <= 150
    await centre.end(number)
    await centre.until(number, "replay_ready")
    assert await asyncio.to_thread(decoded_pictures, clip, 60) >= on_air
    await is_away_for_a_while(centre, number, chapter["clip"])
    reason = {"reason": "示例原因"}
    assert (await centre.officer.put(f"{CONSOLE}/{number}/ban", json=reason)).status_code == 200
    assert (await centre.anonymous.get(chapter["clip"])).status_code == 404

    async def is_barred() -> bool:
        return (await centre.anonymous.get(first)).status_code == 403

    await until(is_barred, 10)


async def is_away_for_a_while(centre: Centre, number: str, clip: str) -> None:
    """In the cold storage, and on its way back. Nothing can be asked for: no storage is set up here."""
    read = json.dumps([{"name": "x", "bytes": 1, "sha256": "0", "is_verified": True}])
    moved = "UPDATE live_evidence_copy SET state = $1"
    async with centre.database():
        await execute(
            "INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at)"
            " SELECT id, 'copying', $2::jsonb, now() FROM live_session WHERE number = $1",
            number,
            read,
        )
        for state in ("copied", "cold"):
            await execute(moved, state)
        for viewer, refusal in ((centre.anonymous, "not_logged_in"), (centre.viewer, "not_open")):
            room = (await viewer.get(f"{MINIAPP}/{number}")).json()
            assert (room["playback"], room["chapters"][0]["clip"]) == (None, None)
            away = room["replay_away"]
            assert (away["is_returning"], away["retry_after_s"], away["refusal"]["code"]) == (False, None, refusal)
        assert (await centre.anonymous.get(clip)).status_code == 409
        await execute(moved, "restoring")
        assert (await centre.room(number))["replay_away"] == {
            "is_returning": True,
            "retry_after_s": 60,
            "refusal": None,
        }
        refused = await centre.anonymous.get(clip)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        await execute(moved, "restored")
    room = await centre.room(number)
    assert room["playback"]
    assert room["replay_away"] is None
