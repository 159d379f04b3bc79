"""Pictures that a product shows no more: orders keep what they show, and what was shown when they were placed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from content.collecting import collect
from kit.database import rows
from orders.own_records import forget_deliveries
from orders.queries import order_of, pictures_in_orders
from products.drafts import PictureDraft, PictureKind, SkuDraft
from products.service import Catalogue
from tests.content.paint import paint
from tests.orders.mall import Mall
from tests.products.shelf import draft_of, listed_product, skus_of

BY = "staff:test"


async def test_old_pictures_of_ordered_goods_stay_as_long_as_the_orders_need_them(mall: Mall) -> None:
    """Fails when orders are not asked, when the picture of a line does not count, or the days of the order: tried."""
    pictures, catalogue = replace(mall.built.pictures, clock=mall.watch), Catalogue(mall.watch)

    async def taken(shade: int) -> str:
        return (await pictures.take(paint("PNG", (40, 30), colour=(shade, 9, 9)), BY, "product")).number

    def drafted(numbers: Sequence[str], skus: Sequence[str] = ()) -> dict[str, Any]:
        kinds = [PictureDraft(n, PictureKind.COVER if n == numbers[0] else PictureKind.GALLERY) for n in numbers]
        described = [SkuDraft(code=code, spec="500 g/罐", price_fen=3990, mass_gram=500) for code in skus]
        return {"pictures": kinds} | ({"skus": described} if skus else {})

    async def show(product: str, numbers: Sequence[str]) -> None:
        await catalogue.delist(product, "换图", BY)
        await catalogue.reopen(mall.merchant, product, BY)
        await catalogue.edit(mall.merchant, product, draft_of(**drafted(numbers, await skus_of(product))), BY)
        await catalogue.submit(mall.merchant, product, BY)
        await catalogue.list(product, BY)

    async def gone() -> set[str]:
        mall.watch.forward(days=31)
        await collect(pictures, pictures_in_orders)
        return {named[each["number"]] for each in await rows("SELECT number FROM picture WHERE state = 'dropped'")}

    names = ("cover", "gallery", "between", "last", "unsold", "instead")
    numbers = {name: await taken(shade) for shade, name in enumerate(names, 1)}
    named = {number: name for name, number in numbers.items()}
    sold, (sku,) = await listed_product(
        mall.merchant, draft_of(**drafted([numbers["cover"], numbers["gallery"]])), clock=mall.watch
    )
    unsold, _ = await listed_product(mall.merchant, draft_of(**drafted([numbers["unsold"]])), clock=mall.watch)
    mall.skus = [sku]
    order = await mall.place(1)
    await mall.bring_to("received", order)
    await show(unsold, [numbers["instead"]])
    mall.watch.forward(hours=1)
    await show(sold, [numbers["between"]])
    mall.watch.forward(hours=1)
    await show(sold, [numbers["last"]])
    assert await gone() == {"unsold", "between"}
    await mall.life.earn_due()
    assert await gone() == {"unsold", "between"}
    mall.watch.forward(days=1100)
    assert await forget_deliveries(mall.watch()) == 1
    assert await gone() == {"unsold", "between", "gallery"}
    kept = await order_of("consumer", "C1", order.number)
    assert kept is not None
    assert kept.lines[0].image.startswith(pictures.base_url), "what the order shows is still there"
