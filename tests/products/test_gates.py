"""What a category demands is demanded at the listing and at every sale after it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from content.errors import PictureNotUsable
from content.pictures import pictures_of
from kit.clock import china_day, utc_now
from kit.database import execute, rows
from merchants.papers import PaperKind, Papers, valid_papers
from products.catalogue_models import (
    CERTIFICATE_TRANSITIONS,
    CertificateKind,
    CertificateState,
    KnifeForm,
    ProductClass,
    RequirementKind,
)
from products.categories import Categories, category_tree
from products.certificates import Certificate, Certificates, certificate_records, expiring
from products.dossiers import product_dossier
from products.drafts import PictureDraft, PictureKind, ReturnPolicy, SkuDraft
from products.errors import (
    CategoryInUse,
    CategoryUnknown,
    CertificateNotMovable,
    CertificateRepeated,
    GateNotMet,
    KnifeFactsMissing,
    KnifeNotAllowed,
    ProductNotMovable,
    ProductUnknown,
    RequirementInvalid,
    SkusInvalid,
    SkuUnknown,
)
from products.knives import Blade, Knives, Objection, objection
from products.listing import product_cards
from products.queries import product_page, sku_offers
from products.service import Catalogue, pictures_owner
from tests.content.paint import a_picture
from tests.merchants.folders import accepted_paper, paper_of
from tests.products.shelf import approved_merchant, draft_of, listed_product, skus_of

pytestmark = pytest.mark.asyncio

BY = "staff:test"
FOOD = ("food_business", "prepackaged_food_filing", "small_workshop")


async def open_tree() -> None:
    """Food demands a paper of the merchant, fruit below it a certificate too."""
    categories = Categories()
    await categories.enter("food", "食品", ProductClass.PROCESSED_FOOD)
    await categories.enter("sugar", "红糖", ProductClass.PROCESSED_FOOD, "food", 2)
    await categories.enter("fresh", "生鲜", ProductClass.FRESH, "food", 1)
    await categories.enter("fruit", "水果", ProductClass.FRESH, "fresh")
    await categories.enter("knives", "刀具", ProductClass.KNIFE)
    await categories.require("food", RequirementKind.MERCHANT_PAPER, FOOD, date(2020, 1, 1), None, "示例依据", BY)
    await categories.require(
        "fruit", RequirementKind.CERTIFICATE, ["commitment"], date(2026, 2, 1), None, "示例依据", BY
    )


def certificate(
    document: str = "DEMO-1", until: date | None = None, kind: CertificateKind = CertificateKind.COMMITMENT
) -> Certificate:
    return Certificate(
        kind=kind, document=document, issuer="示例基地", issued_on=date(2026, 1, 1), valid_from=date(2026, 1, 1),
        valid_until=until or date(2099, 1, 1),
    )  # fmt: skip


async def missing(product: str, now: datetime | None = None) -> list[tuple[str, ...]]:
    return [(each.kind, *each.any_of) for each in (await product_dossier(product, now=now)).missing]


async def on_sale(product: str, sku: str, now: datetime | None = None) -> bool:
    """What the list, the page and checkout say, which must be the same."""
    listed = (await sku_offers([sku], now))[sku].listed
    cards, _ = await product_cards(now=now)
    assert ([card.code for card in cards] == [product]) is listed
    try:
        await product_page(product, now)
        shown = True
    except ProductUnknown:
        shown = False
    assert shown is listed
    return listed


async def submitted(merchant: str, category: str, skus: Sequence[SkuDraft] | None = None) -> str:
    code = await Catalogue().draft(merchant, draft_of(category=category, skus=skus), BY)
    await Catalogue().submit(merchant, code, BY)
    return code


async def test_food_is_sold_only_under_its_merchants_paper_on_every_day(database: str) -> None:
    """G05 and domain reference 5: at the listing and at the sale. Fails without GATES_HOLD in ON_SALE: tried."""
    merchant = await approved_merchant()
    await open_tree()
    code = await submitted(merchant, "sugar")
    with pytest.raises(GateNotMet) as refused:
        await Catalogue().list(code, BY)
    assert refused.value.facts["missing"] == [{"kind": "merchant_paper", "any_of": sorted(FOOD), "sku": None}]
    until = china_day(utc_now()) + timedelta(days=10)
    paper = paper_of(PaperKind.SMALL_WORKSHOP, until=until)
    number = await accepted_paper(merchant, paper=paper)
    assert await missing(code) == []
    await Catalogue().list(code, BY)
    (sku,) = await skus_of(code)
    assert await on_sale(code, sku)
    last = datetime(until.year, until.month, until.day, 15, 59, 59, tzinfo=UTC)
    assert await on_sale(code, sku, last)
    assert not await on_sale(code, sku, last + timedelta(seconds=1))
    assert await missing(code, last + timedelta(seconds=1)) == [("merchant_paper", *sorted(FOOD))]
    await Papers().refuse(number, "抽检不合格", BY)
    assert not await on_sale(code, sku)


async def test_the_condition_in_sql_counts_the_papers_that_merchants_counts(database: str) -> None:
    merchant = await approved_merchant()
    await open_tree()
    code, today = await submitted(merchant, "sugar"), china_day(utc_now())
    desk = Papers()
    for serial, kind in enumerate(PaperKind):
        if kind is PaperKind.OWN_PRODUCE_STATEMENT:
            continue
        for until in (today - timedelta(days=1), today, None):
            number = await desk.submit(merchant, paper_of(kind, serial, until), BY)
            for step in (None, "accept", "expire", "refuse"):
                if step == "accept":
                    await desk.accept(number, BY)
                elif step == "expire":
                    await desk.expire()
                elif step == "refuse" and until != today - timedelta(days=1):
                    await desk.refuse(number, "示例", BY)
                held = bool((await valid_papers([merchant], today))[merchant] & set(FOOD))
                assert (await missing(code) == []) is held, (kind, until, step)


async def test_fresh_goods_need_their_certificate_since_the_rule_began(database: str) -> None:
    merchant = await approved_merchant()
    await open_tree()
    await accepted_paper(merchant)
    code = await submitted(merchant, "fruit")
    assert await missing(code, datetime(2026, 1, 31, 15, 59, tzinfo=UTC)) == []
    assert await missing(code, datetime(2026, 1, 31, 16, 0, tzinfo=UTC)) == [("certificate", "commitment")]
    desk = Certificates()
    wrong = await desk.submit(merchant, code, certificate(kind=CertificateKind.ORGANIC), BY)
    await desk.accept(wrong, BY)
    assert await missing(code) == [("certificate", "commitment")]
    until = china_day(utc_now()) + timedelta(days=3)
    number = await desk.submit(merchant, code, certificate(until=until), BY)
    with pytest.raises(GateNotMet):
        await Catalogue().list(code, BY)
    await desk.accept(number, BY)
    await Catalogue().list(code, BY)
    (sku,) = await skus_of(code)
    assert {c.kind for c in (await product_page(code)).certificates} == {"commitment", "organic"}
    assert await on_sale(code, sku)
    assert not await on_sale(code, sku, utc_now() + timedelta(days=5))
    soon = await expiring(merchant, china_day(utc_now()), until)
    assert [(e.what, e.kind, e.valid_until) for e in soon] == [("certificate", "commitment", until)]
    assert await expiring(None, china_day(utc_now()), until - timedelta(days=1)) == []
    assert await expiring("MNOBODY", china_day(utc_now()), until) == []
    await desk.revoke(number, "检测不合格", BY)
    assert not await on_sale(code, sku)
    records, _ = await certificate_records(merchant, code, "revoked", None, 20)
    assert [r.reason for r in records] == ["检测不合格"]


async def test_no_claim_on_an_expired_certificate(database: str) -> None:
    merchant = await approved_merchant()
    code, (sku,) = await listed_product(merchant)
    desk = Certificates()
    until = china_day(utc_now()) + timedelta(days=1)
    number = await desk.submit(merchant, code, certificate(until=until, kind=CertificateKind.GREEN_FOOD), BY)
    assert (await product_page(code)).certificates == []
    await desk.accept(number, BY)
    assert [c.document for c in (await product_page(code)).certificates] == ["DEMO-1"]
    later = utc_now() + timedelta(days=3)
    assert (await product_page(code, later)).certificates == []
    assert await on_sale(code, sku, later)  # nothing demands it here


async def test_every_pair_of_certificate_states_moves_as_the_table_says(database: str) -> None:
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    desk = Certificates()
    steps: dict[CertificateState, Callable[[str], Awaitable[None]]] = {
        CertificateState.ACCEPTED: lambda number: desk.accept(number, BY),
        CertificateState.REFUSED: lambda number: desk.refuse(number, "示例", BY),
        CertificateState.REVOKED: lambda number: desk.revoke(number, "示例", BY),
    }
    for i, source in enumerate(CertificateState):
        for target, step in steps.items():
            number = await desk.submit(merchant, code, certificate(f"DEMO-{i}-{target}"), BY)
            if source in (CertificateState.ACCEPTED, CertificateState.REVOKED):
                await desk.accept(number, BY)
            if source in (CertificateState.REFUSED, CertificateState.REVOKED):
                await steps[source](number)
            if target in CERTIFICATE_TRANSITIONS[source]:
                await step(number)
            else:
                with pytest.raises(CertificateNotMovable):
                    await step(number)
    with pytest.raises(CertificateRepeated):
        await desk.submit(merchant, code, certificate("DEMO-0-accepted"), BY)
    with pytest.raises(ProductUnknown):
        await desk.submit("MNOBODY", code, certificate("DEMO-X"), BY)
    with pytest.raises(Exception, match="its state alone"):
        await execute("UPDATE product_certificate SET valid_until = '2199-01-01'")


def blade(**changes: object) -> Blade:
    measures: dict[str, object] = {
        "form": KnifeForm.KITCHEN, "blade_mm": 180, "tip_degrees": 85, "tip_radius_um": 500, "sharpened": True,
        "has_groove": False, "has_guard": False, "has_lock": False, **changes,
    }  # fmt: skip
    return Blade(**measures)  # type: ignore[arg-type]


BLADES = [
    ({}, None),
    ({"blade_mm": 220}, None),
    ({"blade_mm": 221}, Objection.ABOVE_220_MM),
    ({"tip_degrees": 60, "blade_mm": 220}, None),
    ({"tip_degrees": 60, "blade_mm": 221}, Objection.ABOVE_220_MM),
    ({"tip_degrees": 59, "blade_mm": 150}, None),
    ({"tip_degrees": 59, "blade_mm": 151}, Objection.POINTED_ABOVE_150_MM),
    ({"tip_degrees": 59, "blade_mm": 100, "has_groove": True, "has_guard": True}, Objection.DAGGER),
    ({"tip_degrees": 59, "blade_mm": 100, "has_groove": True}, None),
    ({"tip_degrees": 60, "blade_mm": 100, "has_groove": True, "has_guard": True}, None),
    ({"form": KnifeForm.SCRAPER, "blade_mm": 50}, Objection.TRIANGULAR_SCRAPER),
    ({"has_lock": True, "blade_mm": 50}, Objection.LOCKING_SPRING_KNIFE),
    ({"form": KnifeForm.LONG}, Objection.LONG_KNIFE),
    ({"form": KnifeForm.LONG, "sharpened": False, "tip_radius_um": 9000}, Objection.LONG_KNIFE),
    ({"form": KnifeForm.CRAFT, "sharpened": False, "tip_radius_um": 2501, "blade_mm": 600, "tip_degrees": 20}, None),
    (
        {"form": KnifeForm.CRAFT, "sharpened": False, "tip_radius_um": 2500, "blade_mm": 600, "tip_degrees": 20},
        Objection.POINTED_ABOVE_150_MM,
    ),
    (
        {"form": KnifeForm.CRAFT, "sharpened": True, "tip_radius_um": 9000, "blade_mm": 600},
        Objection.ABOVE_220_MM,
    ),
]


@pytest.mark.parametrize(("changes", "expected"), BLADES, ids=range(len(BLADES)))
async def test_the_measures_of_a_blade_decide(changes: dict[str, object], expected: Objection | None) -> None:
    """Domain reference 5, at each of its limits."""
    assert objection(blade(**changes)) is expected


async def test_a_knife_is_sold_only_while_somebody_has_looked_at_every_blade(database: str) -> None:
    merchant = await approved_merchant()
    await open_tree()
    knives, catalogue = Knives(), Catalogue()
    skus = [SkuDraft(spec=name, price_fen=16800, mass_gram=420) for name in ("切片刀", "斩切刀")]
    code = await catalogue.draft(merchant, draft_of("户撒厨刀", skus, category="knives"), BY)
    first, second = await skus_of(code)
    with pytest.raises(KnifeFactsMissing):
        await catalogue.submit(merchant, code, BY)
    await knives.measure(merchant, first, blade())
    await knives.measure(merchant, second, blade(blade_mm=400))
    with pytest.raises(KnifeNotAllowed) as refused:
        await catalogue.submit(merchant, code, BY)
    assert refused.value.facts == {"sku": second, "objection": "above_220_mm"}
    with pytest.raises(KnifeNotAllowed):
        await knives.review(second, "DEMO-1", BY)
    await knives.measure(merchant, second, blade(blade_mm=200))
    await catalogue.submit(merchant, code, BY)
    with pytest.raises(ProductNotMovable):
        await knives.measure(merchant, second, blade(blade_mm=190))
    with pytest.raises(SkuUnknown):
        await knives.measure("MNOBODY", second, blade())
    await knives.review(first, "DEMO-1", BY)
    with pytest.raises(GateNotMet) as refused_too:
        await catalogue.list(code, BY)
    assert refused_too.value.facts["missing"] == [{"kind": "knife_review", "any_of": [], "sku": second}]
    await knives.review(second, "DEMO-1", BY)
    await catalogue.list(code, BY)
    assert await on_sale(code, first)
    await knives.withdraw(second)
    assert not await on_sale(code, first)
    assert not (await sku_offers([second]))[second].listed
    assert await missing(code) == [("knife_review",)]
    await knives.review(second, "DEMO-2", BY)
    assert await on_sale(code, first)
    await catalogue.delist(code, "改款", BY)
    await catalogue.reopen(merchant, code, BY)
    await knives.measure(merchant, second, blade())
    assert await missing(code) == [("knife_review",)]
    with pytest.raises(Exception, match="knife_facts_reviewed_is_allowed"):
        await execute("UPDATE knife_facts SET allowed = false")


async def test_the_tree_has_three_levels_and_products_only_in_its_leaves(database: str) -> None:
    merchant = await approved_merchant()
    await open_tree()
    categories = Categories()
    with pytest.raises(CategoryInUse):
        await categories.enter("mango", "芒果", ProductClass.FRESH, "fruit")
    with pytest.raises(CategoryInUse):
        await categories.enter("sugar", "红糖", ProductClass.PROCESSED_FOOD, "fresh")
    for code in ("food", "nowhere"):
        with pytest.raises(CategoryUnknown):
            await Catalogue().draft(merchant, draft_of(category=code), BY)
    await Catalogue().draft(merchant, draft_of(category="sugar"), BY)
    with pytest.raises(CategoryInUse):
        await categories.enter("brown", "黑糖", ProductClass.PROCESSED_FOOD, "sugar")
    await categories.enter("sugar", "糖与蜂蜜", ProductClass.PROCESSED_FOOD, "food", 0)
    food = next(node for node in await category_tree() if node.code == "food")
    assert [(node.code, node.name) for node in food.children] == [("sugar", "糖与蜂蜜"), ("fresh", "生鲜")]
    assert food.requirements[0].any_of == sorted(FOOD)
    assert [node.code for node in food.children[1].children] == ["fruit"]
    await categories.close("sugar")
    with pytest.raises(CategoryUnknown):
        await Catalogue().draft(merchant, draft_of(category="sugar"), BY)
    rule = food.requirements[0].id
    await categories.end_requirement(rule, date(2026, 6, 30))
    with pytest.raises(RequirementInvalid):
        await categories.end_requirement(rule, date(2019, 6, 30))
    for kind, papers in ((RequirementKind.CERTIFICATE, ["food_business"]), (RequirementKind.MERCHANT_PAPER, [])):
        with pytest.raises(RequirementInvalid):
            await categories.require("food", kind, papers, date(2020, 1, 1), None, "示例", BY)


async def test_variants_have_one_word_for_each_axis_and_differ(database: str) -> None:
    merchant = await approved_merchant()

    def sku(*options: str) -> SkuDraft:
        return SkuDraft(spec=" ".join(options) or "一种", price_fen=100, mass_gram=1, options=options)

    picture = await a_picture(BY, "product")
    axes = ("颜色", "尺寸")
    code = await Catalogue().draft(
        merchant,
        draft_of(
            "织锦挎包", [sku("红", "大"), sku("红", "小")], axes=axes,
            pictures=(PictureDraft(picture, PictureKind.COVER),),
        ),
        BY,
    )  # fmt: skip
    dossier = await product_dossier(code)
    assert (dossier.axes, [s.options for s in dossier.skus]) == (["颜色", "尺寸"], [["红", "大"], ["红", "小"]])
    assert [(p.number, p.kind) for p in dossier.pictures] == [(picture, "cover")]
    assert [p.number for p in await pictures_of(pictures_owner(code))] == [picture]
    assert dossier.image == f"/pictures/{picture}-750.jpg"
    with pytest.raises(PictureNotUsable):
        await Catalogue().draft(merchant, draft_of(pictures=(PictureDraft(picture, PictureKind.COVER),)), BY)
    for wrong, names in (
        ([sku("红")], axes),
        ([sku("红", "大"), sku("红", "大")], axes),
        ([sku("红", "红", "红", "红")], ("一", "二", "三", "四")),
        ([sku("红", "大")], ("颜色", "颜色")),
        ([sku("红")], ()),
    ):
        with pytest.raises(SkusInvalid):
            await Catalogue().draft(merchant, draft_of(skus=wrong, axes=names), BY)


async def test_an_offer_says_whether_the_buyer_must_confirm(database: str) -> None:
    """Domain reference 5: the three further kinds hold only with a tick, the others by law or not at all."""
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=p.value, price_fen=100, mass_gram=1, return_policy=p) for p in ReturnPolicy]
    skus.append(SkuDraft(spec="默认", price_fen=100, mass_gram=1))
    _, codes = await listed_product(merchant, draft_of(skus=skus, return_policy=ReturnPolicy.NONE_CUSTOM))
    offers = await sku_offers(codes)
    told = {offers[code].return_policy: offers[code].needs_confirmation for code in codes[:-1]}
    assert {policy for policy, asked in told.items() if asked} == {
        "seven_days_unopened", "none_activated", "none_near_expiry",
    }  # fmt: skip
    assert offers[codes[-1]].return_policy == "none_custom"


async def test_the_picture_of_a_certificate_is_ones_own_and_is_kept(database: str) -> None:
    """Fails when the number is only written down: then a stranger's is taken, and ones own is collected: tried."""
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    own, foreign = await a_picture(BY, "licence"), await a_picture("staff:stranger", "licence")
    for wrong in (foreign, await a_picture(BY, "product"), "NOBODY00"):
        with pytest.raises(PictureNotUsable):
            await Certificates().submit(
                merchant, code, msgspec.structs.replace(certificate("DEMO-9"), picture=wrong), BY
            )
    handed_in = msgspec.structs.replace(certificate("DEMO-9"), picture=own)
    number = await Certificates().submit(merchant, code, handed_in, BY)
    assert [p.number for p in await pictures_of(f"certificate:{number}")] == [own]
    assert (await certificate_records(merchant, None, None, None, 20))[0][0].picture == own


