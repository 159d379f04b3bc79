"""A product's way to the shelf, and what the shelf shows."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from kit.clock import Clock, utc_now
from kit.database import execute, scalar
from kit.paging import CursorInvalid, write_cursor
from merchants.models import Merchant
from merchants.service import Merchants
from products.dossiers import product_dossier, product_summaries
from products.drafts import SkuDraft
from products.errors import (
    GtinInvalid,
    MarkDocumentTaken,
    MerchantMayNotSell,
    ProductNotMovable,
    ProductUnknown,
    SalePolicyUnknown,
    SkusInvalid,
    SpanInvalid,
)
from products.listing import Wanted, product_cards
from products.marks import Marks, Span
from products.models import TRANSITIONS, Product, ProductState
from products.queries import product_page, sku_offers
from products.service import Catalogue, SalePolicies
from tests.products.shelf import approved_merchant, case_at, draft_of, listed_product, skus_of
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio

BY = "staff:test"


async def test_every_pair_of_states_moves_exactly_as_the_table_says(database: str) -> None:
    merchant = await approved_merchant()
    code = await Catalogue().draft(merchant, draft_of(), BY)
    for source, target in itertools.product(ProductState, ProductState):
        await Product.filter(code=code).update(state=source, listed_at=utc_now())
        product = await Product.get(code=code)
        if target in TRANSITIONS[source]:
            await product.move(target)
            assert (await Product.get(code=code)).state is target
        else:
            with pytest.raises(ProductNotMovable):
                await product.move(target)
            assert (await Product.get(code=code)).state is source


async def test_a_product_shows_only_while_listed_and_its_merchant_may_sell(database: str) -> None:
    merchant = await approved_merchant()
    catalogue, merchants = Catalogue(), Merchants()
    code = await catalogue.draft(merchant, draft_of(), BY)

    async def shown() -> bool:
        cards, _ = await product_cards()
        try:
            await product_page(code)
        except ProductUnknown:
            assert cards == []
            return False
        assert [card.code for card in cards] == [code]
        return True

    assert not await shown()
    await catalogue.submit(merchant, code, BY)
    assert not await shown()
    await catalogue.refuse(code, "缺少配料表", BY)
    assert (await product_dossier(code)).refusal_reason == "缺少配料表"
    await catalogue.submit(merchant, code, BY)
    await catalogue.list(code, BY)
    assert await shown()
    await merchants.suspend(merchant, "例行检查", BY)
    assert not await shown()
    await merchants.approve(merchant, BY)
    assert await shown()
    await Merchant.filter(number=merchant).update(licence_until=date(2021, 1, 1))
    assert not await shown()
    await Merchant.filter(number=merchant).update(licence_until=None)
    await catalogue.delist(code, "季节结束", BY, merchant)
    assert not await shown()
    await catalogue.reopen(merchant, code, BY)
    assert (await product_dossier(code)).state == "draft"


async def test_another_merchants_product_does_not_exist(database: str) -> None:
    """R8: every act of a clerk on somebody else's product answers as for one that is missing."""
    owner, other = await approved_merchant(1), await approved_merchant(2, "另一家示例合作社")
    code, (sku,) = await listed_product(owner)
    catalogue = Catalogue()
    for act in (
        catalogue.edit(other, code, draft_of("改名"), BY),
        catalogue.submit(other, code, BY),
        catalogue.delist(code, "恶意下架", BY, other),
        catalogue.reopen(other, code, BY),
        product_dossier(code, other),
    ):
        with pytest.raises(ProductUnknown):
            await act
    assert not await catalogue.sells(other, sku)
    assert await catalogue.sells(owner, sku)
    assert (await product_summaries(other, None, None, 20))[0] == []
    assert (await product_page(code)).title == "古法红糖"


