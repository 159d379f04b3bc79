"""Telling WeChat what was shipped, which is what releases the merchant's money (wechat reference 2.7).

A report is a row that is written with the handing over and sent by a job: claimed by a committed change, told,
recorded. Every call tells all parcels so far, so a call whose answer was lost may simply be made again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, joined, row, rows, transaction
from logistics.errors import ReportUnknown
from logistics.models import ReportKind, ReportState
from logistics.ports import Answer, ReportedParcel, ShippingInformation, ShippingNews, WeChatSilent
from logistics.report_answers import Verdict, pause_after, verdict_on

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
AFTER_PAYMENT = timedelta(seconds=90)
"""WeChat knows the payment's order about a minute after the payment."""

GOODS_CHARS = 120
NOT_SENT, FETCHED = 3, 4
"""WeChat's kinds of delivery without a parcel (wechat reference 2.7)."""
NO_CODE = -2
"""Stands for "WeChat did not answer" where codes are kept; none of WeChat's codes is -2."""


class PaymentOfGoods(msgspec.Struct, frozen=True, kw_only=True):
    """The payment whose goods are shipped, as WeChat knows it; ``combination`` when it was paid with others at once."""

    transaction_id: str
    payer_openid: str
    paid_at: datetime
    combination: str | None = None


@dataclass(frozen=True)
class ShippingReports:
    """The outbox of reports. ``reference`` is an order, ``merchant`` whose it is."""

    clock: Clock = utc_now

    async def note(self, reference: str, merchant: str, payment: PaymentOfGoods, *, is_complete: bool) -> None:
        """There is something new to tell of a payment's goods. Joins the transaction of what is told.

        A report that is not complete with its first parcel is split for good.
        """
        now = self.clock()
        async with joined():
            await row(
                "INSERT INTO shipping_report AS r (kind, reference, merchant, transaction_id, payer_openid,"
                " combination, logistics_type, is_split, is_complete, state, wanted, told, attempts, due_at, noted_at)"
                " VALUES ('shipping', $1, $2, $3, $4, $8, 1, NOT $5, $5, 'pending', 1, 0, 0, $6, $7)"
                " ON CONFLICT (reference, kind) DO UPDATE SET wanted = r.wanted + 1, is_complete = $5,"
                " state = CASE r.state WHEN 'sending' THEN r.state ELSE 'pending' END, attempts = 0,"
                " due_at = GREATEST($6, CASE r.state WHEN 'pending' THEN r.due_at ELSE $6 END)"
                " RETURNING id",
                reference,
                merchant,
                payment.transaction_id,
                payment.payer_openid,
                is_complete,
                max(now, payment.paid_at + AFTER_PAYMENT),
                now,
                payment.combination,
            )

    async def note_presale(self, reference: str, merchant: str, payment: PaymentOfGoods, promised_at: datetime) -> None:
        """Goods are sent later than WeChat waits for any, until ``promised_at``; told once."""
        now = self.clock()
        await rows(
            "INSERT INTO shipping_report (kind, reference, merchant, transaction_id, payer_openid, logistics_type,"
            " is_split, is_complete, promised_at, state, wanted, told, attempts, due_at, noted_at)"
            " VALUES ('presale', $1, $2, $3, $4, 1, false, false, $5, 'pending', 1, 0, 0, $6, $7)"
            " ON CONFLICT DO NOTHING RETURNING id",
            reference,
            merchant,
            payment.transaction_id,
            payment.payer_openid,
            promised_at,
            max(now, payment.paid_at + AFTER_PAYMENT),
            now,
        )

    async def note_handed_over(
        self, reference: str, merchant: str, payment: PaymentOfGoods, goods: str, *, is_fetched: bool
    ) -> None:
        """Goods that are fetched wait at the station, or a service that is not sent was used; told once, whole."""
        now = self.clock()
        await rows(
            "INSERT INTO shipping_report (kind, reference, merchant, transaction_id, payer_openid, logistics_type,"
            " goods, is_split, is_complete, state, wanted, told, attempts, due_at, noted_at, combination)"
            " VALUES ('shipping', $1, $2, $3, $4, $5, $6, false, true, 'pending', 1, 0, 0, $7, $8, $9)"
            " ON CONFLICT DO NOTHING RETURNING id",
            reference,
            merchant,
            payment.transaction_id,
            payment.payer_openid,
            FETCHED if is_fetched else NOT_SENT,
            goods[:GOODS_CHARS],
            max(now, payment.paid_at + AFTER_PAYMENT),
            now,
            payment.combination,
        )

    async def note_arrival(self, reference: str, arrived_at: datetime) -> None:
        """All goods of a payment have arrived: WeChat may remind its buyer to confirm. Once, and after the shipping."""
        await rows(
            "INSERT INTO shipping_report (kind, reference, merchant, transaction_id, payer_openid, logistics_type,"
            " is_split, is_complete, arrived_at, state, wanted, told, attempts, due_at, noted_at)"
            " SELECT 'receipt', reference, merchant, transaction_id, payer_openid, 1, is_split, true, $2, 'pending', 1,"
            " 0, 0, $3, $3 FROM shipping_report WHERE reference = $1 AND kind = 'shipping' AND is_complete"
            " ON CONFLICT DO NOTHING RETURNING id",
            reference,
            arrived_at,
            self.clock(),
        )

    async def try_again(self, reference: str, kind: ReportKind, by: str, merchant: str | None = None) -> None:
        """A person has put right what was wrong. Raises ReportUnknown for a report that does not wait for one."""
        await self._decide(reference, kind, ReportState.PENDING, by, merchant)

    async def dismiss(self, reference: str, kind: ReportKind, by: str, merchant: str | None = None) -> None:
        """A person has settled it at WeChat, or nothing is left to tell. Raises ReportUnknown."""
        await self._decide(reference, kind, ReportState.DISMISSED, by, merchant)

    async def _decide(self, reference: str, kind: ReportKind, to: ReportState, by: str, merchant: str | None) -> None:
        if not await execute(
            "UPDATE shipping_report SET state = $3, attempts = 0, due_at = $4, decided_by = $5"
            " WHERE reference = $1 AND kind = $2 AND state = 'for_a_person' AND ($6::text IS NULL OR merchant = $6)",
            reference,
            kind.value,
            to.value,
            self.clock(),
            by,
            merchant,
        ):
            raise ReportUnknown()


