"""A superior's yearly list is brought into the register: all of it or nothing, and the same file once.

A list enters households and people that are not there yet, and adds the year's record and income of all it names. It
ends nothing, moves nobody and decides no status: who is in the register and not on the list is counted and left alone,
and what contradicts the register is a problem that a person has to look at first.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.encryption import FieldCipher
from kit.models import Model
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from places.queries import village_paths
from poverty_alleviation.households import Identity, sealed_household
from poverty_alleviation.models import Household
from poverty_alleviation.register.comparison import Comparison, Findings, Placed, list_number_index
from poverty_alleviation.register.errors import ListInvalid, MemberRegistered
from poverty_alleviation.register.listed import (
    ListedHousehold,
    ListedMember,
    ListProblem,
    households_of,
    problems_of,
)
from poverty_alleviation.register.members import MemberDraft, is_minor_on, sealed_member
from poverty_alleviation.register.models import (
    HouseholdIncome,
    HouseholdMember,
    HouseholdYear,
    RegisterImport,
)
from poverty_alleviation.vault import household_rights

MAX_LISTED = 18_000
"""People in one list: more than the county's registered households have."""
MAX_PROBLEMS = 200
_BATCH = 500

ItemT = TypeVar("ItemT")

Layout = Literal["codes", "list"]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole list is: its layout, its year, the day from which its people belong together, and its paper."""

    layout: Layout
    year: int
    day: date
    document: str


class ListStage(StrEnum):
    """Where a file stands, and so what comes next.

    ``refused``: it has problems, nothing has changed; mend the file and send it again. ``checked``: a dry run found
    none, nothing has changed; send the same file without ``dry_run``. ``loaded``: all of it is in the register;
    nothing is left to do. ``loaded_before``: the same file was loaded at an earlier time, and nothing has changed.
    """

    REFUSED = "refused"
    CHECKED = "checked"
    LOADED = "loaded"
    LOADED_BEFORE = "loaded_before"


class ListReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. With a problem, and in a dry run, nothing has changed: ``stage`` says where the
    file stands.

    ``members_not_listed`` belong to a listed household in the register and are not on the list; they stay.
    """

    number: str | None
    dry_run: bool
    repeated: bool = False
    row_count: int
    households_entered: int = 0
    households_known: int = 0
    members_entered: int = 0
    members_known: int = 0
    members_of_age: int = 0
    members_not_listed: int = 0
    incomes: int = 0
    problem_count: int = 0
    problems: list[ListProblem] = []
    stage: ListStage = ListStage.LOADED

    def staged(self) -> "ListReport":
        """The same, with its stage as the rest of it says."""
        if self.problem_count:
            stage = ListStage.REFUSED
        elif self.repeated:
            stage = ListStage.LOADED_BEFORE
        else:
            stage = ListStage.CHECKED if self.dry_run else ListStage.LOADED
        return msgspec.structs.replace(self, stage=stage)


class ImportCard(msgspec.Struct, frozen=True, kw_only=True):
    """A list that was brought in."""

    number: str
    layout: str
    year: int
    document: str
    imported_by: str
    imported_at: datetime
    report: ListReport


class _Undone(Exception):
    def __init__(self, report: ListReport) -> None:
        super().__init__()
        self.report = report


