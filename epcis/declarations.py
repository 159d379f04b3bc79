"""Declaring an event wrong: it is never edited, a second one says the same and that it is wrong (EPCIS 2.0, 7.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from epcis.errors import CorrectionInvalid, EventDeclaredWrong, EventUnknown
from epcis.models import EventSource
from epcis.writing import Said, Saying, write
from kit.clock import CHINA, Clock, utc_now
from kit.database import row, rows, transaction


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event is wrong, and the ids of the events that hold instead."""

    reason: Literal["incorrect_data", "did_not_occur"]
    corrective_event_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Declarations:
    """Declarations of events, the house's own and those that were handed in."""

    clock: Clock = utc_now

    async def declare(self, merchant: str | None, event_id: str, told: Declaration, by: str) -> None:
        """Declare an event wrong, once. ``merchant`` is whose events the caller reaches, None all.

        The corrective events must be there before. Raises :class:`EventUnknown`, :class:`EventDeclaredWrong`,
        :class:`CorrectionInvalid`.
        """
        async with transaction():
            found = await row(_WRONG, event_id, merchant)
            if found is None:
                raise EventUnknown(event=event_id)
            if found["declared"]:
                raise EventDeclaredWrong(event=event_id)
            await self._corrective(found["merchant"], event_id, told.corrective_event_ids)
            now = self.clock()
            declaration: dict[str, object] = {
                "declarationTime": now.astimezone(CHINA).isoformat(timespec="milliseconds"),
                "reason": told.reason,
            }
            if told.corrective_event_ids:
                declaration["correctiveEventIDs"] = list(told.corrective_event_ids)
            said = Said(
                event_id=event_id,
                digest=found["digest"],
                step=found["biz_step"],
                disposition=found["disposition"],
                body={**msgspec.json.decode(found["body"]), "errorDeclaration": declaration},
            )
            saying = Saying(
                source=EventSource(found["source"]),
                merchant=found["merchant"],
                partner=found["partner"],
                by=by,
                at=now,
            )
            if not await write([said], saying):
                raise EventDeclaredWrong(event=event_id)

    async def _corrective(self, merchant: str, event_id: str, ids: Sequence[str]) -> None:
        known = await rows(
            "SELECT DISTINCT event_id FROM epcis_event WHERE merchant = $1 AND event_id = ANY($2)", merchant, list(ids)
        )
        good = {each["event_id"] for each in known} - {event_id}
        wrong = next((each for each in ids if each not in good), None)
        if wrong is not None:
            raise CorrectionInvalid(event=wrong)


# The event of an id, one that is not declared wrong before one that is.
_WRONG = """
SELECT e.digest, e.source, e.partner, e.merchant, e.biz_step, e.disposition, e.body::text AS body, EXISTS (
           SELECT 1 FROM epcis_event d WHERE d.event_id = e.event_id AND d.merchant = e.merchant
              AND d.source = e.source AND d.partner = e.partner AND d.is_declaration) AS declared
  FROM epcis_event e WHERE e.event_id = $1 AND NOT e.is_declaration AND ($2::text IS NULL OR e.merchant = $2)
 ORDER BY declared, e.id LIMIT 1
"""
