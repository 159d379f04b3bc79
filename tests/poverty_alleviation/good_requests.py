"""Requests of the poverty office that succeed."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from kit.clock import china_day, utc_now
from kit.database import execute, scalar, transaction
from ledger.service import JournalDraft, Journals
from poverty_alleviation.contracts import Contracts, ContractTerms, RuleTerms
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.payouts import due
from poverty_alleviation.postings import settled_entries
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.traceability.good_requests import delivery

AT = "/v1/console/poverty"
CONFIRMED = {"kind": "visit", "evidence": "示例走访 1"}
RULE = {
    "mechanism": "return", "kind": "pct_net", "rate": 200, "scope": "registered_only", "category": "production",
    "recognition": "order_completed", "valid_from": "2026-01-01",
}  # fmt: skip
DECISION = {"is_approved": True, "note": "示例核对无误"}


NEW = {"name": "示例农户", "township": TOWNSHIP, "village": VILLAGE}


@good("console.enter_household")
async def enter_household(owner: Owner) -> GoodRequest:
    return GoodRequest(body=NEW)


async def household(owner: Owner) -> str:
    """A household that is registered."""
    code = (await owner.ask("poverty_officer", "POST", f"{AT}/households", NEW))["code"]
    status = {"status": "registered", "valid_from": "2020-01-01", "document": "示例文件 1 号"}
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/statuses", status)
    return str(code)


async def link(owner: Owner) -> dict[str, str]:
    """To a supplier of nobody's."""
    farmer = {"name": "示例供货人丙", "kind": "farmer", "township": TOWNSHIP}
    supplier = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", farmer))["supplier"]
    return {"supplier": supplier, "valid_from": "2020-01-01", "document": "示例文件 2 号"}


@good("console.link_supplier")
async def link_supplier(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await household(owner)}, body=await link(owner))


@good("console.unlink_supplier")
async def unlink_supplier(owner: Owner) -> GoodRequest:
    code, body = await household(owner), await link(owner)
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/supplier-links", body)
    return GoodRequest(names={"code": code, "supplier": body["supplier"]}, body={"valid_until": "2026-06-30"})


async def contract(owner: Owner, code: str | None = None) -> dict[str, object]:
    """What is drafted: with the household of this code, or a new one."""
    cooperative = {"name": "示例供货社", "kind": "cooperative", "township": TOWNSHIP}
    supplier = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", cooperative))["supplier"]
    merchant = owner.house.merchant
    return {
        "template": "enterprise_cooperative_household", "merchant": merchant,
        "parties": {"enterprise": [merchant], "cooperative": [supplier], "household": [code or await household(owner)]},
        "document": "示例合同 1 号", "valid_from": "2020-01-01",
    }  # fmt: skip


@good("console.draft_contract")
async def draft(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await contract(owner))


async def drafted(owner: Owner, code: str | None = None) -> str:
    """A contract that somebody else has drafted."""
    terms = msgspec.convert(await contract(owner, code), ContractTerms)
    return await Contracts().draft(terms, "staff:other")


async def concluded(owner: Owner, *rules: dict[str, object], code: str | None = None) -> str:
    """A contract that holds, with these rules."""
    number = await drafted(owner, code)
    for rule in rules:
        await Contracts().add_rule(number, msgspec.convert(rule, RuleTerms), "staff:other")
    await Contracts().submit(number)
    await owner.ask("poverty_officer", "PUT", f"{AT}/contracts/{number}/decision", DECISION)
    return number


@good("console.show_contract", "console.submit_contract")
async def a_draft(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await drafted(owner)})


@good("console.add_benefit_rule")
async def add_rule(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await drafted(owner)}, body=RULE)


@good("console.decide_contract")
async def decide(owner: Owner) -> GoodRequest:
    """With a rule in it."""
    number = await drafted(owner)
    await Contracts().add_rule(number, msgspec.convert(RULE, RuleTerms), "staff:other")
    await Contracts().submit(number)
    return GoodRequest(names={"number": number}, body=DECISION)


@good("console.end_contract")
async def end(owner: Owner) -> GoodRequest:
    later = (china_day(utc_now()) + timedelta(days=9)).isoformat()
    return GoodRequest(names={"number": await concluded(owner)}, body={"valid_until": later, "document": "示例终止"})


@good("console.change_benefit_rule")
async def change_rule(owner: Owner) -> GoodRequest:
    number = await concluded(owner, RULE)
    rule = await scalar("SELECT code FROM benefit_rule ORDER BY id DESC LIMIT 1")
    return GoodRequest(names={"number": number, "rule": str(rule)}, body=RULE | {"valid_from": "2026-07-01"})


