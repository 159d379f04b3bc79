"""The catalogue."""

import msgspec

from miniapp_api import door
from miniapp_api.products.schemas import ProductsQuery, ProductsView, ProductView
from products.queries import product_cards, product_page
from reviews.queries import rating_of


@door.get("/products", public=True)
async def list_products(query: ProductsQuery) -> ProductsView:
    """在售商品，最新在前；可按乡镇和标识筛选。"""
    return ProductsView(*await product_cards(query.cursor, query.limit, query.township, query.mark))


@door.get("/products/<code:str>", public=True)
async def show_product(code: str) -> ProductView:
    """商品详情：规格、价格、库存、今日有效的标识与评分。"""
    page = await product_page(code)
    return ProductView(**msgspec.structs.asdict(page), rating=await rating_of(code))
