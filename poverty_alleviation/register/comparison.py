"""A list beside the register: who is there already, who is new, and what contradicts it.

Everything is read in a few statements, whatever the length of the list.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kit.database import rows
from kit.encryption import FieldCipher
from kit.numbers import opaque_id
from poverty_alleviation.households import person_index
from poverty_alleviation.register.listed import ListedHousehold, ListedMember, ListProblem
from poverty_alleviation.register.members import is_minor_on

OLDEST_OF_AGE = 20
"""Up to this age somebody new may be whom the register knew as a minor with that year of birth."""


@dataclass(frozen=True)
class Placed:
    """Somebody on the list who gets a row: in which household, under which code of a member."""

    member: ListedMember
    household: str
    code: str


@dataclass
class Findings:
    """What a list comes to. ``codes`` has the register's code of each household number of the list."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    problems: list[ListProblem] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    new: list[ListedHousehold] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    of_age: list[str] = field(default_factory=list)

    def note(self, member: ListedMember, column: str, detail: str) -> None:
        """Note what is wrong with a row."""
        self.problems.append(ListProblem(member.row, column, detail))


@dataclass
class _Known:
    """What the register has of a listed household; whoever is matched is taken out of ``papers`` and ``minors``.

    ``unproven`` counts adults whose paper is not on record: nobody can say whether they are on the list.
    """

    code: str
    village: str
    heads: set[bytes]
    papers: set[bytes] = field(default_factory=set)
    minors: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    unproven: int = 0


def list_number_index(cipher: FieldCipher, number: str) -> bytes:
    """By which a household is found under the number that superiors' lists give it."""
    return cipher.blind_index("household_year|list_number", number)


@dataclass(frozen=True)
class Comparison:
    """Compares a list that is sound in itself; ``day`` is its day, ``today`` decides who is a minor."""

    cipher: FieldCipher
    day: date
    today: date

    async def of(self, listed: Sequence[ListedHousehold], findings: Findings) -> None:
        """Find every household and person of the list in the register, holding the households' rows."""
        person = {m.person: person_index(self.cipher, m.person) for each in listed for m in each.members}
        numbers = {each.number: list_number_index(self.cipher, each.number) for each in listed}
        belonging = await _belonging(person.values(), self.day)
        heading = await _heading(person.values())
        numbered = await _numbered(numbers.values())
        places = {each.number: (numbered.get(numbers[each.number]), heading.get(person[each.head.person]))
                  for each in listed}  # fmt: skip
        known = await _held({place for pair in places.values() for place in pair if place is not None}, self.day)
        taken: set[int] = set()
        for household in listed:
            by_number, by_head = places[household.number]
            place = by_head if by_number is None else by_number
            if by_head not in (None, place):
                findings.note(household.members[0], "household_number", "户编号与户主在册于不同的户")
            elif place in taken:
                findings.note(household.members[0], "household_number", "与名册中的另一户在册为同一户")
            elif place is not None:
                taken.add(place)
                self._match(household, known[place], person, findings)
            else:
                _enter(household, findings)
            for member in household.members:
                index = person[member.person]
                if (belonging[index] | {heading.get(index, place)}) - {place}:
                    findings.note(member, "id_number", "该成员属于在册的另一户，请先办理转户")

    def _match(
        self, household: ListedHousehold, known: _Known, person: Mapping[str, bytes], findings: Findings
    ) -> None:
        findings.codes[household.number] = known.code
        findings.counts["households_known"] += 1
        if household.said.village != known.village:
            findings.note(household.members[0], "village", "与在册的行政村不同")
        if known.heads and person[household.head.person] not in known.heads:
            findings.note(household.head, "relation", "与在册户主不同，请先办理户主变更")
        for member in household.members:
            self._match_member(member, known, person[member.person], findings)
        left = len(known.papers) + known.unproven + sum(map(len, known.minors.values()))
        findings.counts["members_not_listed"] += left

    def _match_member(self, member: ListedMember, known: _Known, index: bytes, findings: Findings) -> None:
        year = member.birth_year
        is_minor = is_minor_on(self.today, year, member.born)
        if index in known.papers:
            known.papers.remove(index)
            findings.counts["members_known"] += 1
        elif known.minors[year] and is_minor:
            known.minors[year].pop()
            findings.counts["members_known"] += 1
        elif known.minors[year] and self.today.year - year <= OLDEST_OF_AGE:
            before = known.minors[year].pop()
            if before["valid_from"] >= self.day:
                findings.note(member, "birthday", "该成员自该日起以未成年人在册")
            findings.of_age.append(before["code"])
            findings.placed.append(Placed(member, known.code, before["code"]))
            findings.counts["members_of_age"] += 1
        elif known.unproven and not is_minor:
            findings.note(member, "id_number", "该户有未登记证件号码的在册成员，请先补登")
        else:
            findings.placed.append(Placed(member, known.code, opaque_id()))
            findings.counts["members_entered"] += 1


