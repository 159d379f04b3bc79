"""The way of a product to its recognition: application, reviews, decision, notice and recommendation.

Every step names the office that took it and its paper, and stands with the account that put it on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from tortoise.exceptions import IntegrityError

from content.attaching import attach_pictures
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.numbers import public_number
from merchants.licences import LicenceKind
from merchants.models import MerchantState
from products.errors import ProductUnknown
from products.recognition.errors import (
    NoMarketEntity,
    NoticePapersInvalid,
    NoticeRuleMissing,
    NoticeStands,
    PaperDatedWrong,
    ReasonMissing,
    RecognitionCaseUnknown,
    RecognitionNotMovable,
    RecognitionSecondPerson,
    RecognitionUnderWay,
)
from products.recognition.models import (
    RECOGNITION_TRANSITIONS,
    NoticeLevel,
    RecognitionAct,
    RecognitionCase,
    RecognitionPaper,
    RecognitionRule,
    RecognitionState,
    RecognitionStep,
)

_S, _STEP = RecognitionState, RecognitionStep
STEP_OF = {
    _S.APPLIED: _STEP.APPLICATION,
    _S.TOWNSHIP_REVIEWED: _STEP.TOWNSHIP_REVIEW,
    _S.INDUSTRY_REVIEWED: _STEP.INDUSTRY_REVIEW,
    _S.COUNTY_DECIDED: _STEP.COUNTY_DECISION,
    _S.ON_NOTICE: _STEP.PUBLIC_NOTICE,
    _S.OBJECTED: _STEP.PUBLIC_NOTICE,
    _S.NOTICED: _STEP.PUBLIC_NOTICE,
    _S.RECOMMENDED: _STEP.RECOMMENDATION,
}
"""Of which step a paper is that leads to a state; one that refuses is of the step that was due."""
_WITH_REASON = (_S.REFUSED, _S.WITHDRAWN, _S.OBJECTED)


class CasePaper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper of a step; ``picture`` is a picture's number, ``level`` where a notice was posted."""

    title: str
    document: str
    dated: date
    picture: str = ""
    level: NoticeLevel | None = None


