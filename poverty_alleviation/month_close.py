"""Closing a month: the checklist of the books, what is listed with a reason, the certificate that two people sign.

Domain reference 2.5, period close, word by word: all intakes paid or listed; nothing provisional that is older than the
close; the trial balance zero; what orders paid less what they got back = the movement of 1101 = the movements of
payables, freight and what is unattributed, to the fen; the channel's bill matched line by line; differences only as
listed items with a reason; signed by the poverty office and by the operator.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import one_moment, rows, transaction
from kit.outbox import undelivered
from ledger.errors import CertificateUnknown, PeriodItemUnknown, PeriodNotReady
from ledger.models import Signatory
from ledger.periods import Certificate, ListedItem, PeriodCard, Periods, certificate, listed_items, period_card
from ledger.queries import totals_off, verify_period
from payments.differences import Differences
from payments.queries import bill_matters
from poverty_alleviation.month_figures import (
    LateFact,
    MonthFigures,
    begins,
    first_day,
    last_day,
    late_facts,
    month_figures,
    order_matters,
)
from poverty_alleviation.reconciliation import keep_month
from traceability.events import IntakePaid
from traceability.queries import paid_intakes

MOST_MATTERS = 1000
"""Of one kind. More is no list of differences but a fault."""

ITEM_KINDS = ("intake_unbooked", "line_provisional", "order_money", "bill_missing", "bill_difference", "fact_underway")
"""What may be listed: a paid delivery that is not booked; a paid line that is not packed; an order whose money is not
what was told; a day without its bill; a difference of a bill; a fact that not everybody has heard of."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not agree. ``reason``: why the month may be closed all the same; None while it may not."""

    kind: str
    key: str
    amount_fen: int
    reason: str | None
    said_by: str


class Check(msgspec.Struct, frozen=True):
    """One line of the checklist: how many things are off, and how many of them nobody has given a reason for."""

    check: str
    found: int
    open: int


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """A month as it stands now. ``is_ready``: nothing is open."""

    period: PeriodCard
    checks: list[Check]
    matters: list[Matter]
    figures: MonthFigures
    is_ready: bool


class CertifiedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate's text says, as JSON: signed are these bytes and no others.

    ``late`` are the first of what belongs to closed months; ``figures.corrections`` counts all of it.
    """

    period: str
    round: int
    root: str
    journals: int
    made_at: str
    checks: list[Check]
    items: list[Matter]
    late: list[LateFact]
    figures: MonthFigures


def certified(found: Certificate) -> CertifiedMonth:
    """The certificate's text, read."""
    return msgspec.json.decode(found.text, type=CertifiedMonth)


async def checklist(period: str) -> Checklist:
    """What a month's books say and what they do not agree with, as at one moment. Raises ``PeriodUnknown``."""
    async with one_moment():
        card = await period_card(period)
        found = await month_figures(period)
        matters = _with_reasons(await _matters(period), await listed_items(period))
        totals = await totals_off(period)
    checks = [_counted(kind, matters) for kind in ITEM_KINDS]
    checks += [Check(name, off, off) for name, off in _not_listable(found, totals).items()]
    return Checklist(
        period=card, checks=checks, matters=matters, figures=found, is_ready=not any(each.open for each in checks)
    )


def _not_listable(found: MonthFigures, totals: int) -> dict[str, int]:
    """What no reason excuses, in fen, journals or accounts: the books would be wrong in themselves."""
    return {
        "trial_balance": sum(abs(fen) for fen in found.trial_balance_fen.values()) + found.unbalanced_journals,
        "movement_is_payables": abs(found.movement_fen - found.payables_total_fen),
        "bank_is_settled": abs(found.bank_fen + found.fees_fen - found.settled_gross_fen),
        "stored_totals": totals,
    }


async def _matters(period: str) -> list[Matter]:
    """Everything that may be listed, by kind and key; at most one more of a kind than may be."""
    first, last, limit = first_day(period), last_day(period), MOST_MATTERS + 1
    end = begins(last + timedelta(days=1))
    found = [_matter("intake_unbooked", number, fen) for number, fen in await _unbooked(period)]
    found += [_matter("line_provisional", each["line"], each["fen"]) for each in await rows(
        "SELECT line, remaining_net_fen AS fen FROM line_basis WHERE packed_at IS NULL AND remaining_net_fen > 0"
        " AND paid_at < $1 ORDER BY line LIMIT $2", end, limit)]  # fmt: skip
    found += [
        _matter("order_money", each.reference, each.difference_fen) for each in await order_matters(period, limit)
    ]
    for each in await bill_matters(first, last, limit):
        known = "bill_difference" if each.reason else ""
        found.append(
            Matter(kind=each.kind, key=each.key, amount_fen=each.amount_fen, reason=each.reason, said_by=known)
        )
    found += [_matter("fact_underway", f"{each.topic}:{each.id}", 0) for each in await undelivered(end, limit)]
    return found


