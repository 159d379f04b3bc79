"""Alarms as a work list: raised by detectors once for the same facts, looked after by people, never deleted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import msgspec

from accounts.queries import is_poverty_officer
from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.office.detectors import DETECTORS, Detector, Finding
from poverty_alleviation.office.errors import AlarmAssigneeUnknown, AlarmNotMovable, AlarmUnknown
from poverty_alleviation.office.models import ALARM_TRANSITIONS, AlarmState, AlarmStep
from poverty_alleviation.office.thresholds import thresholds
from poverty_alleviation.vault import household_rights

NIGHT_HOUR = 2
"""From this hour on in China the detectors run for the day."""


class AlarmCard(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm in the list. ``about`` is what is known of it, by name; codes and numbers, no names of people."""

    number: str
    rule: str
    about: dict[str, Any]
    state: str
    assignee: str | None
    raised_at: datetime


class AlarmStepCard(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did about it."""

    state: str
    assignee: str
    note: str
    recorded_by: str
    recorded_at: datetime


class AlarmFile(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm with every step."""

    alarm: AlarmCard
    steps: list[AlarmStepCard]


@dataclass(frozen=True)
class Alarms:
    """The use cases. ``detectors`` are the office's own; the county's join them in ``county.alarms``."""

    clock: Clock = utc_now
    detectors: Sequence[Detector] = DETECTORS

    @household_rights()
    async def look(self) -> int:
        """Let every detector look, and raise what nobody has raised before; answers how many alarms are new.

        Whoever looks at the same time waits, and then raises nothing twice.
        """
        async with transaction():
            await rows("SELECT pg_advisory_xact_lock(hashtext('household_alarm'))")
            today = china_day(self.clock())
            found = await self._findings(today, await thresholds(today))
            return await self._raise(found)

    async def look_when_due(self) -> int:
        """Look once for each day, at night, and once after the close of each month; answers what is new."""
        async with household_rights(), transaction():
            due = await rows(
                "INSERT INTO alarm_run (occasion, ran_at) SELECT occasion, $2::timestamptz FROM"
                " (SELECT unnest($1::text[]) AS occasion UNION SELECT 'close ' || period FROM ledger_period"
                " WHERE state = 'closed') AS due"
                " ON CONFLICT (occasion) DO NOTHING RETURNING 1",
                self._tonight(),
                self.clock(),
            )
            return await self.look() if due else 0

    async def _findings(self, today: date, numbers: Mapping[str, int]) -> Sequence[Finding]:
        """Everything that the detectors find on a day, by rule and key."""
        found = [each for detector in self.detectors for each in await detector(today, numbers)]
        return sorted(found, key=lambda each: (each.rule, each.key))

    def _tonight(self) -> list[str]:
        now = self.clock().astimezone(CHINA)
        return [now.date().isoformat()] if now.hour >= NIGHT_HOUR else []

    async def _raise(self, findings: Sequence[Finding]) -> int:
        """Raise what nobody has raised before, in their order; of two about one matter the first. One statement."""
        facts = [json.dumps(each.facts, ensure_ascii=False, sort_keys=True, default=str) for each in findings]
        now = self.clock()
        raised = await rows(
            "INSERT INTO household_alarm (number, rule, key, facts, digest, state, raised_at)"
            " SELECT number, rule, key, facts, digest, 'new', $6 FROM ("
            " SELECT DISTINCT ON (f.rule, f.key) f.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],"
            "  $5::text[]) WITH ORDINALITY AS f (number, rule, key, facts, digest, place)"
            " WHERE NOT EXISTS (SELECT 1 FROM household_alarm a WHERE a.rule = f.rule AND a.key = f.key"
            "  AND (a.state <> 'closed' OR a.digest = f.digest)) ORDER BY f.rule, f.key, f.place) fresh"
            " ORDER BY place RETURNING 1",
            [public_number(now, "W") for _ in findings],
            [each.rule for each in findings],
            [each.key for each in findings],
            facts,
            [sha256(each.encode()).hexdigest() for each in facts],
            now,
        )
        return len(raised)

    @household_rights()
    async def move(self, number: str, state: AlarmState, note: str, by: str, assignee: str | None = None) -> None:
        """Take one step; who looks after it stays unless ``assignee`` says otherwise (whoever takes it, at first).

        Raises :class:`AlarmUnknown`, :class:`AlarmNotMovable` with the ``state`` it stands in, and
        :class:`AlarmAssigneeUnknown`.
        """
        if state is AlarmState.ASSIGNED and assignee and not await is_poverty_officer(assignee.removeprefix("staff:")):
            raise AlarmAssigneeUnknown()
        async with transaction():
            found = await row("SELECT id, state, assignee FROM household_alarm WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise AlarmUnknown(alarm=number[:40])
            old = AlarmState(found["state"])
            if state not in ALARM_TRANSITIONS[old]:
                raise AlarmNotMovable(state=old)
            who = (assignee if state is AlarmState.ASSIGNED else None) or found["assignee"] or by
            await execute(
                "UPDATE household_alarm SET state = $2, assignee = $3 WHERE id = $1 AND state = $4",
                found["id"],
                str(state),
                who,
                str(old),
            )
            await AlarmStep.create(
                alarm_id=found["id"], state=state, assignee=who, note=note, recorded_by=by, recorded_at=self.clock()
            )


_ALARM = "SELECT a.id, a.number, a.rule, a.facts, a.state, a.assignee, a.raised_at FROM household_alarm a"


@household_rights()
async def alarm_cards(
    state: AlarmState | None, rule: str | None, cursor: str | None, limit: int
) -> tuple[list[AlarmCard], str | None]:
    """The work list, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_ALARM} WHERE a.id < $3 AND ($1::text IS NULL OR a.state = $1) AND ($2::text IS NULL OR a.rule = $2)"
        " ORDER BY a.id DESC LIMIT $4",
        None if state is None else str(state),
        rule,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [_card(each) for each in found[:limit]], following


@household_rights()
async def alarm_file(number: str) -> AlarmFile:
    """One alarm with its steps. Raises :class:`AlarmUnknown`."""
    found = await row(f"{_ALARM} WHERE a.number = $1", number)
    if found is None:
        raise AlarmUnknown(alarm=number[:40])
    steps = await rows(
        "SELECT state, assignee, note, recorded_by, recorded_at FROM household_alarm_step WHERE alarm_id = $1"
        " ORDER BY id",
        found["id"],
    )
    return AlarmFile(alarm=_card(found), steps=[msgspec.convert(each, AlarmStepCard) for each in steps])


def _card(found: dict[str, Any]) -> AlarmCard:
    return AlarmCard(
        number=found["number"],
        rule=found["rule"],
        about=json.loads(found["facts"]),
        state=found["state"],
        assignee=found["assignee"],
        raised_at=found["raised_at"],
    )
