"""Taking in events that others wrote down: a merchant's clerk, the county, and their partners by them.

They stand beside the house's own events, marked as theirs. Nothing is made of them: no lot, no share, no figure.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from epcis.checker import Checked, CheckedEvent, bare, check_document, check_event
from epcis.contexts import CONTEXT
from epcis.errors import EventsRefused
from epcis.findings import MAX_FINDINGS, Finding, finding
from epcis.hashes import PREFIXES
from epcis.models import Behaviour, EventSource
from epcis.queries import CaptureJob, capture_job
from epcis.reading import Unreadable, read_json
from epcis.writing import Said, Saying, write
from kit.clock import Clock, utc_now
from kit.database import Row, execute, rows, scalar, transaction
from kit.numbers import public_number

MAX_FILE_BYTES = 1024 * 1024
MAX_EVENTS = 500
CLOCKS_DIFFER = timedelta(hours=1)
"""How far a partner's clock may be ahead of ours."""


class Capturer(msgspec.Struct, frozen=True, kw_only=True):
    """Who hands a file in: a clerk of ``merchant``, the county where that is ''; ``partner``: whose, if not theirs."""

    merchant: str
    partner: str
    by: str

    @property
    def source(self) -> EventSource:
        """Who says it then."""
        return EventSource.PARTNER if self.partner else EventSource.CAPTURED


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a file: its events, new ones, known ones, what was found, and whether nothing is refused."""

    total: int
    captured: int
    known: int
    findings: list[Finding]
    is_good: bool


class _Sorted(msgspec.Struct, frozen=True, kw_only=True):
    new: list[CheckedEvent]
    known: int
    findings: list[Finding]
    is_good: bool


@dataclass(frozen=True)
class Captures:
    """Files and single events of others."""

    clock: Clock = utc_now

    async def take_document(self, who: Capturer, raw: bytes, behaviour: Behaviour) -> CaptureJob:
        """Take a file in; answers the job, which has ended. A file that was taken whole answers its first job.

        With ``rollback`` one fault keeps all out, with ``proceed`` only its own event. Raises :class:`EventsRefused`
        for a file that is no document of events.
        """
        file_hash = sha256(raw).hexdigest()
        checked = await _checked(raw)
        async with transaction():
            await _alone(who)
            earlier = await scalar(
                "SELECT number FROM epcis_capture WHERE merchant = $1 AND partner = $2 AND file_hash = $3 AND success",
                who.merchant,
                who.partner,
                file_hash,
            )
            if earlier is not None:
                return await capture_job(who.merchant, earlier)
            found = await _sort(who, checked, self.clock())
            kept = found.is_good or behaviour is Behaviour.PROCEED
            number = public_number(self.clock(), "X")
            capture_id = await scalar(
                "INSERT INTO epcis_capture (number, merchant, partner, file_hash, behaviour, success, total, captured,"
                " known, findings, captured_by, captured_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12) RETURNING id",
                number,
                who.merchant,
                who.partner,
                file_hash,
                behaviour,
                found.is_good,
                checked.total,
                len(found.new) if kept else 0,
                found.known,
                msgspec.json.encode(found.findings).decode(),
                who.by,
                self.clock(),
            )
            if kept:
                await self._write(who, found.new, capture_id)
            return await capture_job(who.merchant, number)

    async def take_event(self, who: Capturer, raw: bytes) -> str:
        """Take one event in; answers its id. Raises :class:`EventsRefused`."""
        checked = await _checked(raw, alone=True)
        async with transaction():
            await _alone(who)
            found = await _sort(who, checked, self.clock())
            if not found.is_good:
                raise EventsRefused(findings=msgspec.to_builtins(found.findings))
            await self._write(who, found.new, None)
        return checked.events[0].event_id

    async def check(self, who: Capturer, raw: bytes) -> Report:
        """What would become of a file; nothing is kept. Raises :class:`EventsRefused`, as :meth:`take_document`."""
        checked = await _checked(raw)
        found = await _sort(who, checked, self.clock())
        return Report(
            total=checked.total,
            captured=len(found.new),
            known=found.known,
            findings=found.findings,
            is_good=found.is_good,
        )

    async def _write(self, who: Capturer, events: Sequence[CheckedEvent], capture_id: int | None) -> None:
        saying = Saying(
            source=who.source,
            merchant=who.merchant,
            partner=who.partner,
            by=who.by,
            at=self.clock(),
            capture_id=capture_id,
        )
        if events:
            await write([_said(each) for each in events], saying)


def _said(checked: CheckedEvent) -> Said:
    """An event as it is kept: by itself, so that it carries the prefixes of its file."""
    spaces = PREFIXES | checked.spaces
    body = {name: value for name, value in checked.event.items() if name != "@context"}
    if checked.spaces:
        body["@context"] = [CONTEXT, checked.spaces]
    return Said(
        event_id=checked.event_id,
        digest=checked.digest,
        step=bare(checked.event.get("bizStep", ""), spaces),
        disposition=bare(checked.event.get("disposition", ""), spaces),
        body=body,
    )


async def _checked(raw: bytes, *, alone: bool = False) -> Checked:
    """Read and check, off the event loop. Raises :class:`EventsRefused` where there is nothing to sort."""

    def work() -> Checked:
        told = read_json(raw)
        return check_event(told) if alone else check_document(told, MAX_EVENTS)

    try:
        checked = await asyncio.to_thread(work)
    except Unreadable as unreadable:
        raise EventsRefused(findings=msgspec.to_builtins([unreadable.fault])) from None
    whole = [each for each in checked.findings if each.event is None and each.blocks]
    if whole or (alone and not checked.events):
        raise EventsRefused(findings=msgspec.to_builtins(checked.findings))
    return checked


async def _alone(who: Capturer) -> None:
    """Files of one merchant are taken one after the other, so that no id is given to two events."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"epcis|{who.merchant}")