@good("console.decide_benefit_rule")
async def decide_rule(owner: Owner) -> GoodRequest:
    """A new version, so that the one before it has to end."""
    number = await concluded(owner, RULE)
    rule = str(await scalar("SELECT code FROM benefit_rule ORDER BY id DESC LIMIT 1"))
    changed = msgspec.convert(RULE | {"valid_from": "2026-07-01"}, RuleTerms)
    await Contracts().change_rule(number, rule, changed, "staff:other")
    return GoodRequest(names={"number": number, "rule": rule}, body=DECISION)


async def linked(owner: Owner, body: Mapping[str, object]) -> str:
    """The supplier of a delivery is a registered household's; answers its code."""
    code = await household(owner)
    given = {"supplier": body["supplier"], "valid_from": "2020-01-01", "document": "示例文件 3 号"}
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/supplier-links", given)
    return code


async def earned(owner: Owner) -> dict[str, object]:
    """What a household is owed for goods that were sold, received and kept; answers the payout's body."""
    mall = mall_of(owner.house)
    per_kilogram = {"mechanism": "consignment", "kind": "per_unit", "rate": 1200, "scope": "all_suppliers"}
    await concluded(owner, RULE | per_kilogram)
    body = await delivery(owner, "merchant_clerk")
    code = await linked(owner, body)
    intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", body))["number"]
    lot = await mall.lots.make(mall.merchant, mall.product, 10_000, [intake], "staff:clerk")
    await mall.lots.seal(mall.merchant, lot, "staff:clerk")
    order = await bought(owner, "paid")
    await mall.fulfilment.pack(mall.merchant, order.number, {order.line: {lot: 2}}, "staff:clerk")
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000009", "staff:clerk")
    await mall.life.receive(order.consumer, order.number)
    await mall.deliver()
    # This one alone is old enough; those that the belongings have by decree are nothing to the books.
    await execute("UPDATE customer_order SET received_at = now() - interval '8 days' WHERE number = $1", order.number)
    await mall.life.earn_due()
    await mall.deliver()
    (owed,) = [each for each in await due() if each.household == code]
    voucher = f"示例回单 {secrets.token_hex(4)}"
    return {
        "household": code, "merchant": mall.merchant, "amount_fen": owed.amount_fen, "bank_voucher": voucher,
        "paid_on": china_day(utc_now()).isoformat(),
    }  # fmt: skip


@good("console.record_payout")
async def pay_out(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await earned(owner))


@good("console.confirm_payout")
async def confirm_payout(owner: Owner) -> GoodRequest:
    number = (await owner.ask("poverty_officer", "POST", f"{AT}/payouts", await earned(owner)))["number"]
    return GoodRequest(names={"number": number}, body=CONFIRMED | {"confirmed_at": utc_now().isoformat()})


@good("console.confirm_intake")
async def confirm_intake(owner: Owner) -> GoodRequest:
    """Goods that were paid for at the scale."""
    paid = {"mode": "paid_at_scale", "evidence": f"示例收购单 {secrets.token_hex(4)}"}
    body = await delivery(owner, "station_keeper") | paid
    await linked(owner, body)
    number = (await owner.ask("station_keeper", "POST", "/v1/console/intakes", body))["number"]
    await mall_of(owner.house).deliver()
    return GoodRequest(names={"number": number}, body=CONFIRMED | {"confirmed_at": utc_now().isoformat()})


async def settlement_to_correct() -> str:
    """A settlement of a channel that somebody has booked; answers what names it."""
    name = secrets.token_hex(8)
    async with transaction():
        entries = settled_entries(name, "test", 100, 1)
        now = utc_now()
        await Journals().post(JournalDraft("orders.channel_settled", name, now, entries, booked_at=now))
    return name


@good("console.propose_correction")
async def propose_correction(_: Owner) -> GoodRequest:
    body = {"kind": "channel_settlement", "reason": "recorded_twice", "evidence": "示例对账单 1 号"}
    return GoodRequest(body=body | {"target": await settlement_to_correct()})


@good("console.show_correction", "console.decide_correction")
async def decide_correction(_: Owner) -> GoodRequest:
    """Proposed by somebody else."""
    corrections, kind = Corrections(), CorrectionKind.CHANNEL_SETTLEMENT
    name, reason = await settlement_to_correct(), CorrectionReason.RECORDED_TWICE
    number = await corrections.propose(kind, name, None, reason, "示例对账单 1 号", "staff:other")
    return GoodRequest(names={"number": number}, body={"is_approved": True, "note": "示例核对无误"})
