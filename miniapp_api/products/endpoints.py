"""The catalogue."""

from collections.abc import Mapping, Sequence

import msgspec

from accounts.actors import Consumer
from accounts.consents import Consents, switched_on
from accounts.own_data_models import DocumentKind
from content.pictures import PictureView, pictures_of_several
from content.stories.service import story_owner
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
    StoryOnPage,
)
from orders.recent import recently_bought
from products.categories import CategoryNode, category_tree
from products.errors import ProductUnknown
from products.listing import product_cards
from products.queries import ProductPage, product_pages
from products.recommendations import popular, related_to
from products.service import pictures_owner
from reviews.queries import Rating, ratings_of


@door.get("/products", public=True, cached=True)
async def list_products(query: ProductsQuery) -> ProductsView:
    """在售商品：按文字、拼音或首字母搜索，可筛选、排序。"""
    return ProductsView(*await product_cards(query.cursor, query.limit, query.wanted()))


async def _views(codes: Sequence[str]) -> dict[str, ProductView]:
    """The pages of some products, by code; those that are not on sale are missing."""
    pages, ratings = await product_pages(codes), await ratings_of(codes)
    owners = [pictures_owner(code) for code, page in pages.items() if page.pictures]
    owners += [story_owner(page.story.number) for page in pages.values() if page.story]
    shown = await pictures_of_several(owners) if owners else {}
    return {code: _view(page, ratings[code], shown) for code, page in pages.items()}


def _view(page: ProductPage, rating: Rating, shown: Mapping[str, Sequence[PictureView]]) -> ProductView:
    told = msgspec.structs.asdict(page)
    if page.story:
        pictures = shown[story_owner(page.story.number)]
        told["story"] = StoryOnPage(
            page.story.text, page.story.names, _on_page({p.number: "story" for p in pictures}, pictures)
        )
    kinds = {picture.number: picture.kind for picture in page.pictures}
    return ProductView(**told, gallery=_on_page(kinds, shown.get(pictures_owner(page.code), ())), rating=rating)


@door.get("/products/<code:str>", public=True, cached=True, together=_views)
async def show_product(code: str) -> ProductView:
    """商品详情：规格、价格、库存、今日有效的标识、证书与评分。"""
    found = await _views([code])
    if code not in found:
        raise ProductUnknown()
    return found[code]


def _on_page(kinds: Mapping[str, str], pictures: Sequence[PictureView]) -> list[PictureOnPage]:
    """Those of some pictures that have been judged fit to show, in their owner's order, each with its kind."""
    return [
        PictureOnPage(kinds[p.number], p.width, p.height, p.thumbnail_url, p.url, p.large_url)
        for p in pictures
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
    if actor is not None and await _personalised(actor):
        bought = await recently_bought(actor.number)
        if bought:
            return RelatedView(await related_to(bought), "purchases")
    return RelatedView(await popular(), "popularity")


@door.get("/me/personalisation")
async def show_personalisation(actor: Consumer) -> PersonalisationView:
    """是否开启个性化推荐。"""
    return PersonalisationView(await _personalised(actor))


async def _personalised(actor: Consumer) -> bool:
    return bool(await switched_on(DocumentKind.PERSONALISATION, [actor.number]))


@door.put("/me/personalisation")
async def choose_personalisation(
    actor: Consumer, body: PersonalisationInput, consents: Consents
) -> PersonalisationView:
    """开启或关闭个性化推荐；与“我的开关”是同一个开关。"""
    await consents.switch(actor.number, DocumentKind.PERSONALISATION, body.enabled)
    return PersonalisationView(body.enabled)