async def _sort(who: Capturer, checked: Checked, now: datetime) -> _Sorted:
    """Which of the good events are new, which are known, which have not happened yet, and which may not bear the id
    that they bear.
    """
    there: dict[str, list[Row]] = {}
    for row in await rows(
        "SELECT event_id, digest, source, partner, is_declaration FROM epcis_event"
        " WHERE merchant = $1 AND event_id = ANY($2)",
        who.merchant,
        [each.event_id for each in checked.events],
    ):
        there.setdefault(row["event_id"], []).append(row)
    said: dict[str, str] = {}
    new: dict[tuple[str, bool], CheckedEvent] = {}
    findings, known, refused = list(checked.findings), 0, checked.total - len(checked.events)
    for event in checked.events:
        beside = there.get(event.event_id, [])
        name = (event.event_id, event.declares)
        if datetime.fromisoformat(event.event["eventTime"]) > now + CLOCKS_DIFFER:
            findings.append(finding("time_ahead", f"{event.where}/eventTime", event.event["eventTime"], event.place))
            refused += 1
        elif fault := _misnamed(who, event, beside, said.setdefault(event.event_id, event.digest)):
            findings.append(_fault(fault, event))
            refused += 1
        elif any(each["is_declaration"] == event.declares for each in beside):
            known += 1
        elif name in new:
            findings.append(_fault("event_twice", event))
        else:
            new[name] = event
    findings += [
        _fault("declared_unknown", each)
        for each in new.values()
        if each.declares and each.event_id not in there and (each.event_id, False) not in new
    ]
    return _Sorted(new=list(new.values()), known=known, findings=findings[:MAX_FINDINGS], is_good=refused == 0)


def _misnamed(who: Capturer, event: CheckedEvent, beside: list[Row], digest: str) -> str | None:
    """Why an event may not bear its id: another has it, or it declares what is somebody else's to declare."""
    if event.digest != digest or any(each["digest"] != event.digest for each in beside):
        return "event_id_taken"
    mine = any((each["source"], each["partner"]) == (who.source, who.partner) for each in beside)
    return "declared_foreign" if event.declares and beside and not mine else None


def _fault(code: str, event: CheckedEvent) -> Finding:
    return finding(code, f"{event.where}/eventID", event.event_id, event.place)
