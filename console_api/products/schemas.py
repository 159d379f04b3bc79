"""The wire of products on their way to the shelf."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from products.dossiers import ProductSummary
from products.drafts import MAX_AXES, PictureKind, ReturnPolicy
from products.mark_queries import AuthorisationRecord, RecognitionRecord

LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$(?!\n)"

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=LINE)]
Document = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]


class SkuInput(Input, kw_only=True):
    """A SKU. ``code`` names one that the product has already; ``mass_gram`` is the mass of one piece.

    ``options`` has one word for each of the product's ``axes``; ``return_policy`` is the product's unless it is given.
    """

    spec: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]
    price_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    mass_gram: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    gtin: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{14}$(?!\n)")] | None = None
    code: Code | None = None
    options: Annotated[list[Word], msgspec.Meta(max_length=MAX_AXES)] = []
    return_policy: ReturnPolicy | None = None


class PictureInput(Input):
    """A picture by its number."""

    number: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,40}$(?!\n)")]
    kind: PictureKind


class ProductInput(Input, kw_only=True):
    """A product in draft. Stock is not part of it, nor are marks: the county grants those.

    ``category`` is a leaf of the tree. ``description`` may hold a little HTML; what is not allowed is taken out.
    """

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]
    township: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
    category: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$(?!\n)")]
    return_policy: ReturnPolicy
    skus: Annotated[list[SkuInput], msgspec.Meta(min_length=1, max_length=50)]
    subtitle: Annotated[str, msgspec.Meta(max_length=120, pattern=LINE)] = ""
    description: Annotated[str, msgspec.Meta(max_length=20_000, pattern=LINES)] = ""
    pictures: Annotated[list[PictureInput], msgspec.Meta(max_length=20)] = []
    axes: Annotated[list[Word], msgspec.Meta(max_length=MAX_AXES)] = []
    sale_policy: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,24}$(?!\n)")] = "standard"
    host_commission_bp: Annotated[int, msgspec.Meta(ge=0, le=5000)] = 0
    freight_template: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{0,24}$(?!\n)")] = ""
    ships_from: date | None = None


class ReasonInput(Input):
    """Why something is refused, ended or taken off sale."""

    reason: Reason


class ProductListQuery(Input):
    """Which products to list."""

    state: Literal["draft", "in_review", "listed", "delisted"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ProductListView(View):
    """A page of products in any state, newest first."""

    products: list[ProductSummary]
    next_cursor: str | None


class PriceInput(Input):
    """The price of one piece from now on."""

    price_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]


class StockInput(Input):
    """Pieces that came in, or, with a minus, were written off; ``note`` says why."""

    quantity: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=LINE)]


class StockView(View):
    """What is available after a change."""

    sku: str
    available: int


class BrandInput(Input):
    """The name of a public brand."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=LINE)]


class AuthorisationInput(Input, kw_only=True):
    """A product, or one SKU of it, may carry a public brand, from the first day to the last.

    ``quota_pieces`` may be sold under it in each calendar year; none is no limit.
    """

    brand: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$(?!\n)")]
    product: Code
    document: Document
    valid_from: date
    valid_until: date
    sku: Code | None = None
    quota_pieces: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)] | None = None


class RecognitionInput(Input, kw_only=True):
    """The product of a case is recognised as a poverty product, from the first day to the last."""

    case: Code
    document: Document
    recognised_by: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]
    directory_batch: Annotated[str, msgspec.Meta(max_length=40, pattern=LINE)] = ""
    valid_from: date
    valid_until: date


class GrantedView(View):
    """The number of a new authorisation or recognition."""

    number: str


class MarksQuery(Input):
    """Which authorisations or recognitions to list; ``overrun`` those alone whose quota is used up."""

    overrun: bool = False
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class AuthorisationsView(View):
    """A page of authorisations, newest first."""

    authorisations: list[AuthorisationRecord]
    next_cursor: str | None


class RecognitionsView(View):
    """A page of recognised products with their dossiers, newest first."""

    recognitions: list[RecognitionRecord]
    next_cursor: str | None


_Fen = Annotated[int, msgspec.Meta(ge=1, le=10**13)]


class RegisterEntryInput(Input, kw_only=True):
    """What the register says of a recognised product; prices and value in fen."""

    list_number: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=LINE)]
    category: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=LINE)]
    spec: Document
    capacity: Document
    value_fen: Annotated[int, msgspec.Meta(ge=0, le=10**13)]
    price_from_fen: _Fen
    price_to_fen: _Fen
    compared: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=LINE)]
    document: Document
