"""After-sales: the buyer claims, the merchant decides in time or time decides, the county settles a dispute.

A case ends of itself: every state that waits for somebody has a deadline of the order's own terms, and its passing
is an event like any other. Nothing is computed at a refund: the shares of a claim were fixed when it was opened.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.pictures import Pictures
from content.texts import Texts
from kit.clock import Clock, utc_now
from kit.database import Row, execute, rows, scalar, transaction
from kit.errors import DomainError
from logistics.queries import pieces_in_parcels
from orders.cases.desk import OrderDesks
from orders.cases.models import BUYERS_CAUSES, CaseEvent, CaseKind, Cause
from orders.cases.money import (
    case_of,
    count_refund,
    keep_offer,
    refund_reference,
    restock,
    take_replacement,
)
from orders.cases.opening import lines_for_claim, open_case, order_for_claim, pieces_left, terms_of
from orders.cases.rules import WHOLE_BP, check_right, giving_up_bp, items_of
from orders.cases.steps import held, held_or_refuse, next_state, step, was_done
from orders.cases.words import words_of
from orders.errors import (
    CaseDecided,
    LineNotFound,
    NothingToRefund,
    OfferInvalid,
    OrderNotFound,
    OrderStateConflict,
    RefundUnfinished,
    ReturnAddressMissing,
)
from orders.groups.forming import demand_formed, unformed
from orders.models import CaseState, OrderState
from payments.refunds import Refunds
from products.stock import Stock, check_quantity
from promotions.coupons import Coupons

log = logging.getLogger(__name__)

MAX_OFFERS = 3
POSTPONED_FOR = timedelta(hours=1)
"""A deadline whose refund is refused (older than a year, fifty refunds) is tried again; the others go on."""

_BY_TIME = "deadline"
_DECISIONS = frozenset({
    CaseEvent.APPROVE, CaseEvent.AWARD, CaseEvent.REFUSE, CaseEvent.OFFER, CaseEvent.DISMISS, CaseEvent.LAPSE,
})  # fmt: skip


@dataclass(frozen=True)
class AfterSales:
    """Cases from request to refund."""

    refunds: Refunds
    stock: Stock
    desks: OrderDesks
    pictures: Pictures
    texts: Texts
    clock: Clock = utc_now

    # The buyer

    async def request(
        self,
        consumer: str,
        number: str,
        line: str,
        quantity: int,
        reason: str,
        *,
        kind: CaseKind = CaseKind.REFUND_ONLY,
        cause: Cause = Cause.QUALITY,
        pictures: Sequence[str] = (),
        openid: str | None = None,
    ) -> str:
        """Open a case for some pieces of one line; answers its number.

        ``pictures`` are numbers of the buyer's own pictures, which belong to the case from now on. The words are
        checked as everything is that people write; ``openid`` is the buyer's for WeChat's check.

        A guest who gives up is asked nothing and waits for nobody: the rule on the line says how much comes back.

        Raises LineNotFound, OrderStateConflict before payment, GroupNotFormed, AfterSalesOver, ClaimNotPossible,
        PicturesMissing, NothingToRefund, QuantityInvalid, PictureNotUsable, CancellationOver.
        """
        check_quantity(quantity)
        async with transaction():
            now = self.clock()
            try:
                order = await order_for_claim(consumer, number)
            except OrderNotFound:
                raise LineNotFound() from None
            await demand_formed(order["group_id"])
            await self._supersede(order["id"], consumer, line)
            lines = await lines_for_claim(order["id"])
            claimed = next((each for each in lines if each["reference"] == line), None)
            if claimed is None:
                raise LineNotFound()
            terms = terms_of(order)
            check_right(order, claimed["return_policy"], kind, cause, pictures, terms, now)
            gives_up = claimed["booking"] is not None and cause in BUYERS_CAUSES
            if gives_up and quantity > (left := pieces_left(lines).get(line, 0)):
                raise NothingToRefund(left=left)
            refund_bp = giving_up_bp(claimed["booking"], now) if gives_up else WHOLE_BP
            items = items_of(order["state"], lines, {line: quantity}, cause, refund_bp)
            case = await open_case(order, items, kind, cause, reason, pictures, window_s=terms.decide_s, now=now)
            await self.texts.hold(words_of(case)["request"], reason, openid)
            if pictures:
                await self.pictures.attach(pictures, f"consumer:{consumer}", "after_sales", f"case:{case}")
            if gives_up:
                await self._move(await held_or_refuse(case, ("consumer", consumer)), CaseEvent.APPROVE, "rule")
        return case

    async def cancel(self, consumer: str, number: str, reason: str, openid: str | None = None) -> str:
        """Give up a paid order that is not packed yet; answers the case.

        Everything that is left goes back with all its freight when the merchant agrees or is silent. Nobody is asked
        while its group is not formed; nor for a pre-sale, which may also be packed, as long as it is not sent; nor for
        a guest, who gets back, of what nobody has used, what the rule on the line says. Raises OrderNotFound,
        OrderStateConflict, CancellationOver, NothingToRefund.
        """
        async with transaction():
            order = await order_for_claim(consumer, number)
            lines = await lines_for_claim(order["id"])
            is_presale = any(line["ships_from"] for line in lines)
            if order["state"] not in ({OrderState.PAID, OrderState.PACKED} if is_presale else {OrderState.PAID}):
                raise OrderStateConflict(state=order["state"])
            sent = await pieces_in_parcels([line["reference"] for line in lines]) if is_presale else {}
            if any(each.handed_over for each in sent.values()):
                raise OrderStateConflict(state=order["state"], because="partly_sent")
            waits = await unformed(order["group_id"])
            booked = [line["booking"] for line in lines if line["booking"]]
            refund_bp = giving_up_bp(booked[0], self.clock()) if booked else WHOLE_BP
            await self._supersede(order["id"], consumer, None)
            case = await self._claim_left(order, None, reason, refund_bp)
            await self.texts.hold(words_of(case)["request"], reason, openid)
            if is_presale or booked or waits:
                await self._move(await held_or_refuse(case, ("consumer", consumer)), CaseEvent.APPROVE, "rule")
            if waits:
                trade = await scalar("SELECT number FROM trade WHERE id = $1", order["trade_id"])
                await Coupons(self.clock).restore(trade)
        return case

    async def grant_left(self, consumer: str, number: str, pieces: int, reason: str, actor: str) -> None:
        """Give so many unclaimed pieces of an order of one line back by rule; fewer when fewer are left.

        A refund that is refused (older than a year, fifty refunds) leaves the case open: its deadline tries again.
        """
        async with transaction():
            order = await order_for_claim(consumer, number)
            (line,) = await lines_for_claim(order["id"])
            left = min(pieces, pieces_left([line]).get(line["reference"], 0))
            if not left:
                return
            case = await self._claim_left(order, {line["reference"]: left}, reason)
            try:
                async with transaction():
                    await self._move(await held_or_refuse(case, ("consumer", consumer)), CaseEvent.APPROVE, actor)
            except DomainError as refusal:
                log.error("after_sales_grant_refused", extra={"case": case, "code": refusal.code})

    async def _claim_left(
        self, order: Row, wanted: Mapping[str, int] | None, reason: str, refund_bp: int = WHOLE_BP
    ) -> str:
        lines = await lines_for_claim(order["id"])
        wanted = pieces_left(lines) if wanted is None else wanted
        items = items_of(order["state"], lines, wanted, Cause.CHANGED_MIND, refund_bp)
        return await open_case(
            order, items, CaseKind.REFUND_ONLY, Cause.CHANGED_MIND, reason, (),
            window_s=terms_of(order).cancel_s, now=self.clock(),
        )  # fmt: skip

    async def _supersede(self, order_id: int, consumer: str, line: str | None) -> None:
        """A new claim takes the place of those that were refused on its line (of the whole order without one)."""
        refused = await rows(
            "SELECT DISTINCT c.number FROM after_sales_case c JOIN after_sales_item i ON i.case_id = c.id"
            " JOIN order_line l ON l.id = i.line_id WHERE c.order_id = $1 AND c.state = 'refused'"
            " AND ($2::text IS NULL OR l.reference = $2) ORDER BY c.number",
            order_id,
            line,
        )
        for each in refused:
            case = await held(each["number"])
            assert case is not None
            await self._move(case, CaseEvent.WITHDRAW, f"consumer:{consumer}", "再次申请")

    async def answer(self, consumer: str, case: str, *, accepts: bool) -> None:
        """Take the offered part and keep the goods, or decline it; then the merchant decides again."""
        async with transaction():
            found = await held_or_refuse(case, ("consumer", consumer))
            await self._move(found, CaseEvent.ACCEPT if accepts else CaseEvent.DECLINE, f"consumer:{consumer}")

    async def withdraw(self, consumer: str, case: str) -> None:
        """Give the claim up while nothing has been sent or paid."""
        await self._by_the_buyer(consumer, case, CaseEvent.WITHDRAW)

    async def escalate(self, consumer: str, case: str, reason: str, openid: str | None = None) -> None:
        """Bring a refusal before the county."""
        async with transaction():
            found = await held_or_refuse(case, ("consumer", consumer))
            to = next_state(found, CaseEvent.ESCALATE)
            await self._move(found, CaseEvent.ESCALATE, f"consumer:{consumer}", reason)
            await self.texts.hold(words_of(case)[to or ""], reason, openid)

    async def send_back(self, consumer: str, case: str, carrier: str, waybill: str) -> None:
        """The parcel is on its way to the merchant."""
        await self._by_the_buyer(
            consumer,
            case,
            CaseEvent.SEND_BACK,
            f"{carrier} {waybill}",
            return_carrier=carrier,
            return_waybill=waybill,
            returned_at=self.clock(),
        )

    async def confirm(self, consumer: str, case: str) -> None:
        """The replacement has arrived."""
        await self._by_the_buyer(consumer, case, CaseEvent.CONFIRM)

    async def _by_the_buyer(
        self, consumer: str, case: str, event: CaseEvent, note: str | None = None, **noted: object
    ) -> None:
        async with transaction():
            found = await held_or_refuse(case, ("consumer", consumer))
            await self._move(found, event, f"consumer:{consumer}", note, **noted)

    # The merchant

    async def approve(self, merchant: str, case: str, actor: str, *, keeps_goods: bool = False) -> None:
        """The merchant agrees: a refund is asked for in the same transaction, or the buyer may send the goods back.

        ``keeps_goods`` pays without the goods coming back. Agreeing again to a case whose refund has failed for good
        asks for another one. Raises RefundUnfinished while WeChat still has the failed one in hand, CaseNotFound,
        CaseDecided, ReturnAddressMissing and the refusals of the refund.
        """
        async with transaction():
            found = await held_or_refuse(case, ("merchant", merchant))
            event = CaseEvent.AWARD if keeps_goods else CaseEvent.APPROVE
            if not was_done(found, event):
                await self._move(found, event, actor)

    async def refuse(self, merchant: str, case: str, reason: str, actor: str) -> None:
        """The merchant refuses the claim, or the parcel that came back, with a reason the buyer reads."""
        async with transaction():
            found = await held_or_refuse(case, ("merchant", merchant))
            if not was_done(found, CaseEvent.REFUSE):
                await self._move(found, CaseEvent.REFUSE, actor, reason)

    async def offer(self, merchant: str, case: str, amount_fen: int, reason: str, actor: str) -> None:
        """Offer a part of the goods money; the buyer would keep the goods. Raises OfferInvalid, CaseDecided."""
        async with transaction():
            found = await held_or_refuse(case, ("merchant", merchant))
            if found["state"] == CaseState.OFFERED and found["offer_fen"] == amount_fen:
                return
            if next_state(found, CaseEvent.OFFER) is None:
                raise CaseDecided(state=found["state"])
            if not 1 <= amount_fen < found["amount_fen"] or found["offers"] >= MAX_OFFERS:
                raise OfferInvalid(below_fen=found["amount_fen"], times=MAX_OFFERS)
            await self._move(
                found, CaseEvent.OFFER, actor, reason, offer_fen=amount_fen, offers=found["offers"] + 1
            )  # fmt: skip

    async def take_back(self, merchant: str, case: str, actor: str, *, fit_for_sale: bool) -> None:
        """The parcel has arrived and is right: the money goes back, or the replacement is due."""
        async with transaction():
            found = await held_or_refuse(case, ("merchant", merchant))
            if was_done(found, CaseEvent.TAKE_BACK):
                return
            await self._move(found, CaseEvent.TAKE_BACK, actor)
            if fit_for_sale:
                await restock(found, self.stock)

    async def ship_again(self, merchant: str, case: str, carrier: str, waybill: str, actor: str) -> None:
        """The replacement is on its way; its pieces leave the stock. Raises SoldOut."""
        async with transaction():
            found = await held_or_refuse(case, ("merchant", merchant))
            if (found["exchange_carrier"], found["exchange_waybill"]) == (carrier, waybill):
                return
            await self._move(
                found, CaseEvent.SHIP_AGAIN, actor, f"{carrier} {waybill}",
                exchange_carrier=carrier, exchange_waybill=waybill,
            )  # fmt: skip
            await take_replacement(found, self.stock)

    # The county, and time

    async def settle(self, case: str, reason: str, actor: str, *, grants: bool) -> None:
        """The county decides an escalated refusal, with its reason. Raises CaseNotFound, CaseDecided."""
        async with transaction():
            found = await held_or_refuse(case, ("", ""))
            event = CaseEvent.APPROVE if grants else CaseEvent.DISMISS
            if found["state"] not in (CaseState.ESCALATED, CaseState.RETURN_ESCALATED):
                raise CaseDecided(state=found["state"])
            await self._move(found, event, actor, reason)

    async def lapse_due(self, limit: int = 100) -> int:
        """Let the deadlines that have passed take effect, each in a transaction of its own; answers how many."""
        now = self.clock()
        due = await rows(
            "SELECT number FROM after_sales_case WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2", now, limit
        )
        return sum([await self._lapse(case["number"], now) for case in due])

    async def _lapse(self, case: str, now: datetime) -> bool:
        try:
            async with transaction():
                found = await held(case, wait=False)
                if found is None or found["due_at"] is None or found["due_at"] > now:
                    return False
                await self._move(found, CaseEvent.LAPSE, _BY_TIME)
        except DomainError as refusal:
            log.error("after_sales_deadline_refused", extra={"case": case, "code": refusal.code})
            await execute(
                "UPDATE after_sales_case SET due_at = $2 WHERE number = $1 AND due_at <= $3",
                case,
                now + POSTPONED_FOR,
                now,
            )
            return False
        return True

    # Every step

    async def _move(self, case: Row, event: CaseEvent, actor: str, note: str | None = None, **noted: object) -> None:
        """One step of a held case and what it brings about."""
        now = self.clock()
        if next_state(case, event) is CaseState.RETURNING:
            noted["return_address"] = await self.desks.address_for(case)
            if noted["return_address"] is None:
                if actor != _BY_TIME and case["state"] != CaseState.ESCALATED:
                    raise ReturnAddressMissing()
                # Silence and the county's word are no worse for the buyer because the merchant has no address.
                event, noted = CaseEvent.AWARD, {}
        if case["state"] == CaseState.FAILED and event is CaseEvent.APPROVE:
            if not await self.refunds.is_closed(refund_reference(case["number"], case["refund_attempt"])):
                raise RefundUnfinished()
            noted["refund_attempt"] = case["refund_attempt"] + 1
        if event in _DECISIONS:
            noted |= {"decision": (f"{actor}: {note}" if note else actor)[:240], "decided_at": now}
        if await step(case, event, now=now, actor=actor, note=note, **noted) is not CaseState.REFUNDING:
            return
        if event is CaseEvent.ACCEPT:
            await keep_offer(case)
        await self._ask_for_money(case["number"])

    async def _ask_for_money(self, number: str) -> None:
        case = await held(number)
        assert case is not None
        amount_fen = case["amount_fen"] + case["freight_fen"]
        if amount_fen:
            await self.refunds.request(
                reference=case["order"],
                refund_reference=refund_reference(number, case["refund_attempt"]),
                amount_fen=amount_fen,
                reason=case["reason"],
            )
        else:
            await self.record_refund(number, self.clock())

    # The money

    async def record_refund(self, refund: str, occurred_at: datetime) -> None:
        """The money is back with the buyer: count it on the lines and announce it, once.

        A number that is no case (the refund of a late payment) is somebody else's business.
        """
        case = await held(case_of(refund))
        if case is None or next_state(case, CaseEvent.PAY) is None:
            return
        await step(case, CaseEvent.PAY, now=self.clock(), actor="payment", refunded_at=occurred_at)
        await count_refund(case, self.stock, occurred_at=occurred_at, now=self.clock())

    async def record_failure(self, refund: str) -> None:
        """WeChat could not refund; the case waits for a person. The end of an earlier attempt is no news."""
        case = await held(case_of(refund))
        if case is None or refund != refund_reference(case["number"], case["refund_attempt"]):
            return
        if next_state(case, CaseEvent.FAIL) is not None:
            await step(case, CaseEvent.FAIL, now=self.clock(), actor="payment")
