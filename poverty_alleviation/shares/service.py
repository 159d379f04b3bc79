"""Stating a share: proposed by one account of the poverty office, decided by another (domain reference T12, R02).

Whoever is counted is handed in as marks and leaves as a number. What a reader could learn by comparing is kept back
(decision 0056): a count of few households or of nearly all, and a difference of few people to any share that is shown,
of the same circle or of the other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from ledger.service import hold_source
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.office.suppression import Limits, is_safe
from poverty_alleviation.office.thresholds import limits
from poverty_alleviation.ports import MarkedPeople
from poverty_alleviation.shares.errors import ShareDecided, ShareInvalid, ShareUnknown, ShareWaits
from poverty_alleviation.shares.models import SHARE_TRANSITIONS, AssistedShare, AssistedShareState, ShareCircle
from poverty_alleviation.vault import household_rights

_SHARES = "poverty_alleviation.assisted_share"
Households = Mapping[bytes, int | None]
"""By the mark of a person the row id of its household, when that was assisted on the day."""

# A head without a row as a member is found by the household itself.
_HOUSEHOLDS = """
SELECT f.mark, min(f.household_id) AS household_id FROM (
    SELECT m.id_number_index AS mark, m.household_id FROM household_member m
     WHERE m.id_number_index = ANY($1::bytea[]) AND daterange(m.valid_from, m.valid_until) @> $2::date
    UNION SELECT h.id_number_index, h.id FROM household h
     WHERE h.id_number_index = ANY($1::bytea[]) AND NOT EXISTS (SELECT FROM household_member m
           WHERE m.household_id = h.id AND m.id_number_index = h.id_number_index)) AS f
  JOIN household_status s ON s.household_id = f.household_id AND s.status = ANY($3::text[])
   AND daterange(s.valid_from, s.valid_until) @> $2::date
 GROUP BY f.mark
"""


@dataclass(frozen=True)
class AssistedShares:
    """The use cases. ``by`` is the account held to it."""

    people: MarkedPeople
    clock: Clock = utc_now

    @household_rights()
    async def propose(self, circle: ShareCircle, day: date, by: str) -> str:
        """Count how many of the people of a day were assisted on it; answers the number of the share.

        Raises :class:`ShareInvalid`, :class:`ShareWaits`.
        """
        now = self.clock()
        marks = await self.people.marks_on(circle, day) if day <= china_day(now) else []
        if not marks:
            raise ShareInvalid()
        number = public_number(now, "ZB")
        try:
            async with transaction():
                await hold_source(_SHARES, "")
                held = await _households(marks, day)
                share = await AssistedShare.create(
                    number=number,
                    circle=circle,
                    day=day,
                    persons=len(held),
                    assisted=sum(each is not None for each in held.values()),
                    is_shown=await _may_be_shown(held, await limits(china_day(now), public=False)),
                    state=AssistedShareState.PROPOSED,
                    made_by=by,
                    made_at=now,
                )
                await rows(
                    "INSERT INTO assisted_share_person (share_id, mark, household_id)"
                    " SELECT $1, t.* FROM unnest($2::bytea[], $3::bigint[]) AS t RETURNING id",
                    share.id,
                    list(held),
                    list(held.values()),
                )
        except IntegrityError:
            raise ShareWaits() from None
        return number

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve or refuse it; who proposed it may only take it back. The same decision again changes nothing.

        Raises :class:`ShareUnknown`, :class:`ShareDecided`, ``SecondPersonNeeded``.
        """
        to = AssistedShareState.APPROVED if is_approved else AssistedShareState.REFUSED
        async with transaction():
            found = await row(
                "SELECT state, made_by, decided_by FROM assisted_share WHERE number = $1 FOR UPDATE", number
            )
            if found is None:
                raise ShareUnknown()
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in SHARE_TRANSITIONS[AssistedShareState(found["state"])]:
                raise ShareDecided(state=found["state"])
            if is_approved and found["made_by"] == by:
                raise SecondPersonNeeded()
            await execute(
                "UPDATE assisted_share SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1 AND state = 'proposed'",
                number,
                str(to),
                by,
                self.clock(),
                note,
            )


@household_rights()
async def forget_marks(marks: Sequence[bytes]) -> int:
    """Forget that people of no assisted household were counted, in the caller's transaction; answers how often.

    Those of a household are of its file and go with that.
    """
    return await execute(
        "UPDATE assisted_share_person SET mark = NULL WHERE mark = ANY($1::bytea[]) AND household_id IS NULL",
        list(marks),
    )


async def _households(marks: Sequence[bytes], day: date) -> dict[bytes, int | None]:
    found: dict[bytes, int | None] = dict.fromkeys(marks)
    told = await rows(_HOUSEHOLDS, list(found), day, [str(status) for status in ASSISTED])
    return found | {bytes(each["mark"]): each["household_id"] for each in told}


async def _may_be_shown(held: Households, least: Limits) -> bool:
    """Whether the count may be read, also by who reads those that are shown of these people or of the other circle.

    One that waits counts as shown: nobody decides about two at once. The caller holds the lock of all shares.
    """
    if not _is_large(held.values(), least):
        return False
    earlier = await rows(
        "SELECT s.id, p.mark, p.household_id FROM assisted_share s JOIN assisted_share_person p ON p.share_id = s.id"
        " WHERE s.state <> 'refused' AND s.is_shown AND p.mark IS NOT NULL"
    )
    before: dict[int, dict[bytes, int | None]] = {}
    for each in earlier:
        before.setdefault(each["id"], {})[bytes(each["mark"])] = each["household_id"]
    return all(_is_large(changed, least) for was in before.values() if (changed := _changed(was, held)))


def _changed(was: Households, held: Households) -> list[int | None]:
    """Who is in the one and not in the other: who came or left since, or belongs to one circle alone."""
    return [each for mark, each in held.items() if mark not in was] + [
        each for mark, each in was.items() if mark not in held
    ]


def _is_large(people: Any, least: Limits) -> bool:
    """Whether enough households are assisted among some people, none of them nearly all, and enough people are not."""
    counted = Counter(str(each) for each in people if each is not None)
    others = sum(each is None for each in people)
    return bool(counted) and is_safe(counted, least) and others >= least.households