async def test_drafts_are_checked(database: str) -> None:
    merchant = await approved_merchant()
    sku = SkuDraft(spec="1 kg", price_fen=100, mass_gram=1000, code="KNONE")
    with pytest.raises(SkusInvalid):
        await Catalogue().draft(merchant, draft_of(skus=[sku]), BY)
    with pytest.raises(SalePolicyUnknown):
        await Catalogue().draft(merchant, draft_of(sale_policy="none"), BY)
    await Merchants().suspend(merchant, "例行检查", BY)
    with pytest.raises(MerchantMayNotSell):
        await Catalogue().draft(merchant, draft_of(), BY)
    assert (await product_summaries(None, None, None, 20))[0] == []


async def test_an_edited_draft_keeps_named_skus_and_retires_the_others(database: str) -> None:
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=f"{n} kg", price_fen=100 * n, mass_gram=1000 * n) for n in (1, 2)]
    code = await Catalogue().draft(merchant, draft_of(skus=skus), BY)
    kept, retired = await skus_of(code)
    new = [
        SkuDraft(spec="3 kg", price_fen=290, mass_gram=3000),
        SkuDraft(spec="1 kg", price_fen=95, mass_gram=1000, code=kept),
    ]
    await Catalogue().edit(merchant, code, draft_of("新名", new), BY)
    dossier = await product_dossier(code)
    assert [(s.spec, s.price_fen, s.active) for s in dossier.skus] == [
        ("3 kg", 290, True),
        ("1 kg", 95, True),
        ("2 kg", 200, False),
    ]
    assert (await sku_offers([kept, retired]))[retired].listed is False
    await Catalogue().submit(merchant, code, BY)
    with pytest.raises(ProductNotMovable):
        await Catalogue().edit(merchant, code, draft_of(), BY)


async def test_marks_show_from_their_first_day_to_their_last_until_revoked(database: str) -> None:
    merchant = await approved_merchant()
    early = datetime(2025, 1, 1, tzinfo=UTC)
    code, (sku,) = await listed_product(merchant, clock=lambda: early)
    marks = Marks(clock=lambda: early)
    await marks.enter_brand("longchuan", "示例陇川公共品牌")
    span = Span(valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 31))
    authorisation = await marks.authorise("longchuan", code, "DEMO-B-1", span, BY)
    await marks.recognise(await case_at(code, clock=lambda: early), "DEMO-R-1", "陇川县示例办公室", "", span, BY)

    async def shown(moment: datetime) -> list[str]:
        (card,), _ = await product_cards(now=moment)
        page = await product_page(code, moment)
        offer = (await sku_offers([sku], moment))[sku]
        assert offer.marks == tuple(card.marks)
        for mark in ("public_brand", "poverty_product"):
            filtered, _ = await product_cards(wanted=Wanted(mark=mark), now=moment)
            assert [c.code for c in filtered] == ([code] if mark in card.marks else [])
        assert page.marks == card.marks
        return card.marks

    last_moment = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # the end of the day in China
    assert await shown(datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)) == []
    assert await shown(datetime(2026, 2, 28, 16, 0, tzinfo=UTC)) == ["public_brand", "poverty_product"]
    assert await shown(last_moment) == ["public_brand", "poverty_product"]
    assert await shown(last_moment + timedelta(seconds=1)) == []
    await marks.revoke_authorisation(authorisation, "质量不合格", BY)
    await marks.revoke_authorisation(authorisation, "第二次", BY)
    assert await shown(last_moment) == ["poverty_product"]
    reasons = {m.mark: m.revocation_reason for m in (await product_dossier(code)).marks}
    assert reasons == {"public_brand": "质量不合格", "poverty_product": None}
    with pytest.raises(MarkDocumentTaken):
        await marks.recognise(await case_at(code, clock=lambda: early), "DEMO-R-1", "陇川县示例办公室", "", span, BY)
    backwards = Span(valid_from=date(2026, 3, 2), valid_until=date(2026, 3, 1))
    with pytest.raises(SpanInvalid):
        await marks.authorise("longchuan", code, "DEMO-B-2", backwards, BY)


