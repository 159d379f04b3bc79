"""The catalogue."""

import msgspec

from accounts.actors import Consumer
from accounts.preferences import personalised, set_personalised
from content.pictures import pictures_of
from miniapp_api import door
from miniapp_api.products.schemas import (
    CategoriesView,
    CategoryView,
    PersonalisationInput,
    PersonalisationView,
    PictureOnPage,
    ProductsQuery,
    ProductsView,
    ProductView,
    RelatedView,
)
from orders.recent import recently_bought
from products.categories import CategoryNode, category_tree
from products.listing import product_cards
from products.queries import ProductPage, product_page
from products.recommendations import popular, related_to
from products.service import pictures_owner
from reviews.queries import rating_of


@door.get("/products", public=True, cached=True)
async def list_products(query: ProductsQuery) -> ProductsView:
    """在售商品：按文字、拼音或首字母搜索，可筛选、排序。"""
    return ProductsView(*await product_cards(query.cursor, query.limit, query.wanted()))


@door.get("/products/<code:str>", public=True, cached=True)
async def show_product(code: str) -> ProductView:
    """商品详情：规格、价格、库存、今日有效的标识、证书与评分。"""
    page = await product_page(code)
    gallery = await _gallery(page) if page.pictures else []
    return ProductView(**msgspec.structs.asdict(page), gallery=gallery, rating=await rating_of(code))


async def _gallery(page: ProductPage) -> list[PictureOnPage]:
    """The pictures of a product that have been judged fit to show, in its merchant's order."""
    kinds = {picture.number: picture.kind for picture in page.pictures}
    return [
        PictureOnPage(kinds[p.number], p.width, p.height, p.thumbnail_url, p.url, p.large_url)
        for p in await pictures_of(pictures_owner(page.code))
        if p.number in kinds and p.url and p.thumbnail_url and p.large_url
    ]


@door.get("/products/<code:str>/related", public=True, cached=True)
async def show_related(code: str) -> RelatedView:
    """相关商品：常被一同购买的、同类目与同乡镇的；不涉及个人信息。"""
    return RelatedView(await related_to([code]), "purchases")


@door.get("/categories", public=True, cached=True)
async def list_categories() -> CategoriesView:
    """商品类目。"""
    return CategoriesView(_open(await category_tree()))


def _open(nodes: list[CategoryNode]) -> list[CategoryView]:
    return [CategoryView(n.code, n.name, n.product_class, _open(n.children)) for n in nodes if not n.closed]


@door.get("/recommendations", public=True)
async def recommend(actor: Consumer) -> RelatedView:
    """推荐商品：未登录或已关闭个性化推荐时只按销量。"""
    # The annotation is the permission; on a public route nobody may have logged in.
    if actor is not None and await personalised(actor.id):
        bought = await recently_bought(actor.number)
        if bought:
            return RelatedView(await related_to(bought), "purchases")
    return RelatedView(await popular(), "popularity")


@door.get("/me/personalisation")
async def show_personalisation(actor: Consumer) -> PersonalisationView:
    """是否开启个性化推荐。"""
    return PersonalisationView(await personalised(actor.id))


@door.put("/me/personalisation")
async def choose_personalisation(actor: Consumer, body: PersonalisationInput) -> PersonalisationView:
    """开启或关闭个性化推荐。"""
    await set_personalised(actor.id, body.enabled)
    return PersonalisationView(body.enabled)
