"""What lists, pages and freight say of a SKU while a flash offer of it runs: the offer's price, the offer's pieces.

Nothing happens when an offer begins or ends but that time passes, so every case asks at moments of its own.
"""

from datetime import datetime, timedelta

import pytest

from kit.clock import utc_now
from kit.database import execute, rows, transaction
from products.drafts import SkuDraft
from products.freight_facts import freight_facts
from products.listing import ProductCard, Sort, Wanted, product_cards
from products.offers import Offers, OfferTerms, open_offers
from products.queries import product_page
from products.recommendations import popular, related_to
from products.service import Catalogue
from products.stock import Stock
from tests.products.shelf import approved_merchant, draft_of, listed_product
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio

BY = "staff:test"
TICK = timedelta(microseconds=1)


async def put_on_offer(
    sku: str, pieces: int, price_fen: int = 1990, starts_at: datetime | None = None, hours: int = 1
) -> tuple[str, datetime, datetime]:
    begins = starts_at or utc_now() - timedelta(minutes=1)
    ends = begins + timedelta(hours=hours)
    return (
        await Offers().open(sku, OfferTerms(price_fen=price_fen, pieces=pieces, starts_at=begins, ends_at=ends), BY),
        begins,
        ends,
    )


async def cards(now: datetime | None = None, **wanted: object) -> list[ProductCard]:
    return (await product_cards(wanted=Wanted(**wanted), now=now))[0]  # type: ignore[arg-type]


async def buy(reference: str, sku: str, offer: str, quantity: int) -> None:
    async with transaction():
        await Stock().reserve({reference: {sku: quantity}}, utc_now(), {sku: offer}, "C1")


async def test_every_list_shows_the_price_that_is_charged_and_what_can_be_had(database: str) -> None:
    """Fails when ``refresh_catalogue_entry`` leaves offers out, or when a card counts the SKU's own pieces: tried."""
    merchant = await approved_merchant()
    code, (sku,) = await listed_product(merchant, draft_of("古法红糖"), stock=10)
    await listed_product(merchant, draft_of("高山绿茶", [SkuDraft(spec="一", price_fen=2500, mass_gram=1)]))
    await put_on_offer(sku, pieces=10)  # all there is: nothing is left of the SKU's own
    for found in (
        await cards(text="红糖"),
        (await cards(sort=Sort.PRICE_UP))[:1],
        (await cards(sort=Sort.PRICE_DOWN))[1:],
        await cards(price_to_fen=2000, in_stock=True),
        [card for card in await popular() if card.code == code],
        [card for card in await related_to(["PNONE"]) if card.code == code],
    ):
        assert [(c.title, c.price_from_fen, c.available, c.on_offer) for c in found] == [("古法红糖", 1990, 10, True)]
    assert [c.title for c in await cards(price_from_fen=2000)] == ["高山绿茶"]
    (shown,) = (await product_page(code)).skus
    assert (shown.price_fen, shown.list_price_fen, shown.available) == (1990, 3990, 10)
    assert shown.offer is not None
    assert shown.offer.left == 10
    assert (await freight_facts(code, None)).price_fen == 1990
    for read in (product_cards(), product_page(code), popular(), related_to([code]), freight_facts(code, None)):
        with counted_statements() as sent:
            await read
        assert len(sent) == 1