@dataclass(frozen=True)
class Reporter:
    """Sends what is due. Blocks nobody's transaction: the call stands between two committed changes.

    ``is_combined``: parts of a combined payment are told as such, those that are due together in one call. Otherwise
    each is told as the payment that it is. WeChat keeps parts apart either way, so the setting may change any time.
    """

    wechat: ShippingInformation
    clock: Clock = utc_now
    is_combined: bool = False

    async def tell_due(self, limit: int = 20) -> int:
        """Tell WeChat what is due, one call each or one for parts of a combined payment; answers how many reports."""
        claimed = await self._claim(limit)
        together: dict[str, list[Row]] = {}
        for report in claimed:
            if self.is_combined and report["kind"] == ReportKind.SHIPPING and report["combination"]:
                together.setdefault(report["combination"], []).append(report)
            else:
                await self._tell(report)
        for combination, reports in together.items():
            await self._tell_together(combination, reports)
        return len(claimed)

    async def _tell_together(self, combination: str, reports: list[Row]) -> None:
        """Parts that have something new, in one call; a part without, or that was refunded unsent, is not named.

        A call is taken whole or not at all, so what WeChat refuses is told part by part: one that was refunded after
        it was sent holds up none of the others.
        """
        news = [await self._news(report) for report in reports]
        try:
            answer = await self.wechat.tell_combined(combination, news)
        except WeChatSilent as error:
            answer = Answer(NO_CODE, str(error))
        verdicts = {verdict_on(answer.code, each["attempts"], is_first_word=each["told"] == 0) for each in reports}
        if len(reports) > 1 and answer.code != 0 and verdicts != {Verdict.AGAIN}:
            for report in reports:
                await self._tell_together(combination, [report])
            return
        for report in reports:
            await self._record(report, answer)

    async def _claim(self, limit: int) -> list[Row]:
        return await rows(
            "UPDATE shipping_report SET state = 'sending', claimed_until = $1::timestamptz + $2::interval,"
            " attempts = attempts + 1 WHERE id IN (SELECT id FROM shipping_report"
            " WHERE (state = 'pending' AND due_at <= $1) OR (state = 'sending' AND claimed_until <= $1)"
            " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, kind, reference, combination, transaction_id, payer_openid, logistics_type, goods,"
            " is_split, is_complete, arrived_at, promised_at, wanted, told, attempts",
            self.clock(),
            LEASE,
            limit,
        )

    async def _tell(self, report: Row) -> None:
        try:
            if report["kind"] == ReportKind.RECEIPT:
                answer = await self.wechat.tell_arrived(report["transaction_id"], report["arrived_at"])
            elif report["kind"] == ReportKind.PRESALE:
                answer = await self.wechat.tell_presale(report["transaction_id"], report["promised_at"])
            else:
                answer = await self.wechat.tell_shipped(await self._news(report))
        except WeChatSilent as error:
            answer = Answer(NO_CODE, str(error))
        await self._record(report, answer)

    async def _news(self, report: Row) -> ShippingNews:
        if report["goods"] is not None:
            goods = ReportedParcel(carrier="", waybill="", goods=report["goods"], phone_tail="")
            return self._composed(report, (goods,))
        found = await rows(
            "SELECT c.wechat_id, p.waybill, p.phone_tail, (SELECT string_agg(i.title || '×' || i.quantity, '、'"
            " ORDER BY i.line) FROM parcel_item i WHERE i.parcel_id = p.id AND i.reference = $1) AS goods"
            " FROM parcel p JOIN carrier c ON c.code = p.carrier WHERE p.id IN ("
            " SELECT parcel_id FROM parcel_item WHERE reference = $1) AND p.state NOT IN ('created', 'cancelled')"
            " ORDER BY p.handed_over_at, p.id",
            report["reference"],
        )
        parcels = tuple(
            ReportedParcel(
                carrier=each["wechat_id"],
                waybill=each["waybill"],
                goods=each["goods"][:GOODS_CHARS],
                phone_tail=each["phone_tail"],
            )
            for each in found
        )
        return self._composed(report, parcels)

    def _composed(self, report: Row, parcels: tuple[ReportedParcel, ...]) -> ShippingNews:
        return ShippingNews(
            logistics_type=report["logistics_type"],
            transaction_id=report["transaction_id"],
            payer_openid=report["payer_openid"],
            parcels=parcels,
            is_split=report["is_split"] or len(parcels) > 1,
            is_complete=report["is_complete"],
            told_at=self.clock(),
        )

    async def _record(self, report: Row, answer: Answer) -> None:
        """What came of it. News that arrived during the call is told next."""
        verdict = verdict_on(answer.code, report["attempts"], is_first_word=report["told"] == 0)
        if verdict is Verdict.FOR_A_PERSON:
            log.warning("shipping_report_for_a_person", extra={"code": answer.code})
        now = self.clock()
        states = {
            Verdict.TOLD: ReportState.SENT,
            Verdict.AGAIN: ReportState.PENDING,
            Verdict.FOR_A_PERSON: ReportState.FOR_A_PERSON,
        }
        is_told = verdict is Verdict.TOLD
        async with transaction():
            await execute(
                "UPDATE shipping_report SET state = CASE WHEN wanted > $2 THEN 'pending' ELSE $3 END,"
                " told = CASE WHEN $4 THEN $2 ELSE told END, told_at = CASE WHEN $4 THEN $5 ELSE told_at END,"
                " due_at = CASE WHEN wanted > $2 THEN $5 ELSE $6 END, claimed_until = NULL, last_code = $7,"
                " last_message = $8 WHERE id = $1 AND state = 'sending'",
                report["id"],
                report["wanted"],
                states[verdict].value,
                is_told,
                now,
                now + pause_after(report["attempts"]),
                answer.code,
                answer.message[:200],
            )


class ReportRecord(msgspec.Struct, frozen=True):
    """A report that waits for a person, and what WeChat said last."""

    reference: str
    kind: str
    merchant: str
    transaction_id: str
    attempts: int
    code: int | None
    message: str | None
    noted_at: datetime


async def reports_for_a_person(merchant: str | None, limit: int = 200) -> list[ReportRecord]:
    """Reports of one merchant, or of all, that no job goes on with, oldest first. One query."""
    found = await rows(
        "SELECT reference, kind, merchant, transaction_id, attempts, last_code AS code, last_message AS message,"
        " noted_at FROM shipping_report WHERE state = 'for_a_person' AND ($1::text IS NULL OR merchant = $1)"
        " ORDER BY id LIMIT $2",
        merchant,
        limit,
    )
    return [ReportRecord(**each) for each in found]
