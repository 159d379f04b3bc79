"""The wire of the register."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from poverty_alleviation.register.accounts import AccountCard
from poverty_alleviation.register.incomes import IncomeCard, ItemRule
from poverty_alleviation.register.labels import Label
from poverty_alleviation.register.members import MemberCard
from poverty_alleviation.register.models import IncomeItem, LabelKind, Relation, Sex
from poverty_alleviation.register.years import YearCard

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=PLAIN)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Document = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]
Digits = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
LabelCode = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[a-z0-9_]+$(?!\n)")]
Fen = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
SignedFen = Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]
Year = Annotated[int, msgspec.Meta(ge=2000, le=2100)]


class MemberInput(Input):
    """A person from a day on. Of a minor ``birth_year`` alone; an adult needs a name and a relation to the head."""

    valid_from: date
    document: Document
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100)] | None = None
    name: Text | None = None
    id_number: Digits | None = None
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")] | None = None
    relation: Relation | None = None
    sex: Sex | None = None
    ethnic_group: Word | None = None
    education: Word | None = None
    schooling: Word | None = None
    skill: Word | None = None
    health: Text | None = None


class MemberEntered(View):
    """The code alone: the answer is kept under its Idempotency-Key, outside the register."""

    code: str


class MembersView(View):
    """Everybody who belongs or belonged to a household, masked."""

    members: list[MemberCard]


class MoveInput(Input):
    """To which household from which day on, or what else to the head of the own one; none for a minor."""

    household: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    valid_from: date
    document: Document
    relation: Relation | None = None


class EndInput(Input):
    """The first day on which it no longer holds."""

    valid_until: date


class AccountInput(Input):
    """An account of a member, or of a relative who is none, from a day on."""

    bank: Text
    number: Digits
    holder_relation: Relation
    valid_from: date
    document: Document
    member: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Z0-9]+$(?!\n)")] | None = None
    holder_name: Text | None = None


class AccountEntered(View):
    """The code alone: the answer is kept under its Idempotency-Key, outside the register."""

    code: str


class AccountsView(View):
    """The accounts that a household has or had, masked."""

    accounts: list[AccountCard]


class AccountNumberView(View):
    """An account's digits."""

    code: str
    number: str


class YearInput(Input):
    """The record of a year; the codes are those of labels."""

    year: Year
    persons: Annotated[int, msgspec.Meta(ge=1, le=60)]
    document: Document
    attribute: LabelCode | None = None
    cause: LabelCode | None = None
    exit_mark: LabelCode | None = None
    monitored: LabelCode | None = None
    net_income_per_person_fen: SignedFen | None = None


class YearsView(View):
    """A household's years, newest first; ``holds`` marks the record of each year that holds."""

    years: list[YearCard]


class IncomeInput(Input):
    """A year's income (AC07), in fen. The six parts of the transfers are all told or left out."""

    year: Year
    persons: Annotated[int, msgspec.Meta(ge=1, le=60)]
    document: Document
    wage_fen: Fen
    production_fen: Fen
    property_fen: Fen
    transfer_fen: Fen
    total_fen: Fen
    production_cost_fen: Fen
    net_fen: SignedFen
    net_per_person_fen: SignedFen
    family_planning_fen: Fen | None = None
    low_income_allowance_fen: Fen | None = None
    destitute_support_fen: Fen | None = None
    pension_fen: Fen | None = None
    ecological_fen: Fen | None = None
    other_transfer_fen: Fen | None = None


class IncomesView(View):
    """A household's incomes, newest year first; ``holds`` marks the record of each year that holds."""

    incomes: list[IncomeCard]


class ItemRuleInput(Input):
    """Whether an item counts as income in a year; ``source`` is the document that says so."""

    item: IncomeItem
    year: Year
    counted: bool
    source: Document


class ItemRulesView(View):
    """The rules that hold, newest year first; what has none counts."""

    rules: list[ItemRule]


class LabelInput(Input):
    """A word for a code from a day on; ``source`` is the document or the list that uses it."""

    kind: LabelKind
    code: LabelCode
    zh: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
    valid_from: date
    source: Document
    valid_until: date | None = None


class LabelsQuery(Input):
    """On which day; today in China when none is given."""

    day: date | None = None


class LabelsView(View):
    """The words of a day; of one code the first is the one to show."""

    labels: list[Label]