async def test_a_list_price_that_was_raised_for_it_stands_beside_no_offer(database: str) -> None:
    """On the product's page and in the list of offers, by the week before the offer began. Fails without that look."""
    code, (sku,) = await listed_product(await approved_merchant(), stock=10)
    _, begins, ends = await put_on_offer(sku, pieces=4, hours=240)

    async def compared(now: datetime) -> tuple[int | None, int | None]:
        (page,) = (await product_page(code, now)).skus
        (listed,) = await open_offers(now=now)
        assert (page.price_fen, listed.price_fen) == (1990, 1990)
        return page.list_price_fen, listed.list_price_fen

    assert await compared(begins) == (3990, 3990)
    changed = (
        "INSERT INTO price_change (sku_id, old_price_fen, new_price_fen, changed_at, changed_by)"
        " SELECT id, $2, 3990, $3, 'staff:test' FROM sku WHERE code = $1"
    )
    await execute(changed, sku, 3000, begins - timedelta(days=7, minutes=1))
    assert await compared(begins) == (3990, 3990), "it has stood for a week"
    await execute(changed, sku, 3500, begins - timedelta(days=6))
    for now in (begins, begins + timedelta(days=9)):
        assert await compared(now) == (None, None), "a long reduction is no proof of itself"
    (after,) = (await product_page(code, ends)).skus
    assert (after.price_fen, after.list_price_fen) == (3990, 3990)


async def test_offers_begin_and_end_with_the_clock_and_nothing_else(database: str) -> None:
    """Fails when an entry holds from its writing on instead of from the offer's begin: tried."""
    code, (sku,) = await listed_product(await approved_merchant(), stock=10)
    _, begins, ends = await put_on_offer(sku, pieces=4, starts_at=utc_now() + timedelta(hours=1))
    for now, price_fen, pieces in (
        (utc_now(), 3990, 6),
        (begins - TICK, 3990, 6),
        (begins, 1990, 4),
        (ends - TICK, 1990, 4),
        (ends, 3990, 6),
    ):
        (card,) = await cards(now)
        (page,) = (await product_page(code, now)).skus
        assert (card.price_from_fen, card.available, card.on_offer) == (price_fen, pieces, price_fen == 1990)
        assert (page.price_fen, page.available, page.list_price_fen) == (price_fen, pieces, 3990)
        assert (page.offer is None) == (now >= ends), "announced before it begins"
        assert (await freight_facts(code, sku, now)).price_fen == price_fen
        for sort in Sort:
            assert len(await cards(now, sort=sort)) == 1, "one entry at every moment"


async def test_a_sold_out_offer_is_sold_out_until_pieces_come_back_or_it_ends(database: str) -> None:
    _, (sku,) = await listed_product(await approved_merchant(), stock=10)
    offer, *_ = await put_on_offer(sku, pieces=3)
    await buy("R1", sku, offer, 3)
    (card,) = await cards()
    assert (card.price_from_fen, card.available) == (1990, 0)
    assert await cards(in_stock=True) == [] == await popular()
    async with transaction():
        await Stock().release("R1")
    assert [c.available for c in await cards(in_stock=True)] == [3]
    await buy("R2", sku, offer, 3)
    await Offers().end(offer, BY)
    (card,) = await cards(in_stock=True)
    assert (card.price_from_fen, card.available, card.on_offer) == (3990, 7, False)
    assert len(await rows("SELECT 1 FROM catalogue_entry")) == 1


async def test_offers_of_several_skus_overlap_and_the_lowest_price_of_each_moment_is_shown(database: str) -> None:
    skus = [SkuDraft(spec=str(n), price_fen=3000 + n, mass_gram=1) for n in range(3)]
    merchant = await approved_merchant()
    code, (first, second, _) = await listed_product(merchant, draft_of(skus=skus), stock=5)
    noon = utc_now() + timedelta(days=1)
    await put_on_offer(first, 5, 2000, noon, hours=3)
    await put_on_offer(second, 5, 1000, noon + timedelta(hours=1), hours=1)
    for hours, price_fen, pieces in ((-1, 3000, 5), (0, 2000, 10), (1, 1000, 15), (2, 2000, 10), (3, 3000, 5)):
        (card,) = await cards(noon + timedelta(hours=hours))
        assert (card.price_from_fen, card.available) == (price_fen, pieces), hours
    await Catalogue().reprice(merchant, first, 900, BY)
    assert [(await cards(noon + timedelta(hours=h)))[0].price_from_fen for h in (-1, 0, 1)] == [900, 2000, 1000]
    await Catalogue().delist(code, "换季", BY)
    assert await cards() == await cards(noon) == []
