"""Sending a run by transfer, and what becomes of each (wechat reference 2.6).

The order of work never pays twice: a transfer is claimed by a committed state, called under the one number that it has,
and what is said of it is recorded with the line's result in one transaction. Whoever dies in between leaves a claim,
and the next one asks the channel about the number before anything is sent again under it.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import msgspec

from accounts.actors import Consumer, PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.encryption import FieldUnreadable
from kit.numbers import public_number
from merchants.queries import payee
from payments.errors import NoticeNotAuthentic, NoticeNotReadable
from payments.ports import GatewayRefused, NoticeForged, NoticeUnreadable, OutcomeUnknown
from poverty_alleviation.payout_runs.errors import ExportOver, NothingToPay, PayoutRunStands, PayoutRunUnknown
from poverty_alleviation.payout_runs.models import PayoutWay, RunState
from poverty_alleviation.payout_runs.results import BankResult, BankResults
from poverty_alleviation.payout_runs.service import EXPORT_WITHIN, PayoutRuns, held_run
from poverty_alleviation.ports import TransferChannel, TransferNews, TransferOrder, TransferResult
from poverty_alleviation.register.wallets import Wallets
from poverty_alleviation.transfers.errors import TransfersNotOffered
from poverty_alleviation.transfers.models import TRANSFER_TRANSITIONS, TransferState
from poverty_alleviation.vault import household_rights

log = logging.getLogger(__name__)

SENDING = "发起微信转账付款"
BY = "system:transfers"
CLAIMED_FOR = timedelta(minutes=1)
ASKED_EVERY = timedelta(minutes=5)
"""How often a transfer that its payee has not agreed to is asked about; a notice makes it at once."""
QUIET = timedelta(minutes=10)
"""A refused transfer has failed when the channel does not know it so long after the last call: no call is under way."""
SENT_WITHIN = timedelta(days=3)
"""Nothing is sent later than that after it was planned."""
KNOWN_FOR = timedelta(days=25)
"""The channel answers about a number for thirty days; what is open longer is left to a person."""
MOST_AT_ONCE = 50
PAYEE_GONE, PAYEE_UNREADABLE, TOO_LATE = "PAYEE_GONE", "PAYEE_UNREADABLE", "TOO_LATE"
_NEWS = {
    TransferNews.PENDING: TransferState.ACCEPTED,
    TransferNews.UNCONFIRMED: TransferState.ACCEPTED,
    TransferNews.SUCCEEDED: TransferState.PAID,
    TransferNews.FAILED: TransferState.FAILED,
}


class TransferCard(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as the office sees it, by its line. ``is_unconfirmed``: its payee has still to agree."""

    number: str
    position: int
    household: str
    amount_fen: int
    state: TransferState
    is_unconfirmed: bool
    attempts: int
    refusal: str
    bill: str
    planned_at: datetime
    finished_at: datetime | None


class WaitingTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that waits for its payee's word: what ``wx.requestMerchantTransfer`` needs, and nothing of why."""

    number: str
    amount_fen: int
    mchid: str
    sub_mchid: str
    appid: str
    package: str
    planned_at: datetime


