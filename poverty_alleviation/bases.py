"""The frozen basis of a line: held, read, and computed from its lots, links and rules as of a moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from kit.database import rows, scalar
from poverty_alleviation.allocation import LotShare, LotUse
from poverty_alleviation.errors import IncomeClaimedTwice, LineNotRecorded
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.targets import Basis, read_basis
from poverty_alleviation.terms import households_of
from traceability.models import IntakeMode
from traceability.queries import BoundLot

_BASIS = (
    "SELECT line, order_number, merchant, source, channel, product, host_basis_points, remaining_quantity,"
    " remaining_net_fen, packed_at, earned_at, reserve_basis_points, reserve_released_at, lots::text AS lots,"
    " rules::text AS rules FROM line_basis"
)


async def held_lines(lines: Sequence[str]) -> list[Basis]:
    """The bases of some lines that are known, by reference; locked in that order until the transaction ends."""
    return [read_basis(each) for each in await rows(f"{_BASIS} WHERE line = ANY($1) ORDER BY line FOR UPDATE",
                                                    list(lines))]  # fmt: skip


async def held_known_lines(lines: Sequence[str]) -> list[Basis]:
    """The same, all of them. Raises LineNotRecorded."""
    found = await held_lines(lines)
    if unknown := set(lines) - {basis.line for basis in found}:
        raise LineNotRecorded(line=min(unknown))
    return found


async def held_line(line: str) -> Basis:
    """The same of one line. Raises LineNotRecorded."""
    return (await held_known_lines([line]))[0]


async def lines_as_they_stand(lines: Sequence[str]) -> list[Basis]:
    """The bases of some lines that are known, by reference, not locked."""
    return [read_basis(each) for each in await rows(f"{_BASIS} WHERE line = ANY($1) ORDER BY line", list(lines))]


async def uses_of(bound: Sequence[BoundLot], moment: datetime) -> tuple[LotUse, ...]:
    """What a line took of its lots, with the households that their suppliers stood for on the day of ``moment``."""
    return uses(bound, await households_of((part.supplier for lot in bound for part in lot.contributions), moment))


def uses(bound: Sequence[BoundLot], households: Mapping[str, str]) -> tuple[LotUse, ...]:
    """What a line took of its lots, given whose household each supplier stood for."""
    return tuple(
        LotUse(
            lot=lot.lot,
            quantity=lot.quantity,
            mass_gram=lot.mass_gram,
            shares=tuple(
                LotShare(
                    intake=part.intake,
                    party=part.supplier,
                    mass_gram=part.mass_gram,
                    household=households.get(part.supplier),
                    paid_at_scale=part.mode == IntakeMode.PAID_AT_SCALE,
                )
                for part in lot.contributions
            ),
        )
        for lot in bound
    )


async def claim_sold(sold: Sequence[LotUse]) -> None:
    """The deliveries in these lots that were not bought outright are income when their goods are sold.

    Raises IncomeClaimedTwice.
    """
    shares = [share for use in sold for share in use.shares]
    bought = {share.intake for share in shares if share.paid_at_scale}
    await claim(sorted({share.intake for share in shares} - bought), Recognition.ORDER_COMPLETED)


async def claim(intakes: Sequence[str], recognition: Recognition) -> None:
    """Say by which event some deliveries are income.

    Raises IncomeClaimedTwice for one claimed by the other.
    """
    await rows(
        "INSERT INTO income_claim (intake, recognition) SELECT i, $2 FROM unnest($1::text[]) AS i"
        " ON CONFLICT (intake) DO NOTHING RETURNING 1",
        list(intakes),
        str(recognition),
    )
    other = await scalar(
        "SELECT intake FROM income_claim WHERE intake = ANY($1) AND recognition <> $2 LIMIT 1",
        list(intakes),
        str(recognition),
    )
    if other is not None:
        raise IncomeClaimedTwice(intake=other)


def as_json(structs: Sequence[msgspec.Struct]) -> str:
    """Lots or rules as the row keeps them."""
    return msgspec.json.encode(structs).decode()
