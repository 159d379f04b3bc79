"""What is wrong with a row of a file, or with a span of days, is told in the client's language and at its place."""

import ast
import inspect
import re
from datetime import date
from types import ModuleType

import httpx
import msgspec

import api_kit.spreadsheets
import console_api.channels.schemas
import console_api.payout_runs.endpoints
import console_api.product_tables.schemas
import console_api.register_imports.columns
import orders.channels.files
import orders.channels.refunds
import orders.channels.sales
import orders.channels.settlements
import poverty_alleviation.payout_runs.results
import poverty_alleviation.register.comparison
import poverty_alleviation.register.listed
import products.imports
from api_kit.schemas import DaySpan
from api_kit.sheet_words import in_english
from orders.channels.models import FileKind
from tests.doors.house import House, endpoints, idempotency_key
from tests.doors.problems import check_problem
from tests.doors.test_roles import a_role_for, address
from tests.products.shelf import TOWNSHIP

CHINESE = re.compile("[一-鿿]")
HEAD = "流水号,金额（元）,结果,回单号,付款日期,失败原因\n"
RUN = "R20261123ABCDEFGHJK"
AT = f"/v1/console/poverty/payout-runs/{RUN}/results"


async def send(http: httpx.AsyncClient, house: House, content: str, language: str = "en") -> httpx.Response:
    headers = house.headers("poverty_officer") | {
        "content-type": "text/csv", "accept-language": language, "idempotency-key": idempotency_key(),
    }  # fmt: skip
    return await http.post(AT, headers=headers, content=content.encode())


async def test_the_rows_of_a_banks_file_are_told_in_the_clients_language(house: House, http: httpx.AsyncClient) -> None:
    """Fails when the words about rows are not looked up: tried."""
    wrong = f"{HEAD}x,1.999,也许,{'9' * 81},2026-02-30,\n{RUN}-1,,,,,\n"
    told = {}
    for language in ("zh-CN", "en"):
        members = check_problem(await send(http, house, wrong, language), 422, "bank_result_refused")
        told[language] = members["problems"]
    assert [(each["row"], each["column"]) for each in told["zh-CN"]] == [  # type: ignore[attr-defined]
        (each["row"], each["column"])
        for each in told["en"]  # type: ignore[attr-defined]
    ]
    assert [each["detail"] for each in told["en"]] == [  # type: ignore[attr-defined]
        "Has not the form that is expected", "Not an amount", "Must be one of: 成功、失败", "Longer than 80 characters",
        "Must be a date, for example 2026-03-01", "Must not be empty", "Must not be empty",
    ]  # fmt: skip
    assert all(CHINESE.search(each["detail"]) for each in told["zh-CN"])  # type: ignore[attr-defined]
    foreign = f"{HEAD}R20261123ABCDEFGHJZ-1,1.00,失败,,,示例\n"
    members = check_problem(await send(http, house, foreign), 422, "bank_result_refused")
    assert members["problems"] == [{"row": 2, "column": "流水号", "detail": "Not of this payout run"}]


def test_every_sentence_about_a_row_of_such_a_file_has_its_english() -> None:
    """Fails when one of them is taken out of ``sheet_words``: tried."""
    read = (
        api_kit.spreadsheets,
        console_api.channels.schemas,
        console_api.payout_runs.endpoints,
        poverty_alleviation.payout_runs.results,
    )
    source = "".join(inspect.getsource(module) for module in read)
    found = re.findall(
        r'(?:ValueError\(|problem = |"detail": |RowProblem\(number, "", |return |else )f?"([^"]+)"', source
    )
    # A cell that is a logical value is read as 是 or 否.
    sentences = {re.sub(r"\{[^}]*\}", "1", each) for each in found if len(CHINESE.findall(each)) > 1}
    assert len(sentences) >= 14, sentences
    assert {each for each in sentences if CHINESE.search(in_english(each))} == set()


# Functions and structs whose last text is told of a row, and the modules that speak of rows in an answer with 200.
TELLING = {
    "ValueError", "matching", "ImportProblem", "ListProblem", "RowProblem", "Fault", "note", "add", "warn", "append"
}  # fmt: skip
FORM = {"content-type": "multipart/form-data; boundary=rows"}
"""One boundary, so that the same file is the same body."""
SPEAKING = (
    products.imports, orders.channels.sales, orders.channels.refunds, orders.channels.settlements,
    poverty_alleviation.register.listed, poverty_alleviation.register.comparison, api_kit.spreadsheets,
    console_api.register_imports.columns, console_api.product_tables.schemas, console_api.channels.schemas,
)  # fmt: skip


def told_of_rows(module: ModuleType) -> set[str]:
    """The Chinese sentences of a module that stand in such a call, in a pair with one, or under a name of their own.

    What is filled in stands as a number.
    """
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TELLING:
            told = [
                *node.args,
                *(each.elts[-1] for each in ast.walk(node) if isinstance(each, ast.Tuple) and each.elts),
            ]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            told = [node.elts[1]]
        elif isinstance(node, ast.Assign) and {"detail", "NOT_KNOWN"} & {getattr(t, "id", "") for t in node.targets}:
            told = [node.value]
        elif isinstance(node, ast.Assign) and "_PAPERS" in {getattr(t, "id", "") for t in node.targets}:
            told = [*node.value.values]  # type: ignore[attr-defined]
        else:
            continue
        found |= {_written(each) for each in told[-1:] if isinstance(node, ast.Call)}
        found |= {_written(each) for each in told if not isinstance(node, ast.Call) or isinstance(each, ast.Constant)}
    return {each for each in found if len(CHINESE.findall(each)) > 1}


def _written(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(each) if isinstance(each, ast.Constant) else "1" for each in node.values)
    return ""


