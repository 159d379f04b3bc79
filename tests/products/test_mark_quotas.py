"""The public brand under a quota and for one SKU."""

import asyncio
import contextlib
import random
from datetime import UTC, date, datetime

import pytest

from kit.clock import utc_now
from kit.database import execute, scalar, transaction
from products.drafts import SkuDraft
from products.errors import BrandQuotaUsed, PutBackExceeded, SkuUnknown, StockGone
from products.listing import Wanted, product_cards
from products.mark_queries import authorisations
from products.marks import Marks, Span
from products.queries import product_page, sku_offers
from products.quotas import quota_differences
from products.stock import Stock
from tests.products.shelf import approved_merchant, draft_of, listed_product

BY = "staff:officer"
SPAN = Span(valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31))


async def reserve(reference: str, sku: str, pieces: int, now: datetime | None = None) -> None:
    """What a checkout does with one line, in the caller's transaction."""
    offer = (await sku_offers([sku], now))[sku]
    quota = {sku: offer.brand_quota} if offer.brand_quota else {}
    await stock_at(now).reserve({reference: {sku: pieces}}, utc_now(), brand_quotas=quota)


def stock_at(now: datetime | None) -> Stock:
    return Stock(lambda: now or utc_now())


async def sell(reference: str, sku: str, pieces: int, now: datetime | None = None) -> None:
    async with transaction():
        await reserve(reference, sku, pieces, now)
        await Stock().sell(reference)


async def used(number: str) -> int:
    assert await quota_differences() == []
    return int(await scalar("SELECT COALESCE(used_pieces, 0) FROM brand_authorisation WHERE number = $1", number))


async def marked(product: str, sku: str, now: datetime | None = None) -> bool:
    """What list, filter, page and offer say, which must be the same."""
    page = await product_page(product, now)
    shown = "public_brand" in page.marks
    assert ("public_brand" in (await sku_offers([sku], now))[sku].marks) is shown
    cards, _ = await product_cards(wanted=Wanted(mark="public_brand"), now=now)
    assert (product in [card.code for card in cards]) is shown
    return shown


async def test_a_quota_that_is_used_up_takes_the_mark_away_until_the_next_year(database: str) -> None:
    """Fails when the quota's condition is taken out of queries._BRAND_HOLDS: tried."""
    merchant = await approved_merchant()
    code, (sku,) = await listed_product(merchant, stock=30)
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    number = await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, quota_pieces=5)
    await sell("R1", sku, 4)
    assert await used(number) == 4
    assert await marked(code, sku)
    assert await authorisations(None, True, None, 20) == ([], None)
    with pytest.raises(BrandQuotaUsed) as refused:
        await sell("R2", sku, 2)
    assert refused.value.facts == {"sku": sku, "left": 1}
    assert await scalar("SELECT available FROM sku WHERE code = $1", sku) == 26, "nothing of the order stays"
    await sell("R2", sku, 1)
    assert not await marked(code, sku)
    (overrun,), _ = await authorisations(merchant, True, None, 20)
    assert (overrun.number, overrun.used_pieces, overrun.quota_pieces, overrun.sku) == (number, 5, 5, None)
    await sell("R3", sku, 9)
    assert await used(number) == 5, "without the mark it is sold beside the quota"
    for _ in range(2):
        async with transaction():
            await Stock().put_back("R1", sku, 2)
    assert await used(number) == 1
    assert await marked(code, sku)
    await sell("R4", sku, 4)
    next_year = datetime(utc_now().year + 1, 1, 2, tzinfo=UTC)
    assert not await marked(code, sku)
    assert await marked(code, sku, next_year)
    await sell("R5", sku, 5, next_year)
    async with transaction():
        await Stock().put_back("R4", sku, 4)
    assert await used(number) == 5, "what comes back of last year's is last year's"
    assert not await marked(code, sku, next_year)
    await marks.revoke_authorisation(number, "质量不合格", BY)
    with pytest.raises(Exception, match="brand_authorisation_quota"):
        await execute("UPDATE brand_authorisation SET quota_pieces = 0")
    with pytest.raises(Exception, match="brand_authorisation_quota"):
        await execute("UPDATE brand_authorisation SET used_pieces = 6")


