"""The list of rooms comes in pages of one order, and a room says where it stands."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from kit.clock import utc_now
from kit.database import execute
from kit.paging import CursorInvalid, write_cursor
from live.listing import PHASES, Group, Phase, room_lines, starts_in_ms
from live.models import LiveSession, SessionState
from tests.doors.conftest import house, http
from tests.doors.house import House, idempotency_key
from tests.doors.problems import check_problem
from tests.statements import counted_statements

__all__ = ["house", "http"]
ROOMS = "/v1/miniapp/live/sessions"


async def planned(name: str, state: SessionState, hours: int) -> str:
    """A session of a state, planned so many hours from a fixed day."""
    at = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    session = await LiveSession.create(
        number=f"L20260101{name}", title=name, host="H", merchant="M", state=state, planned_at=at,
        stream=name.lower(), epoch="E", created_at=at,
    )  # fmt: skip
    if state is SessionState.REPLAY_READY:
        await recorded(session.id, hours * -1000)
    return name


async def recorded(session_id: int, duration_ms: int) -> None:
    """The recording of a session is closed; without pictures it has no length."""
    await execute(
        "INSERT INTO live_recording (session_id, duration_ms, segments, archive_state, attempts, next_attempt_at,"
        " created_at) VALUES ($1, $2::bigint, $2::bigint / 1000, 'waiting', 0, now(), now())",
        session_id,
        duration_ms,
    )


async def in_pages(group: Group | None, size: int) -> list[str]:
    """Titles of all pages, in which none is met twice."""
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = await room_lines(group, cursor, size)
        assert len(page) <= size
        found += [line.title for line in page]
        if cursor is None:
            return found


async def test_pages_put_together_are_the_list_in_its_order_whatever_their_size(database: str) -> None:
    live = [await planned(n, SessionState.LIVE, at) for n, at in (("A1", 2), ("A2", 1))]
    live.append(await planned("A3", SessionState.INTERRUPTED, -5))
    # Two are planned for the same moment: whoever was entered first comes first.
    coming = [await planned(n, SessionState.SCHEDULED, at) for n, at in (("B1", 3), ("B2", 9), ("B3", 9))]
    coming.append(await planned("B4", SessionState.READY, 10))
    replays = [await planned(n, SessionState.REPLAY_READY, at) for n, at in (("C3", -9), ("C2", -9), ("C1", -1))][::-1]
    # Replays that are being prepared stand among the others; what was never to be seen stays away.
    replays.insert(1, await planned("C4", SessionState.ENDED, -2))
    replays.insert(0, await planned("C5", SessionState.ENDED, 4))
    for state in (SessionState.ENDED, SessionState.CANCELLED, SessionState.BANNED):
        await planned(f"X{state.value[:2].upper()}", state, 0)
    await recorded((await LiveSession.get(title="XEN")).id, 0)
    whole = live + coming + replays
    for size in (1, 2, 3, 100):
        assert await in_pages(None, size) == whole, size
        assert await in_pages(Group.ON_AIR, size) == live
        assert await in_pages(Group.COMING, size) == coming
        assert await in_pages(Group.REPLAY, size) == replays
    lines, _ = await room_lines(None, None, 100)
    assert {line.title: line.replay_ms for line in lines if line.replay_ms} == {"C1": 1000, "C2": 9000, "C3": 9000}
    for limit in (1, 100):
        with counted_statements() as statements:
            await room_lines(None, None, limit)
        assert len(statements) == 1


@pytest.mark.parametrize("key", [(3, "2026-01-01T00:00:00+00:00", 1), (0, "2026-01-01T00:00:00", 1), (0, "x", 1), (1,)])
async def test_a_cursor_of_another_list_is_refused(database: str, key: tuple[int | str, ...]) -> None:
    with pytest.raises(CursorInvalid):
        await room_lines(None, write_cursor(*key), 10)


def test_every_state_has_a_phase_and_only_what_comes_is_counted_down_to() -> None:
    assert set(PHASES) == set(SessionState)
    now = utc_now()
    for state in SessionState:
        soon = starts_in_ms(state, now + timedelta(seconds=90), now)
        assert soon == (90_000 if PHASES[state] is Phase.BEFORE else None)
    assert starts_in_ms(SessionState.READY, now - timedelta(hours=1), now) == 0


async def test_a_room_is_one_address_before_during_and_after(house: House, http: httpx.AsyncClient) -> None:
    host = house.headers("host")
    plan = {
        "title": "章凤镇红糖预告", "merchant": house.merchant,
        "planned_at": (utc_now() + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    keyed = {**host, "idempotency-key": idempotency_key()}
    number = (await http.post("/v1/console/live/sessions", json=plan, headers=keyed)).json()["number"]
    described = await http.put(
        f"/v1/console/live/sessions/{number}/plan", json={"notice": "今晚八点，现榨现装"}, headers=host
    )
    assert described.status_code == 200, described.text

    page: dict[str, Any] = {"next_cursor": None}
    met: list[dict[str, Any]] = []
    query = {"state": "coming", "limit": "1"}
    while page["next_cursor"] or not met:
        page = (await http.get(ROOMS, params=query)).json()
        met += page["sessions"]
        query["cursor"] = str(page["next_cursor"])
    [line] = [each for each in met if each["number"] == number]
    assert (line["phase"], line["notice"], line["replay_ms"]) == ("before", "今晚八点，现榨现装", None)

    room = (await http.get(f"{ROOMS}/{number}")).json()
    assert (room["phase"], room["playback"]) == ("before", None)
    assert 7_190_000 < room["starts_in_ms"] <= 7_200_000
    assert (await http.delete(f"/v1/console/live/sessions/{number}", headers=host)).status_code == 204
    gone = (await http.get(f"{ROOMS}/{number}")).json()
    assert (gone["phase"], gone["starts_in_ms"], gone["playback"]) == ("off", None, None)
    check_problem(await http.get(ROOMS, params={"cursor": "zz"}), 422, "cursor_invalid")
