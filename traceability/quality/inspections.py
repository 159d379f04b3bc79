"""Inspections of lots: asked for, sampled, judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from traceability.conformity.service import Conformity
from traceability.errors import LotUnknown
from traceability.events import InspectionJudged, LotSampled
from traceability.quality.errors import (
    InspectionInvalid,
    InspectionOpen,
    InspectionStepRefused,
    InspectionUnknown,
    SampleDrawn,
)
from traceability.quality.holds import Holds, Placing
from traceability.quality.models import INSPECTION_TRANSITIONS, HoldReason, InspectionState


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn: the code of its bag, gram, and when."""

    code: str
    mass_gram: int
    taken_at: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report. ``allowed`` and ``found`` are in ``unit``, ``method`` is a standard's number."""

    name: str
    allowed: str
    found: str
    unit: str
    method: str
    is_good: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a laboratory wrote. A lot passes when every finding is good."""

    laboratory: str
    report: str
    findings: list[Finding]


@dataclass(frozen=True)
class Inspections:
    """Inspections of lots. ``merchant`` is whose lots a caller reaches; None is the county, which reaches all."""

    clock: Clock = utc_now

    async def request(self, merchant: str | None, lot: str, by: str) -> str:
        """Ask for an inspection; answers its number. Raises :class:`LotUnknown`, :class:`InspectionOpen`."""
        number = public_number(self.clock(), "Q")
        asked = await scalar(
            "INSERT INTO inspection (number, lot_id, state, requested_by, requested_at, laboratory, report)"
            " SELECT $3, id, 'requested', $4, $5, '', '' FROM lot"
            " WHERE number = $2 AND ($1::text IS NULL OR merchant = $1)"
            " ON CONFLICT (lot_id) WHERE state IN ('requested', 'sampled') DO NOTHING RETURNING number",
            merchant,
            lot,
            number,
            by,
            self.clock(),
        )
        if asked is None:
            if await row("SELECT 1 FROM lot WHERE number = $2 AND ($1::text IS NULL OR merchant = $1)", merchant, lot):
                raise InspectionOpen(lot=lot)
            raise LotUnknown(lot=lot)
        return number

    async def sample(self, inspection: str, samples: Sequence[Sample], by: str) -> None:
        """Write the samples down. Raises :class:`InspectionUnknown`, :class:`InspectionStepRefused`,
        :class:`InspectionInvalid`.
        """
        codes = [each.code for each in samples]
        if not codes or len(set(codes)) != len(codes) or any(each.taken_at > self.clock() for each in samples):
            raise InspectionInvalid(members=["samples"])
        async with transaction():
            found = await self._step(None, inspection, InspectionState.SAMPLED)
            first = min(each.taken_at for each in samples)
            if first < found["made_at"]:
                raise InspectionInvalid(members=["taken_at"])
            await execute("UPDATE inspection SET state = 'sampled', sampled_at = $2 WHERE id = $1", found["id"], first)
            await execute(
                "INSERT INTO inspection_sample (inspection_id, code, mass_gram, taken_at, taken_by)"
                " SELECT $1, code, mass_gram, taken_at, $5"
                " FROM unnest($2::text[], $3::bigint[], $4::timestamptz[]) AS s(code, mass_gram, taken_at)",
                found["id"],
                codes,
                [each.mass_gram for each in samples],
                [each.taken_at for each in samples],
                by,
            )
            await announce(
                LotSampled(
                    inspection=inspection,
                    lot=found["lot"],
                    merchant=found["merchant"],
                    product=found["product"],
                    mass_gram=sum(each.mass_gram for each in samples),
                    sampled_at=first,
                )
            )

    async def judge(self, inspection: str, report: Report, by: str) -> bool:
        """Write the laboratory's report down; answers whether the lot passed. One that failed is held at once,
        and its certificate of conformity (合格证) is void.

        Raises :class:`InspectionUnknown`, :class:`InspectionStepRefused`, :class:`InspectionInvalid`.
        """
        names = [each.name for each in report.findings]
        if not names or len(set(names)) != len(names):
            raise InspectionInvalid(members=["findings"])
        passed = all(each.is_good for each in report.findings)
        state = InspectionState.PASSED if passed else InspectionState.FAILED
        async with transaction():
            found = await self._step(None, inspection, state)
            now = self.clock()
            await execute(
                "UPDATE inspection SET state = $2, laboratory = $3, report = $4, ended_by = $5, ended_at = $6"
                " WHERE id = $1",
                found["id"],
                str(state),
                report.laboratory,
                report.report,
                by,
                now,
            )
            await self._write(found["id"], report.findings)
            if not passed:
                told = Placing(reason=HoldReason.INSPECTION_FAILED, note=report.report)
                await Holds(self.clock).ensure(found["lot"], told, by)
                await Conformity(self.clock).void(found["lot"], f"检验不合格：{report.report}", by)
            await announce(
                InspectionJudged(
                    inspection=inspection,
                    lot=found["lot"],
                    merchant=found["merchant"],
                    product=found["product"],
                    passed=passed,
                    judged_at=now,
                )
            )
        return passed

    async def withdraw(self, merchant: str | None, inspection: str, by: str) -> None:
        """Take the request back; a merchant can until a sample is drawn, the county until there is a result.

        Raises :class:`InspectionUnknown`, :class:`InspectionStepRefused`, :class:`SampleDrawn`.
        """
        async with transaction():
            found = await self._step(merchant, inspection, InspectionState.WITHDRAWN)
            if merchant is not None and found["state"] == InspectionState.SAMPLED:
                raise SampleDrawn(inspection=inspection)
            await execute(
                "UPDATE inspection SET state = 'withdrawn', ended_by = $2, ended_at = $3 WHERE id = $1",
                found["id"],
                by,
                self.clock(),
            )

    async def _step(self, merchant: str | None, inspection: str, target: InspectionState) -> Row:
        """The inspection under lock, if it may go to ``target``. The lot is locked first, as everywhere."""
        await row(
            "SELECT 1 FROM lot WHERE id = (SELECT lot_id FROM inspection WHERE number = $1) FOR UPDATE", inspection
        )
        found = await row(
            "SELECT q.id, q.state, l.number AS lot, l.merchant, l.product, l.made_at FROM inspection q"
            " JOIN lot l ON l.id = q.lot_id WHERE q.number = $2 AND ($1::text IS NULL OR l.merchant = $1)"
            " FOR UPDATE OF q",
            merchant,
            inspection,
        )
        if found is None:
            raise InspectionUnknown(inspection=inspection)
        if target not in INSPECTION_TRANSITIONS[InspectionState(found["state"])]:
            raise InspectionStepRefused(state=found["state"])
        return found

    async def _write(self, inspection_id: int, findings: Sequence[Finding]) -> None:
        await execute(
            "INSERT INTO inspection_item (inspection_id, name, allowed, found, unit, method, is_good)"
            " SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])",
            inspection_id,
            [each.name for each in findings],
            [each.allowed for each in findings],
            [each.found for each in findings],
            [each.unit for each in findings],
            [each.method for each in findings],
            [each.is_good for each in findings],
        )
