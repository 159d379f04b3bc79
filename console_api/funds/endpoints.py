"""The special fund: arranged, changed and paid by two accounts of the county, read by auditors."""

import msgspec

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.funds.schemas import (
    BankPaymentsInput,
    BankPaymentsView,
    DecisionInput,
    FundChangeInput,
    FundChangesView,
    FundInput,
    FundLineInput,
    FundMade,
    FundPaymentInput,
    FundPaymentsView,
    FundReversalInput,
    FundsView,
    PageQuery,
)
from county.funds.errors import FundChangeInvalid
from county.funds.queries import (
    FundChangeCard,
    FundPaymentCard,
    bank_payment_cards,
    change_card,
    change_cards,
    funds,
    payment_card,
    payment_cards,
)
from county.funds.service import BankPayment, Funds, Imported, LineDraft, PaymentDraft


@door.get("/funds")
async def list_funds(actor: CountyOfficer | Auditor) -> FundsView:
    """专项资金及各科目的预算、已支付与结余；结余为负即超支。"""
    return FundsView(await funds())


@door.post("/funds")
async def enter_fund(actor: CountyOfficer, body: FundInput, key: IdempotencyKey, register: Funds) -> FundMade:
    """按下达文件登记专项资金及总额。"""
    return FundMade(await register.enter(body.name, body.total_fen, body.document, actor.caller))


@door.post("/funds/<number:str>/lines")
async def add_fund_line(
    actor: CountyOfficer, number: str, body: FundLineInput, key: IdempotencyKey, register: Funds
) -> FundMade:
    """登记资金科目：支持范围、支持标准与拨付程序；预算另行安排。"""
    draft = LineDraft(name=body.name, scope=body.scope, standard=body.standard, procedure=body.procedure)
    return FundMade(await register.add_line(number, draft, actor.caller))


@door.get("/funds/<number:str>/changes")
async def list_fund_changes(actor: CountyOfficer | Auditor, number: str, query: PageQuery) -> FundChangesView:
    """预算安排与调整，最新在前。"""
    return FundChangesView(*await change_cards(number, query.cursor, query.limit))


@door.post("/funds/<number:str>/changes")
async def propose_fund_change(
    actor: CountyOfficer, number: str, body: FundChangeInput, key: IdempotencyKey, register: Funds
) -> FundMade:
    """提出预算安排或科目间调整；须另一账号审核后生效。"""
    moves = {each.line: each.delta_fen for each in body.moves}
    if len(moves) < len(body.moves):
        raise FundChangeInvalid()
    return FundMade(await register.propose_change(number, moves, body.document, actor.caller))


@door.put("/fund-changes/<number:str>/decision")
async def decide_fund_change(actor: CountyOfficer, number: str, body: DecisionInput, register: Funds) -> FundChangeCard:
    """审核预算调整：合计不得超过资金总额，调减不得低于已支付；提出人不得自批，只能撤回。"""
    await register.decide_change(number, actor.caller, body.note, is_approved=body.is_approved)
    return await change_card(number)


@door.get("/fund-lines/<number:str>/payments")
async def list_fund_payments(actor: CountyOfficer | Auditor, number: str, query: PageQuery) -> FundPaymentsView:
    """一个科目的支付申请与审核，最新在前。"""
    return FundPaymentsView(*await payment_cards(number, query.cursor, query.limit))


@door.post("/fund-lines/<number:str>/payments")
async def propose_fund_payment(
    actor: CountyOfficer, number: str, body: FundPaymentInput, key: IdempotencyKey, register: Funds
) -> FundMade:
    """提出支付：收款单位、金额、用途、依据条款与凭证；超出科目结余的不予受理。"""
    draft = PaymentDraft(
        payee=body.payee,
        amount_fen=body.amount_fen,
        purpose=body.purpose,
        clause=body.clause,
        evidence=body.evidence,
    )
    return FundMade(await register.propose_payment(number, draft, actor.caller))


@door.put("/fund-payments/<number:str>/decision")
async def decide_fund_payment(
    actor: CountyOfficer, number: str, body: DecisionInput, register: Funds
) -> FundPaymentCard:
    """审核支付或其撤回：提出人不得自批，只能撤回。"""
    await register.decide_payment(number, actor.caller, body.note, is_approved=body.is_approved)
    return await payment_card(number)


@door.post("/fund-payments/<number:str>/reversals")
async def propose_fund_reversal(
    actor: CountyOfficer, number: str, body: FundReversalInput, key: IdempotencyKey, register: Funds
) -> FundMade:
    """提出撤回一笔已批准而银行尚未支付的支付；须另一账号审核。"""
    return FundMade(await register.propose_reversal(number, body.evidence, actor.caller))


@door.get("/fund-lines/<number:str>/bank-payments")
async def list_fund_bank_payments(actor: CountyOfficer | Auditor, number: str, query: PageQuery) -> BankPaymentsView:
    """一个科目的银行支付记录，最新在前。"""
    return BankPaymentsView(*await bank_payment_cards(number, query.cursor, query.limit))


@door.post("/fund-bank-payments")
async def import_fund_bank_payments(
    actor: CountyOfficer, body: BankPaymentsInput, key: IdempotencyKey, register: Funds
) -> Imported:
    """导入银行支付记录：整批写入或整批退回；已付即事实，超支也照记并预警。"""
    listed = [BankPayment(**msgspec.structs.asdict(each)) for each in body.payments]
    return await register.import_bank_payments(listed, actor.caller)
