"""Drafting, deciding and exporting a run (domain reference 2.4 and 2.6)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.numbers import public_number
from poverty_alleviation.bases import held_lines
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.payout_runs.errors import (
    ExportOver,
    LinesStopped,
    NothingToPay,
    PayeesUnreadable,
    PayoutRunStands,
    PayoutRunUnknown,
    RunNeedsSecondPerson,
)
from poverty_alleviation.payout_runs.models import LINE_TRANSITIONS, RUN_TRANSITIONS, LineState, PayoutWay, RunState
from poverty_alleviation.payouts import UNDISPUTED, earned_parts
from poverty_alleviation.ports import TransferLimits
from poverty_alleviation.register.accounts import OWN_ACCOUNT, AccountToPay, BankAccounts, accounts_to_pay
from poverty_alleviation.register.errors import AccountUnknown
from poverty_alleviation.register.wallets import WALLET_STANDS, wallets_to_pay
from poverty_alleviation.vault import household_rights

EXPORT_WITHIN = timedelta(hours=24)
MOST_EXPORTS = 3
MOST_LINES = 2000
EXPORTING = "导出银行付款清单"


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file for the bank, unmasked. ``reference`` comes back with the bank's result."""

    reference: str
    name: str
    number: str
    bank: str
    amount_fen: int


