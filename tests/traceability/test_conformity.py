"""合格证 of lots: what a dated rule of the category demands does not leave without it."""

from datetime import date

import pytest
from msgspec.structs import replace
from tortoise.exceptions import BaseORMException

from kit.database import execute, row, scalar
from products.catalogue_models import RequirementKind
from products.categories import Categories
from tests.poverty_alleviation.papers import pages_of
from tests.traceability.test_lots import NOW, Yard, clock, yard  # noqa: F401 - the fixture
from traceability.certified import without_certificate
from traceability.conformity.errors import ConformityExists, ConformityUnknown
from traceability.conformity.forms import form_of
from traceability.conformity.models import ConformityBasis
from traceability.conformity.paper import certificate_paper
from traceability.conformity.queries import ConformityCard, conformity_certificate, conformity_certificates
from traceability.conformity.service import Conformity
from traceability.errors import LotNotSealed, LotOnHold, LotUnknown, LotWithoutCertificate
from traceability.lots import Afterwards
from traceability.models import LateReason
from traceability.quality.holds import Holds, Placing
from traceability.quality.inspections import Finding, Inspections, Report, Sample
from traceability.quality.models import HoldReason
from traceability.quality.recalls import RecallOrder, Recalls
from traceability.queries import lots_on_hand

CLERK, OFFICER, CONTACT = "staff:clerk", "staff:officer", "19900000001"


async def demanded(product: str, since: date) -> None:
    """Every lot of the product's category needs a certificate from a day on."""
    category = await scalar(
        "SELECT c.code FROM product p JOIN category c ON c.id = p.category_id WHERE p.code = $1", product
    )
    await Categories(clock).require(
        category, RequirementKind.LOT_CERTIFICATE, ["commitment"], since, None, "令2025年第4号", "x"
    )


async def issue(yard: Yard, lot: str) -> str:  # noqa: F811
    return await Conformity(clock).issue(yard.merchant, lot, ConformityBasis.OWN_PROMISE, CONTACT, CLERK)


async def test_what_the_rule_of_the_day_demands_does_not_leave_without_it(yard: Yard) -> None:  # noqa: F811
    lot = await yard.sealed(10_000)
    await demanded(yard.product, date(2026, 11, 23))
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


async def test_goods_of_whose_lots_none_has_its_certificate_are_named(yard: Yard) -> None:  # noqa: F811
    """Fails when one that was withdrawn counts: tried."""
    lot, day = await yard.sealed(10_000), date(2026, 11, 23)
    assert await without_certificate([yard.product], day) == frozenset()
    await demanded(yard.product, day)
    assert await without_certificate([yard.product, "P-none"], day) == {yard.product}
    number = await issue(yard, lot)
    assert await without_certificate([yard.product], day) == frozenset()
    await Conformity(clock).withdraw(yard.merchant, number, "信息有误", CLERK)
    assert await without_certificate([yard.product], day) == {yard.product}


async def test_a_rule_that_begins_tomorrow_demands_nothing_today(yard: Yard) -> None:  # noqa: F811
    lot = await yard.sealed(10_000)
    await demanded(yard.product, date(2026, 11, 24))
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
    assert card.issued_on == date(2026, 11, 23)
    assert await conformity_certificate(yard.merchant, number) == card
    with pytest.raises(ConformityUnknown):
        await conformity_certificate(yard.other, number)
    assert await conformity_certificates(yard.other, None, None, 9) == ([], None)


@pytest.mark.parametrize(
    ("issued_on", "title", "kept", "basis"),
    [
        (date(2020, 6, 11), "食用农产品合格证", "保存 1 年", None),
        (date(2026, 1, 31), "食用农产品合格证", "保存 1 年", None),
        (date(2026, 2, 1), "农产品质量安全承诺达标合格证", "保存 2 年", "□ 自我检测 □ 质量安全控制 √ 自我承诺"),
    ],
)
def test_a_certificate_is_printed_twice_on_the_form_of_its_day(
    issued_on: date, title: str, kept: str, basis: str | None
) -> None:
    card = ConformityCard(
        "H1", "L1", "M1", "柠檬", 10_050, "示例农场", "章凤镇", CONTACT, "own_promise", issued_on, None, ""
    )
    (words,) = pages_of(certificate_paper(card))
    assert words.count("10.050 千克") == words.count("编号 H1") == 2
    assert (words.count(f"{title}\n"), words.count(kept)) == (2, 1)
    assert words.count("√ ") == 2 * (len(form_of(issued_on).promises) + (basis is not None))
    assert basis is None or words.count(basis) == 2
    assert certificate_paper(card) == certificate_paper(card)
    assert (
        "已作废：信息有误"
        in pages_of(certificate_paper(replace(card, withdrawn_at=NOW, withdrawn_because="信息有误")))[0]
    )


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


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE conformity_certificate SET withdrawn_because = 'y'",
        "UPDATE conformity_certificate SET withdrawn_at = NULL, withdrawn_by = NULL, withdrawn_because = ''",
    ],
)
async def test_a_withdrawal_is_final(yard: Yard, attack: str) -> None:  # noqa: F811
    """Fails when ``guard_conformity`` lets a withdrawn row change: tried."""
    await Conformity(clock).withdraw(yard.merchant, await issue(yard, await yard.sealed(1_000)), "信息有误", CLERK)
    with pytest.raises(BaseORMException):
        await execute(attack)


@pytest.mark.parametrize("how", ["failed", "passed", "recalled"])
async def test_what_fails_an_inspection_or_is_called_back_loses_its_certificate(yard: Yard, how: str) -> None:  # noqa: F811
    """Fails when ``judge`` or ``call_back`` does not void it: tried."""
    lot, other = await yard.sealed(1_000), await yard.sealed(1_000)
    number, kept = await issue(yard, lot), await issue(yard, other)
    if how == "recalled":
        recall = RecallOrder(lot=lot, cause="农残超标", document="示例召回1号")
        because = f"召回 {await Recalls(clock).call_back(None, recall, OFFICER)}"
    else:
        room = Inspections(clock)
        inspection = await room.request(yard.merchant, lot, CLERK)
        await room.sample(inspection, [Sample(code="YP-1", mass_gram=500, taken_at=NOW)], OFFICER)
        found = Finding(
            name="项目", allowed="0.5", found="0.9", unit="mg/kg", method="GB 23200.113", is_good=how == "passed"
        )
        await room.judge(inspection, Report(laboratory="示例检测中心", report="SL-1", findings=[found]), OFFICER)
        because = "检验不合格：SL-1" if how == "failed" else ""
    shown = await conformity_certificate(yard.merchant, number)
    assert ((shown.withdrawn_at is not None), shown.withdrawn_because) == (how != "passed", because)
    assert ("已作废" in "".join(pages_of(certificate_paper(shown)))) == (how != "passed")
    assert (await conformity_certificate(yard.merchant, kept)).withdrawn_at is None
