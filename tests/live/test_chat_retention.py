"""What viewers wrote is kept as long as the law wants the room's record, and not longer."""

from datetime import timedelta

import pytest

import live.own_records
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from live.own_records import forget_chat
from tests.live.rooms import House


async def words() -> list[tuple[str, str, str]]:
    found = await rows(
        "SELECT payload ->> 'name' AS name, payload ->> 'text' AS text, (SELECT t.text FROM content_text t WHERE"
        " t.subject = 'chat:' || s.number || ':' || m.\"offset\") AS held FROM live_feed_message m"
        " JOIN live_session s ON s.id = m.session_id WHERE m.kind = 'chat' ORDER BY m.id"
    )
    return [(each["name"], each["text"], each["held"]) for each in found]


async def test_words_of_an_old_room_go_and_their_places_stay(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when the held copies stay, or when a room is noted as forgotten before its last words: tried."""
    monkeypatch.setattr(live.own_records, "BATCH", 2)
    house = House()
    old, _ = await house.on_air()
    for n in range(3):
        await house.chat.post(old.number, f"consumer:{n}", "示例昵称", f"旧话 {n}", f"k{n}", f"o{n}")
    offsets = await rows('SELECT "offset" FROM live_feed_message ORDER BY id')
    now = utc_now()
    await execute("UPDATE live_session SET state = 'ended', ended_at = $1", now - timedelta(days=1097))
    before = now - timedelta(days=1096)
    new = (await house.on_air(await scalar("SELECT merchant FROM live_session")))[0]
    await house.chat.post(new.number, "consumer:1", "示例昵称", "新话", "k9", "o1")
    assert await forget_chat(now - timedelta(days=1098)) == 0
    assert await live.own_records._forget_some(before) == 0, "a worker that dies here is followed by another"
    assert await forget_chat(before) == 1
    assert await forget_chat(before) == 0
    assert await words() == [("……", "……", "……")] * 3 + [("示例昵称", "新话", "新话")]
    kept = await rows('SELECT m."offset" FROM live_feed_message m JOIN live_session s ON s.id = m.session_id'
                      " WHERE s.number = $1 ORDER BY m.id", old.number)  # fmt: skip
    assert kept == offsets
    assert await scalar("SELECT count(*) FROM content_text WHERE state = 'held'") == 1, "nobody is asked any more"
