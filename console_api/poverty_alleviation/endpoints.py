"""Households, payouts and the figures.

The poverty office writes; auditors read masked, and figures by code alone.
"""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from api_kit.schemas import DaySpan
from console_api import door
from console_api.poverty_alleviation.schemas import (
    AccountView,
    ChainsView,
    ChainView,
    ConfirmationInput,
    DrillDownQuery,
    DueQuery,
    DueView,
    FiguresQuery,
    FiguresView,
    HouseholdEntered,
    HouseholdInput,
    HouseholdsQuery,
    HouseholdsView,
    IdentityView,
    LinkEndInput,
    LinkInput,
    PayoutInput,
    PayoutsQuery,
    PayoutsView,
    StatusInput,
    TrialBalanceView,
    ViewingInput,
)
from kit.errors import NotFound
from ledger.queries import trial_balance, verify_chain
from poverty_alleviation.households import HouseholdCard, Households, Identity
from poverty_alleviation.payouts import PayoutCard, Payouts, due, payout_cards
from poverty_alleviation.queries import DrillDown, Figure, Statement, drill_down, figures, statement, totals
from poverty_alleviation.reconciliation import Reconciliation, reconciliation


async def _entered(code: str) -> HouseholdEntered:
    return HouseholdEntered(code)


@door.post("/poverty/households", answer=_entered)
async def enter_household(
    actor: PovertyOfficer, body: HouseholdInput, key: IdempotencyKey, register: Households
) -> Made:
    """登记农户；姓名、证件与电话加密保存，只答复编码。"""
    identity = Identity(name=body.name, id_number=body.id_number, phone=body.phone)
    return Made(await register.enter(identity, body.township, body.village, actor.caller, body.code))


@door.get("/poverty/households")
async def list_households(
    actor: PovertyOfficer | Auditor, query: HouseholdsQuery, register: Households
) -> HouseholdsView:
    """农户名册，姓名与电话已遮盖。"""
    return HouseholdsView(*await register.cards(query.township, query.cursor, query.limit))


@door.get("/poverty/households/<code:str>")
async def show_household(actor: PovertyOfficer | Auditor, code: str, register: Households) -> HouseholdCard:
    """农户的认定、供货人关联与帮扶责任人，姓名与电话已遮盖。"""
    return await register.card(code)


@door.post("/poverty/households/<code:str>/identity-views", status=200)
async def show_household_identity(
    actor: PovertyOfficer, code: str, body: ViewingInput, register: Households
) -> IdentityView:
    """农户的姓名、证件与电话中该用途可看的部分；须说明用途与依据，先留访问记录再回答。"""
    found = await register.identity(actor, code, body.viewing())
    return IdentityView(code, found.name, found.id_number, found.phone)


@door.post("/poverty/households/<code:str>/statuses")
async def decide_household_status(
    actor: PovertyOfficer, code: str, body: StatusInput, register: Households
) -> HouseholdCard:
    """按文件登记认定，自某日起。"""
    await register.decide(code, body.status, body.valid_from, body.document, actor.caller)
    return await register.card(code)


@door.post("/poverty/households/<code:str>/supplier-links")
async def link_supplier(actor: PovertyOfficer, code: str, body: LinkInput, register: Households) -> HouseholdCard:
    """关联供货人与农户，自某日起；仅由扶贫部门办理。"""
    await register.link(code, body.supplier, body.valid_from, body.document, actor.caller)
    return await register.card(code)


@door.put("/poverty/households/<code:str>/supplier-links/<supplier:str>/end")
async def unlink_supplier(
    actor: PovertyOfficer, code: str, supplier: str, body: LinkEndInput, register: Households
) -> HouseholdCard:
    """终止关联。"""
    await register.unlink(code, supplier, body.valid_until)
    return await register.card(code)


@door.get("/poverty/figures")
async def show_figures(actor: PovertyOfficer | Auditor, query: FiguresQuery) -> FiguresView:
    """各户带动销售额与增收额，并列而不相加。"""
    found = await figures(query.since, query.until, query.township)
    return FiguresView(found, totals(found))


@door.get("/poverty/households/<code:str>/statement")
async def show_statement(actor: PovertyOfficer | Auditor, code: str, query: DaySpan) -> Statement:
    """农户对账单。"""
    return await statement(code, query.since, query.until)


@door.get("/poverty/households/<code:str>/figures/<figure:str>")
async def take_figure_apart(
    actor: PovertyOfficer | Auditor, code: str, figure: str, query: DrillDownQuery
) -> DrillDown:
    """把一个数字追溯到分录、订单行、收购单与凭证。"""
    try:
        wanted = Figure(figure)
    except ValueError:
        raise NotFound(figure=figure[:40]) from None
    return await drill_down(code, wanted, query.since, query.until, query.cursor, query.limit)


@door.get("/poverty/reconciliation")
async def show_reconciliation(actor: PovertyOfficer | Auditor) -> Reconciliation:
    """支付、订单、银行与账簿核对，差额以分计。"""
    return await reconciliation()


@door.get("/poverty/trial-balance")
async def show_trial_balance(actor: PovertyOfficer | Auditor) -> TrialBalanceView:
    """两套账的试算平衡表。"""
    accounts = [msgspec.convert(a, AccountView, from_attributes=True) for a in await trial_balance()]
    sums: dict[str, int] = {}
    for account in accounts:
        sums[account.book] = sums.get(account.book, 0) + account.balance_fen
    return TrialBalanceView(accounts, sums)


@door.get("/poverty/ledger-chain")
async def verify_ledger_chain(actor: PovertyOfficer | Auditor) -> ChainsView:
    """逐笔重算封存的哈希链。"""
    periods = [msgspec.convert(p, ChainView, from_attributes=True) for p in await verify_chain()]
    return ChainsView(periods, all(period.broken_at is None for period in periods))


@door.get("/poverty/payouts/due")
async def list_due_payouts(actor: PovertyOfficer | Auditor, query: DueQuery) -> DueView:
    """应付未付清单。"""
    return DueView(await due(query.merchant))


async def _paid_out(number: str) -> PayoutCard:
    return (await payout_cards(None, [number]))[0]


@door.post("/poverty/payouts", answer=_paid_out)
async def record_payout(actor: PovertyOfficer, body: PayoutInput, key: IdempotencyKey, payouts: Payouts) -> Made:
    """登记付款与银行回单；金额须等于当前应付。"""
    return Made(
        await payouts.record(
            body.household, body.merchant, body.amount_fen, body.bank_voucher, body.paid_on, actor.caller
        )
    )


@door.get("/poverty/payouts")
async def list_payouts(actor: PovertyOfficer | Auditor, query: PayoutsQuery) -> PayoutsView:
    """付款记录，最新在前。"""
    return PayoutsView(await payout_cards(query.household))


@door.put("/poverty/payouts/<number:str>/confirmation", status=204)
async def confirm_payout(actor: PovertyOfficer, number: str, body: ConfirmationInput, payouts: Payouts) -> None:
    """登记农户对付款的确认。"""
    await payouts.confirm("payout", number, body.kind, body.evidence, body.confirmed_at, actor.caller)


@door.put("/poverty/intakes/<number:str>/confirmation", status=204)
async def confirm_intake(actor: PovertyOfficer, number: str, body: ConfirmationInput, payouts: Payouts) -> None:
    """登记农户对过秤付款的确认。"""
    await payouts.confirm("intake", number, body.kind, body.evidence, body.confirmed_at, actor.caller)
