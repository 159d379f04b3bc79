"""Writing the plan of an own session, until it is on air."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from accounts.queries import is_host
from content.attaching import attach_pictures
from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from live.errors import SessionNotFound, SessionStateForbids
from live.models import LiveSession, SessionState
from live.plans.errors import AssistantInvalid, RunDownInvalid, SlotInUse, SlotsInvalid
from live.plans.models import AssistantRole, PlanChange, RunDownStep, SessionAssistant, SessionPlan, SessionSlot
from live.plans.queries import Slot, Step, pictured
from live.talk.feed import lock_session
from products.queries import sku_offers

BEFORE_AIR = frozenset({SessionState.SCHEDULED, SessionState.READY})


@dataclass(frozen=True)
class Plans:
    """The use cases of a host; ``host`` is the number of the staff account that asks."""

    clock: Clock = utc_now

    async def describe(self, number: str, host: str, cover: str | None, notice: str) -> None:
        """Set the cover, a picture of the host's own for live rooms, and the notice.

        Raises :class:`SessionNotFound`, :class:`SessionStateForbids`, ``PictureNotUsable``.
        """
        async with transaction():
            session = await _open(number, host)
            by = _caller(host)
            now = self.clock()
            await attach_pictures([cover] if cover else [], by, "live", pictured(number), now)
            found = await row("SELECT cover, notice FROM session_plan WHERE session_id = $1", session.id)
            after = {"cover": cover, "notice": notice}
            if found is None:
                await SessionPlan.create(session_id=session.id, cover=cover, notice=notice)
            else:
                await SessionPlan.filter(session_id=session.id).update(**after)
            await self._note(session, "plan", dict(found) if found else {}, after, by)

    async def set_run_down(self, number: str, host: str, steps: Sequence[Step]) -> None:
        """Write the run-down anew. Raises as :meth:`describe`, and :class:`RunDownInvalid`."""
        if len({step.sku for step in steps}) < len(steps):
            raise RunDownInvalid()
        async with transaction():
            session = await _open(number, host)
            before = await rows(
                "SELECT code AS sku, minutes, script FROM run_down_step WHERE session_id = $1 ORDER BY position",
                session.id,
            )
            await execute("DELETE FROM run_down_step WHERE session_id = $1", session.id)
            await RunDownStep.bulk_create(
                [
                    RunDownStep(
                        session_id=session.id,
                        position=place,
                        code=step.sku,
                        minutes=step.minutes,
                        script=step.script,
                    )
                    for place, step in enumerate(steps, 1)
                ]
            )
            after = [msgspec.structs.asdict(step) for step in steps]
            await self._note(session, "run_down", [dict(each) for each in before], after, _caller(host))

    async def set_slots(self, number: str, host: str, slots: Sequence[Slot]) -> None:
        """Say whose goods are sold when; none: all the session is the merchant's whose it was planned as.

        The first slot's merchant is the session's. Raises as :meth:`describe`, :class:`SlotsInvalid`, and
        :class:`SlotInUse` while goods of somebody who would have none are on the shelf.
        """
        ordered = sorted(slots, key=lambda slot: slot.from_minute)
        for place, slot in enumerate(ordered):
            overlaps = place > 0 and slot.from_minute < ordered[place - 1].until_minute
            if slot.until_minute <= slot.from_minute or overlaps:
                raise SlotsInvalid(slot=place)
        async with transaction():
            session = await _open(number, host)
            await _refuse_orphans(session, {slot.merchant for slot in ordered} or {session.merchant})
            before = await rows(
                "SELECT merchant, from_minute, until_minute FROM session_slot WHERE session_id = $1"
                " ORDER BY from_minute",
                session.id,
            )
            await execute("DELETE FROM session_slot WHERE session_id = $1", session.id)
            await SessionSlot.bulk_create(
                [SessionSlot(session_id=session.id, **msgspec.structs.asdict(slot)) for slot in ordered]
            )
            if ordered:
                await LiveSession.filter(id=session.id).update(merchant=ordered[0].merchant)
            after = [msgspec.structs.asdict(slot) for slot in ordered]
            await self._note(session, "slots", [dict(each) for each in before], after, _caller(host))

    async def add_assistant(self, number: str, host: str, account: str, role: AssistantRole) -> None:
        """Let another account that presents help; once is enough. Also on air, when somebody is missing.

        Raises :class:`SessionNotFound`, :class:`AssistantInvalid`.
        """
        async with transaction():
            session = await _own(number, host)
            if account == host or not await is_host(account):
                raise AssistantInvalid()
            await execute(
                "INSERT INTO session_assistant (session_id, account, role, added_by, added_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                session.id,
                account,
                role.value,
                _caller(host),
                self.clock(),
            )

    async def remove_assistant(self, number: str, host: str, account: str, role: AssistantRole) -> None:
        """End somebody's help. Nobody there: nothing changes. Raises :class:`SessionNotFound`."""
        async with transaction():
            session = await _own(number, host)
            await SessionAssistant.filter(session_id=session.id, account=account, role=role, removed_at=None).update(
                removed_by=_caller(host), removed_at=self.clock()
            )

    async def _note(self, session: LiveSession, part: str, before: object, after: object, by: str) -> None:
        if before == after:
            return
        await PlanChange.create(
            session_id=session.id, part=part, before=before, after=after, changed_by=by, changed_at=self.clock()
        )


def _caller(host: str) -> str:
    return f"staff:{host}"


async def _own(number: str, host: str) -> LiveSession:
    session = await lock_session(number)
    if session.host != host:
        raise SessionNotFound(number=number)
    return session


async def _open(number: str, host: str) -> LiveSession:
    session = await _own(number, host)
    if session.state not in BEFORE_AIR:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _refuse_orphans(session: LiveSession, merchants: set[str]) -> None:
    shelf = [each["code"] for each in await rows("SELECT code FROM live_shelf_item WHERE session_id = $1", session.id)]
    if shelf:
        offers = await sku_offers(shelf)
        orphans = sorted(code for code, offer in offers.items() if offer.merchant not in merchants)
        if orphans:
            raise SlotInUse(products=orphans)
