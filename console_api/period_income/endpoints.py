"""Wages, dividends, rents and returns that households were paid: written by one account of the poverty office, decided
by another, read by auditors."""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.period_income.schemas import (
    AgreementEndInput,
    AgreementEntered,
    AgreementInput,
    AgreementsQuery,
    AgreementsView,
    DividendSheetInput,
    IncomeSheetProposed,
    IncomeSheetsQuery,
    IncomeSheetsView,
    PaidInput,
    RentSheetInput,
    ReturnSheetInput,
    WageSheetInput,
    WorkInput,
)
from console_api.poverty_alleviation.schemas import ConfirmationInput
from poverty_alleviation.income.agreements import AgreementDraft, Agreements, WorkedMonth, agreement_cards
from poverty_alleviation.income.cards import IncomeSheetCard, income_sheet, income_sheets
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from poverty_alleviation.payouts import Payouts


@door.post("/poverty/agreements")
async def enter_agreement(
    actor: PovertyOfficer, body: AgreementInput, key: IdempotencyKey, agreements: Agreements
) -> AgreementEntered:
    """登记务工、入股或租赁协议。"""
    draft = msgspec.convert(body, AgreementDraft, from_attributes=True)
    return AgreementEntered(await agreements.enter(draft, actor.caller))


@door.get("/poverty/agreements")
async def list_agreements(actor: PovertyOfficer | Auditor, query: AgreementsQuery) -> AgreementsView:
    """农户的务工、入股与租赁协议及出勤，可按农户或付款单位查询。"""
    return AgreementsView(await agreement_cards(query.household, query.payer))


@door.put("/poverty/agreements/<number:str>/end", status=204)
async def end_agreement(actor: PovertyOfficer, number: str, body: AgreementEndInput, agreements: Agreements) -> None:
    """自某日起终止协议。"""
    await agreements.end(number, body.valid_until, actor.caller)


@door.post("/poverty/agreements/<number:str>/attendance", status=204)
async def note_attendance(
    actor: PovertyOfficer, number: str, body: WorkInput, key: IdempotencyKey, agreements: Agreements
) -> None:
    """登记某月出勤或计件；原有记录保留，以最新的为准。"""
    worked = msgspec.convert(body, WorkedMonth, from_attributes=True)
    await agreements.note_work(number, worked, actor.caller)


@door.post("/poverty/wage-sheets")
async def propose_wages(
    actor: PovertyOfficer, body: WageSheetInput, key: IdempotencyKey, sheets: IncomeSheets
) -> IncomeSheetProposed:
    """提交工资发放单：须有当月出勤，并由另一账号审核后入账。"""
    paid_fen = [(wage.employment, wage.amount_fen) for wage in body.wages]
    return IncomeSheetProposed(await sheets.propose_wages(_payment(body), paid_fen, actor.caller))


@door.post("/poverty/dividend-sheets")
async def propose_dividends(
    actor: PovertyOfficer, body: DividendSheetInput, key: IdempotencyKey, sheets: IncomeSheets
) -> IncomeSheetProposed:
    """提交分红发放单：按决议总额与某日各户股份计算。"""
    number = await sheets.propose_dividends(_payment(body), body.as_of, body.amount_fen, actor.caller)
    return IncomeSheetProposed(number)


@door.post("/poverty/rent-sheets")
async def propose_rents(
    actor: PovertyOfficer, body: RentSheetInput, key: IdempotencyKey, sheets: IncomeSheets
) -> IncomeSheetProposed:
    """提交租金支付单：金额按租赁协议，限当月到期。"""
    return IncomeSheetProposed(await sheets.propose_rents(_payment(body), body.leases, actor.caller))


@door.post("/poverty/return-sheets")
async def propose_returns(
    actor: PovertyOfficer, body: ReturnSheetInput, key: IdempotencyKey, sheets: IncomeSheets
) -> IncomeSheetProposed:
    """提交返利发放单：按规则与当月各户带动销售额计算。"""
    return IncomeSheetProposed(await sheets.propose_returns(_payment(body), body.rule, actor.caller))


@door.get("/poverty/income-sheets")
async def list_income_sheets(actor: PovertyOfficer | Auditor, query: IncomeSheetsQuery) -> IncomeSheetsView:
    """收入发放单列表，最新在前。"""
    return IncomeSheetsView(*await income_sheets(query.kind, query.state, query.cursor, query.limit))


@door.get("/poverty/income-sheets/<number:str>")
async def show_income_sheet(actor: PovertyOfficer | Auditor, number: str) -> IncomeSheetCard:
    """一份发放单及各户金额。"""
    return await income_sheet(number)


@door.put("/poverty/income-sheets/<number:str>/decision")
async def decide_income_sheet(
    actor: PovertyOfficer, number: str, body: DecisionInput, sheets: IncomeSheets
) -> IncomeSheetCard:
    """审核发放单：批准即入账；制单人及协议、出勤登记人不得自批。"""
    await sheets.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await income_sheet(number)


@door.put("/poverty/income-lines/<number:str>/confirmation", status=204)
async def confirm_income_line(actor: PovertyOfficer, number: str, body: ConfirmationInput, payouts: Payouts) -> None:
    """登记农户对工资、分红、租金或返利的确认。"""
    await payouts.confirm("period_income", number, body.kind, body.evidence, body.confirmed_at, actor.caller)


def _payment(body: PaidInput) -> Payment:
    return Payment(**{name: getattr(body, name) for name in Payment.__struct_fields__})
