"""The wire of the catalogue."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from products.queries import ProductCard, ProductPage
from reviews.queries import Rating


class ProductsQuery(Input):
    """Which products to list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")] | None = None
    mark: Literal["public_brand", "poverty_product"] | None = None


class ProductsView(View):
    """A page of products, newest first; ``next_cursor`` is null on the last one."""

    products: list[ProductCard]
    next_cursor: str | None


class ProductView(ProductPage, kw_only=True):
    """A product's page, with what buyers think of it."""

    rating: Rating