@dataclass(frozen=True)
class Recognitions:
    """The use cases. ``by`` is the caller held to it, ``office`` who took the step by the paper."""

    clock: Clock = utc_now

    async def set_rule(self, notice_days: int, valid_from: date, source_document: str, by: str) -> None:
        """For how many days notices stand that are posted from a day on."""
        await RecognitionRule.create(
            valid_from=valid_from,
            notice_days=notice_days,
            source_document=source_document,
            recorded_at=self.clock(),
            recorded_by=by,
        )

    async def apply(self, merchant: str | None, product: str, office: str, paper: CasePaper, by: str) -> str:
        """The product's merchant asks for its recognition; answers the case's number.

        ``merchant`` limits it to an own product. Households and farmers without a licence cannot ask (domain reference
        2.4). Raises :class:`ProductUnknown`, :class:`NoMarketEntity`, :class:`RecognitionUnderWay`,
        :class:`NoticePapersInvalid`, :class:`PaperDatedWrong` and PictureNotUsable.
        """
        today = china_day(self.clock())
        found = await row(
            "SELECT p.id, m.state, m.licence_kind, m.licence_until FROM product p"
            " JOIN merchant m ON m.id = p.merchant_id WHERE p.code = $1 AND ($2::text IS NULL OR m.number = $2)",
            product,
            merchant,
        )
        if found is None:
            raise ProductUnknown()
        if (
            found["state"] != MerchantState.APPROVED
            or found["licence_kind"] == LicenceKind.NATURAL_PERSON
            or (found["licence_until"] or today) < today
        ):
            raise NoMarketEntity()
        self._check_day(paper, date.min)
        try:
            async with transaction():
                case = await RecognitionCase.create(
                    number=public_number(self.clock(), "RC"),
                    product_id=found["id"],
                    state=_S.APPLIED,
                    stands_since=paper.dated,
                )
                await self._record(case.id, _S.APPLIED, _STEP.APPLICATION, office, "", [paper], by)
        except IntegrityError:
            raise RecognitionUnderWay() from None
        return case.number

    async def act(
        self, number: str, to: RecognitionState, office: str, papers: Sequence[CasePaper], by: str, reason: str = ""
    ) -> None:
        """Put on record what a case has come to, with its paper; a notice has one for each level.

        The county's decision takes another account than the reviews before it. A notice ends after its last day.
        Raises :class:`RecognitionCaseUnknown`, :class:`RecognitionNotMovable`, :class:`ReasonMissing`,
        :class:`NoticePapersInvalid`, :class:`PaperDatedWrong`, :class:`RecognitionSecondPerson`,
        :class:`NoticeRuleMissing`, :class:`NoticeStands` and PictureNotUsable.
        """
        if to in _WITH_REASON and not reason:
            raise ReasonMissing()
        async with transaction():
            case = await _held(number)
            state = RecognitionState(case["state"])
            if to not in RECOGNITION_TRANSITIONS[state]:
                raise RecognitionNotMovable(state=state, to=to)
            _check_levels(to, papers)
            for paper in papers:
                self._check_day(paper, case["stands_since"])
            if to is _S.COUNTY_DECIDED and await _reviewed_by(case["id"], by):
                raise RecognitionSecondPerson()
            dated = max(paper.dated for paper in papers)
            until = case["notice_until"]
            if to is _S.ON_NOTICE:
                until = dated + timedelta(days=await _notice_days(dated) - 1)
            elif to is _S.NOTICED and dated <= until:
                raise NoticeStands(until=until)
            elif to is _S.COUNTY_DECIDED:
                until = None
            await execute(
                "UPDATE recognition_case SET state = $2, stands_since = $3, notice_until = $4 WHERE id = $1",
                case["id"],
                str(to),
                dated,
                until,
            )
            await self._record(case["id"], to, STEP_OF.get(to, _due(state)), office, reason, papers, by)

    async def add_paper(self, number: str, step: RecognitionStep, paper: CasePaper, by: str) -> None:
        """Put one more paper into a case's dossier.

        Raises :class:`RecognitionCaseUnknown`, :class:`NoticePapersInvalid` for a level but in a notice, and
        PictureNotUsable.
        """
        async with transaction():
            case = await _held(number)
            await self._keep(case["id"], step, [paper], by)

    def _check_day(self, paper: CasePaper, earliest: date) -> None:
        if not earliest <= paper.dated <= china_day(self.clock()):
            raise PaperDatedWrong(dated=paper.dated)

    async def _record(
        self,
        case: int,
        to: RecognitionState,
        step: RecognitionStep,
        office: str,
        reason: str,
        papers: Sequence[CasePaper],
        by: str,
    ) -> None:
        await RecognitionAct.create(
            case_id=case, state=to, office=office, reason=reason, recorded_at=self.clock(), recorded_by=by
        )
        await self._keep(case, step, papers, by)

    async def _keep(self, case: int, step: RecognitionStep, papers: Sequence[CasePaper], by: str) -> None:
        now = self.clock()
        for paper in papers:
            if paper.level is not None and step is not _STEP.PUBLIC_NOTICE:
                raise NoticePapersInvalid()
            kept = await RecognitionPaper.create(
                case_id=case, step=step, added_at=now, added_by=by, **msgspec.structs.asdict(paper)
            )
            if paper.picture:
                await attach_pictures([paper.picture], by, "licence", f"recognition_paper:{kept.id}", now)


def _due(state: RecognitionState) -> RecognitionStep:
    """The step that was due when a case was refused or withdrawn."""
    if state in (_S.ON_NOTICE, _S.OBJECTED):
        return _STEP.PUBLIC_NOTICE
    steps = list(RecognitionStep)
    return steps[steps.index(STEP_OF[state]) + 1]


def _check_levels(to: RecognitionState, papers: Sequence[CasePaper]) -> None:
    """A notice is posted at every level; everything else has one paper, of none."""
    wanted: list[NoticeLevel | None] = [*NoticeLevel] if to is _S.ON_NOTICE else [None]
    if sorted(str(paper.level) for paper in papers) != sorted(map(str, wanted)):
        raise NoticePapersInvalid()


async def _held(number: str) -> Row:
    found = await row(
        "SELECT id, state, stands_since, notice_until FROM recognition_case WHERE number = $1 FOR UPDATE", number
    )
    if found is None:
        raise RecognitionCaseUnknown()
    return found


async def _reviewed_by(case: int, by: str) -> bool:
    return bool(
        await scalar(
            "SELECT 1 FROM recognition_act WHERE case_id = $1 AND recorded_by = $2"
            " AND state IN ('applied', 'township_reviewed', 'industry_reviewed') LIMIT 1",
            case,
            by,
        )
    )


async def _notice_days(day: date) -> int:
    found = await scalar(
        "SELECT notice_days FROM recognition_rule WHERE valid_from <= $1 ORDER BY valid_from DESC, id DESC LIMIT 1", day
    )
    if found is None:
        raise NoticeRuleMissing()
    return int(found)
