"""What a host, the centre and viewers read of a plan."""

from datetime import datetime
from typing import Any

import msgspec

from content.pictures import PictureView, pictures_of, pictures_of_several
from kit.database import row, rows
from live.errors import SessionNotFound
from live.plans.models import AssistantRole


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the run-down, in its order; ``sku`` is the code of a SKU."""

    sku: str
    minutes: int
    script: str


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """Whose goods, from one minute after the planned time to another."""

    merchant: str
    from_minute: int
    until_minute: int


class Assistant(msgspec.Struct, frozen=True, kw_only=True):
    """Who helps, in which role; ``removed_at`` is None of whoever helps now."""

    account: str
    role: AssistantRole
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the plan as it was and as it became."""

    part: str
    before: Any
    after: Any
    changed_by: str
    changed_at: datetime


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan. Without slots all the session is ``merchant``'s."""

    number: str
    host: str
    merchant: str
    title: str
    planned_at: datetime
    cover: PictureView | None
    notice: str
    run_down: list[Step]
    slots: list[Slot]
    assistants: list[Assistant]
    changes: list[Change]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What viewers see of a plan; ``merchants`` are all whose goods may be on the shelf."""

    cover: PictureView | None
    notice: str
    merchants: list[str]


_PLAN = """
SELECT s.number, s.host, s.merchant, s.title, s.planned_at, COALESCE(p.notice, '') AS notice,
  (SELECT COALESCE(json_agg(json_build_object('sku', r.code, 'minutes', r.minutes, 'script', r.script)
     ORDER BY r.position), '[]') FROM run_down_step r WHERE r.session_id = s.id)::text AS run_down,
  (SELECT COALESCE(json_agg(l ORDER BY l.from_minute), '[]') FROM session_slot l WHERE l.session_id = s.id)::text
    AS slots,
  (SELECT COALESCE(json_agg(a ORDER BY a.id), '[]') FROM session_assistant a WHERE a.session_id = s.id)::text
    AS assistants,
  (SELECT COALESCE(json_agg(c ORDER BY c.id DESC), '[]') FROM (SELECT * FROM plan_change WHERE session_id = s.id
     ORDER BY id DESC LIMIT 100) c)::text AS changes
FROM live_session s LEFT JOIN session_plan p ON p.session_id = s.id WHERE s.number = $1
"""
_SHOWN = """
SELECT COALESCE(p.notice, '') AS notice, ARRAY(SELECT DISTINCT l.merchant FROM session_slot l
  WHERE l.session_id = s.id) AS merchants, s.merchant
FROM live_session s LEFT JOIN session_plan p ON p.session_id = s.id WHERE s.id = $1
"""


def pictured(number: str) -> str:
    """The owner of a session's cover, as pictures name it."""
    return f"live:{number}"


async def plan_of(number: str) -> Plan:
    """The plan of a session. Raises :class:`SessionNotFound`."""
    found = await row(_PLAN, number)
    if found is None:
        raise SessionNotFound(number=number)
    cover = await pictures_of(pictured(number))
    read = {
        "run_down": list[Step],
        "slots": list[Slot],
        "assistants": list[Assistant],
        "changes": list[Change],
    }
    told = {name: msgspec.json.decode(found.pop(name), type=kind) for name, kind in read.items()}
    return Plan(**found, **told, cover=cover[0] if cover else None)


async def shown_plan(session_id: int, number: str) -> Shown:
    """What viewers see of the plan of a session that there is."""
    found = await row(_SHOWN, session_id)
    assert found is not None
    cover = await pictures_of(pictured(number))
    return Shown(
        cover=cover[0] if cover else None,
        notice=found["notice"],
        merchants=sorted(found["merchants"]) or [found["merchant"]],
    )


async def covers(numbers: list[str]) -> dict[str, PictureView | None]:
    """The covers of some sessions; one statement, none for none."""
    if not numbers:
        return {}
    found = await pictures_of_several([pictured(number) for number in numbers])
    return {number: next(iter(found[pictured(number)]), None) for number in numbers}


async def merchants_of(session_id: int, merchant: str) -> frozenset[str]:
    """Whose goods may be on the shelf: those of the slots, without slots the session's own ``merchant``."""
    found = await rows("SELECT DISTINCT merchant FROM session_slot WHERE session_id = $1", session_id)
    return frozenset(each["merchant"] for each in found) or frozenset({merchant})


async def assisted_by(account: str) -> list[str]:
    """The numbers of sessions in which an account helps now, the latest plan first, at most 100."""
    found = await rows(
        "SELECT s.number FROM live_session s WHERE EXISTS (SELECT FROM session_assistant a WHERE a.session_id = s.id"
        " AND a.account = $1 AND a.removed_at IS NULL) ORDER BY s.planned_at DESC, s.id DESC LIMIT 100",
        account,
    )
    return [each["number"] for each in found]
