"""Nights in lists and on pages, and the paper without which nobody may sell them."""

from datetime import date, timedelta

import pytest

from kit.clock import china_day, utc_now
from merchants.papers import PaperKind, Papers
from products.calendar_models import BookingKind, OnExpiry
from products.calendars import BookingTerms, Calendars
from products.catalogue_models import ProductClass, RequirementKind
from products.categories import Categories
from products.drafts import ReturnPolicy, SkuDraft
from products.errors import GateNotMet
from products.listing import Wanted, product_cards
from products.queries import product_page, sku_offers
from products.recommendations import popular
from products.service import Catalogue
from tests.merchants.folders import accepted_paper, paper_of
from tests.products.shelf import approved_merchant, draft_of, skus_of

pytestmark = pytest.mark.asyncio

BY = "staff:test"
PAPERS = ("special_trade", "homestay_filing")


async def a_house(merchant: str) -> str:
    """A reviewed house that waits for the county; lodging demands one of two papers."""
    categories = Categories()
    await categories.enter("lodging", "民宿", ProductClass.VOUCHER)
    await categories.require("lodging", RequirementKind.MERCHANT_PAPER, PAPERS, date(2020, 1, 1), None, "示例依据", BY)
    room = SkuDraft(spec="双人间", price_fen=16800, mass_gram=0)
    draft = draft_of("竹楼小院", [room], category="lodging", return_policy=ReturnPolicy.VOUCHER)
    code = await Catalogue().draft(merchant, draft, BY)
    await Catalogue().submit(merchant, code, BY)
    return code


@pytest.mark.parametrize("kind", [PaperKind.SPECIAL_TRADE, PaperKind.HOMESTAY_FILING])
async def test_nights_are_sold_only_under_a_licence_on_every_day(database: str, kind: PaperKind) -> None:
    """G05 and domain reference 6.3: at the listing and at the sale. Fails without GATES_HOLD in ON_SALE: tried."""
    merchant = await approved_merchant()
    code = await a_house(merchant)
    await accepted_paper(merchant, PaperKind.FOOD_BUSINESS)
    with pytest.raises(GateNotMet) as refused:
        await Catalogue().list(code, BY)
    assert refused.value.facts["missing"] == [{"kind": "merchant_paper", "any_of": sorted(PAPERS), "sku": None}]
    number = await accepted_paper(merchant, paper=paper_of(kind, 2))
    await Catalogue().list(code, BY)
    (sku,) = await skus_of(code)
    assert (await sku_offers([sku]))[sku].listed
    await Papers().refuse(number, "许可证被吊销", BY)
    assert not (await sku_offers([sku]))[sku].listed
    assert (await product_cards())[0] == []


async def test_lists_and_pages_count_free_days_and_not_stock(database: str) -> None:
    """Fails when ``selling.IN_STOCK`` or ``selling.AVAILABLE`` ask the SKU's stock alone: tried."""
    merchant = await approved_merchant()
    code = await a_house(merchant)
    await accepted_paper(merchant, PaperKind.SPECIAL_TRADE)
    await Catalogue().list(code, BY)
    (sku,) = await skus_of(code)
    (page,) = (await product_page(code)).skus
    assert (page.available, page.price_fen, page.calendar) == (0, 16800, None)
    assert (await product_cards(wanted=Wanted(in_stock=True)))[0] == []
    terms = BookingTerms(kind=BookingKind.STAY, cancel_hours=24, grace_days=0, on_expiry=OnExpiry.REFUND)
    await Calendars().set_rule(merchant, sku, terms, BY)
    today = china_day(utc_now())
    for first, days, fen in ((0, 2, 15000), (2, 3, 19800)):
        await Calendars().open_days(
            merchant, sku, today + timedelta(days=first), today + timedelta(days=first + days - 1), range(1, 8), 2, fen
        )
    ((card,), _) = await product_cards(wanted=Wanted(in_stock=True))
    (page,) = (await product_page(code)).skus
    assert (card.available, card.price_from_fen) == (page.available, page.price_fen) == (10, 15000)
    assert [c.code for c in await popular()] == [code]
    assert page.calendar is not None
    assert page.calendar.terms == terms
    assert [(day.left, day.price_fen) for day in page.calendar.days] == [(2, 15000)] * 2 + [(2, 19800)] * 3
    later = utc_now() + timedelta(days=2)
    ((card,), _) = await product_cards(wanted=Wanted(in_stock=True), now=later)
    assert (card.available, card.price_from_fen) == (6, 19800)
    assert (await product_cards(wanted=Wanted(in_stock=True), now=later + timedelta(days=3)))[0] == []
