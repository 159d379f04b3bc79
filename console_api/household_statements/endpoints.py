"""Household statements: issued for a closed quarter, listed by code, printed one by one or as a village's bundle."""

import asyncio

from sanic.response import HTTPResponse

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed
from console_api import door
from console_api.household_statements.schemas import (
    StatementsIssued,
    StatementsQuery,
    StatementsView,
    VillageQuarter,
)
from poverty_alleviation.statements.paper import bundle_paper, statement_paper
from poverty_alleviation.statements.service import HouseholdStatements, IssuedStatement


@door.post("/poverty/household-statements")
async def issue_household_statements(
    actor: PovertyOfficer, body: VillageQuarter, key: IdempotencyKey, statements: HouseholdStatements
) -> StatementsIssued:
    """为一个村出具季度农户对账单；季度各账期须已关账，已出具的不变。"""
    return StatementsIssued(await statements.issue(body.township, body.village, body.quarter, actor.caller))


@door.get("/poverty/household-statements")
async def list_household_statements(
    actor: PovertyOfficer | Auditor, query: StatementsQuery, statements: HouseholdStatements
) -> StatementsView:
    """已出具的农户对账单，仅以农户编码表示。"""
    return StatementsView(*await statements.cards(query.quarter, query.township, query.cursor, query.limit))


@door.get("/poverty/household-statements/<number:str>")
async def show_household_statement(
    actor: PovertyOfficer | Auditor, number: str, statements: HouseholdStatements
) -> IssuedStatement:
    """一份农户对账单：带动销售额、增收额、估算成本与追偿抵扣分列，互不相加；仅以农户编码表示。"""
    return await statements.issued(number)


@door.get("/poverty/household-statements/<number:str>/file")
async def print_household_statement(
    actor: PovertyOfficer, number: str, statements: HouseholdStatements
) -> HTTPResponse:
    """打印一份农户对账单（A4 PDF，四方签字栏，私密二维码）；留访问记录。"""
    shown = await statements.to_print(actor, number)
    return printed(await asyncio.to_thread(statement_paper, shown), "household-statement.pdf")


@door.get("/poverty/household-statement-bundle")
async def print_village_statements(
    actor: PovertyOfficer, query: VillageQuarter, statements: HouseholdStatements
) -> HTTPResponse:
    """打印一个村一个季度的全部对账单（一份 PDF，首页为清单，按农户编码排序）；留访问记录。"""
    shown = await statements.village_to_print(actor, query.township, query.village, query.quarter)
    return printed(await asyncio.to_thread(bundle_paper, shown), f"household-statements-{query.quarter}.pdf")
