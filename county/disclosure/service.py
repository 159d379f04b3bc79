"""Publishing, withdrawing, and answering what is said about it."""

from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from county.disclosure.errors import (
    DisclosureComplaintEnded,
    DisclosureComplaintUnknown,
    DisclosureInvalid,
    DisclosureUnknown,
)
from county.disclosure.models import (
    DISCLOSURE_TRANSITIONS,
    DisclosureComplaint,
    DisclosureComplaintKind,
    DisclosureComplaintState,
    DisclosureItem,
    DisclosureKind,
    Medium,
)
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number
from poverty_alleviation.office.thresholds import thresholds


class ItemDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is published, where, and what shows it."""

    kind: DisclosureKind
    medium: Medium
    title: str
    proof: str
    published_on: date
    objections_until: date | None = None


class ComplaintDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is said, in words without a name, by which paper; about which item, if about one."""

    kind: DisclosureComplaintKind
    about: str
    document: str
    received_on: date
    item: str | None = None


@dataclass(frozen=True)
class Disclosure:
    """The use cases. ``by`` is the account held to it."""

    clock: Clock = utc_now

    async def publish(self, draft: ItemDraft, by: str) -> str:
        """Enter what was published; answers its number. Raises :class:`DisclosureInvalid`."""
        wrong = ["published_on"] if draft.published_on > china_day(self.clock()) else []
        if draft.objections_until is not None and draft.objections_until < draft.published_on:
            wrong.append("objections_until")
        if wrong:
            raise DisclosureInvalid(members=wrong)
        number = public_number(self.clock(), "GK")
        await DisclosureItem.create(
            number=number, **msgspec.structs.asdict(draft), recorded_by=by, recorded_at=self.clock()
        )
        return number

    async def withdraw(self, number: str, reason: str, by: str) -> None:
        """It is no longer published; that it was stays. Raises :class:`DisclosureUnknown`."""
        if not await execute(
            "UPDATE disclosure_item SET withdrawn_by = $2, withdrawn_at = $3, withdrawal_reason = $4"
            " WHERE number = $1 AND withdrawn_at IS NULL",
            number,
            by,
            self.clock(),
            reason,
        ):
            raise DisclosureUnknown()

    async def receive(self, draft: ComplaintDraft, by: str) -> str:
        """Enter a complaint; it is due after the days that hold today. Answers its number.

        Raises :class:`DisclosureInvalid`, :class:`DisclosureUnknown`.
        """
        today = china_day(self.clock())
        wrong = ["received_on"] if draft.received_on > today else []
        if draft.kind is DisclosureComplaintKind.OBJECTION and draft.item is None:
            wrong.append("item")
        if wrong:
            raise DisclosureInvalid(members=wrong)
        item_id = None
        if draft.item is not None:
            item_id = await scalar("SELECT id FROM disclosure_item WHERE number = $1", draft.item)
            if item_id is None:
                raise DisclosureUnknown()
        number = public_number(self.clock(), "GT")
        days = (await thresholds(today))["disclosure_answer_days"]
        await DisclosureComplaint.create(
            number=number,
            kind=draft.kind,
            item_id=item_id,
            about=draft.about,
            document=draft.document,
            received_on=draft.received_on,
            due_on=draft.received_on + timedelta(days=days),
            state=DisclosureComplaintState.RECEIVED,
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return number

    async def end(self, number: str, to: DisclosureComplaintState, answer: str, by: str) -> None:
        """Answer a complaint, or note why it was withdrawn. The same again changes nothing.

        Raises :class:`DisclosureComplaintUnknown`, :class:`DisclosureComplaintEnded`.
        """
        async with transaction():
            found = await row("SELECT id, state, answer FROM disclosure_complaint WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise DisclosureComplaintUnknown()
            if (found["state"], found["answer"]) == (to, answer):
                return
            if to not in DISCLOSURE_TRANSITIONS[DisclosureComplaintState(found["state"])]:
                raise DisclosureComplaintEnded(state=found["state"])
            await execute(
                "UPDATE disclosure_complaint SET state = $2, answer = $3, ended_by = $4, ended_at = $5"
                " WHERE id = $1 AND state = 'received'",
                found["id"],
                str(to),
                answer,
                by,
                self.clock(),
            )