@dataclass(frozen=True)
class Transfers:
    """The use cases. Nothing that calls the channel may run inside a transaction."""

    channel: TransferChannel
    runs: PayoutRuns
    results: BankResults
    wallets: Wallets
    access_logs: AccessLogs
    clock: Clock = utc_now

    async def draft(self, merchant: str, by: str) -> str:
        """List what a merchant owes households that have agreed to transfers; answers the run's number.

        Raises :class:`TransfersNotOffered`, NothingToPay.
        """
        await self._payer(merchant)
        return await self.runs.draft(merchant, by, self.channel.limits)

    @household_rights()
    async def send(self, actor: PovertyOfficer, number: str) -> int:
        """Let an approved run go; answers how many transfers were planned. That names are sent is on record before.

        Raises :class:`TransfersNotOffered`, PayoutRunUnknown, PayoutRunStands, ExportOver (a day after its approval),
        NothingToPay.
        """
        now = self.clock()
        async with transaction():
            run = await held_run(number)
            if run["way"] != PayoutWay.WECHAT or run["state"] != RunState.APPROVED:
                raise PayoutRunStands(state=run["state"])
            if now > run["decided_at"] + EXPORT_WITHIN:
                raise ExportOver()
            payer = await self._payer(run["merchant"])
            await self.runs.drop_what_changed(run)
            await self.access_logs.record(actor, SENDING, f"payout_run:{number}", ("name",))
            lines = await rows(
                "SELECT id, amount_fen FROM payout_line WHERE run_id = $1 AND state = 'ready' ORDER BY position",
                run["id"],
            )
            if not lines:
                raise NothingToPay()
            await rows(
                "INSERT INTO payout_transfer (number, line_id, payer, amount_fen, state, attempts, refusal, package,"
                " bill, next_attempt_at, planned_at) SELECT t.number, t.line_id, $5, t.amount_fen, 'planned', 0, '',"
                " '', '', $4, $4 FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS t (number, line_id, amount_fen)"
                " RETURNING 1",
                [public_number(now, "W") for _ in lines],
                [line["id"] for line in lines],
                [line["amount_fen"] for line in lines],
                now,
                payer,
            )
            await execute("UPDATE payout_run SET state = 'exported', exports = exports + 1 WHERE id = $1", run["id"])
        return len(lines)

    async def _payer(self, merchant: str) -> str:
        """The merchant's number at the channel. Raises :class:`TransfersNotOffered`."""
        payer = (await payee(merchant)).sub_mchid or ""
        if not self.channel.is_offered(payer):
            raise TransfersNotOffered()
        return payer

    async def work_due(self) -> int:
        """Go on with every transfer that is due; answers how many came to their end."""
        ended = 0
        for _ in range(MOST_AT_ONCE):
            claimed = await self.claim()
            if claimed is None:
                break
            ended += await self.work(claimed)
        return ended

    @household_rights()
    async def claim(self) -> Row | None:
        """The transfer that is due the longest, claimed for a minute by a committed state."""
        now = self.clock()
        return await row(
            "UPDATE payout_transfer t SET attempts = t.attempts + 1, next_attempt_at = $2,"
            " state = CASE t.state WHEN 'planned' THEN 'asked' ELSE t.state END"
            " FROM payout_line l, payout_run r WHERE t.id = (SELECT id FROM payout_transfer WHERE finished_at IS NULL"
            " AND next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " AND l.id = t.line_id AND r.id = l.run_id"
            " RETURNING t.id, t.number, t.amount_fen, t.payer, t.state, t.attempts, t.refusal, t.package,"
            " t.planned_at, t.next_attempt_at, l.account, l.position, r.number AS run",
            now,
            now + CLAIMED_FOR,
        )

    async def work(self, claimed: Row) -> bool:
        """Ask about a claimed transfer, send it where the channel does not know it; whether it came to its end."""
        try:
            found = await self.channel.query(claimed["number"], claimed["payer"]) if claimed["attempts"] > 1 else None
            if found is not None and (found.news is not TransferNews.UNCONFIRMED or claimed["package"]):
                return await self.record(claimed, found)
            return await (self._ask(claimed) if found is not None else self._unknown_there(claimed))
        except OutcomeUnknown as error:
            # Its next attempt is when the claim ends; it begins with the question.
            await self._note(claimed, "", CLAIMED_FOR)
            log.warning("transfer_outcome_unknown", extra={"number": claimed["number"], "cause": str(error)})
        return False

    async def _unknown_there(self, claimed: Row) -> bool:
        """The channel does not know the number: it is sent, or given up when it was refused a quiet time ago."""
        age = self.clock() - claimed["planned_at"]
        if claimed["state"] == TransferState.ACCEPTED or age > KNOWN_FOR:
            log.error("transfer_lost", extra={"number": claimed["number"]})
            return False
        if claimed["refusal"]:
            never = TransferResult(
                claimed["number"], "", TransferNews.FAILED, claimed["amount_fen"], failure=claimed["refusal"]
            )
            return await self.record(claimed, never)
        if age > SENT_WITHIN:
            await self._note(claimed, TOO_LATE, QUIET)
            return False
        return await self._ask(claimed)

    async def _ask(self, claimed: Row) -> bool:
        """The same order whenever it is repeated: of a number that the channel knows it answers what stands."""
        try:
            order = await self._order(claimed)
        except FieldUnreadable:  # a transfer without its payee's name would go to whoever has the account
            await self._note(claimed, PAYEE_UNREADABLE, QUIET)
            return False
        if order is None:
            await self._note(claimed, PAYEE_GONE, QUIET)
            return False
        if not self.channel.is_offered(claimed["payer"]) or self.clock() >= claimed["next_attempt_at"]:
            return False  # nothing is sent on a claim that is over: somebody else may have given the transfer up
        try:
            return await self.record(claimed, await self.channel.transfer(order))
        except GatewayRefused as refusal:
            log.warning("transfer_refused", extra={"number": claimed["number"], "cause": refusal.code})
            await self._note(claimed, "" if refusal.is_temporary else refusal.code, QUIET)
            return False

    @household_rights()
    async def _order(self, claimed: Row) -> TransferOrder | None:
        """What the channel is told; None when the payee's account is closed. Raises FieldUnreadable."""
        found = await self.wallets.payee(claimed["account"])
        if found.openid is None:
            return None
        return TransferOrder(claimed["number"], claimed["payer"], found.openid, found.name, claimed["amount_fen"])

    @household_rights()
    async def _note(self, claimed: Row, refusal: str, wait: timedelta) -> None:
        await execute(
            "UPDATE payout_transfer SET refusal = $2, next_attempt_at = $3 WHERE id = $1 AND finished_at IS NULL"
            " AND attempts = $4",
            claimed["id"],
            refusal[:80],
            self.clock() + wait,
            claimed["attempts"],
        )

    @household_rights()
    async def record(self, claimed: Row, said: TransferResult) -> bool:
        """What the channel says of a transfer, with the line's result, or nothing; whether it came to its end.

        A second word on one that is over changes nothing. What is told about another sum is not believed.
        """
        if (said.number, said.amount_fen) != (claimed["number"], claimed["amount_fen"]):
            raise OutcomeUnknown("the channel tells of another transfer")
        to, is_unconfirmed = _NEWS[said.news], said.news is TransferNews.UNCONFIRMED
        async with transaction():
            # The run first, like everybody who records results.
            await held_run(claimed["run"])
            standing = await row("SELECT state FROM payout_transfer WHERE id = $1 FOR UPDATE", claimed["id"])
            assert standing is not None
            state = TransferState(standing["state"])
            if state != to and to not in TRANSFER_TRANSITIONS[state]:
                return False
            is_over = to in (TransferState.PAID, TransferState.FAILED)
            if state == to and is_over:
                return False
            await execute(
                "UPDATE payout_transfer SET state = $2, bill = coalesce(nullif($3, ''), bill), refusal = '',"
                " next_attempt_at = $5, finished_at = $6,"
                " package = CASE WHEN $7 THEN coalesce(nullif($4, ''), package) ELSE '' END WHERE id = $1",
                claimed["id"],
                str(to),
                said.bill,
                said.package,
                self.clock() + (ASKED_EVERY if is_unconfirmed else CLAIMED_FOR),
                self.clock() if is_over else None,
                is_unconfirmed,
            )
            if is_over:
                await self._result(claimed, said)
        return is_over

    async def _result(self, claimed: Row, said: TransferResult) -> None:
        is_paid = said.news is TransferNews.SUCCEEDED
        result = BankResult(
            position=claimed["position"],
            amount_fen=claimed["amount_fen"],
            is_paid=is_paid,
            voucher=said.bill if is_paid else "",
            paid_on=min(china_day(said.moved_at or self.clock()), china_day(self.clock())) if is_paid else None,
            reason="" if is_paid else f"微信转账：{said.failure or said.news}"[:200],
        )
        await self.results.record(claimed["run"], [result], BY, PayoutWay.WECHAT)

    async def receive(self, headers: Mapping[str, str], raw: bytes) -> None:
        """A signed notice makes its transfer due at once; what it says is asked for.

        Raises NoticeNotAuthentic, NoticeNotReadable.
        """
        try:
            number = self.channel.read_notice(headers, raw)
        except NoticeForged as forged:
            log.warning("transfer_notice_forged", extra={"reason": str(forged)})
            raise NoticeNotAuthentic() from None
        except NoticeUnreadable:
            raise NoticeNotReadable() from None
        if number is not None:
            await self._hurry(number)

    @household_rights()
    async def _hurry(self, number: str) -> None:
        await execute(
            "UPDATE payout_transfer SET next_attempt_at = $2 WHERE number = $1 AND state = 'accepted'",
            number,
            self.clock(),
        )

    @household_rights()
    async def waiting_for(self, consumer: Consumer) -> list[WaitingTransfer]:
        """What waits for this person's word, oldest first."""
        found = await rows(
            "SELECT t.number, t.payer, t.amount_fen, t.package, t.planned_at FROM payout_transfer t JOIN payout_line l"
            " ON l.id = t.line_id JOIN household_wallet w ON w.code = l.account WHERE w.payee_index = $1"
            " AND t.finished_at IS NULL AND t.package <> '' ORDER BY t.id LIMIT 50",
            self.wallets.payee_index(consumer.number),
        )
        return [WaitingTransfer(**asdict(self.channel.confirming(each.pop("payer"))), **each) for each in found]


@household_rights()
async def transfers_of(number: str) -> list[TransferCard]:
    """The transfers of a run, by position; none of one that was not sent. Raises PayoutRunUnknown."""
    found = await rows(
        "SELECT t.number, l.position, h.code AS household, t.amount_fen, t.state, t.package <> '' AS is_unconfirmed,"
        " t.attempts, t.refusal, t.bill, t.planned_at, t.finished_at FROM payout_run r"
        " LEFT JOIN (payout_line l JOIN payout_transfer t ON t.line_id = l.id"
        " JOIN household h ON h.id = l.household_id) ON l.run_id = r.id WHERE r.number = $1 ORDER BY l.position",
        number,
    )
    if not found:
        raise PayoutRunUnknown(run=number[:40])
    return [msgspec.convert(each, TransferCard) for each in found if each["number"] is not None]
