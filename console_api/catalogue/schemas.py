"""The wire of categories, certificates and blades."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from console_api.products.schemas import LINE, Document, Reason
from products.catalogue_models import CertificateKind, KnifeForm, ProductClass, RequirementKind
from products.categories import CategoryNode
from products.certificates import CertificateRecord, Expiry

CategoryCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$(?!\n)")]


class CategoryInput(Input, kw_only=True):
    """A category; ``parent`` is null for one of the first level."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=LINE)]
    product_class: ProductClass
    parent: CategoryCode | None = None
    position: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class CategoriesView(View):
    """The whole tree."""

    categories: list[CategoryNode]


class RequirementInput(Input, kw_only=True):
    """One of ``any_of`` must be valid; a ``merchant_paper`` or a ``certificate`` of the product."""

    category: CategoryCode
    kind: RequirementKind
    any_of: Annotated[list[Annotated[str, msgspec.Meta(max_length=24)]], msgspec.Meta(min_length=1, max_length=10)]
    effective_from: date
    effective_until: date | None = None
    source_document: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE)]


class RequirementEndInput(Input):
    """The last day of a rule."""

    last_day: date


class CertificateInput(Input, kw_only=True):
    """A certificate of a product, by its own number."""

    kind: CertificateKind
    document: Document
    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=LINE)]
    issued_on: date
    valid_from: date
    valid_until: date
    picture: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{0,40}$(?!\n)")] = ""


class CertificatesQuery(Input):
    """Which certificates to list."""

    product: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")] | None = None
    state: Literal["submitted", "accepted", "refused", "revoked"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class CertificatesView(View):
    """A page of certificates, newest first."""

    certificates: list[CertificateRecord]
    next_cursor: str | None


class DecisionInput(Input):
    """``accepted``, or ``refused`` and ``revoked`` with a reason."""

    decision: Literal["accepted", "refused", "revoked"]
    reason: Reason | None = None


class BladeInput(Input, kw_only=True):
    """The measures of a blade: mm, degrees, micrometres."""

    form: KnifeForm
    blade_mm: Annotated[int, msgspec.Meta(ge=1, le=2000)]
    tip_degrees: Annotated[int, msgspec.Meta(ge=1, le=180)]
    tip_radius_um: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    sharpened: bool
    has_groove: bool
    has_guard: bool
    has_lock: bool


class BladeReviewInput(Input):
    """The paper of the authority that has looked at the blade."""

    document: Document


class ExpiringQuery(Input):
    """Within how many days."""

    days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 30


class ExpiringView(View):
    """What runs out, the soonest first, at most 500."""

    expiring: list[Expiry]