async def test_who_has_an_authorisation_without_a_quota_uses_none(database: str) -> None:
    merchant = await approved_merchant()
    code, (sku,) = await listed_product(merchant, stock=9)
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    number = await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, quota_pieces=5)
    await marks.authorise("longchuan", code, "DEMO-B-2", SPAN, BY)
    await sell("R1", sku, 9)
    assert await used(number) == 0
    assert await marked(code, sku)


async def test_forty_buyers_at_once_use_the_quota_up_and_no_piece_more(database: str) -> None:
    """Fails when ``l.used + l.pieces <= l.quota_pieces`` is left out, by the table's own CHECK: tried."""
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=str(n), price_fen=100, mass_gram=1) for n in range(3)]
    code, codes = await listed_product(merchant, draft_of(skus=skus), stock=500)
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    number = await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, quota_pieces=50)
    offers = await sku_offers(codes)
    quotas = dict.fromkeys(codes, number)
    assert {offer.brand_quota for offer in offers.values()} == {number}

    async def order(n: int) -> None:
        # All have read the same offers before; each takes two SKUs of the one authorisation, in either order.
        first, second = codes[n % 3], codes[(n + 1) % 3]
        async with transaction():
            await Stock().reserve({f"R{n}": {first: 2, second: 1}}, utc_now(), brand_quotas=quotas)

    done = await asyncio.gather(*(order(n) for n in range(40)), return_exceptions=True)
    assert [type(each) for each in done if each is not None] == [BrandQuotaUsed] * 24
    assert await used(number) == 48
    assert await scalar("SELECT sum(reserved)::int FROM sku") == 48


@pytest.mark.parametrize("seed", range(4))
async def test_no_interleaving_of_orders_payments_and_returns_passes_or_strands_a_quota(
    database: str, seed: int
) -> None:
    """A random walk by several hands at once over two authorisations that share SKUs; nobody waits in a circle."""
    dice = random.Random(seed)
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=str(n), price_fen=100, mass_gram=1) for n in range(3)]
    code, codes = await listed_product(merchant, draft_of(skus=skus), stock=10_000)
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    whole = await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, quota_pieces=30)
    one = await marks.authorise("longchuan", code, "DEMO-B-2", SPAN, BY, sku=codes[0], quota_pieces=9)
    open_orders: list[str] = []

    async def act(number: str, kind: str, wanted: dict[str, int]) -> None:
        with contextlib.suppress(BrandQuotaUsed, StockGone, PutBackExceeded):
            async with transaction():
                if kind == "order":
                    await Stock().reserve({number: wanted}, utc_now(), brand_quotas=named)
                    open_orders.append(number)
                elif kind == "sell":
                    await Stock().sell(number)
                elif kind == "release":
                    await Stock().release(number)
                elif kind == "revive":
                    await Stock().revive(number)
                else:
                    await Stock().put_back(number, next(iter(wanted)), 1)

    for turn in range(12):
        named = {sku: dice.choice([whole, one]) if sku == codes[0] else whole for sku in codes}
        acts = []
        for hand in range(8):
            kind = dice.choice(["order", "order", "sell", "release", "revive", "put back"])
            number = f"R{turn}-{hand}" if kind == "order" or not open_orders else dice.choice(open_orders)
            wanted = {sku: dice.randint(1, 3) for sku in dice.sample(codes, 2)}
            acts.append(act(number, kind if open_orders else "order", wanted))
        await asyncio.gather(*acts)
        assert await used(whole) <= 30
        assert await used(one) <= 9
    for number in open_orders:
        async with transaction():
            await Stock().release(number)
    sold = "SELECT COALESCE(sum(quantity - returned), 0)::int FROM stock_reservation WHERE state = 'sold'"
    assert await used(whole) + await used(one) == await scalar(f"{sold} AND authorisation_id IS NOT NULL")


async def test_an_authorisation_of_one_sku_marks_that_sku_alone_at_the_sale(database: str) -> None:
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=str(n), price_fen=100, mass_gram=1) for n in range(2)]
    code, (first, second) = await listed_product(merchant, draft_of(skus=skus))
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    with pytest.raises(SkuUnknown):
        await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, sku="KNONE")
    await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, sku=first, quota_pieces=3)
    offers = await sku_offers([first, second])
    assert (offers[first].marks, offers[second].marks) == (("public_brand",), ())
    await sell("R1", second, 5)
    await sell("R2", first, 2)
    assert (await authorisations(None, False, None, 20))[0][0].used_pieces == 2
