"""Payment bills: fetch one again, look at what does not agree. Payments and refunds that need a person."""

from accounts.actors import Auditor, CountyOfficer, MerchantClerk
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.payments.schemas import (
    AbnormalRefundsView,
    BillDay,
    ClosureInput,
    DifferenceItemsQuery,
    DifferenceItemsView,
    DifferencesView,
    FundBillInput,
    HeldPaymentsView,
    ImportedBillView,
    ImportedFundBillView,
    OwnerInput,
    SplitsQuery,
    SplitsView,
)
from kit.clock import utc_now
from payments.bills import Bills
from payments.differences import Difference, Differences, difference, differences
from payments.fund_bills import FundBills
from payments.queries import PaymentQueries
from payments.service import Payments
from payments.sharing.queries import SplitView, split_of, splits
from payments.sharing.service import Sharing


@door.post("/payment-bills", effect="resumable")
async def import_payment_bill(
    actor: CountyOfficer, body: BillDay, key: IdempotencyKey, bills: Bills, payments: PaymentQueries
) -> ImportedBillView:
    """立即获取某日的微信支付交易账单并逐笔核对；每日会自动执行，可重复。"""
    settled = await bills.import_day(body.day)
    return ImportedBillView(body.day, settled, len(await payments.differences(body.day)))


@door.get("/payment-bills/differences")
async def list_bill_differences(
    actor: CountyOfficer | Auditor, query: BillDay, payments: PaymentQueries
) -> DifferencesView:
    """某日账单与系统记录的差异。"""
    return DifferencesView(query.day, await payments.differences(query.day))


@door.post("/fund-bills", effect="resumable")
async def import_fund_bill(
    actor: CountyOfficer, body: FundBillInput, key: IdempotencyKey, fund_bills: FundBills, items: Differences
) -> ImportedFundBillView:
    """立即获取某账户某日的资金账单并逐笔核对；每日会自动执行，可重复。"""
    account = body.account or fund_bills.gateway.mchid
    lines = await fund_bills.import_day(body.day, account)
    await items.collect()
    return ImportedFundBillView(body.day, account, lines)


@door.get("/bill-differences")
async def list_difference_items(actor: CountyOfficer | Auditor, query: DifferenceItemsQuery) -> DifferenceItemsView:
    """两类账单的差异清单：负责人、备注与处理过程，最早的在前。"""
    return DifferenceItemsView(*await differences(query.state, query.owner, query.cursor, query.limit))


@door.put("/bill-differences/<number:str>/owner")
async def assign_difference(actor: CountyOfficer, number: str, body: OwnerInput, items: Differences) -> Difference:
    """指定差异的负责人。"""
    await items.assign(number, body.owner, body.note, actor.caller)
    return await difference(number)


@door.put("/bill-differences/<number:str>/closure")
async def close_difference(actor: CountyOfficer, number: str, body: ClosureInput, items: Differences) -> Difference:
    """说明理由后关闭差异。"""
    await items.close(number, body.reason, actor.caller)
    return await difference(number)


@door.get("/payments/held")
async def list_held_payments(actor: CountyOfficer | Auditor, payments: PaymentQueries) -> HeldPaymentsView:
    """金额、币种或付款人不符而被挂起、须人工核查的支付，最早的在前。"""
    return HeldPaymentsView(await payments.held())


@door.post("/payments/held/<number:str>/closure", status=204)
async def close_held_payment(
    actor: CountyOfficer, number: str, key: IdempotencyKey, payments: Payments, access_logs: AccessLogs
) -> None:
    """款项已在微信商户平台原路退回后，关闭挂起的支付；订单随之关闭并释放库存。操作留有记录。"""
    await payments.close_held(number)
    await access_logs.record(actor, purpose="held_payment_closure", subject=f"payment:{number}", fields=("state",))


@door.get("/refunds/abnormal")
async def list_abnormal_refunds(actor: CountyOfficer | Auditor, payments: PaymentQueries) -> AbnormalRefundsView:
    """须人工处理的退款：微信侧异常、最终失败尚未重退，或超过一天未完成，最早的在前。"""
    return AbnormalRefundsView(await payments.abnormal_refunds(utc_now()))


@door.get("/splits")
async def list_splits(actor: CountyOfficer | Auditor | MerchantClerk, query: SplitsQuery) -> SplitsView:
    """分账记录：状态、金额、回退、未能分账而欠付的佣金与负责人；stuck 只列须人工跟进的。"""
    merchant = actor.merchant if isinstance(actor, MerchantClerk) else query.merchant
    page = await splits(
        utc_now(), merchant, query.state, only_stuck=query.stuck, cursor=query.cursor, limit=query.limit
    )
    return SplitsView(*page)


@door.put("/splits/<number:str>/owner")
async def assign_split(actor: CountyOfficer, number: str, body: OwnerInput, sharing: Sharing) -> SplitView:
    """指定分账记录的负责人。"""
    await sharing.assign(number, body.owner, body.note)
    return await split_of(number, utc_now())
