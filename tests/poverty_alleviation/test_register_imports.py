"""Superiors' lists come in whole or not at all, and no refusal says what a cell held."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from accounts.roles import Role
from kit.database import rows, scalar
from poverty_alleviation.households import Identity
from poverty_alleviation.register.incomes import IncomeFigures, Incomes, ItemRule, incomes
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import IncomeItem, Relation
from poverty_alleviation.vault import household_rights
from tests.doors.good_requests import form_with_file
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.lists import coded, family, paper, person, text, workbook
from tests.poverty_alleviation.test_doors import Console, console
from tests.poverty_alleviation.test_register import SINCE, members
from tests.products.shelf import TOWNSHIP, VILLAGE

__all__ = ["console"]

QUERY = {"layout": "list", "year": "2025", "day": "2025-12-31", "document": "示例名册 1 号"}
Table = list[dict[str, Any]]


@pytest_asyncio.fixture
async def office(console: Console) -> Console:
    await RegisterLabels().enter_usual(OFFICER)
    return console


async def send(office: Console, raw: bytes, **query: str) -> httpx.Response:
    office.keys += 1
    form = form_with_file(raw, "text/csv")
    headers = {
        **form.headers,
        "authorization": f"Bearer {office.tokens[Role.POVERTY_OFFICER]}",
        "idempotency-key": f"list-{office.keys}",
    }
    path = "/v1/console/poverty/register-imports"
    return await office.http.post(path, content=form.body, headers=headers, params=QUERY | query, timeout=60)


async def bring_in(office: Console, table: Table, **query: str) -> dict[str, Any]:
    layout = query.get("layout", "list")
    answer = await send(office, text(layout, table), **query)
    assert answer.status_code == 201, answer.text
    report: dict[str, Any] = answer.json()
    return report


@household_rights()
async def state() -> dict[str, int]:
    """How many rows the register has."""
    tables = ("household", "household_member", "household_year", "household_income", "register_import")
    return {table: await scalar(f"SELECT count(*) FROM {table}") for table in tables}


@household_rights()
async def stored(sql: str, *values: object) -> list[dict[str, Any]]:
    return await rows(sql, *values)


async def test_a_list_is_tried_brought_in_once_and_never_again(office: Console) -> None:
    before, table = await state(), family(1) + family(2)
    tried = await bring_in(office, table, dry_run="true")
    assert (tried["number"], tried["problems"], tried["households_entered"], tried["members_entered"]) == (
        None,
        [],
        2,
        6,
    )
    assert await state() == before
    done = await bring_in(office, table)
    assert done | {"number": None, "dry_run": True, "stage": "checked"} == tried
    assert done["stage"] == "loaded"
    after = await state()
    assert after == before | {
        "household": before["household"] + 2, "household_member": 6, "household_year": 2, "register_import": 1
    }  # fmt: skip
    again = await bring_in(office, table)
    assert again == done | {"repeated": True, "stage": "loaded_before"}
    assert (await bring_in(office, table, dry_run="true"))["stage"] == "loaded_before"
    assert await state() == after
    listed = (await office.ask(Role.AUDITOR, "GET", "/poverty/register-imports")).json()["imports"]
    assert [(each["number"], each["year"], each["report"]["row_count"]) for each in listed] == [
        (done["number"], 2025, 6)
    ]


async def test_a_member_is_sealed_and_of_a_minor_the_year_alone_is_kept(office: Console, county: County) -> None:
    await bring_in(office, family(1, 监测对象类型="边缘易致贫户", 风险是否消除="否", 风险识别时间="2024/5/1"))
    code = await county.registry.of_id_number(paper(1))
    assert code is not None
    head, son, minor = await members(county).cards(code)
    assert (head.name_masked, head.phone_masked, head.relation, head.ethnic_group) == (
        "示****", "100****0077", "head", "景颇族"
    )  # fmt: skip
    assert (son.relation, minor.is_minor, minor.birth_year, minor.name_masked, minor.ethnic_group) == (
        "child", True, 2018, None, ""
    )  # fmt: skip
    (year,) = await stored("SELECT y.* FROM household_year y")
    assert (year["persons"], year["exit_mark"], year["monitored"], year["net_income_per_person_fen"]) == (
        3, "exited", "marginal", 300_000
    )  # fmt: skip
    (kept,) = await stored("SELECT report::text AS report FROM register_import")
    claims = await rows("SELECT convert_from(answer, 'UTF8') AS answer FROM idempotency_claim WHERE answer IS NOT NULL")
    for told in (kept["report"], *(claim["answer"] for claim in claims)):
        assert not any(word in told for word in ("示例户主", paper(1), "10000000077", "5331000"))


async def test_next_years_list_adds_a_year_and_whoever_is_new_and_ends_nobody(office: Console, county: County) -> None:
    first = family(1)
    first.append(person("533100000001", "示例少年", paper(1, "20071231"), "之孙子"))
    for each in first:
        each["人数"] = 4
    county.now, now = datetime(2025, 1, 10, tzinfo=UTC), county.now
    assert (await bring_in(office, first, year="2024", day="2024-12-31"))["problems"] == []
    county.now = now
    young = await stored("SELECT code FROM household_member WHERE birth_year = 2007")
    second = [*first[:1], *first[2:], person("533100000001", "示例儿媳", paper(7, "19960101"), "之儿媳")]
    done = await bring_in(office, second)
    assert done["problems"] == []
    counted = {name: value for name, value in done.items() if value and "s_" in name}
    assert counted == {
        "households_known": 1, "members_known": 2, "members_of_age": 1, "members_entered": 1, "members_not_listed": 1
    }  # fmt: skip
    spans = await stored("SELECT * FROM household_member WHERE code = $1 ORDER BY valid_from", young[0]["code"])
    assert [(span["is_minor"], str(span["valid_until"])) for span in spans] == [(True, "2025-12-31"), (False, "None")]
    gone = await stored("SELECT count(*) AS n FROM household_member WHERE birth_year = 1995 AND valid_until IS NULL")
    assert gone[0]["n"] == 1
    assert (await state())["household_year"] == 2


async def test_the_tables_of_the_ministry_bring_the_years_income(office: Console, county: County) -> None:
    done = await bring_in(office, coded(1), layout="codes")
    assert (done["households_entered"], done["incomes"]) == (1, 1)
    code = await county.registry.of_id_number(paper(1))
    path = f"/poverty/households/{code}/incomes"
    (income,) = (await office.ask(Role.AUDITOR, "GET", path)).json()["incomes"]
    assert (income["persons"], income["net_fen"], income["counted_net_fen"], income["holds"]) == (
        3,
        300_000,
        300_000,
        True,
    )
    rule = {"item": "pension", "year": 2025, "counted": False, "source": "示例文件 30 号"}
    assert (await office.ask(Role.POVERTY_OFFICER, "POST", "/poverty/income-item-rules", rule)).status_code == 204
    (income,) = (await office.ask(Role.POVERTY_OFFICER, "GET", path)).json()["incomes"]
    assert (income["net_fen"], income["not_counted"]) == (300_000, ["pension"])
    assert (income["counted_net_fen"], income["counted_net_per_person_fen"]) == (294_000, 98_000)
    (rule,) = (await office.ask(Role.AUDITOR, "GET", "/poverty/income-item-rules")).json()["rules"]
    assert (rule["year"], rule["counted"]) == (2025, False)


def _with(place: int, **changes: Any) -> Callable[[Table], object]:
    return lambda table: table[place].update(changes)


WRONG_ROWS: list[tuple[str, Callable[[Table], object], tuple[int, str]]] = [
    ("length", _with(1, 证件号码=paper(1, "19950101")[:17]), (3, "证件号码")),
    ("check", _with(1, 证件号码="999999199501010010"), (3, "证件号码")),
    ("birthday", _with(1, 证件号码="999999199513010019"), (3, "证件号码")),
    ("disability", _with(1, 证件号码=paper(1, "19950101") + "95"), (3, "证件号码")),
    ("no birthday", _with(1, 证件号码="DEMO" + "0" * 18), (3, "证件号码")),
    ("a number of a cell", _with(1, 证件号码=9.99999199501010e17), (3, "证件号码")),
    ("twice", _with(1, 证件号码=paper(1)), (2, "证件号码")),
    ("twice by another paper", _with(1, 证件号码=paper(1) + "12"), (2, "证件号码")),
    ("village", _with(0, 行政村="示例无村"), (2, "行政村")),
    ("other village", _with(1, 行政村="芒弄村"), (3, "行政村")),
    ("no head", _with(0, 与户主关系="之父"), (2, "与户主关系")),
    ("two heads", _with(1, 与户主关系="户主"), (2, "与户主关系")),
    ("a minor heads", lambda t: [_with(0, 与户主关系="之父")(t), _with(2, 与户主关系="户主")(t)], (4, "与户主关系")),
    ("relation", _with(1, 与户主关系="示例亲"), (3, "与户主关系")),
    ("persons", lambda t: [_with(i, 人数=4)(t) for i in range(3)], (2, "人数")),
    ("persons differ", _with(2, 人数=2), (4, "人数")),
    ("income", _with(0, 人均纯收入="三千"), (2, "人均纯收入")),
    ("phone", _with(0, **{"户/人联系电话": "示例电话"}), (2, "户/人联系电话")),
    ("cleared", _with(1, 监测对象类型="边缘易致贫户", 风险是否消除="是"), (3, "风险消除时间")),
    ("order of days", _with(
        1, 监测对象类型="边缘易致贫户", 风险是否消除="是", 风险识别时间="2025-02-01", 风险消除时间="2025-01-01",
    ), (3, "风险消除时间")),
    ("future", _with(1, 监测对象类型="边缘易致贫户", 风险识别时间="2099-01-01"), (3, "风险识别时间")),
    ("control", _with(1, 姓名="示例\x07子"), (3, "姓名")),
    ("empty", _with(1, 姓名=""), (3, "姓名")),
    ("long", _with(1, 姓名="示" * 61), (3, "姓名")),
]  # fmt: skip


async def test_one_bad_row_keeps_everything_out_and_its_cell_is_not_quoted(office: Console) -> None:
    before = await state()
    for word, change, place in WRONG_ROWS:
        table = family(1) + family(2)
        change(table)
        answer = await send(office, text("list", table))
        report = answer.json()
        assert place in {(each["row"], each["column"]) for each in report["problems"]}, word
        assert (report["number"], report["problem_count"]) == (None, len(report["problems"])), word
        said = {str(value) for each in table[:3] for value in each.values() if len(str(value)) > 3}
        assert not [value for value in said - {"边缘易致贫户"} if value in answer.text], word
    assert await state() == before


WRONG_FIGURES: list[tuple[dict[str, str], str]] = [
    ({"aac081": "3400.01"}, "aac081"),
    ({"aac085": "300.01", "aac081": "3400.01", "aac079": "3000.01"}, "aac085"),
    ({"aac079": "3000.02"}, "aac079"),
    ({"aac082": "999.98"}, "aac082"),
    ({"aac074": ""}, "aac074"),
    ({"aac073": "-1"}, "aac073"),
    ({"aar040": "2024"}, "aar040"),
    ({"aad001": "533124101999"}, "aad001"),
    ({"aac029": "示例他人"}, "aac029"),
    ({"aac031": paper(9)}, "aac031"),
    ({"aab005": "19700102"}, "aab005"),
    ({"aac006": "99"}, "aac006"),
]


async def test_figures_that_do_not_add_up_name_their_column(office: Console) -> None:
    before = await state()
    for changes, column in WRONG_FIGURES:
        done = await bring_in(office, coded(1, **changes), layout="codes")
        assert column in {each["column"] for each in done["problems"]}, changes
    assert await state() == before


async def test_what_contradicts_the_register_is_looked_at_first(office: Console, county: County) -> None:
    """A member of another household, a head that is not the head, a village that is not the village."""
    await bring_in(office, family(1) + family(2))

    async def told(table: Table) -> set[tuple[int, str]]:
        before = await state()
        done = await bring_in(office, table, year="2024", dry_run="true")
        assert await state() == before
        return {(each["row"], each["column"]) for each in done["problems"]}

    other = family(3)
    other[1] |= {"证件号码": paper(1, "19950101")}
    assert await told(other) == {(3, "证件号码")}
    other[1] |= {"证件号码": paper(1) + "12"}  # the head of another household, by another paper
    assert await told(other) == {(3, "证件号码")}
    heirs = family(1)
    heirs[0]["与户主关系"], heirs[1]["与户主关系"] = "之父", "户主"
    assert await told(heirs) == {(3, "与户主关系")}
    assert await told([each | {"行政村": "芒弄村"} for each in family(1)]) == {(2, "行政村")}
    assert (2, "户编号") in await told([each | {"户编号": "533100000002"} for each in family(1)])
    renumbered = [each | {"户编号": "999"} for each in family(1)]
    assert await told(renumbered) == set()
    code = await county.registry.of_id_number(paper(2))
    assert code is not None
    son = (await members(county).cards(code))[1]
    await members(county).move(code, son.code, "示例H1", Relation.OTHER, date(2026, 1, 5), "示例文件", OFFICER)
    assert await told(family(2)) == {(3, "证件号码")}


async def test_a_household_entered_by_hand_is_found_by_its_head(office: Console, county: County) -> None:
    code = await county.registry.enter(Identity(name="示例户主1", id_number=paper(1)), TOWNSHIP, VILLAGE, OFFICER)
    done = await bring_in(office, family(1))
    assert (done["households_known"], done["households_entered"], done["members_entered"]) == (1, 0, 3)
    assert len(await members(county).cards(code)) == 3
    nameless = MemberDraft(name="示例老人", birth_year=1950, relation=Relation.PARENT)
    await members(county).enter(code, nameless, SINCE, "示例文件", OFFICER)
    table = [*family(1), person("533100000001", "示例老人", paper(1, "19500101"), "之父")]
    assert (await bring_in(office, table))["stage"] == "refused", "a person too many: the register is not asked yet"
    for each in table:
        each["人数"] = 4
    assert (await bring_in(office, table))["stage"] == "refused"
    told = await bring_in(office, table, dry_run="true")
    assert told["stage"] == "refused"
    assert [(each["row"], each["column"]) for each in told["problems"]] == [(5, "证件号码")]


async def test_two_lists_at_once_enter_a_person_once(office: Console) -> None:
    answers = await asyncio.gather(
        send(office, text("list", family(1))), send(office, workbook("list", family(1)), document="示例名册 2 号")
    )
    entered = sorted(answer.json()["members_entered"] for answer in answers)
    assert entered == [0, 3]
    assert (await state())["household_member"] == 3


async def test_a_file_without_its_header_is_refused_without_a_word_of_it(office: Console) -> None:
    """Fails when the refusal of the reader goes out as it is: tried."""
    raw = text("list", family(1))
    answer = await send(office, raw.partition(b"\r\n")[2])
    assert answer.status_code == 422
    assert answer.json()["reason"] == "header"
    assert not any(word in answer.text for word in ("示例", paper(1), "10000000077", "5331000"))


ODD_FILES = {
    "empty": b"",
    "no archive": b"PK\x03\x04" + b"\0" * 100,
    "old format": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "other layout": text("codes", coded(1)),
    "utf-16": b"\xff\xfe" + "户编号".encode("utf-16-le"),
    "too many rows": text("list", family(1) * 6001),
}


async def test_a_hostile_or_odd_file_is_refused(office: Console) -> None:
    before = await state()
    for word, raw in ODD_FILES.items():
        answer = await send(office, raw)
        assert (answer.status_code, answer.json()["code"]) == (422, "spreadsheet_refused"), word
    assert (await send(office, text("list", []))).json()["code"] == "spreadsheet_empty"
    assert await state() == before


async def test_formulas_are_refused_by_row_and_column(office: Console) -> None:
    table = family(1)
    table[1]["姓名"] = '=HYPERLINK("http://example.test","示例")'
    answer = await send(office, workbook("list", table))
    assert [(each["row"], each["column"]) for each in answer.json()["problems"]] == [(3, "姓名")]
    assert "HYPERLINK" not in answer.text


async def test_a_list_of_the_future_is_refused(office: Console) -> None:
    for changes in ({"day": "2099-01-01"}, {"year": "2099"}):
        answer = await send(office, text("list", family(1)), **changes)
        assert (answer.status_code, answer.json()["code"]) == (422, "register_list_invalid")


@pytest.mark.whole
@pytest.mark.parametrize("make", [text, workbook])
async def test_a_list_of_the_whole_county_comes_in_while_others_are_served(
    office: Console, make: Callable[[str, Table], bytes]
) -> None:
    """18,000 people in the wider layout; a request has thirty seconds, of which the database takes its part.

    Processor time of this process, in which the API is: the clock would tell how busy the machine is.
    """
    table = [each for serial in range(6000) for each in _one_of_many(serial)]
    raw = make("codes", table)
    begin = time.process_time()
    done = (await send(office, raw, layout="codes")).json()
    took = time.process_time() - begin
    assert (done["members_entered"], done["incomes"]) == (18_000, 6_000)
    assert took < 20


def _one_of_many(serial: int) -> Table:
    """People of one household whose papers differ by their days of birth."""
    born = (date(1950, 1, 1) + timedelta(days=serial)).strftime("%Y%m%d")
    of = {"aac001": str(serial), "aac029": "示例户主", "aac031": paper(1, born)}
    papers = (paper(1, born), paper(2, born), paper(3, born))
    return [each | of | {"aab004": number} for each, number in zip(coded(1, aab002="示例户主"), papers, strict=True)]


FIGURES = IncomeFigures(
    wage_fen=100, production_fen=200, property_fen=0, transfer_fen=50, total_fen=350, production_cost_fen=400,
    net_fen=-50, net_per_person_fen=-17,
)  # fmt: skip


async def test_an_income_is_recorded_beside_the_older_one_and_the_newest_holds(county: County) -> None:
    register = Incomes(county.clock)
    await register.record("示例H1", 2024, 3, FIGURES, "示例调查 1 号", OFFICER)
    await register.record(
        "示例H1", 2024, 1, msgspec.structs.replace(FIGURES, net_per_person_fen=-50), "示例调查 2 号", OFFICER
    )
    newest, older = await incomes("示例H1")
    assert (newest.holds, newest.persons, older.holds, older.net_per_person_fen) == (True, 1, False, -17)
    await register.rule(ItemRule(IncomeItem.WAGE, 2024, counted=False, source="示例文件"), OFFICER)
    newest, older = await incomes("示例H1")
    assert (newest.counted_net_fen, older.counted_net_per_person_fen) == (-150, -50)
    await register.rule(ItemRule(IncomeItem.PENSION, 2024, counted=False, source="示例文件"), OFFICER)
    assert (await incomes("示例H1"))[0].counted_net_fen is None
    for item in (IncomeItem.PENSION, IncomeItem.WAGE):
        await register.rule(ItemRule(item, 2024, counted=True, source="示例文件 2 号"), OFFICER)
    assert (await incomes("示例H1"))[0].counted_net_fen == -50