@dataclass(frozen=True)
class PayoutRuns:
    """``by`` is the caller held to it. Every part that a run pays is nobody else's until it is over."""

    accounts: BankAccounts
    access_logs: AccessLogs
    clock: Clock = utc_now

    @household_rights()
    async def draft(self, merchant: str, by: str, limits: TransferLimits | None = None) -> str:
        """List everything that a merchant owes households and nobody disputes; answers the run's number.

        For the bank, a line whose household has no account of its own on this day is stopped. With ``limits``, by
        transfer: those who have agreed to it and whose sum lies within them; the others stay due. Raises
        :class:`NothingToPay`.
        """
        now = self.clock()
        async with transaction():
            due = await earned_parts(merchant)
            await held_lines(sorted({part["subject"] for part in due}))
            by_household: dict[str, list[Row]] = defaultdict(list)
            for part in await earned_parts(merchant):  # as they are now that they are locked
                by_household[part["household"]].append(part)
            owed = {code: of for code, of in sorted(by_household.items()) if sum(p["amount_fen"] for p in of) > 0}
            wallets: dict[str, str] = {}
            if limits is not None:
                fits = [code for code, of in owed.items() if limits.fit(sum(p["amount_fen"] for p in of))]
                wallets = await wallets_to_pay(fits, china_day(now))
                owed = {code: of for code, of in owed.items() if code in wallets}
            if not owed:
                raise NothingToPay()
            number = public_number(now, "R")
            made = await row(
                "INSERT INTO payout_run (number, merchant, way, state, drafted_by, drafted_at, note, exports)"
                " VALUES ($1, $2, $3, 'drafted', $4, $5, '', 0) RETURNING id",
                number,
                merchant,
                str(PayoutWay.BANK if limits is None else PayoutWay.WECHAT),
                by,
                now,
            )
            assert made
            listed = dict(list(owed.items())[:MOST_LINES])
            accounts = {code: AccountToPay(code=wallet, is_own=True) for code, wallet in wallets.items()}
            if limits is None:
                accounts = await accounts_to_pay(list(listed), china_day(now))
            await self._list(made["id"], listed, accounts)
        return number

    async def _list(self, run_id: int, owed: dict[str, list[Row]], accounts: Mapping[str, AccountToPay]) -> None:
        for position, (code, parts) in enumerate(owed.items(), start=1):
            account = accounts.get(code)
            is_own = account is not None and account.is_own
            made = await row(
                "INSERT INTO payout_line (run_id, position, household_id, state, account, is_own_account, amount_fen,"
                " reason) SELECT $1, $2, h.id, $3, $4, $5, $6, $7 FROM household h WHERE h.code = $8 RETURNING id",
                run_id,
                position,
                (LineState.READY if is_own else LineState.STOPPED).value,
                account.code if account else None,
                is_own,
                sum(part["amount_fen"] for part in parts),
                "" if is_own else ("third_person" if account else "no_account"),
                code,
            )
            assert made
            await rows(
                "INSERT INTO payout_part (line_id, household_code, order_line, category, rule, contribution,"
                " amount_fen) SELECT $1, $2, p.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[],"
                " $7::bigint[]) AS p RETURNING 1",
                made["id"],
                code,
                *[[part[name] for part in parts] for name in ("subject", "category", "rule", "contribution")],
                [part["amount_fen"] for part in parts],
            )

    @household_rights()
    async def decide_line(self, number: str, position: int, account: str | None, reason: str, by: str) -> None:
        """Pay a stopped line to an account of the household's all the same, or take it out (``account`` None).

        Whether it is the household's own is found out anew. Raises :class:`PayoutRunUnknown`,
        :class:`PayoutRunStands`, AccountUnknown.
        """
        to = LineState.DROPPED if account is None else LineState.READY
        async with transaction():
            run = await held_run(number)
            line = await held_payout_line(run["id"], position)
            if run["state"] != RunState.DRAFTED or to not in LINE_TRANSITIONS[LineState(line["state"])]:
                raise PayoutRunStands(state=line["state"])
            if account is None:
                await end_line(line["id"], LineState.DROPPED, reason, self.clock())
                return
            changed = await execute(
                "UPDATE payout_line l SET state = 'ready', account = a.code, reason = $3, decided_by = $4,"
                f" is_own_account = {OWN_ACCOUNT.format(day='$5::date')} FROM household_account a WHERE l.id = $1"
                " AND a.code = $2 AND a.household_id = coalesce((SELECT s.into_id FROM"
                f" {standing('$5::date')} AS s WHERE s.id = l.household_id), l.household_id)"
                " AND daterange(a.valid_from, a.valid_until) @> $5::date",
                line["id"],
                account,
                reason,
                by,
                china_day(self.clock()),
            )
            if not changed:
                raise AccountUnknown(account=account)

    @household_rights()
    async def decide(self, number: str, to: RunState, note: str, by: str) -> None:
        """Approve a run, by another person than drafted it or decided about its accounts, or discard it.

        Raises :class:`PayoutRunUnknown`, :class:`PayoutRunStands`, :class:`LinesStopped`,
        :class:`RunNeedsSecondPerson`, :class:`NothingToPay`.
        """
        now = self.clock()
        async with transaction():
            run = await held_run(number)
            if to not in {RunState.APPROVED, RunState.DISCARDED} or to not in RUN_TRANSITIONS[RunState(run["state"])]:
                raise PayoutRunStands(state=run["state"])
            lines = await rows(
                "SELECT id, position, state, decided_by FROM payout_line WHERE run_id = $1 ORDER BY position",
                run["id"],
            )
            if to is RunState.DISCARDED:
                for line in lines:
                    if LineState.DROPPED in LINE_TRANSITIONS[LineState(line["state"])]:
                        await end_line(line["id"], LineState.DROPPED, "discarded", now)
            else:
                _check_approval(run, lines, by)
            await execute(
                "UPDATE payout_run SET state = $2, decided_by = $3, decided_at = $4, note = $5, finished_at = $6"
                " WHERE id = $1",
                run["id"],
                to.value,
                by,
                now,
                note,
                now if to is RunState.DISCARDED else None,
            )

    @household_rights()
    async def export(self, actor: PovertyOfficer, number: str) -> list[BankLine]:
        """The list for the bank, unmasked; that it is taken is on record before it is answered.

        The first time, lines that have changed, are disputed, have lost their account or whose payee is damaged are
        taken out; they are due again. Raises :class:`PayoutRunUnknown`, :class:`PayoutRunStands`,
        :class:`ExportOver`, :class:`NothingToPay`, :class:`PayeesUnreadable`.
        """
        now = self.clock()
        async with transaction():
            run = await held_run(number)
            if run["way"] != PayoutWay.BANK or run["state"] not in (RunState.APPROVED, RunState.EXPORTED):
                raise PayoutRunStands(state=run["state"])
            if run["exports"] >= MOST_EXPORTS or now > run["decided_at"] + EXPORT_WITHIN:
                raise ExportOver()
            if run["state"] == RunState.APPROVED:
                await self.drop_what_changed(run)
            await self.access_logs.record(actor, EXPORTING, f"payout_run:{number}", ("name", "account_number"))
            lines = await rows(
                "SELECT id, position, account, amount_fen FROM payout_line WHERE run_id = $1 AND state = 'ready'"
                " ORDER BY position",
                run["id"],
            )
            if not lines:
                raise NothingToPay()
            payees = await self.accounts.payees([line["account"] for line in lines])
            if damaged := [line for line in lines if line["account"] not in payees]:
                if run["state"] != RunState.APPROVED or len(damaged) == len(lines):
                    raise PayeesUnreadable(positions=[line["position"] for line in damaged])
                for line in damaged:
                    await end_line(line["id"], LineState.DROPPED, "unreadable", now)
            await execute("UPDATE payout_run SET state = 'exported', exports = exports + 1 WHERE id = $1", run["id"])
        return [
            BankLine(
                reference=f"{number}-{line['position']}",
                amount_fen=line["amount_fen"],
                **payees[line["account"]],
            )
            for line in lines
            if line["account"] in payees
        ]

    async def drop_what_changed(self, run: Row) -> None:
        """A refund, a dispute, a correction or an account that ended since the list was drafted, of a held run."""
        run_id = run["id"]
        parts = await rows(
            "SELECT l.id, p.household_code, p.order_line, p.category, p.rule, p.contribution, p.amount_fen"
            " FROM payout_line l JOIN payout_part p ON p.line_id = l.id WHERE l.run_id = $1 AND l.state = 'ready'",
            run_id,
        )
        await held_lines(sorted({part["order_line"] for part in parts}))
        standing = await rows(
            _STANDING, sorted({p["household_code"] for p in parts}), sorted({p["order_line"] for p in parts})
        )
        now_earned = {tuple(each.values())[:-1]: each["amount_fen"] for each in standing}
        changed = {
            part["id"] for part in parts if now_earned.get(tuple(part[name] for name in _NAMES)) != part["amount_fen"]
        }
        lost = await rows(
            f"SELECT l.id FROM payout_line l LEFT JOIN {_PAYABLE[PayoutWay(run['way'])]}"
            " WHERE l.run_id = $1 AND l.state = 'ready' AND a.id IS NULL",
            run_id,
            china_day(self.clock()),
        )
        for line_id in sorted(changed | {each["id"] for each in lost}):
            await end_line(line_id, LineState.DROPPED, "changed" if line_id in changed else "account", self.clock())


