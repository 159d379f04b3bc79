"""The catalogue."""

from miniapp_api import door
from miniapp_api.products.schemas import ProductsQuery, ProductsView
from products.queries import ProductPage, product_cards, product_page


@door.get("/products", public=True)
async def list_products(query: ProductsQuery) -> ProductsView:
    """在售商品，最新在前；可按乡镇和标识筛选。"""
    return ProductsView(*await product_cards(query.cursor, query.limit, query.township, query.mark))


@door.get("/products/<code:str>", public=True)
async def show_product(code: str) -> ProductPage:
    """商品详情：规格、价格、库存与今日有效的标识。"""
    return await product_page(code)