async def test_every_decision_and_every_price_is_a_row(database: str) -> None:
    merchant, catalogue = await approved_merchant(), Catalogue()
    code = await catalogue.draft(merchant, draft_of(), "staff:clerk")
    await catalogue.submit(merchant, code, "staff:clerk")
    await catalogue.refuse(code, "标题不清", "staff:officer")
    await catalogue.submit(merchant, code, "staff:clerk")
    await catalogue.list(code, "staff:officer")
    (sku,) = await skus_of(code)
    await catalogue.reprice(merchant, sku, 4290, "staff:clerk")
    await catalogue.reprice(merchant, sku, 4290, "staff:clerk")
    with pytest.raises(SkuUnknown):
        await catalogue.reprice("MNOBODY", sku, 1, "staff:clerk")
    await catalogue.delist(code, "换季", "staff:clerk", merchant)
    await catalogue.reopen(merchant, code, "staff:clerk")
    decisions = (await product_dossier(code)).decisions
    assert [(d.state, d.decided_by, d.reason) for d in decisions] == [
        ("draft", "staff:clerk", None),
        ("in_review", "staff:clerk", None),
        ("draft", "staff:officer", "标题不清"),
        ("in_review", "staff:clerk", None),
        ("listed", "staff:officer", None),
        ("delisted", "staff:clerk", "换季"),
        ("draft", "staff:clerk", None),
    ]
    again = SkuDraft(code=sku, spec="500 g/罐", price_fen=4590, mass_gram=500)
    for _ in range(2):
        await catalogue.edit(merchant, code, draft_of(skus=[again]), "staff:clerk")
    assert [(r["old_price_fen"], r["new_price_fen"]) for r in await rows("SELECT * FROM price_change ORDER BY id")] == [
        (3990, 4290),
        (4290, 4590),
    ]
    with pytest.raises(Exception, match=r"append-only|permission denied|must be owner"):
        await execute("UPDATE listing_decision SET reason = NULL")
