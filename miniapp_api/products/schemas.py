"""The wire of the catalogue."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from products.catalogue_models import CertificateKind, ProductClass
from products.listing import ProductCard, Sort, Wanted
from products.queries import ProductPage
from reviews.queries import Rating

Fen = Annotated[int, msgspec.Meta(ge=0, le=100_000_000)]


class ProductsQuery(Input):
    """Which products to list. ``q`` is looked for as words, pinyin or initials; ``category`` counts with all below it.

    Sorted by relevance when there is a ``q`` and by age otherwise, unless ``sort`` says something else.
    """

    q: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")] | None = None
    category: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$(?!\n)")] | None = None
    product_class: ProductClass | None = None
    mark: Literal["public_brand", "poverty_product"] | None = None
    certificate: CertificateKind | None = None
    price_from_fen: Fen | None = None
    price_to_fen: Fen | None = None
    in_stock: bool = False
    sort: Sort | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20

    def wanted(self) -> Wanted:
        """The filters and the order."""
        return Wanted(
            text=self.q,
            township=self.township,
            category=self.category,
            product_class=self.product_class,
            mark=self.mark,
            certificate=self.certificate,
            price_from_fen=self.price_from_fen,
            price_to_fen=self.price_to_fen,
            in_stock=self.in_stock,
            sort=self.sort,
        )


class ProductsView(View):
    """A page of products; ``next_cursor`` is null on the last one."""

    products: list[ProductCard]
    next_cursor: str | None


class PictureOnPage(View):
    """A picture of a product, for what it is and where it is served (longest edge 200, 750 and 1500 pixels)."""

    kind: str
    width: int
    height: int
    thumbnail_url: str
    url: str
    large_url: str


class StoryOnPage(View):
    """A story about who makes it, with the names that may be said and the pictures that may be shown."""

    text: str
    names: list[str]
    pictures: list[PictureOnPage]


class ProductView(ProductPage, kw_only=True):
    """A product's page, with its pictures that may be shown and what buyers think of it."""

    story: StoryOnPage | None  # type: ignore[assignment]
    gallery: list[PictureOnPage]
    rating: Rating


class RelatedView(View):
    """Some products, the best first; ``basis`` says by what: popularity, or purchases."""

    products: list[ProductCard]
    basis: str


class CategoryView(View):
    """A category with what stands below it."""

    code: str
    name: str
    product_class: str
    children: list["CategoryView"]


class CategoriesView(View):
    """The whole tree."""

    categories: list[CategoryView]


class PersonalisationInput(Input):
    """Whether recommendations may follow what one has bought."""

    enabled: bool


class PersonalisationView(View):
    """Whether recommendations follow what one has bought."""

    enabled: bool
