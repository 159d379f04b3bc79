"""What a consumer has written in live rooms, and when everybody's words are forgotten."""

from collections.abc import Mapping
from datetime import datetime

from content.own_records import forget_texts_of
from kit.belongings import Part, Person, Told, told
from kit.database import execute, row, rows, scalar, transaction
from live.talk.chat import SUBJECT

BATCH = 1000


async def personal_data(person: Person) -> Told:
    """Chat messages with their sessions, where the person may not write or watch, what the person reported, of which
    beginnings the person wants to be told, and which codes the person has shared.
    """
    return {
        "chat": await told(
            "SELECT s.number AS session, m.payload ->> 'text' AS text, m.created_at FROM live_feed_message m"
            " JOIN live_session s ON s.id = m.session_id WHERE m.author = $1 ORDER BY m.id",
            person.caller,
        ),
        "live_restrictions": await told(
            "SELECT s.number AS session, r.kind, r.until FROM live_restriction r JOIN live_session s"
            " ON s.id = r.session_id WHERE r.author = $1 ORDER BY r.id",
            person.caller,
        ),
        "live_reports": await told(
            "SELECT r.number, s.number AS session, r.reason, r.detail, r.state, r.answer, r.reported_at"
            " FROM live_report r JOIN live_session s ON s.id = r.session_id WHERE r.consumer = $1 ORDER BY r.id",
            person.number,
        ),
        "live_share_codes": await told(
            "SELECT c.code, s.number AS session, c.made_at, c.opens, c.viewers, c.orders, c.pieces"
            " FROM live_share_code c JOIN live_session s ON s.id = c.session_id WHERE c.caller = $1 ORDER BY c.id",
            person.caller,
        ),
        "live_reminders": await told(
            "SELECT s.number AS session, s.title, s.planned_at, r.asked_at FROM live_reminder r JOIN live_session s"
            " ON s.id = r.session_id WHERE r.consumer = $1 ORDER BY r.id",
            person.number,
        ),
    }


async def open_matters(person: Person) -> Mapping[str, int]:
    """Rooms in which the person wrote or reported something and whose evidence is not sealed yet.

    A law demands the words to be kept (live reference 5), so they go only after they stand in the evidence. Every room
    that was on air is sealed an hour after its end.
    """
    unsealed = await scalar(
        "SELECT count(*) FROM live_session s WHERE s.id IN (SELECT session_id FROM live_feed_message WHERE author = $1"
        " UNION SELECT session_id FROM live_report WHERE consumer = $2) AND s.started_at IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM live_evidence_bundle b WHERE b.session_id = s.id AND b.state <> 'sealing')",
        person.caller,
        person.number,
    )
    return {"live_rooms": unsealed}


async def erase(person: Person) -> None:
    """The words go, their places in the feed stay: viewers resume by offsets without holes."""
    async with transaction():
        await execute("DELETE FROM live_restriction WHERE author = $1", person.caller)
        await execute("DELETE FROM live_reminder WHERE consumer = $1", person.number)
        await execute("UPDATE live_share_code SET caller = NULL WHERE caller = $1", person.caller)
        await execute("UPDATE live_report SET detail = '……' WHERE consumer = $1 AND detail <> ''", person.number)
        said = await rows(
            'SELECT s.number, m."offset" FROM live_feed_message m JOIN live_session s ON s.id = m.session_id'
            " WHERE m.author = $1",
            person.caller,
        )
        await execute(
            """UPDATE live_feed_message SET payload = payload || '{"name": "已注销用户", "text": "……"}'::jsonb"""
            " WHERE author = $1",
            person.caller,
        )
        if said:
            await forget_texts_of([f"{SUBJECT}{each['number']}:{each['offset']}" for each in said])


PART = Part("live", erase, personal_data, open_matters)


async def forget_chat(ended_before: datetime) -> int:
    """Of rooms that ended before a day, forget what viewers wrote, under which names, and who was there; answers how
    many rooms.

    Places in the feed stay. A room is noted as forgotten with the last of its words, so another worker ends what a
    killed one began.
    """
    forgotten = 0
    while (of_room := await _forget_some(ended_before)) is not None:
        forgotten += of_room
    return forgotten


async def _forget_some(ended_before: datetime) -> int | None:
    """Some words of one room; 1 with its last ones, None when there is no such room."""
    async with transaction():
        room = await row(
            "SELECT id, number FROM live_session WHERE ended_at < $1 AND chat_forgotten_at IS NULL"
            " ORDER BY ended_at LIMIT 1 FOR UPDATE SKIP LOCKED",
            ended_before,
        )
        if room is None:
            return None
        said = await rows(
            """UPDATE live_feed_message SET payload = payload || '{"name": "……", "text": "……"}'::jsonb WHERE id IN ("""
            " SELECT id FROM live_feed_message WHERE session_id = $1 AND kind = 'chat' AND payload ->> 'name' <> '……'"
            f' ORDER BY "offset" LIMIT {BATCH}) RETURNING "offset"',
            room["id"],
        )
        await forget_texts_of([f"{SUBJECT}{room['number']}:{each['offset']}" for each in said])
        if len(said) == BATCH:
            return 0
        await execute("DELETE FROM live_viewer WHERE session_id = $1", room["id"])
        await execute("DELETE FROM live_product_viewer WHERE session_id = $1", room["id"])
        await execute("DELETE FROM live_shared_visit WHERE session_id = $1", room["id"])
        await execute("DELETE FROM live_restriction WHERE session_id = $1", room["id"])
        await execute("UPDATE live_report SET detail = '……' WHERE session_id = $1 AND detail <> ''", room["id"])
        await execute("UPDATE live_session SET chat_forgotten_at = now() WHERE id = $1", room["id"])
        return 1