async def _unbooked(period: str) -> list[tuple[str, int]]:
    paid = await paid_intakes(begins(first_day(period)), begins(last_day(period) + timedelta(days=1)))
    booked = {
        each["source_id"]
        for each in await rows(
            "SELECT source_id FROM ledger_journal WHERE source_type = $1 AND source_id = ANY($2)",
            IntakePaid.topic,
            [each.intake for each in paid],
        )
    }
    return [(each.intake, each.amount_fen) for each in paid if each.intake not in booked]


def _matter(kind: str, key: str, amount_fen: int) -> Matter:
    return Matter(kind=kind, key=key, amount_fen=amount_fen, reason=None, said_by="")


def _with_reasons(matters: list[Matter], items: list[ListedItem]) -> list[Matter]:
    listed = {(item.kind, item.key, item.amount_fen): item for item in items}
    found = []
    for each in matters:
        item = listed.get((each.kind, each.key, each.amount_fen))
        if item is not None and each.reason is None:
            each = msgspec.structs.replace(each, reason=item.reason, said_by=item.listed_by)
        found.append(each)
    return found


def _counted(kind: str, matters: list[Matter]) -> Check:
    of = [each for each in matters if each.kind == kind]
    return Check(kind, len(of), len(of) if len(of) > MOST_MATTERS else sum(each.reason is None for each in of))


@dataclass(frozen=True)
class MonthClose:
    """The use cases of a close. ``by`` is the caller held to it."""

    periods: Periods
    differences: Differences
    clock: Clock = utc_now

    async def list_matters(self, period: str, kind: str, keys: Sequence[str], reason: str, by: str) -> None:
        """Give a reason for things that do not agree; it holds as long as their amounts stay.

        Raises ``PeriodUnknown``, ``PeriodNotMovable``, :class:`PeriodItemUnknown` with the ``keys`` that are not open.
        """
        await period_card(period)
        amounts = {each.key: each.amount_fen for each in await _matters(period) if each.kind == kind}
        unknown = sorted(set(keys) - set(amounts))
        if unknown:
            raise PeriodItemUnknown(keys=unknown[:20])
        await self.periods.list_items(period, [(kind, key, amounts[key]) for key in sorted(set(keys))], reason, by)

    async def begin(self, period: str, by: str) -> Certificate:
        """Freeze a month, seal it, compare everything once more and keep the certificate that is to be signed.

        A month that does not agree is open again at once, unless somebody else who began this round at the same time
        found that it agrees: then it is that certificate. Must not run inside a transaction; when it was cut off in
        the middle, it goes on where it was. Raises ``PeriodUnknown``, ``PeriodNotOver``, ``PeriodOutOfOrder``,
        ``PeriodNotMovable``, :class:`PeriodNotReady`.
        """
        round = await self.periods.freeze(period, by)
        try:
            return await certificate(period)
        except CertificateUnknown:
            pass
        await self.differences.collect()
        found, chain = await checklist(period), await verify_period(period)
        off = {each.check: each.open for each in found.checks if each.open}
        if chain.broken_at is not None or chain.unsealed:
            off["chain"] = 1
        if off:
            if await self.periods.abandon(period, round, by, "核对未通过"):
                raise PeriodNotReady(open=off)
            return await self._others(period, off)
        month = CertifiedMonth(
            period=period,
            round=round,
            root=chain.head,
            journals=chain.sealed,
            made_at=self.clock().isoformat(timespec="seconds"),
            checks=found.checks,
            items=found.matters,
            late=await late_facts(period, MOST_MATTERS),
            figures=found.figures,
        )
        text = json.dumps(msgspec.to_builtins(month), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        await self.periods.certify(period, round, text, by)
        return await certificate(period)

    async def _others(self, period: str, off: dict[str, int]) -> Certificate:
        """What somebody else has certified meanwhile; else the month does not agree."""
        try:
            return await certificate(period)
        except CertificateUnknown:
            raise PeriodNotReady(open=off) from None

    async def reopen(self, period: str, reason: str, by: str) -> None:
        """Take a close back that is not finished. Raises ``PeriodUnknown``, ``PeriodNotMovable``."""
        await self.periods.reopen(period, by, reason)

    async def sign(self, period: str, digest: str, signatory: Signatory, by: str, name: str) -> Certificate:
        """Sign the certificate with this digest; the second signatory closes the month, and what it came to is kept.

        Raises what :meth:`ledger.periods.Periods.sign` raises.
        """
        async with transaction():
            if await self.periods.sign(period, digest, signatory, by, name):
                await keep_month(period)
        return await certificate(period)
