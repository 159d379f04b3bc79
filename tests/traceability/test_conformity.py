"""合格证 of lots: what a dated rule of the category demands does not leave without it."""

from datetime import date

import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, row, scalar
from products.catalogue_models import RequirementKind
from products.categories import Categories
from tests.traceability.test_lots import NOW, Yard, clock, yard  # noqa: F401 - the fixture
from traceability.conformity.errors import ConformityExists, ConformityUnknown
from traceability.conformity.models import ConformityBasis
from traceability.conformity.queries import conformity_certificates
from traceability.conformity.service import Conformity
from traceability.errors import LotNotSealed, LotOnHold, LotUnknown, LotWithoutCertificate
from traceability.lots import Afterwards
from traceability.models import LateReason
from traceability.quality.holds import Holds, Placing
from traceability.quality.models import HoldReason
from traceability.queries import lots_on_hand

CLERK, CONTACT = "staff:clerk", "19900000001"


async def demanded(yard: Yard, since: date) -> None:  # noqa: F811
    """Every lot of the product's category needs a certificate from a day on."""
    category = await scalar(
        "SELECT c.code FROM product p JOIN category c ON c.id = p.category_id WHERE p.code = $1", yard.product
    )
    await Categories(clock).require(
        category, RequirementKind.LOT_CERTIFICATE, ["commitment"], since, None, "令2025年第4号", "x"
    )


async def issue(yard: Yard, lot: str) -> str:  # noqa: F811
    return await Conformity(clock).issue(yard.merchant, lot, ConformityBasis.OWN_PROMISE, CONTACT, CLERK)


async def test_what_the_rule_of_the_day_demands_does_not_leave_without_it(yard: Yard) -> None:  # noqa: F811
    lot = await yard.sealed(10_000)
    await demanded(yard, date(2026, 11, 23))
    with pytest.raises(LotWithoutCertificate):
        await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)
    assert await lots_on_hand(yard.merchant, [yard.product], date(2026, 11, 23)) == []
    assert len(await lots_on_hand(yard.merchant, [yard.product], date(2026, 11, 22))) == 1
    number = await issue(yard, lot)
    assert len(await lots_on_hand(yard.merchant, [yard.product], date(2026, 11, 23))) == 1
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)
    with pytest.raises(ConformityUnknown):
        await Conformity(clock).withdraw(yard.other, number, "信息有误", CLERK)
    await Conformity(clock).withdraw(yard.merchant, number, "信息有误", CLERK)
    late = Afterwards(packed_at=NOW, by=CLERK, reason=LateReason.NOT_SCANNED)
    with pytest.raises(LotWithoutCertificate):
        await yard.lots.bind("O2-1", yard.product, yard.merchant, {lot: 1}, 500, late)


async def test_a_rule_that_begins_tomorrow_demands_nothing_today(yard: Yard) -> None:  # noqa: F811
    lot = await yard.sealed(10_000)
    await demanded(yard, date(2026, 11, 24))
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)


async def test_a_certificate_says_what_the_form_asks_for_and_there_is_one(yard: Yard) -> None:  # noqa: F811
    lot = await yard.sealed(4_000, 6_000)
    number = await issue(yard, lot)
    with pytest.raises(ConformityExists):
        await issue(yard, lot)
    (card,), _ = await conformity_certificates(yard.merchant, lot, None, 9)
    about = await row(
        "SELECT p.title, m.name, d.name AS township FROM product p JOIN merchant m ON m.id = p.merchant_id"
        " JOIN division d ON d.code = p.township_id WHERE p.code = $1",
        yard.product,
    )
    assert about is not None
    assert (card.number, card.product_name, card.mass_gram, card.producer, card.origin, card.contact) == (
        number, about["title"], 10_000, about["name"], about["township"], CONTACT,
    )  # fmt: skip
    assert (card.issued_on, card.promise[:2]) == (date(2026, 11, 23), "承诺")
    assert await conformity_certificates(yard.other, None, None, 9) == ([], None)


async def test_lots_that_get_none(yard: Yard) -> None:  # noqa: F811
    open_lot = await yard.lots.make(yard.merchant, yard.product, 5_000, [], CLERK)
    with pytest.raises(LotNotSealed):
        await issue(yard, open_lot)
    held = await yard.sealed(1_000)
    await Holds(clock).place(yard.merchant, held, Placing(reason=HoldReason.STORAGE, note="冷库故障"), CLERK)
    with pytest.raises(LotOnHold):
        await issue(yard, held)
    with pytest.raises(LotUnknown):
        await Conformity(clock).issue(yard.other, held, ConformityBasis.OWN_TEST, CONTACT, CLERK)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE conformity_certificate SET mass_gram = 1",
        "UPDATE conformity_certificate SET withdrawn_at = now(), withdrawn_by = 'x', withdrawn_because = 'y',"
        " contact = 'z'",
        "DELETE FROM conformity_certificate",
    ],
)
async def test_a_certificate_stays_as_it_was_issued(yard: Yard, attack: str) -> None:  # noqa: F811
    await issue(yard, await yard.sealed(1_000))
    with pytest.raises(BaseORMException):
        await execute(attack)
