"""The wire of ways to a recognition."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.products.schemas import LINE, Code, Document
from products.recognition.models import NoticeLevel, RecognitionState, RecognitionStep
from products.recognition.queries import CaseRecord, RuleRecord

Office = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]


class CasePaperInput(Input, kw_only=True):
    """The paper of a step; ``level`` for a notice alone: where it was posted."""

    title: Office
    document: Document
    dated: date
    picture: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{0,40}$(?!\n)")] = ""
    level: NoticeLevel | None = None


class ApplicationInput(Input, kw_only=True):
    """A product's merchant asks for its recognition; ``office`` is who asks, as on the paper."""

    product: Code
    office: Office
    paper: CasePaperInput


class ActInput(Input, kw_only=True):
    """What a case has come to, by which office and which papers: three for a notice, one for everything else."""

    state: RecognitionState
    office: Office
    papers: Annotated[list[CasePaperInput], msgspec.Meta(min_length=1, max_length=3)]
    reason: Annotated[str, msgspec.Meta(max_length=200, pattern=LINE)] = ""


class AddedPaperInput(CasePaperInput, kw_only=True):
    """One more paper of a step."""

    step: RecognitionStep


class RuleInput(Input, kw_only=True):
    """For how many days notices stand that are posted from a day on, and by which document."""

    notice_days: Annotated[int, msgspec.Meta(ge=1, le=60)]
    valid_from: date
    source_document: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE)]


class CasesQuery(Input):
    """Which cases."""

    state: RecognitionState | None = None
    product: Code | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class CaseView(View):
    """The number of a new case."""

    number: str


class CasesView(View):
    """A page of cases, newest first."""

    cases: list[CaseRecord]
    next_cursor: str | None


class RulesView(View):
    """The rules, later days first."""

    rules: list[RuleRecord]
