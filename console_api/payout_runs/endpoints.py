"""Payout runs: drafted by one, approved by another, exported for the bank, and recorded line by line."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from sanic.response import ResponseStream

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.downloads import download
from api_kit.spreadsheets import CSV, XLSX, Cell, read_sheet, write_sheet
from api_kit.uploads import FileBody
from console_api import door
from console_api.payout_runs.schemas import (
    PURPOSE,
    RESULT_COLUMNS,
    TITLES,
    ExportInput,
    LineDecision,
    LineResult,
    RunDecision,
    RunDrafted,
    RunInput,
    RunsQuery,
    RunsView,
)
from kit.money import yuan_amount
from poverty_alleviation.payout_runs.errors import BankResultRefused
from poverty_alleviation.payout_runs.models import PayoutWay, RunState
from poverty_alleviation.payout_runs.queries import RunShown, run_cards, run_shown
from poverty_alleviation.payout_runs.results import BankResult, BankResults, Recorded
from poverty_alleviation.payout_runs.service import MOST_LINES, BankLine, PayoutRuns
from poverty_alleviation.transfers.service import Transfers


@door.post("/poverty/payout-runs")
async def draft_payout_run(
    actor: PovertyOfficer, body: RunInput, key: IdempotencyKey, runs: PayoutRuns, transfers: Transfers
) -> RunDrafted:
    """拟定付款批次：一个商户的全部应付未付、无异议款项；收款账户非本户的暂停待决定。微信批次只列已同意微信收款的户。"""
    if body.way is PayoutWay.WECHAT:
        return RunDrafted(await transfers.draft(body.merchant, actor.caller))
    return RunDrafted(await runs.draft(body.merchant, actor.caller))


@door.get("/poverty/payout-runs")
async def list_payout_runs(actor: PovertyOfficer | Auditor, query: RunsQuery) -> RunsView:
    """付款批次，最新在前。"""
    return RunsView(*await run_cards(query.state, query.cursor, query.limit))


@door.get("/poverty/payout-runs/<number:str>")
async def show_payout_run(actor: PovertyOfficer | Auditor, number: str) -> RunShown:
    """一个付款批次及明细，仅以农户编码与账户编码表示。"""
    return await run_shown(number)


@door.put("/poverty/payout-runs/<number:str>/lines/<position:int>/decision")
async def decide_payout_line(
    actor: PovertyOfficer, number: str, position: int, body: LineDecision, runs: PayoutRuns
) -> RunShown:
    """对暂停的明细作决定：仍付至所选账户，或移出本批次。"""
    await runs.decide_line(number, position, body.account, body.reason, actor.caller)
    return await run_shown(number)


@door.put("/poverty/payout-runs/<number:str>/decision")
async def decide_payout_run(actor: PovertyOfficer, number: str, body: RunDecision, runs: PayoutRuns) -> RunShown:
    """批准付款批次（须另一人），或作废。"""
    await runs.decide(number, RunState(body.state), body.note, actor.caller)
    return await run_shown(number)


@door.post("/poverty/payout-runs/<number:str>/exports", status=200)
async def export_payout_run(actor: PovertyOfficer, number: str, body: ExportInput, runs: PayoutRuns) -> ResponseStream:
    """导出银行付款清单（XLSX 或 CSV，账号不遮盖）：批准后一日内最多三次，先留访问记录再回答。"""
    lines = await runs.export(actor, number)
    pieces = write_sheet(body.format, TITLES, _cells(lines))
    return download(f"payout-run-{number}.{body.format}", XLSX if body.format == "xlsx" else CSV, pieces)


@door.put("/poverty/payout-runs/<number:str>/lines/<position:int>/result")
async def record_payout_result(
    actor: PovertyOfficer, number: str, position: int, body: LineResult, results: BankResults
) -> Recorded:
    """登记一笔明细的银行结果：成功须有回单号与日期，失败的重新列入应付。"""
    said = msgspec.convert(msgspec.to_builtins(body) | {"position": position, "row": 1}, BankResult)
    return await results.record(number, [said], actor.caller)


@door.post("/poverty/payout-runs/<number:str>/results")
async def import_payout_results(
    actor: PovertyOfficer, number: str, file: FileBody, key: IdempotencyKey, results: BankResults
) -> Recorded:
    """导入银行结果文件（CSV 或 XLSX）：逐行校验，有一行不符则一行也不登记；重复导入不产生变化。

    The first row names the columns 流水号, 金额（元）, 结果 (成功 or 失败), 回单号, 付款日期, 失败原因.
    """
    sheet = await read_sheet(file.content, RESULT_COLUMNS, MOST_LINES)
    if sheet.problems:
        raise BankResultRefused(problems=msgspec.to_builtins(sheet.problems), count=sheet.problem_count)
    said, foreign = [], []
    for each in sheet.rows:
        run, _, position = each.values.pop("reference").rpartition("-")
        if run != number:
            foreign.append({"row": each.number, "column": "流水号", "detail": "不属于本批次"})
        given = {name: value for name, value in each.values.items() if value is not None}
        said.append(BankResult(position=int(position), row=each.number, **given))
    if foreign:
        raise BankResultRefused(problems=foreign[:200], count=len(foreign))
    return await results.record(number, said, actor.caller)


async def _cells(lines: Sequence[BankLine]) -> AsyncIterator[Sequence[Cell]]:
    for each in lines:
        yield each.reference, each.name, each.number, each.bank, yuan_amount(each.amount_fen), PURPOSE
