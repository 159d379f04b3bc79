"""The poverty office brings a superior's list in; auditors see that it did."""

import asyncio
import hashlib
from collections.abc import Mapping

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.spreadsheets import Column, RowProblem, Sheet, SpreadsheetRefused, read_sheet
from api_kit.uploads import Upload
from console_api import door
from console_api.register_imports.columns import TITLES, columns_of, listed_member
from console_api.register_imports.schemas import ImportsQuery, ImportsView, ListImportQuery
from kit.clock import china_day, utc_now
from places.queries import village_paths
from poverty_alleviation.register.imports import (
    MAX_LISTED,
    MAX_PROBLEMS,
    Layout,
    Listing,
    ListReport,
    RegisterImports,
    register_imports,
)
from poverty_alleviation.register.labels import labels
from poverty_alleviation.register.listed import ListedMember, ListProblem

MAX_LIST_BYTES = 10 * 1024 * 1024


@door.post("/poverty/register-imports", effect="resumable", max_body_bytes=MAX_LIST_BYTES + 4096)
async def import_register_list(
    actor: PovertyOfficer, query: ListImportQuery, upload: Upload, key: IdempotencyKey, imports: RegisterImports
) -> ListReport:
    """导入上级户名册（XLSX 或 CSV，至多 18000 人），可先试运行；逐行校验，有一处错误则全部不导入。

    结果中 stage 说明文件所处阶段：refused 有误未导入，改后重传；checked 试运行通过，去掉 dry_run 再传即导入；
    loaded 已全部导入；loaded_before 同一文件此前已导入，未作改动。

    ``codes``: the columns of AC01, AB10 and AC07 under their codes; ``list``: the 29 columns of the list of 2022. A row
    is a person. Problems name the row and the column, never what the cell says. The file is not kept; of its bytes the
    SHA-256 is, so that a file is brought in once.
    """
    table, report = await _read(query, upload.content)
    if report is not None:
        return report
    listing = Listing(layout=query.layout, year=query.year, day=query.day, document=query.document)
    digest = hashlib.sha256(upload.content).digest()
    done = await imports.bring_in(listing, table, digest, actor.caller, dry_run=query.dry_run)
    titles = TITLES[query.layout]
    told = [ListProblem(p.row, titles.get(p.column, titles["id_number"]), p.detail) for p in done.problems]
    return msgspec.structs.replace(done, problems=told)


@door.get("/poverty/register-imports")
async def list_register_imports(actor: PovertyOfficer | Auditor, query: ImportsQuery) -> ImportsView:
    """已导入的户名册，最新在前。"""
    return ImportsView(*await register_imports(query.cursor, query.limit))


async def _read(query: ListImportQuery, raw: bytes) -> tuple[list[ListedMember], ListReport | None]:
    """The people of the file, or the report of what its cells are refused for."""
    columns = columns_of(query.layout, await labels(query.day), china_day(utc_now()))
    sheet = await _sheet(raw, columns)
    villages = {(path.county, path.township, path.name): path.code for path in await village_paths()}
    table, problems = await asyncio.to_thread(_people, sheet, query.layout, villages)
    if not problems:
        return table, None
    count = sheet.problem_count + len(problems) - len(sheet.problems)
    told = [ListProblem(p.row, p.column, p.detail) for p in sorted(problems, key=lambda p: p.row)[:MAX_PROBLEMS]]
    rows = len(sheet.rows) + len({problem.row for problem in sheet.problems})
    return [], ListReport(
        number=None, dry_run=query.dry_run, row_count=rows, problem_count=count, problems=told
    ).staged()


def _people(
    sheet: Sheet, layout: Layout, villages: Mapping[tuple[str, str, str], str]
) -> tuple[list[ListedMember], list[RowProblem]]:
    table: list[ListedMember] = []
    problems = list(sheet.problems)
    for row in sheet.rows:
        member, wrong = listed_member(row, layout, villages)
        problems += wrong
        if member is not None:
            table.append(member)
    return table, problems


async def _sheet(raw: bytes, columns: list[Column]) -> Sheet:
    """A file without its header has people in the first line: no refusal quotes what stands there."""
    try:
        return await read_sheet(raw, columns, MAX_LISTED, MAX_LIST_BYTES)
    except SpreadsheetRefused as refused:
        if refused.facts.get("reason") != "header":
            raise
        raise SpreadsheetRefused(reason="header", missing=refused.facts["missing"]) from None
