"""A superior's list as rows, and what can be wrong with it before anybody looks into the register.

A row is a person. What a row says of its household must be the same in every row of that household, or left empty.
No problem quotes what a cell says.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from poverty_alleviation.identity_numbers import person_of
from poverty_alleviation.register.incomes import IncomeFigures, income_faults
from poverty_alleviation.register.members import birthday_of, is_minor_on
from poverty_alleviation.register.models import Relation, Sex

OF_HOUSEHOLD = (
    "village", "year", "persons", "attribute", "cause", "exit_mark", "monitored", "net_income_per_person_fen",
    "head_name", "head_id_number", "income",
)  # fmt: skip


class ListedMember(msgspec.Struct, frozen=True, kw_only=True):
    """One row; ``row`` is what the spreadsheet program shows. Numbers are as they are kept, codes those of labels.

    ``village`` is a division code, or empty where the names of a list lead to none.
    """

    row: int
    household_number: str
    name: str
    id_number: str
    relation: Relation
    village: str | None = None
    year: int | None = None
    persons: int | None = None
    attribute: str | None = None
    cause: str | None = None
    exit_mark: str | None = None
    monitored: str | None = None
    net_income_per_person_fen: int | None = None
    head_name: str | None = None
    head_id_number: str | None = None
    income: IncomeFigures | None = None
    birthday: date | None = None
    sex: Sex | None = None
    ethnic_group: str | None = None
    education: str | None = None
    schooling: str | None = None
    skill: str | None = None
    health: str | None = None
    phone: str | None = None

    @property
    def person(self) -> str:
        """What is the same in all papers of this person."""
        return person_of(self.id_number)

    @property
    def born(self) -> date | None:
        """The birthday, as the paper says or the row."""
        return birthday_of(self.id_number) or self.birthday

    @property
    def birth_year(self) -> int:
        """The year of birth; of a row without a problem it is always known."""
        if self.born is None:
            raise ValueError("nobody says when this person was born")
        return self.born.year


class ListedHousehold(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one household: ``said`` has what they say of it, the first row that says it first."""

    number: str
    members: list[ListedMember]
    said: ListedMember

    @property
    def head(self) -> ListedMember:
        """The row of the head; there is exactly one in a household without a problem."""
        return next(member for member in self.members if member.relation is Relation.HEAD)


class ListProblem(msgspec.Struct, frozen=True):
    """What is wrong at one place; ``column`` is empty when it is the whole row."""

    row: int
    column: str
    detail: str


def households_of(table: Sequence[ListedMember]) -> list[ListedHousehold]:
    """The rows by household, in the order of the first rows."""
    by_number: dict[str, list[ListedMember]] = {}
    for member in table:
        by_number.setdefault(member.household_number, []).append(member)
    listed = []
    for number, members in by_number.items():
        told: dict[str, object] = {}
        for name in OF_HOUSEHOLD:
            told[name] = next((value for m in members if (value := getattr(m, name)) is not None), None)
        listed.append(ListedHousehold(number=number, members=members, said=msgspec.structs.replace(members[0], **told)))
    return listed


def problems_of(households: Sequence[ListedHousehold], year: int, today: date, known: set[str]) -> list[ListProblem]:
    """What is wrong with a list in itself; ``known`` has the codes of all villages."""
    found: list[ListProblem] = []
    persons = Counter(member.person for each in households for member in each.members)
    for household in households:
        found += _of_household(household, year, known)
        for member in household.members:
            found += _of_member(member, today)
            if persons[member.person] > 1:
                found.append(ListProblem(member.row, "id_number", "同一人在名册中出现多次"))
    return found


def _of_household(household: ListedHousehold, year: int, known: set[str]) -> Iterator[ListProblem]:
    said, first = household.said, household.members[0].row
    for member in household.members:
        for name in OF_HOUSEHOLD:
            value = getattr(member, name)
            if value is not None and value != getattr(said, name):
                yield ListProblem(member.row, name, "与同一户的其他行不一致")
    if said.year is not None and said.year != year:
        yield ListProblem(first, "year", "与导入的年度不符")
    if said.village not in known:
        yield ListProblem(first, "village", "行政村未登记")
    if said.persons is not None and said.persons != len(household.members):
        yield ListProblem(first, "persons", "与该户的行数不符")
    heads = [member for member in household.members if member.relation is Relation.HEAD]
    if len(heads) != 1:
        yield ListProblem(first, "relation", "每户应有且只有一名户主")
    elif said.head_name not in (None, heads[0].name):
        yield ListProblem(heads[0].row, "head_name", "与户主所在行不符")
    elif said.head_id_number is not None and person_of(said.head_id_number) != heads[0].person:
        yield ListProblem(heads[0].row, "head_id_number", "与户主所在行不符")
    if said.income is not None:
        for name in income_faults(said.income, len(household.members)):
            yield ListProblem(first, name, "与其他各项不符")


def _of_member(member: ListedMember, today: date) -> Iterator[ListProblem]:
    by_paper, born = birthday_of(member.id_number), member.born
    if born is None:
        yield ListProblem(member.row, "id_number", "该证件号码不含出生日期，请改填身份证号码或出生日期")
        return
    if by_paper is not None and member.birthday not in (None, by_paper):
        yield ListProblem(member.row, "birthday", "与证件号码不符")
    if not today.year - 130 < born.year or born > today:
        yield ListProblem(member.row, "birthday", "出生日期不合理")
    elif member.relation is Relation.HEAD and is_minor_on(today, born.year, born):
        yield ListProblem(member.row, "relation", "户主须年满 18 周岁")
