"""Deliveries, lots and what lines take: exact to the gram, once, and not to be changed afterwards."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows, scalar
from kit.errors import DomainError
from merchants.errors import MerchantUnknown
from products.errors import ProductUnknown
from tests.products.shelf import TOWNSHIP, approved_merchant, listed_product
from tests.superuser import as_superuser
from traceability.errors import (
    ClientIdReused,
    IntakeClaimed,
    IntakeInvalid,
    IntakeOfAnother,
    LineBound,
    LotNotSealed,
    LotOfAnotherProduct,
    LotSealed,
    LotShort,
    LotUnbalanced,
    LotUnknown,
    PiecesInvalid,
    SupplierUnknown,
)
from traceability.lots import Lots
from traceability.models import IntakeMode, SupplierKind
from traceability.queries import intakes, line_lots, lot, lots, suppliers
from traceability.service import Intakes, Reach, Suppliers, Weighing

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
KEEPER = Reach(caller="staff:keeper", township=TOWNSHIP)
ELSEWHERE = Reach(caller="staff:other", township="533124201")


def clock() -> datetime:
    return NOW


@dataclass
class Yard:
    merchant: str
    other: str
    product: str
    second: str
    supplier: str
    lots: Lots = field(default_factory=lambda: Lots(clock))
    intakes: Intakes = field(default_factory=lambda: Intakes(clock))

    def weighing(self, client: str = "phone-0001", /, **changes: object) -> Weighing:
        usual: dict[str, object] = {
            "client_id": client,
            "supplier": self.supplier,
            "merchant": self.merchant,
            "product": self.product,
            "mass_gram": 10_000,
            "grade": "一级",
            "unit_price_fen": 1_205,
            "mode": IntakeMode.CONSIGNMENT,
            "weighed_at": NOW - timedelta(hours=1),
        }
        return msgspec.convert(usual | changes, Weighing)

    async def sealed(self, *masses: int) -> str:
        numbers = [
            await self.intakes.accept(KEEPER, self.weighing(secrets.token_hex(8), mass_gram=mass)) for mass in masses
        ]
        number = await self.lots.make(self.merchant, self.product, sum(masses), numbers, "staff:clerk")
        await self.lots.seal(self.merchant, number, "staff:clerk")
        return number


@pytest_asyncio.fixture
async def yard(database: str) -> Yard:
    merchant = await approved_merchant()
    other = await approved_merchant(2, "示例商行")
    product, _ = await listed_product(merchant)
    second, _ = await listed_product(merchant)
    supplier = await Suppliers(clock).enter(KEEPER, "示例供货人", SupplierKind.FARMER, TOWNSHIP)
    return Yard(merchant, other, product, second, supplier)


async def test_an_intake_sent_again_after_being_offline_is_one_intake(yard: Yard) -> None:
    numbers = await asyncio.gather(*(yard.intakes.accept(KEEPER, yard.weighing()) for _ in range(8)))
    assert len(set(numbers)) == 1
    assert await scalar("SELECT count(*) FROM outbox_message") == 1
    with pytest.raises(ClientIdReused):
        await yard.intakes.accept(KEEPER, yard.weighing(mass_gram=10_001))
    another_device = Reach(caller="staff:second", township=TOWNSHIP)
    assert await yard.intakes.accept(another_device, yard.weighing(mass_gram=10_001)) not in numbers


async def test_goods_paid_at_the_scale_announce_the_payment_with_its_voucher(yard: Yard) -> None:
    paid = yard.weighing(mode=IntakeMode.PAID_AT_SCALE, evidence="示例收购单1", mass_gram=10_010)
    number = await yard.intakes.accept(KEEPER, paid)
    found = await rows("SELECT topic, payload->>'amount_fen' AS fen FROM outbox_message ORDER BY id")
    # 12.05 × 10.010 kg = 120.6205, rounded to the fen.
    assert [(f["topic"], f["fen"]) for f in found] == [
        ("traceability.intake_accepted", None),
        ("traceability.intake_paid", "12062"),
    ]
    (card,), _ = await intakes(TOWNSHIP, None, None, 10)
    assert (card.number, card.amount_fen, card.paid_at) == (number, 12_062, paid.weighed_at)
    half = yard.weighing(unit_price_fen=1, mass_gram=500)
    assert half.amount_fen == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mass_gram": 0}, IntakeInvalid),
        ({"mass_gram": -5}, IntakeInvalid),
        ({"mass_gram": 10**9 + 1}, IntakeInvalid),
        ({"unit_price_fen": -1}, IntakeInvalid),
        ({"client_id": " "}, IntakeInvalid),
        ({"weighed_at": NOW + timedelta(seconds=1)}, IntakeInvalid),
        ({"weighed_at": NOW.replace(tzinfo=None) - timedelta(days=1)}, IntakeInvalid),
        ({"mode": IntakeMode.PAID_AT_SCALE}, IntakeInvalid),
        ({"mode": IntakeMode.PAID_AT_SCALE, "evidence": "单", "unit_price_fen": 0}, IntakeInvalid),
        ({"supplier": "S404"}, SupplierUnknown),
        ({"merchant": "M404"}, MerchantUnknown),
        ({"product": "P404"}, ProductUnknown),
    ],
)
async def test_an_intake_that_does_not_say_enough_is_refused(
    yard: Yard, changes: dict[str, object], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        await yard.intakes.accept(KEEPER, yard.weighing("phone-0001", **changes))
    assert await scalar("SELECT count(*) FROM intake") == 0
    assert await scalar("SELECT count(*) FROM outbox_message") == 0


async def test_a_keeper_acts_within_the_township_and_a_clerk_within_the_merchant(yard: Yard) -> None:
    with pytest.raises(SupplierUnknown):
        await yard.intakes.accept(ELSEWHERE, yard.weighing())
    with pytest.raises(SupplierUnknown):
        await Suppliers(clock).enter(ELSEWHERE, "示例", SupplierKind.FARMER, TOWNSHIP)
    clerk = Reach(caller="staff:clerk", merchant=yard.other)
    with pytest.raises(IntakeInvalid):
        await yard.intakes.accept(clerk, yard.weighing())
    with pytest.raises(ProductUnknown):
        await yard.intakes.accept(clerk, yard.weighing(merchant=yard.other))
    assert [s.number for s in (await suppliers(TOWNSHIP, None, None, 10))[0]] == [yard.supplier]
    assert (await suppliers("533124201", None, None, 10))[0] == []
    assert (await suppliers(None, yard.merchant, None, 10))[0] == []
    await yard.intakes.accept(KEEPER, yard.weighing())
    assert [s.number for s in (await suppliers(None, yard.merchant, None, 10))[0]] == [yard.supplier]
    assert (await intakes(None, yard.other, None, 10))[0] == []


async def test_a_lot_is_sealed_only_when_its_contributions_are_its_input(yard: Yard) -> None:
    first = await yard.intakes.accept(KEEPER, yard.weighing("first-01", mass_gram=25_000))
    second = await yard.intakes.accept(KEEPER, yard.weighing("second-1", mass_gram=20_000))
    number = await yard.lots.make(yard.merchant, yard.product, 45_000, [first], "staff:clerk")
    with pytest.raises(LotUnbalanced) as refused:
        await yard.lots.seal(yard.merchant, number, "staff:clerk")
    assert refused.value.facts["contributed_gram"] == 25_000
    with pytest.raises(BaseORMException):
        await execute("UPDATE lot SET sealed_at = now(), sealed_by = 'x'")
    await yard.lots.contribute(yard.merchant, number, [second, second])
    await yard.lots.seal(yard.merchant, number, "staff:clerk")
    card, parts = await lot(yard.merchant, number)
    assert (card.contributed_gram, card.left_gram, card.suppliers) == (45_000, 45_000, 1)
    assert sorted(part.mass_gram for part in parts) == [20_000, 25_000]
    with pytest.raises(LotSealed):
        await yard.lots.seal(yard.merchant, number, "staff:clerk")
    with pytest.raises(LotSealed):
        await yard.lots.contribute(yard.merchant, number, [first])
    with pytest.raises(LotUnknown):
        await lot(yard.other, number)
    assert [c.number for c in (await lots(yard.merchant, yard.product, None, 10))[0]] == [number]


async def test_an_intake_is_claimed_by_one_lot_once(yard: Yard) -> None:
    intake = await yard.intakes.accept(KEEPER, yard.weighing())
    attempts = await asyncio.gather(
        *(yard.lots.make(yard.merchant, yard.product, 10_000, [intake], "staff:clerk") for _ in range(6)),
        return_exceptions=True,
    )
    assert sum(isinstance(attempt, str) for attempt in attempts) == 1
    assert {type(attempt) for attempt in attempts} == {str, IntakeClaimed}
    assert await scalar("SELECT count(*) FROM lot") == 1
    for merchant, product in ((yard.other, yard.product), (yard.merchant, yard.second)):
        with pytest.raises(IntakeOfAnother):
            await yard.lots.make(merchant, product, 10_000, [intake], "staff:clerk")


async def test_lines_take_no_more_than_a_lot_has_however_many_pack_at_once(yard: Yard) -> None:
    number = await yard.sealed(5_000, 5_250)
    attempts = await asyncio.gather(
        *(yard.lots.bind(f"O{i}-1", yard.product, yard.merchant, {number: 2}, 500) for i in range(16)),
        return_exceptions=True,
    )
    assert sum(attempt is None for attempt in attempts) == 10
    assert {type(attempt) for attempt in attempts} == {type(None), LotShort}
    card, _ = await lot(yard.merchant, number)
    assert card.left_gram == 250
    assert await scalar("SELECT sum(mass_gram)::bigint FROM line_lot") == 10_000


async def test_a_line_is_bound_once_to_fitting_sealed_lots(yard: Yard) -> None:
    number = await yard.sealed(10_000)
    second = await yard.sealed(4_000)
    bind = yard.lots.bind
    for lots_of, gram in (({number: 0}, 500), ({number: -1}, 500), ({}, 500), ({number: 1}, 0)):
        with pytest.raises(PiecesInvalid):
            await bind("O1-1", yard.product, yard.merchant, lots_of, gram)
    with pytest.raises(LotOfAnotherProduct):
        await bind("O1-1", yard.second, yard.merchant, {number: 1}, 500)
    with pytest.raises(LotUnknown):
        await bind("O1-1", yard.product, yard.other, {number: 1}, 500)
    intake = await yard.intakes.accept(KEEPER, yard.weighing())
    unsealed = await yard.lots.make(yard.merchant, yard.product, 10_000, [intake], "staff:clerk")
    with pytest.raises(LotNotSealed):
        await bind("O1-1", yard.product, yard.merchant, {number: 1, unsealed: 1}, 500)
    assert await scalar("SELECT sum(bound_gram)::bigint FROM lot") == 0
    await bind("O1-1", yard.product, yard.merchant, {number: 2, second: 1}, 500)
    with pytest.raises(LineBound):
        await bind("O1-1", yard.product, yard.merchant, {number: 1}, 500)
    bound = await line_lots(["O1-1", "O9-1"])
    assert {(b.lot, b.quantity, b.mass_gram) for b in bound} == {(number, 2, 1_000), (second, 1, 500)}
    (contribution,) = next(b for b in bound if b.lot == second).contributions
    assert (contribution.supplier, contribution.mass_gram, contribution.mode) == (
        yard.supplier,
        4_000,
        "consignment",
    )


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE intake SET mass_gram = 99",
        "DELETE FROM intake",
        "TRUNCATE intake CASCADE",
        "UPDATE lot_contribution SET mass_gram = 99",
        "DELETE FROM lot_contribution",
        "UPDATE line_lot SET quantity = 99",
        "DELETE FROM line_lot",
        "UPDATE lot SET input_gram = 99999",
        "UPDATE lot SET sealed_at = NULL, bound_gram = 0",
        "UPDATE lot SET bound_gram = input_gram + 1",
        "DELETE FROM lot",
        "INSERT INTO lot_contribution (lot_id, intake_id, supplier_id, mass_gram)"
        " SELECT l.id, i.id, i.supplier_id, 1 FROM lot l, intake i ORDER BY i.id DESC LIMIT 1",
    ],
)
async def test_what_was_weighed_and_sealed_cannot_be_changed(yard: Yard, attack: str) -> None:
    number = await yard.sealed(10_000)
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {number: 1}, 500)
    await yard.intakes.accept(KEEPER, yard.weighing("loose-001"))
    tables = ("intake", "lot", "lot_contribution", "line_lot")
    before = [await rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]
    with pytest.raises(BaseORMException):
        await execute(attack)
    assert [await rows(f"SELECT * FROM {table} ORDER BY id") for table in tables] == before
    with pytest.raises(asyncpg.PostgresError):  # a role that has every right: there the guards alone stand
        await as_superuser(attack)
