"""What is wrong with a row of a file, or with a span of days, is told in the client's language and at its place."""

import inspect
import re
from datetime import date

import httpx
import msgspec

import api_kit.spreadsheets
import console_api.channels.schemas
import console_api.payout_runs.endpoints
import poverty_alleviation.payout_runs.results
from api_kit.schemas import DaySpan
from api_kit.sheet_words import in_english
from tests.doors.house import House, endpoints, idempotency_key
from tests.doors.problems import check_problem
from tests.doors.test_roles import a_role_for, address

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
