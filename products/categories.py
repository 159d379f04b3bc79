"""The tree of categories, which the county keeps, and the papers that each demands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import row, rows, scalar, transaction
from products.catalogue_models import (
    MAX_DEPTH,
    Category,
    CategoryRequirement,
    CertificateKind,
    ProductClass,
    RequirementKind,
)
from products.errors import CategoryCodeInvalid, CategoryInUse, CategoryUnknown, RequirementInvalid, RequirementUnknown

_CODE = re.compile(r"[a-z0-9-]{1,24}")
_PAPERS: dict[RequirementKind, set[str]] = {
    # What every seller holds to trade at all is judged with the merchant itself.
    RequirementKind.MERCHANT_PAPER: {
        "food_business",
        "prepackaged_food_filing",
        "small_workshop",
        "special_trade",
        "homestay_filing",
    },
    RequirementKind.CERTIFICATE: {kind.value for kind in CertificateKind},
    RequirementKind.LOT_CERTIFICATE: {"commitment"},
}


class Requirement(msgspec.Struct, frozen=True):
    """One of ``any_of`` must be valid; ``kind`` says whose papers they are."""

    id: int
    kind: str
    any_of: list[str]
    effective_from: date
    effective_until: date | None
    source_document: str


class CategoryNode(msgspec.Struct, frozen=True):
    """A category with what stands below it; ``requirements`` are those of the node itself that are in force."""

    code: str
    name: str
    product_class: str
    closed: bool
    requirements: list[Requirement]
    children: list["CategoryNode"]


@dataclass(frozen=True)
class Categories:
    """Keeps the tree. ``by`` is the caller who is held to it."""

    clock: Clock = utc_now

    async def enter(
        self, code: str, name: str, product_class: ProductClass, parent: str | None = None, position: int = 0
    ) -> None:
        """Enter a category, or correct its name, class and place among its siblings; it stays below its parent.

        Raises :class:`CategoryCodeInvalid`, :class:`CategoryUnknown` for the parent, :class:`CategoryInUse` when the
        parent is of the third level or holds products itself, or when the category exists elsewhere in the tree.
        """
        if not _CODE.fullmatch(code):
            raise CategoryCodeInvalid()
        async with transaction():
            # One writer at a time: whether a parent is a leaf must not change between the look and the write.
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended('products.categories', 0))")
            above = await self._parent(parent)
            known = await Category.get_or_none(code=code)
            if known is not None and known.parent_id != above.get("parent_id"):  # type: ignore[attr-defined]
                raise CategoryInUse(category=code)
            changed: dict[str, Any] = {"name": name, "product_class": product_class, "position": position}
            if known is None:
                await Category.create(code=code, **above, **changed)
            else:
                await Category.filter(id=known.id).update(**changed)

    async def close(self, code: str) -> None:
        """Nothing new may be put below a category; what is listed there stays. Raises :class:`CategoryUnknown`."""
        if not await Category.filter(code=code).update(closed_at=self.clock()):
            raise CategoryUnknown(category=code)

    async def require(
        self,
        category: str,
        kind: RequirementKind,
        any_of: Sequence[str],
        effective_from: date,
        effective_until: date | None,
        source_document: str,
        by: str,
    ) -> int:
        """Demand one of some papers, from a day on; answers the rule's id.

        Raises :class:`CategoryUnknown`, :class:`RequirementInvalid`.
        """
        backwards = effective_until is not None and effective_until < effective_from
        if not any_of or set(any_of) - _PAPERS[kind] or backwards:
            raise RequirementInvalid(allowed=sorted(_PAPERS[kind]))
        found = await Category.get_or_none(code=category)
        if found is None:
            raise CategoryUnknown(category=category)
        created = await CategoryRequirement.create(
            category_id=found.id,
            kind=kind,
            any_of=sorted(set(any_of)),
            effective_from=effective_from,
            effective_until=effective_until,
            source_document=source_document,
            entered_at=self.clock(),
            entered_by=by,
        )
        return int(created.id)

    async def end_requirement(self, rule: int, last_day: date) -> None:
        """A rule holds for the last time on a day. Raises :class:`RequirementUnknown`, :class:`RequirementInvalid`."""
        if not await CategoryRequirement.exists(id=rule):
            raise RequirementUnknown()
        if not await CategoryRequirement.filter(id=rule, effective_from__lte=last_day).update(effective_until=last_day):
            raise RequirementInvalid()

    async def _parent(self, code: str | None) -> dict[str, Any]:
        """Where a child of this category stands."""
        if code is None:
            return {"depth": 1}
        parent = await Category.get_or_none(code=code)
        if parent is None or parent.closed_at is not None:
            raise CategoryUnknown(category=code)
        if parent.depth >= MAX_DEPTH or await scalar("SELECT 1 FROM product WHERE category_id = $1 LIMIT 1", parent.id):
            raise CategoryInUse(category=code)
        root = parent.parent_id if parent.depth == MAX_DEPTH - 1 else None  # type: ignore[attr-defined]
        return {"parent_id": parent.id, "root_id": root, "depth": parent.depth + 1}


async def leaf(code: str) -> int:
    """The id of an open category without children. Raises :class:`CategoryUnknown`."""
    found = await row(
        "SELECT c.id FROM category c WHERE c.code = $1 AND c.closed_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM category k WHERE k.parent_id = c.id)",
        code,
    )
    if found is None:
        raise CategoryUnknown(category=code)
    return int(found["id"])


async def category_tree(now: datetime | None = None) -> list[CategoryNode]:
    """The whole tree in its order. One query."""
    found = await rows(
        "SELECT c.id, c.parent_id, c.code, c.name, c.product_class, c.closed_at IS NOT NULL AS closed,"
        " (SELECT COALESCE(json_agg(json_build_object('id', q.id, 'kind', q.kind, 'any_of', q.any_of,"
        " 'effective_from', q.effective_from, 'effective_until', q.effective_until,"
        " 'source_document', q.source_document) ORDER BY q.id), '[]') FROM category_requirement q"
        " WHERE q.category_id = c.id AND (q.effective_until IS NULL OR q.effective_until >= $1))::text AS requirements"
        " FROM category c ORDER BY c.depth DESC, c.position, c.id",
        china_day(now or utc_now()),
    )
    below: dict[int | None, list[CategoryNode]] = {}
    for each in found:  # deepest first, so the children are there when their parent comes
        node = CategoryNode(
            each["code"],
            each["name"],
            each["product_class"],
            each["closed"],
            msgspec.json.decode(each["requirements"], type=list[Requirement]),
            below.pop(each["id"], []),
        )
        below.setdefault(each["parent_id"], []).append(node)
    return below.get(None, [])
