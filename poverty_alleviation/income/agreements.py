"""Who works for whom, who holds which shares, who lets what: entered with their papers, ended, never edited."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.numbers import public_number
from merchants.queries import licence_kinds
from places.queries import site_levels
from poverty_alleviation.help.errors import WorkshopUnknown
from poverty_alleviation.households import held_household
from poverty_alleviation.income.errors import AgreementInvalid, AgreementUnknown, PayerUnknown
from poverty_alleviation.income.models import AgreementKind, Attendance, HouseholdAgreement
from poverty_alleviation.register.errors import MemberUnknown
from poverty_alleviation.vault import household_rights

_OWN = {
    AgreementKind.EMPLOYMENT: {"member"},
    AgreementKind.SHARE: {"shares"},
    AgreementKind.LEASE: {"rent_fen", "every_months"},
}
"""What each kind says besides what all say."""


class AgreementDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed; the members of the other kinds are None (:class:`HouseholdAgreement`).

    Work may be in one of the payer's workshops.
    """

    kind: AgreementKind
    household: str
    payer: str
    about: str
    document: str
    valid_from: date
    valid_until: date | None = None
    member: str | None = None
    workshop: str | None = None
    shares: int | None = None
    rent_fen: int | None = None
    every_months: int | None = None


class WorkedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What was worked in a month (``2026-11``), by the paper that says so."""

    period: str
    half_days: int
    pieces: int
    document: str


class AgreementCard(msgspec.Struct, frozen=True, kw_only=True):
    """One agreement; ``worked`` is what holds of each month, the newest first."""

    number: str
    kind: AgreementKind
    household: str
    payer: str
    about: str
    member: str | None
    workshop: str | None
    shares: int | None
    rent_fen: int | None
    every_months: int | None
    document: str
    valid_from: date
    valid_until: date | None
    recorded_by: str
    recorded_at: datetime
    worked: list[WorkedMonth] = []


@dataclass(frozen=True)
class Agreements:
    """The poverty office alone enters them. ``by`` is the account held to it."""

    clock: Clock = utc_now

    @household_rights()
    async def enter(self, draft: AgreementDraft, by: str) -> str:
        """Put an agreement on record; answers its number.

        Raises :class:`AgreementInvalid`, :class:`PayerUnknown`, WorkshopUnknown, HouseholdUnknown and MemberUnknown:
        who works belongs to the household on the first day and is no minor. A household that has merged into another
        one takes none.
        """
        for name in sorted(set().union(*_OWN.values())):
            if (getattr(draft, name) is not None) != (name in _OWN[draft.kind]):
                raise AgreementInvalid(field=name)
        if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
            raise AgreementInvalid(field="valid_until")
        if not (await licence_kinds([draft.payer]) or await site_levels([draft.payer])):
            raise PayerUnknown(payer=draft.payer)
        if draft.workshop is not None:
            await _check_workshop(draft)
        async with transaction():
            household_id = await held_household(draft.household)
            if draft.member is not None and not await scalar(
                "SELECT 1 FROM household_member WHERE household_id = $1 AND code = $2 AND NOT is_minor"
                " AND daterange(valid_from, valid_until) @> $3::date",
                household_id,
                draft.member,
                draft.valid_from,
            ):
                raise MemberUnknown(member=draft.member)
            said = msgspec.structs.asdict(draft)
            del said["household"]
            agreement = await HouseholdAgreement.create(
                **said,
                number=public_number(self.clock(), "A"),
                household_id=household_id,
                agreed_from=draft.valid_from,
                recorded_by=by,
                recorded_at=self.clock(),
            )
        return agreement.number

    @household_rights()
    async def end(self, number: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which it no longer holds. Raises :class:`AgreementUnknown`."""
        ended = await execute(
            "UPDATE household_agreement SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE number = $1"
            " AND valid_until IS NULL AND valid_from < $2",
            number,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise AgreementUnknown(agreement=number)

    @household_rights()
    async def note_work(self, number: str, worked: WorkedMonth, by: str) -> None:
        """Put on record what was worked under an employment in a month that it touches; the newest word holds.

        Raises :class:`AgreementUnknown`.
        """
        async with transaction():
            agreement_id = await scalar(
                "SELECT id FROM household_agreement WHERE number = $1 AND kind = 'employment'"
                " AND daterange(valid_from, valid_until) && daterange(($2 || '-01')::date,"
                " (($2 || '-01')::date + interval '1 month')::date) FOR UPDATE",
                number,
                worked.period,
            )
            if agreement_id is None:
                raise AgreementUnknown(agreement=number)
            await Attendance.create(
                **msgspec.structs.asdict(worked), agreement_id=agreement_id, recorded_by=by, recorded_at=self.clock()
            )


async def _check_workshop(draft: AgreementDraft) -> None:
    if draft.kind is not AgreementKind.EMPLOYMENT:
        raise AgreementInvalid(field="workshop")
    if not await scalar(
        "SELECT 1 FROM workshop WHERE number = $1 AND operator = $2 AND daterange(valid_from, valid_until) @> $3::date",
        draft.workshop,
        draft.payer,
        draft.valid_from,
    ):
        raise WorkshopUnknown(workshop=draft.workshop)


@household_rights()
async def agreement_cards(household: str | None, payer: str | None) -> list[AgreementCard]:
    """The agreements of a household, of a payer, or all, newest first (at most 500)."""
    found = await rows(
        "SELECT a.*, h.code AS household, COALESCE((SELECT jsonb_agg(w ORDER BY w.period DESC) FROM"
        " (SELECT DISTINCT ON (t.period) t.period, t.half_days, t.pieces, t.document FROM attendance t"
        " WHERE t.agreement_id = a.id ORDER BY t.period, t.id DESC) AS w), '[]')::text AS worked"
        " FROM household_agreement a JOIN household h ON h.id = a.household_id"
        " WHERE ($1::text IS NULL OR h.code = $1) AND ($2::text IS NULL OR a.payer = $2) ORDER BY a.id DESC LIMIT 500",
        household,
        payer,
    )
    return [msgspec.convert({**each, "worked": msgspec.json.decode(each["worked"])}, AgreementCard) for each in found]
