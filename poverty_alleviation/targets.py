"""What should stand in the books for one line, and the postings that bring it there.

A refund, a packing, a receipt are all the same step: compute the target from what is known of the line now,
and post (target − posted). So a full refund gives exactly zero, partial refunds can never over-reverse, a
fact that is delivered again posts nothing, and facts that come in another order end in the same place
(domain reference 2.5, objects 8 to 10).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from ledger.chart import (
    AFTER_SALES_RESERVE,
    ATTRIBUTED_SALES,
    CLEARING,
    HOST,
    HOUSEHOLD,
    MERCHANT,
    SALES_CONTRA,
    SUPPLIER,
    UNATTRIBUTED,
    State,
)
from ledger.queries import Posted
from ledger.service import Entry
from poverty_alleviation.allocation import BASIS_POINTS, Allocation, AppliedRule, LotUse, allocate

SETTLED = (State.PAID, State.CONFIRMED, State.CLAWBACK)
"""What its owner has had of a payable. What was claimed back from it is had no more; what was set off against such a
claim is had as if it had been paid."""

_STATES = {str(state): state for state in State}


class Place(NamedTuple):
    """Where an amount stands: an account, and why."""

    code: str
    owner: str
    state: State
    category: str = ""
    rule: str = ""
    contribution: str = ""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a line (the row ``LineBasis``)."""

    line: str
    order_number: str
    merchant: str
    source: str | None
    channel: str
    product: str
    host_basis_points: int
    remaining_quantity: int
    remaining_net_fen: int
    is_packed: bool
    is_earned: bool
    reserve_basis_points: int
    is_released: bool
    lots: tuple[LotUse, ...]
    rules: tuple[AppliedRule, ...]

    @property
    def state(self) -> State:
        """The sub-account in which this line's amounts stand."""
        return State.EARNED if self.is_earned else State.ACCRUED

    def held_fen(self, merchant_fen: int) -> int:
        """What of the merchant's own part waits in its after-sales reserve."""
        if not self.is_earned or self.is_released:
            return 0
        return max(merchant_fen, 0) * self.reserve_basis_points // BASIS_POINTS


def read_basis(row: dict[str, Any]) -> Basis:
    """A basis from its row."""
    return Basis(
        **{name: row[name] for name in Basis.__struct_fields__ if name in row and name not in ("lots", "rules")},
        is_packed=row["packed_at"] is not None,
        is_earned=row["earned_at"] is not None,
        is_released=row["reserve_released_at"] is not None,
        lots=_decode(row["lots"], tuple[LotUse, ...]),
        rules=_decode(row["rules"], tuple[AppliedRule, ...]),
    )


def _decode(stored: Any, kind: Any) -> Any:
    return msgspec.json.decode(stored, type=kind) if isinstance(stored, str) else msgspec.convert(stored, kind)


def difference(basis: Basis, posted: Iterable[Posted]) -> list[Entry]:
    """The postings from what stands to what should stand.

    Amounts that were paid out are left where they are.
    """
    standing, settled = _stands(posted)
    moved = target(basis, settled)
    for place, fen in standing.items():
        moved[place] -= fen
    return [
        Entry(
            code=place.code,
            owner=place.owner,
            amount_fen=moved[place],
            state=place.state,
            category=place.category,
            subject=basis.line,
            rule=place.rule,
            contribution=place.contribution,
        )
        for place in sorted(moved)
        if moved[place]
    ]


def overpaid(basis: Basis, posted: Iterable[Posted]) -> dict[Place, int]:
    """What was paid of each payable (as state PAID) beyond what is due: what the merchant's reserve bears."""
    if not basis.is_packed:
        return {}
    owed = _owed(_allocation(basis), _stands(posted)[1])
    return {place: -fen for place, fen in sorted(owed.items()) if fen < 0}


def _stands(posted: Iterable[Posted]) -> tuple[dict[Place, int], dict[Place, int]]:
    """What stands, and of payables (as state PAID) what their owners have had."""
    standing: dict[Place, int] = defaultdict(int)
    settled: dict[Place, int] = defaultdict(int)
    for each in posted:
        state = _STATES[each.state]
        if state in SETTLED:
            place = Place(each.code, each.owner, State.PAID, each.category, each.rule, each.contribution)
            settled[place] -= each.amount_fen
        else:
            standing[Place(each.code, each.owner, state, each.category, each.rule, each.contribution)] += (
                each.amount_fen
            )
    return standing, settled


def target(basis: Basis, settled: dict[Place, int]) -> defaultdict[Place, int]:
    """Every amount that should stand for the line, debit positive, besides what was paid out.

    ``settled`` maps a payable (as state PAID) to what its owner has received. Where a refund leaves less
    than that, the merchant's after-sales reserve bears the difference, not the household.
    """
    found: defaultdict[Place, int] = defaultdict(int)
    found[Place(CLEARING, basis.channel, State.NONE)] += basis.remaining_net_fen
    if not basis.is_packed:
        found[Place(UNATTRIBUTED, basis.merchant, State.NONE)] -= basis.remaining_net_fen
        return found
    allocation = _allocation(basis)
    _payables(found, basis, _owed(allocation, settled))
    held_fen = basis.held_fen(allocation.merchant_fen)
    found[Place(UNATTRIBUTED, basis.merchant, State.NONE)] -= allocation.unattributed_fen
    found[Place(MERCHANT, basis.merchant, basis.state)] -= allocation.merchant_fen - held_fen
    found[Place(AFTER_SALES_RESERVE, basis.merchant, State.NONE)] -= held_fen
    if basis.source:
        found[Place(HOST, basis.source, basis.state)] -= allocation.host_fen
    _attributed_sales(found, basis, allocation)
    return found


def _allocation(basis: Basis) -> Allocation:
    return allocate(
        basis.remaining_net_fen,
        basis.remaining_quantity,
        basis.lots,
        basis.rules,
        basis.host_basis_points if basis.source else 0,
    )


def _owed(allocation: Allocation, settled: Mapping[Place, int]) -> dict[Place, int]:
    """What is still due of each payable (as state PAID); below zero: what its owner has had too much."""
    owed: dict[Place, int] = defaultdict(int)
    for part in allocation.parts:
        place = Place(
            HOUSEHOLD if part.household else SUPPLIER,
            part.household or part.party,
            State.PAID,
            str(part.category),
            part.rule,
            f"{part.lot}/{part.intake}",
        )
        owed[place] += part.amount_fen
    for place, fen in settled.items():
        owed[place] -= fen
    return owed


def _payables(found: dict[Place, int], basis: Basis, owed: Mapping[Place, int]) -> None:
    state = basis.state
    for place, fen in owed.items():
        if fen > 0:
            code, owner, _, category, rule, contribution = place
            found[Place(code, owner, state, category, rule, contribution)] -= fen
        elif fen < 0:
            reserve = place._replace(code=AFTER_SALES_RESERVE, owner=basis.merchant, state=State.NONE, category="")
            found[reserve] -= fen


def _attributed_sales(found: dict[Place, int], basis: Basis, allocation: Allocation) -> None:
    state, contra = basis.state, Place(SALES_CONTRA, basis.merchant, State.NONE)
    for sale in allocation.attributed:
        if sale.household is not None:
            place = Place(ATTRIBUTED_SALES, sale.household, state, contribution=f"{sale.lot}/{sale.intake}")
            found[place] -= sale.amount_fen
            found[contra] += sale.amount_fen