async def test_pages_follow_one_another_without_gap_or_repeat(database: str) -> None:
    merchant = await approved_merchant()
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    def at(second: int) -> Clock:
        return lambda: moment + timedelta(seconds=second)

    # Pairs share one moment, so the id has to break the tie.
    codes = [(await listed_product(merchant, stock=0, clock=at(n // 2)))[0] for n in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        cards, cursor = await product_cards(cursor, limit=2)
        seen += [card.code for card in cards]
        if cursor is None:
            break
    assert seen == codes[::-1]
    elsewhere, _ = await product_cards(wanted=Wanted(township="533124201"))
    assert elsewhere == []
    first, cursor = await product_cards(limit=3, wanted=Wanted(township="533124101"))
    second, _ = await product_cards(cursor, limit=3, wanted=Wanted(township="533124101"))
    assert [c.code for c in first + second] == codes[::-1][:6]


@pytest.mark.parametrize(
    "cursor",
    ["x", "W10", write_cursor("2026-01-01T00:00:00", 1), write_cursor("2026-01-01T00:00:00Z", 2**63)],
)
async def test_a_cursor_that_was_not_given_out_is_refused(database: str, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        await product_cards(cursor)


async def test_hot_reads_are_one_statement_each(database: str) -> None:
    """R19: the number of statements does not grow with the page."""
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=f"{n} kg", price_fen=100 * n, mass_gram=1000 * n) for n in (1, 2, 3)]
    listed = [await listed_product(merchant, draft_of(skus=skus), stock=1) for _ in range(5)]
    code, sku_codes = listed[0]
    for read in (
        lambda: product_cards(limit=20),
        lambda: product_page(code),
        lambda: sku_offers(sku_codes),
        lambda: product_dossier(code),
        lambda: product_summaries(merchant, None, None, 20),
    ):
        with counted_statements() as statements:
            await read()
        assert len(statements) == 1, statements


async def test_an_offer_carries_the_policy_that_is_in_force(database: str) -> None:
    merchant = await approved_merchant()
    _, (sku,) = await listed_product(merchant, draft_of(sale_policy="story", host_commission_bp=800), stock=4)
    offer = (await sku_offers([sku, "KNONE"]))[sku]
    assert (offer.payment_window_s, offer.after_sales_window_s, offer.host_commission_bp) == (60, 5, 800)
    assert (offer.unit_price_fen, offer.mass_gram, offer.available, offer.listed) == (3990, 500, 4, True)
    before = utc_now()
    await SalePolicies().enter("story", 90, 6, "seven_days", "示例文件 3 号")
    assert (await sku_offers([sku]))[sku].payment_window_s == 90
    assert (await sku_offers([sku], before))[sku].payment_window_s == 60


async def test_the_database_itself_refuses_a_price_of_nothing(database: str) -> None:
    await listed_product(await approved_merchant())
    with pytest.raises(Exception, match="sku_price"):
        await execute("UPDATE sku SET price_fen = 0")


async def test_a_gtin_with_a_wrong_check_digit_is_refused(database: str) -> None:
    """Fails when ``Catalogue`` does not look at check digits: tried."""
    merchant = await approved_merchant()
    for wrong in ("09520000000012", "95200000000", "0952000000001X"):
        with pytest.raises(GtinInvalid) as refused:
            await Catalogue().draft(merchant, draft_of(skus=[sku_of(wrong)]), "staff:test")
        assert refused.value.facts == {"gtins": [wrong]}
    code = await Catalogue().draft(merchant, draft_of(skus=[sku_of("09520000000011")]), "staff:test")
    with pytest.raises(GtinInvalid):
        await Catalogue().edit(merchant, code, draft_of(skus=[sku_of("09520000000010")]), "staff:test")
    assert await scalar("SELECT gtin FROM sku WHERE active") == "09520000000011"


def sku_of(gtin: str) -> SkuDraft:
    return SkuDraft(spec="500 g/罐", price_fen=3990, mass_gram=500, gtin=gtin)