def test_every_sentence_about_a_row_in_an_answer_has_its_english() -> None:
    """Fails when one of them is taken out of ``sheet_words``: tried."""
    columns = {each.title for each in console_api.product_tables.schemas.COLUMNS}
    columns |= set(orders.channels.files.TITLES.values()) | {"导入 1"}  # what a movement of stock bears
    sentences = {module: told_of_rows(module) - columns for module in SPEAKING}
    assert all(sentences.values()), sentences
    assert sum(map(len, sentences.values())) >= 60
    assert {each for of in sentences.values() for each in of if CHINESE.search(in_english(each))} == set()
    assert in_english("商品规格不存在") == "No such SKU", "the title of a refusal"


def test_the_answers_that_speak_of_rows_are_known() -> None:
    """Fails when an answer with rows is not among those that are put into the client's language."""
    assert {each.name: each.about_rows for each in endpoints() if each.about_rows} == {
        "console.import_products": ("problems",),
        "console.import_register_list": ("problems",),
        "console.check_channel_file": ("faults", "warnings"),
        "console.check_channel_file_for": ("faults", "warnings"),
    }


async def test_an_import_that_is_answered_with_200_speaks_the_clients_language(
    house: House, http: httpx.AsyncClient
) -> None:
    """Also when the answer is repeated under its key, which keeps Chinese. Fails when the stored answer is changed."""
    head = ",".join(each.title for each in console_api.product_tables.schemas.COLUMNS[:-1])
    cells = f"{head}\n,A1,红糖,,533124,goods,七天无理由,,500 g,x,500,1,0\n"
    rows = f"{head}\n,,红糖,,{TOWNSHIP},goods,七天无理由,,500 g,9.90,500,,0\n"
    for content, english in (
        (cells, ["Must be 9 digits", "Not an amount", "Must be 14 digits"]),
        (rows, ["Needs a product code or an article number"]),
    ):
        key, chinese = idempotency_key(), []
        for language in ("zh-CN", "en", "zh-CN"):
            headers = house.headers("merchant_clerk") | {"accept-language": language, "idempotency-key": key} | FORM
            reply = await http.post(
                "/v1/console/product-imports", headers=headers, files={"file": ("p.csv", content.encode())},
                params={"dry_run": "true"},
            )  # fmt: skip
            assert reply.status_code == 201, reply.text
            assert reply.headers["content-language"] == language
            told = [each["detail"] for each in reply.json()["problems"]]
            if language == "en":
                assert told == english
            else:
                assert all(CHINESE.search(each) for each in told)
                chinese.append(told)
        assert chinese[0] == chinese[1]


async def test_the_other_files_whose_rows_are_answered_speak_it_too(house: House, http: httpx.AsyncClient) -> None:
    """A superior's list, and what a channel's file would come to. Fails when one of the answers is left in Chinese."""
    titles = console_api.register_imports.columns.TITLES["list"]
    people = ",".join([*titles.values(), *console_api.register_imports.columns._UNREAD["list"]])
    sales = ",".join(each.title for each in console_api.channels.schemas.COLUMNS[FileKind.ORDERS])
    for role, path, head, member in (
        ("poverty_officer", "poverty/register-imports?layout=list&year=2026&day=2026-01-01&document=示例", people,
         "problems"),
        ("merchant_clerk", "channel-import-checks/douyin/orders", sales, "faults"),
    ):  # fmt: skip
        content = f"{head}\n{',' * 5}x\n".encode()
        told = {}
        for language in ("zh-CN", "en"):
            headers = house.headers(role) | {"accept-language": language, "idempotency-key": idempotency_key()} | FORM
            reply = await http.post(f"/v1/console/{path}", headers=headers, files={"file": ("f.csv", content)})
            assert reply.status_code in (200, 201), reply.text
            told[language] = [each["detail"] for each in reply.json()[member]]
        assert told["en"]
        assert not [each for each in told["en"] if CHINESE.search(each)]
        assert len([each for each in told["zh-CN"] if CHINESE.search(each)]) == len(told["en"])


async def test_a_file_with_a_header_alone_is_refused(house: House, http: httpx.AsyncClient) -> None:
    """Fails when it is taken as no results: tried."""
    for rows in ("", "\n\n", ",,,,,\n"):
        members = check_problem(await send(http, house, HEAD + rows), 422, "spreadsheet_empty")
        assert members["title"] == "The spreadsheet has a header and no rows"


async def test_a_span_that_ends_before_it_begins_is_refused_at_its_end(house: House, http: httpx.AsyncClient) -> None:
    """Fails when a shape with since and until does not look at their order: tried."""
    shapes = {each.query for each in endpoints() if isinstance(each.query, type)}
    days = dict.fromkeys(("since", "until"), date | None)
    spans = [
        shape for shape in shapes
        if days.items() <= {each.name: each.type for each in msgspec.structs.fields(shape)}.items()
    ]  # fmt: skip
    assert len(spans) >= 5
    assert {shape for shape in spans if not issubclass(shape, DaySpan)} == set()
    asked = [each for each in endpoints() if isinstance(each.query, type) and issubclass(each.query, DaySpan)]
    assert len(asked) >= 6
    more = {"by": "township", "key": "533124100", "figure": "income_paid"}
    for each in asked:
        assert each.query is not None
        wanted = {field.name for field in msgspec.structs.fields(each.query)}
        given = {name: value for name, value in more.items() if name in wanted}
        for until in ("2026-01-31", "2026-02-01"):
            reply = await http.get(
                address(each), params={"since": "2026-02-01", "until": until} | given,
                headers=house.headers(a_role_for(each)),
            )  # fmt: skip
            members = check_problem(reply, 422, "content_invalid")
            assert members["errors"] == [{"pointer": "?until", "detail": "until 为区间后的第一天，须晚于 since"}]
