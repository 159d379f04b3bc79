"""The papers that a merchant may trade by: handed in, reviewed by the county, valid from day to day.

A food seller holds a food business licence or the filing for prepackaged food; a small maker is registered as a
workshop (domain reference 5). Papers are never changed: a renewed one is a new row, and every review is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec
from tortoise.exceptions import IntegrityError

from content.attaching import attach_pictures
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from merchants.errors import (
    ExemptionRuleMissing,
    LicenceSpanInvalid,
    MerchantUnknown,
    PaperNotMovable,
    PaperRepeated,
    PaperUnknown,
    StatementTooLong,
    SubMerchantTaken,
)
from merchants.models import PAPER_TRANSITIONS, MerchantPaper, PaperReview, PaperState


class PaperKind(StrEnum):
    """What a paper permits. The last one is a natural person's self-statement (e-commerce law, article 10).

    Who lodges guests holds the licence of a special trade (特种行业许可证) or, where the province lets small houses
    file instead, the filing of a homestay (民宿备案).
    """

    BUSINESS_LICENCE = "business_licence"
    FOOD_BUSINESS = "food_business"
    PREPACKAGED_FOOD_FILING = "prepackaged_food_filing"
    SMALL_WORKSHOP = "small_workshop"
    SPECIAL_TRADE = "special_trade"
    HOMESTAY_FILING = "homestay_filing"
    BRAND = "brand"
    OWN_PRODUCE_STATEMENT = "own_produce_statement"


# The papers by whose number and days the merchant itself trades.
_LICENCES = (PaperKind.BUSINESS_LICENCE, PaperKind.OWN_PRODUCE_STATEMENT)

# A renewal that begins before the old paper ends leaves no gap; a paper that ends earlier than the known one changes
# nothing, and a self-statement never stands in for a company's licence.
_TRADE_BY = """
UPDATE merchant SET licence_number = $2, licence_until = $4,
       licence_from = CASE WHEN licence_until IS NULL OR $3::date <= licence_until + 1
                           THEN LEAST(licence_from, $3::date) ELSE $3::date END
 WHERE id = $1 AND (licence_kind = 'natural_person') = $5
   AND (licence_until IS NULL OR $4::date IS NULL OR $4::date >= licence_until)
"""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper as it is handed in. ``picture`` is a picture's number; ``valid_until`` is None for one without an end."""

    kind: PaperKind
    document_number: str
    valid_from: date
    valid_until: date | None = None
    issuer: str = ""
    subject: str = ""
    picture: str | None = None


async def valid_papers(merchants: Sequence[str], day: date) -> dict[str, frozenset[str]]:
    """The kinds of paper that each merchant holds on a day, in one statement.

    A merchant that holds none, or that nobody knows, has an empty set. A paper that expired since counts for the days
    of its span; one whose acceptance was taken back counts for none.
    """
    found = await rows(
        "SELECT m.number AS merchant, p.kind FROM merchant m JOIN merchant_paper p ON p.merchant_id = m.id"
        " WHERE m.number = ANY($1) AND p.state IN ('accepted', 'expired')"
        " AND p.valid_from <= $2 AND (p.valid_until IS NULL OR p.valid_until >= $2)"
        f" UNION SELECT number, CASE licence_kind WHEN 'natural_person' THEN '{PaperKind.OWN_PRODUCE_STATEMENT}'"
        f" ELSE '{PaperKind.BUSINESS_LICENCE}' END FROM merchant WHERE number = ANY($1)"
        " AND licence_from <= $2 AND (licence_until IS NULL OR licence_until >= $2)",
        list(merchants),
        day,
    )
    held: dict[str, set[str]] = {merchant: set() for merchant in merchants}
    for each in found:
        held[each["merchant"]].add(each["kind"])
    return {merchant: frozenset(kinds) for merchant, kinds in held.items()}


async def has_shown_licence(merchant: str) -> bool:
    """Whether the county has accepted a licence or a self-statement of a merchant."""
    return bool(
        await scalar(
            "SELECT EXISTS (SELECT 1 FROM merchant_paper p JOIN merchant m ON m.id = p.merchant_id"
            " WHERE m.number = $1 AND p.state = 'accepted' AND p.kind = ANY($2::text[]))",
            merchant,
            [kind.value for kind in _LICENCES],
        )
    )


