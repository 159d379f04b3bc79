"""Merchants' after-sales reserves, and claims on households for what they bore: proposed, decided, set off."""

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.reserves.schemas import (
    ClawbackInput,
    ClawbackProposed,
    ClawbacksQuery,
    ClawbacksView,
    DecisionInput,
    ReservesView,
    ReserveTermInput,
)
from poverty_alleviation.reserves.clawbacks import Clawbacks
from poverty_alleviation.reserves.queries import ClawbackFile, clawback_cards, clawback_file, reserve_cards
from poverty_alleviation.reserves.terms import Reserves


@door.post("/poverty/reserve-terms", status=204)
async def enter_reserve_term(actor: PovertyOfficer, body: ReserveTermInput, reserves: Reserves) -> None:
    """登记商户售后准备金的比例与留存天数，自次日或以后某日起执行。"""
    await reserves.enter(body.merchant, body.basis_points, body.hold_days, body.valid_from, body.document, actor.caller)


@door.get("/poverty/reserves")
async def list_reserves(actor: PovertyOfficer | Auditor) -> ReservesView:
    """各商户售后准备金余额；负数为退款已超出留存。"""
    return ReservesView(await reserve_cards())


@door.post("/poverty/clawbacks")
async def propose_clawback(
    actor: PovertyOfficer, body: ClawbackInput, key: IdempotencyKey, clawbacks: Clawbacks
) -> ClawbackProposed:
    """提出追偿：准备金为农户垫付的退款，认定农户有过错的，须另一账号审核后入账。"""
    number = await clawbacks.propose(
        body.order_line, body.household, body.amount_fen, body.fault, body.finding, actor.caller
    )
    return ClawbackProposed(number)


@door.get("/poverty/clawbacks")
async def list_clawbacks(actor: PovertyOfficer | Auditor, query: ClawbacksQuery) -> ClawbacksView:
    """追偿单列表，最新在前。"""
    return ClawbacksView(*await clawback_cards(query.state, query.household, query.cursor, query.limit))


@door.get("/poverty/clawbacks/<number:str>")
async def show_clawback(actor: PovertyOfficer | Auditor, number: str) -> ClawbackFile:
    """一份追偿单及其抵扣记录。"""
    return await clawback_file(number)


@door.put("/poverty/clawbacks/<number:str>/decision")
async def decide_clawback(
    actor: PovertyOfficer, number: str, body: DecisionInput, clawbacks: Clawbacks
) -> ClawbackFile:
    """审核追偿：批准即入账，提出人不得自批，只能撤回。"""
    await clawbacks.decide(number, actor.caller, body.note, is_approved=body.is_approved)
    return await clawback_file(number)


@door.post("/poverty/clawbacks/<number:str>/offsets", status=204)
async def offset_clawback(actor: PovertyOfficer, number: str, key: IdempotencyKey, clawbacks: Clawbacks) -> None:
    """以农户在同一商户后续已实现、未付款的收入抵扣追偿，不超过规定比例，有异议或待付款的除外。"""
    await clawbacks.offset(number, actor.caller)
