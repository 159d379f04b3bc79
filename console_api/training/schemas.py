"""The wire of training. Days are days in China, sales are fen, ``sha256`` is hexadecimal in small letters."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.funds.schemas import Document, Name, Number, PageQuery, Text
from county.training.figures import TrainingFigure
from county.training.models import (
    ClassForm,
    ClassKind,
    ClassPaperKind,
    ClassTrack,
    MilestoneKind,
    SyllabusStep,
)
from county.training.queries import (
    AttendanceCard,
    ClassCard,
    EmploymentCard,
    FollowUpCard,
    FollowUpDue,
    IncubateeCard,
    ShopCard,
)

Place = Annotated[str, msgspec.Meta(min_length=1, max_length=24, pattern=r"^[0-9A-Z]+$(?!\n)")]
Phone = Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
Step = Annotated[int, msgspec.Meta(ge=1, le=3)]
Order = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PLAIN)]


class ProjectPersonInput(Input):
    """Who somebody is; nothing of it but a masked name is ever shown again."""

    name: Name
    id_number: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    phone: Phone | None = None


class TrainingMade(View):
    """The number of what was entered."""

    number: str


class ClassInput(Input):
    """A class: ``division`` is where, by code; ``site`` of the project's and ``fund_line`` if there is one."""

    title: Document
    kind: ClassKind
    track: ClassTrack
    form: ClassForm
    steps: Annotated[list[SyllabusStep], msgspec.Meta(max_length=4)]
    division: Place
    begins_on: date
    ends_on: date
    hours: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    trainer: Name
    planned_persons: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    site: Place | None = None
    fund_line: Number | None = None


class ClassesQuery(PageQuery):
    """Which classes, and which page."""

    kind: ClassKind | None = None
    track: ClassTrack | None = None


class ClassesView(View):
    """A page of classes, the last entered first."""

    classes: list[ClassCard]
    next_cursor: str | None


class ClassPaperInput(Input):
    """A paper of the archive by its name and the SHA-256 of its file."""

    kind: ClassPaperKind
    name: Document
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class ClassPaperQuery(Input):
    """What a paper of the archive is, and its name."""

    kind: ClassPaperKind
    name: Document


class ClassPaperTaken(View):
    """The number under which the file is kept."""

    number: str


class ClassPaperLook(Input):
    """The paper or case that asks for the look; it goes on record."""

    document: Document


class AttendanceInput(ProjectPersonInput):
    """Who came, and what the questionnaire says; without an answer it may be sent again later with one."""

    is_satisfied: bool | None = None


class AttendancesInput(Input):
    """A sheet of people who came."""

    attendances: Annotated[list[AttendanceInput], msgspec.Meta(min_length=1, max_length=200)]


class AttendancesQuery(PageQuery):
    """Of which class or kind of classes, and which page."""

    training_class: Number | None = None
    kind: ClassKind | None = None


class AttendancesView(View):
    """A page of person-times, the last entered first."""

    attendances: list[AttendanceCard]
    next_cursor: str | None


class TrainingFollowUpInput(Input):
    """What somebody says at a step: 1, 2 or 3."""

    attendance: Number
    step: Step
    done_on: date
    has_shop: bool
    has_sold: bool
    has_job: bool
    monthly_sales_fen: Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None = None


class FollowUpsInput(Input):
    """A list of follow-ups."""

    follow_ups: Annotated[list[TrainingFollowUpInput], msgspec.Meta(min_length=1, max_length=500)]


class FollowUpsQuery(PageQuery):
    """Of which step, and which page."""

    step: Step | None = None


class FollowUpsView(View):
    """A page of follow-ups, the last entered first."""

    follow_ups: list[FollowUpCard]
    next_cursor: str | None


class FollowUpsDueQuery(PageQuery):
    """Of which step, and which page."""

    step: Step = 1


class FollowUpsDueView(View):
    """A page of attendances that nobody has asked after yet."""

    due: list[FollowUpDue]
    next_cursor: str | None


class IncubateeInput(Input):
    """Who is incubated, with what in mind, by which paper."""

    person: ProjectPersonInput
    plan: Text
    document: Document


class IncubateesView(View):
    """A page of incubatees, the last entered first."""

    incubatees: list[IncubateeCard]
    next_cursor: str | None


class MilestoneInput(Input):
    """What was reached when, by which paper."""

    kind: MilestoneKind
    reached_on: date
    document: Document


class ShopInput(Input):
    """Whose shop, on which platform, at which address, open since when."""

    person: ProjectPersonInput
    platform: Name
    name: Name
    web_address: Annotated[str, msgspec.Meta(min_length=9, max_length=200, pattern=r"^https?://[!-~]+$(?!\n)")]
    opened_on: date


class ShopProofInput(Input):
    """The platform's number of the first paid order, and when it was paid."""

    order: Order
    paid_on: date


class ShopsView(View):
    """A page of shops, the last entered first."""

    shops: list[ShopCard]
    next_cursor: str | None


class EmploymentInput(Input):
    """Who works where as what, since when, by which paper."""

    person: ProjectPersonInput
    site: Place
    post: Name
    document: Document
    valid_from: date


class EmploymentEndInput(Input):
    """The first day on which the person works there no more."""

    valid_until: date


class EmploymentsQuery(PageQuery):
    """Of which day and site, and which page."""

    day: date | None = None
    site: Place | None = None


class EmploymentsView(View):
    """A page of posts, the last entered first."""

    employments: list[EmploymentCard]
    next_cursor: str | None


class PersonCorrectionInput(Input):
    """A name and a phone as they are right."""

    name: Name
    phone: Phone | None = None


class TrainingFiguresView(View):
    """The counted targets."""

    figures: list[TrainingFigure]