def _enter(household: ListedHousehold, findings: Findings) -> None:
    code = findings.codes[household.number] = opaque_id()
    findings.new.append(household)
    findings.placed += [Placed(member, code, opaque_id()) for member in household.members]
    findings.counts["households_entered"] += 1
    findings.counts["members_entered"] += len(household.members)


async def _belonging(indexes: Iterable[bytes], day: date) -> dict[bytes, set[int]]:
    """Households to which people with these papers belong on the day or later, by the papers' indexes."""
    found = await rows(
        "SELECT id_number_index, household_id FROM household_member WHERE id_number_index = ANY($1::bytea[])"
        " AND daterange(valid_from, valid_until) && daterange($2, NULL)",
        list(indexes),
        day,
    )
    belonging = defaultdict[bytes, set[int]](set)
    for each in found:
        belonging[bytes(each["id_number_index"])].add(each["household_id"])
    return belonging


async def _heading(indexes: Iterable[bytes]) -> dict[bytes, int]:
    """The households that are entered under people with these papers."""
    found = await rows(
        "SELECT id_number_index, id FROM household WHERE id_number_index = ANY($1::bytea[]) AND merged_on IS NULL",
        list(indexes),
    )
    return {bytes(each["id_number_index"]): each["id"] for each in found}


async def _numbered(indexes: Iterable[bytes]) -> dict[bytes, int]:
    """The households that lists have called so, the newest record saying which."""
    found = await rows(
        "SELECT DISTINCT ON (y.list_number_index) y.list_number_index, y.household_id FROM household_year y"
        " JOIN household h ON h.id = y.household_id AND h.merged_on IS NULL"
        " WHERE y.list_number_index = ANY($1::bytea[]) ORDER BY y.list_number_index, y.id DESC",
        list(indexes),
    )
    return {bytes(each["list_number_index"]): each["household_id"] for each in found}


async def _held(ids: set[int], day: date) -> dict[int, _Known]:
    """The households with whoever belongs to them on the day or later; their rows are locked in the order of ids."""
    held = await rows(
        "SELECT id, code, village, id_number_index FROM household WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE",
        sorted(ids),
    )
    known = {
        each["id"]: _Known(
            each["code"], each["village"], {bytes(each["id_number_index"])} if each["id_number_index"] else set()
        )
        for each in held
    }
    members = await rows(
        "SELECT household_id, code, is_minor, birth_year, relation, id_number_index, valid_from FROM household_member"
        " WHERE household_id = ANY($1::bigint[]) AND daterange(valid_from, valid_until) && daterange($2, NULL)"
        " ORDER BY id",
        sorted(ids),
        day,
    )
    for member in members:
        of = known[member["household_id"]]
        if member["is_minor"]:
            of.minors[member["birth_year"]].append(member)
        elif member["id_number_index"] is None:
            of.unproven += 1
        else:
            of.papers.add(bytes(member["id_number_index"]))
            if member["relation"] == "head":
                of.heads.add(bytes(member["id_number_index"]))
    return known