@dataclass(frozen=True)
class Papers:
    """Takes papers in, reviews them and lets them expire. ``by`` is the caller who is held to it."""

    clock: Clock = utc_now

    async def submit(self, merchant: str, paper: Paper, by: str) -> str:
        """Hand a paper in for review; answers its number.

        Raises :class:`MerchantUnknown`, :class:`LicenceSpanInvalid`, :class:`PaperRepeated` when the same document
        waits or is accepted already, and what :func:`check_statement` raises.
        """
        if paper.valid_until is not None and paper.valid_until < paper.valid_from:
            raise LicenceSpanInvalid()
        if paper.kind is PaperKind.OWN_PRODUCE_STATEMENT:
            await check_statement(paper.valid_from, paper.valid_until)
        now = self.clock()
        number = public_number(now, "MP")
        async with transaction():
            merchant_id = await scalar("SELECT id FROM merchant WHERE number = $1", merchant)
            if merchant_id is None:
                raise MerchantUnknown()
            try:
                async with transaction():
                    created = await MerchantPaper.create(
                        number=number,
                        merchant_id=merchant_id,
                        kind=paper.kind,
                        document_number=paper.document_number,
                        issuer=paper.issuer,
                        subject=paper.subject,
                        valid_from=paper.valid_from,
                        valid_until=paper.valid_until,
                        picture=paper.picture,
                    )
            except IntegrityError:
                raise PaperRepeated(document_number=paper.document_number) from None
            if paper.picture is not None:
                await attach_pictures([paper.picture], by, "licence", f"paper:{number}", now)
            await PaperReview.create(paper_id=created.id, state=PaperState.SUBMITTED, reviewed_at=now, reviewed_by=by)
        return number

    async def accept(self, number: str, by: str) -> None:
        """Accept a paper; a licence or a self-statement becomes the one under which the merchant trades.

        Raises :class:`PaperUnknown`, :class:`PaperNotMovable`, :class:`SubMerchantTaken` when another merchant
        trades under this number.
        """
        async with transaction():
            paper = await self._move(number, PaperState.ACCEPTED, by, None)
            if paper["kind"] not in _LICENCES:
                return
            try:
                async with transaction():
                    await execute(
                        _TRADE_BY,
                        paper["merchant_id"],
                        paper["document_number"],
                        paper["valid_from"],
                        paper["valid_until"],
                        paper["kind"] == PaperKind.OWN_PRODUCE_STATEMENT,
                    )
            except IntegrityError:
                raise SubMerchantTaken() from None

    async def refuse(self, number: str, reason: str, by: str) -> None:
        """Refuse a paper, or take an acceptance back. Raises :class:`PaperUnknown`, :class:`PaperNotMovable`."""
        async with transaction():
            await self._move(number, PaperState.REFUSED, by, reason)

    async def expire(self) -> int:
        """Mark what has run out; answers how many. Whether a paper counts on a day never waits for this."""
        due = await rows(
            "SELECT number FROM merchant_paper WHERE state = 'accepted' AND valid_until < $1 ORDER BY id LIMIT 500",
            china_day(self.clock()),
        )
        moved = 0
        for each in due:
            try:
                async with transaction():
                    await self._move(each["number"], PaperState.EXPIRED, "clock", None)
            except PaperNotMovable:
                continue
            moved += 1
        return moved

    async def _move(self, number: str, to: PaperState, by: str, reason: str | None) -> dict[str, object]:
        """One step of the table with its review, inside the caller's transaction; answers the paper."""
        sources = [state.value for state, targets in PAPER_TRANSITIONS.items() if to in targets]
        moved = await rows(
            "UPDATE merchant_paper SET state = $2 WHERE number = $1 AND state = ANY($3)"
            " RETURNING id, merchant_id, kind, document_number, valid_from, valid_until",
            number,
            to.value,
            sources,
        )
        if not moved:
            found = await row("SELECT state FROM merchant_paper WHERE number = $1", number)
            if found is None:
                raise PaperUnknown()
            raise PaperNotMovable(state=found["state"], to=to.value)
        await PaperReview.create(
            paper_id=moved[0]["id"], state=to, reviewed_at=self.clock(), reviewed_by=by, reason=reason
        )
        return moved[0]


async def check_statement(valid_from: date, valid_until: date | None) -> None:
    """A self-statement holds no longer than the rule of its first day says before it must be checked again.

    Raises :class:`ExemptionRuleMissing`, :class:`StatementTooLong`. Source: domain reference 5.
    """
    days = await scalar(
        "SELECT recheck_days FROM exemption_rule WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1", valid_from
    )
    if days is None:
        raise ExemptionRuleMissing()
    if valid_until is None or (valid_until - valid_from).days >= days:
        raise StatementTooLong(days=days)