@dataclass(frozen=True)
class RegisterImports:
    """Brings lists in. The poverty office alone does it."""

    cipher: FieldCipher
    clock: Clock = utc_now

    @household_rights()
    async def bring_in(
        self, listing: Listing, table: Sequence[ListedMember], file_hash: bytes, by: str, *, dry_run: bool
    ) -> ListReport:
        """Import a list, or only say what an import would do; a file that was imported before changes nothing.

        A dry run does everything and takes it back. Imports wait for each other. Raises :class:`ListInvalid`, and
        MemberRegistered when somebody on the list was entered by hand at the same moment.
        """
        today = china_day(self.clock())
        if listing.year > today.year or listing.day > today:
            raise ListInvalid(reason="year" if listing.year > today.year else "day")
        await execute("SELECT pg_advisory_xact_lock(hashtextextended('register_import', 0))")
        if (known := await _known_file(file_hash)) is not None:
            return msgspec.structs.replace(known, repeated=True, dry_run=dry_run).staged()
        try:
            async with transaction():
                report = await self._apply(listing, table, today, by, dry_run)
                if dry_run or report.problem_count:
                    raise _Undone(report)
                await RegisterImport.create(
                    number=report.number,
                    layout=listing.layout,
                    year=listing.year,
                    document=listing.document,
                    file_hash=file_hash,
                    report=msgspec.to_builtins(report),
                    imported_by=by,
                    imported_at=self.clock(),
                )
        except _Undone as undone:
            return undone.report
        except IntegrityError as error:
            if "no_overlap" not in str(error) and "household_id_number" not in str(error):
                raise
            raise MemberRegistered() from None
        return report

    async def _apply(
        self, listing: Listing, table: Sequence[ListedMember], today: date, by: str, dry_run: bool
    ) -> ListReport:
        findings = Findings()
        villages = {path.code for path in await village_paths()}
        listed = households_of(table)
        findings.problems += await asyncio.to_thread(problems_of, listed, listing.year, today, villages)
        if not findings.problems:
            await Comparison(self.cipher, listing.day, today).of(listed, findings)
        if not findings.problems:
            await self._write(listing, listed, findings, today, by)
        problems = sorted(findings.problems, key=lambda problem: problem.row)
        report = ListReport(
            number=None if dry_run or problems else public_number(self.clock(), "R"),
            dry_run=dry_run,
            row_count=len(table),
            problem_count=len(problems),
            problems=problems[:MAX_PROBLEMS],
        )
        return msgspec.structs.replace(report, **findings.counts).staged()

    async def _write(
        self, listing: Listing, listed: Sequence[ListedHousehold], findings: Findings, today: date, by: str
    ) -> None:
        recorded = {"document": listing.document, "recorded_by": by, "recorded_at": self.clock()}
        for some in _batches(findings.new):
            await _insert(Household, [self._household(each, findings.codes[each.number], by) for each in some])
        codes = list(findings.codes.values())
        found = await rows("SELECT code, id FROM household WHERE code = ANY($1::text[])", codes)
        ids = {each["code"]: each["id"] for each in found}
        await execute(
            "UPDATE household_member SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE code = ANY($1::text[])"
            " AND is_minor AND valid_until IS NULL",
            findings.of_age,
            listing.day,
            by,
            self.clock(),
        )
        for placed in _batches(findings.placed):
            of = {"valid_from": listing.day, **recorded}
            await _insert(
                HouseholdMember, [self._member(p, today) | {"household_id": ids[p.household]} | of for p in placed]
            )
        for some in _batches(listed):
            years, incomes = [], []
            for each in some:
                of = {"household_id": ids[findings.codes[each.number]], "year": listing.year, **recorded}
                years.append(self._year(each) | of)
                if each.said.income is not None:
                    incomes.append(msgspec.structs.asdict(each.said.income) | {"persons": len(each.members)} | of)
            await _insert(HouseholdYear, years)
            await _insert(HouseholdIncome, incomes)
            findings.counts["incomes"] += len(incomes)

    def _household(self, listed: ListedHousehold, code: str, by: str) -> dict[str, Any]:
        head, village = listed.head, str(listed.said.village)
        identity = Identity(name=head.name, id_number=head.id_number, phone=head.phone)
        sealed = sealed_household(self.cipher, code, identity)
        place = {"township": village[:9], "village": village}
        return sealed | place | {"entered_by": by, "entered_at": self.clock()}

    def _member(self, placed: Placed, today: date) -> dict[str, Any]:
        """The columns of a member; of a minor the year of birth alone, whatever the list says."""
        member, year = placed.member, placed.member.birth_year
        if is_minor_on(today, year, member.born):
            return sealed_member(self.cipher, placed.code, MemberDraft(birth_year=year), is_minor=True)
        said = {name: value for name in _OF_MEMBER if (value := getattr(member, name)) is not None}
        return sealed_member(self.cipher, placed.code, MemberDraft(birth_year=year, **said), is_minor=False)

    def _year(self, listed: ListedHousehold) -> dict[str, Any]:
        said = {name: getattr(listed.said, name) for name in _OF_YEAR}
        number = list_number_index(self.cipher, listed.number)
        return {**said, "persons": len(listed.members), "list_number_index": number}


_OF_MEMBER = (
    "name", "id_number", "phone", "relation", "sex", "ethnic_group", "education", "schooling", "skill", "health",
)  # fmt: skip
_OF_YEAR = ("attribute", "cause", "exit_mark", "monitored", "net_income_per_person_fen")


async def _insert(model: type[Model], records: Sequence[dict[str, Any]]) -> None:
    """Records of the same columns in one statement: an object for each row would take longer than sealing it."""
    if not records:
        return
    columns = {name: model._meta.fields_map[name] for name in records[0]}
    kinds = [column.get_for_dialect("postgres", "SQL_TYPE") for column in columns.values()]
    await execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT * FROM"
        f" unnest({', '.join(f'${at}::{kind}[]' for at, kind in enumerate(kinds, 1))})",
        *([each[name] for each in records] for name in columns),
    )


def _batches(of: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    """A few hundred at a time: sealing them holds up nobody for long."""
    for start in range(0, len(of), _BATCH):
        yield of[start : start + _BATCH]


async def _known_file(file_hash: bytes) -> ListReport | None:
    found = await row("SELECT report::text AS report FROM register_import WHERE file_hash = $1", file_hash)
    return msgspec.json.decode(found["report"], type=ListReport) if found else None


@household_rights()
async def register_imports(cursor: str | None, limit: int) -> tuple[list[ImportCard], str | None]:
    """The lists that were brought in, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT id, number, layout, year, document, imported_by, imported_at, report::text AS report"
        " FROM register_import"
        " WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    told = [each | {"report": msgspec.json.decode(each["report"])} for each in found[:limit]]
    return [msgspec.convert(each, ImportCard) for each in told], following
