"""Requests about reserves and claims on households that succeed."""

from datetime import timedelta

from kit.clock import china_day, utc_now
from kit.database import row, transaction
from orders.events import LineRefunded
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.reserves.clawbacks import Clawbacks
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.sales import SalesBooks
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import AT, DECISION, earned


async def overpaid(owner: Owner) -> tuple[str, str, str]:
    """A household that was paid for goods of which a piece goes back; answers its code, the line and the payout."""
    payout = await earned(owner)
    number = (await owner.ask("poverty_officer", "POST", f"{AT}/payouts", payout))["number"]
    line = await row("SELECT * FROM line_basis WHERE earned_at IS NOT NULL ORDER BY id DESC LIMIT 1")
    assert line is not None
    half_fen = line["net_fen"] // 2
    refund = LineRefunded(
        order=line["order_number"], merchant=line["merchant"], refund=f"F-{line['line']}", line=line["line"],
        quantity=1, amount_fen=line["net_fen"] - half_fen, freight_fen=0,
        remaining_quantity=line["remaining_quantity"] - 1, remaining_net_fen=half_fen, refund_step=1,
        occurred_at=utc_now(),
    )  # fmt: skip
    async with transaction():
        await SalesBooks().record_refunded_line(refund)
    return str(payout["household"]), str(line["line"]), str(number)


async def a_claim(owner: Owner) -> tuple[str, str]:
    """Proposed by somebody else; answers its number and the payout's."""
    code, line, payout = await overpaid(owner)
    fault = ClawbackFault.SHORT_WEIGHT
    return await Clawbacks().propose(line, code, 1, fault, "示例检测报告 2 号", "staff:other"), payout


@good("console.enter_reserve_term")
async def enter_term(owner: Owner) -> GoodRequest:
    tomorrow = (china_day(utc_now()) + timedelta(days=1)).isoformat()
    term = {"basis_points": 0, "hold_days": 7, "valid_from": tomorrow, "document": "示例协议 1 号"}
    return GoodRequest(body=term | {"merchant": f"M{owner.turn}"})


@good("console.propose_clawback")
async def propose(owner: Owner) -> GoodRequest:
    code, line, _ = await overpaid(owner)
    said = {"fault": "adulterated", "finding": "示例检测报告 1 号", "amount_fen": 1}
    return GoodRequest(body=said | {"order_line": line, "household": code})


@good("console.show_clawback", "console.decide_clawback")
async def decide(owner: Owner) -> GoodRequest:
    number, _ = await a_claim(owner)
    return GoodRequest(names={"number": number}, body=DECISION)


@good("console.offset_clawback")
async def offset(owner: Owner) -> GoodRequest:
    """Whose payout has come back, so that the household is owed what it is claimed to owe."""
    number, payout = await a_claim(owner)
    await Clawbacks().decide(number, "staff:second", "", is_approved=True)
    corrections, reason = Corrections(), CorrectionReason.MONEY_CAME_BACK
    back = await corrections.propose(CorrectionKind.PAYOUT, payout, None, reason, "示例退票 1 号", "staff:other")
    await corrections.decide(back, "staff:second", "", is_approved=True)
    return GoodRequest(names={"number": number})