_PAYABLE = {
    PayoutWay.BANK: "household_account a ON a.code = l.account AND daterange(a.valid_from, a.valid_until) @> $2::date",
    PayoutWay.WECHAT: f"(SELECT w.id, w.code FROM household_wallet w WHERE {WALLET_STANDS.format(day='$2::date')}) AS a"
    " ON a.code = l.account",
}
"""What a line is paid to, where it still may be, as SQL."""
_NAMES = ("household_code", "order_line", "category", "rule", "contribution")
_STANDING = (
    "SELECT a.owner, p.subject, a.category, p.rule, p.contribution, -sum(p.amount_fen)::bigint AS amount_fen"
    " FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id WHERE a.code = '2101' AND a.state = 'earned'"
    f" AND a.owner = ANY($1) AND p.subject = ANY($2) AND {UNDISPUTED.format(household='a.owner')}"
    " GROUP BY 1, 2, 3, 4, 5"
)


def _check_approval(run: Row, lines: Sequence[Row], by: str) -> None:
    if stopped := [line["position"] for line in lines if line["state"] == LineState.STOPPED]:
        raise LinesStopped(positions=stopped)
    if all(line["state"] == LineState.DROPPED for line in lines):
        raise NothingToPay()
    if by in {run["drafted_by"], *(line["decided_by"] for line in lines)}:
        raise RunNeedsSecondPerson()


async def held_run(number: str) -> dict[str, Any]:
    """The run until the transaction ends. Raises :class:`PayoutRunUnknown`."""
    found = await row("SELECT * FROM payout_run WHERE number = $1 FOR UPDATE", number)
    if found is None:
        raise PayoutRunUnknown(run=number[:40])
    return found


async def held_payout_line(run_id: int, position: int) -> dict[str, Any]:
    """A line of a held run. Raises :class:`PayoutRunUnknown`."""
    found = await row(
        "SELECT l.*, h.code AS household FROM payout_line l JOIN household h ON h.id = l.household_id"
        " WHERE l.run_id = $1 AND l.position = $2 FOR UPDATE OF l",
        run_id,
        position,
    )
    if found is None:
        raise PayoutRunUnknown(position=position)
    return found


async def end_line(line_id: int, to: LineState, reason: str, now: datetime, payout: str | None = None) -> None:
    """A line is over: what it held is free, due again unless it was paid."""
    await execute("UPDATE payout_part SET released_at = $2 WHERE line_id = $1", line_id, now)
    await execute(
        "UPDATE payout_line SET state = $2, reason = $3, ended_at = $4, payout = $5 WHERE id = $1",
        line_id,
        to.value,
        reason,
        now,
        payout,
    )
