"""What merchants and the county do with the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from content.attaching import attach_pictures
from content.pictures import pictures_of
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, joined, row, rows, transaction
from kit.gs1 import gtin_holds
from kit.numbers import public_number
from merchants.models import Merchant, MerchantState
from places.errors import DivisionUnknown
from places.models import Division
from products.catalogue_models import ListingDecision, PriceChange
from products.categories import leaf
from products.drafts import MAX_AXES, PictureKind, ProductDraft, SkuDraft
from products.errors import (
    GateNotMet,
    GtinInvalid,
    MerchantMayNotSell,
    ProductNotMovable,
    ProductUnknown,
    SalePolicyUnknown,
    ShipsFromInvalid,
    SkusInvalid,
    SkuUnknown,
)
from products.gates import missing_for
from products.knives import check_blades
from products.models import Product, ProductState, SalePolicy, Sku
from products.rich_text import clean
from products.search import index_product
from products.stock import Stock
from products.terms import AfterSalesTerms

__all__ = ["Catalogue", "SalePolicies", "Stock"]


@dataclass(frozen=True)
class SalePolicies:
    """Enters the dated rules of sale."""

    clock: Clock = utc_now

    async def enter(
        self,
        code: str,
        payment_window_s: int,
        after_sales_window_s: int,
        refund_rule: str,
        source_document: str,
        terms: AfterSalesTerms | None = None,
    ) -> None:
        """A rule that holds from now on for orders placed from now on."""
        await SalePolicy.create(
            code=code,
            effective_from=self.clock(),
            payment_window_s=payment_window_s,
            after_sales_window_s=after_sales_window_s,
            refund_rule=refund_rule,
            after_sales_terms=msgspec.to_builtins(terms or AfterSalesTerms()),
            source_document=source_document,
        )


PICTURES = "product"
PRODUCT_PICTURES = f"{PICTURES}:"
"""The purpose of a product's pictures."""


@dataclass(frozen=True)
class Catalogue:
    """Drafts, reviews, lists and delists products. A merchant reaches its own alone: others do not exist.

    ``by`` is the caller who is held to it, ``merchant`` a merchant's number; a pre-sale ships within ``presale_days``.
    """

    clock: Clock = utc_now
    presale_days: int = 90

    async def draft(self, merchant: str, draft: ProductDraft, by: str) -> str:
        """A new product in draft; answers its code.

        Raises :class:`MerchantMayNotSell`, :class:`DivisionUnknown`, :class:`CategoryUnknown`,
        :class:`SalePolicyUnknown`, :class:`SkusInvalid`, :class:`GtinInvalid`, :class:`ShipsFromInvalid`,
        :class:`PictureNotUsable`.
        """
        seller = await Merchant.get_or_none(number=merchant)
        if seller is None or seller.state is not MerchantState.APPROVED:
            raise MerchantMayNotSell()
        category = await self._check(draft)
        now, described = self.clock(), _described(draft, category)
        async with transaction():
            product = await Product.create(
                code=public_number(now, "P"),
                merchant_id=seller.id,
                drafted_at=now,
                drafted_by=by,
                **described,
            )
            await self._write_skus(product.id, draft.skus, by)
            await _show(product.code, draft, by, now)
            await index_product(product.id)
            await self._note(product.id, ProductState.DRAFT, by)
        return product.code

    async def edit(self, merchant: str, code: str, draft: ProductDraft, by: str) -> None:
        """Replace a draft. A SKU that is not named any more can no longer be bought; its history stays.

        Raises :class:`ProductUnknown`, :class:`ProductNotMovable` and what ``draft`` raises.
        """
        category = await self._check(draft)
        async with transaction():
            product = await self._find(code, merchant, locked=True)
            if product.state is not ProductState.DRAFT:
                raise ProductNotMovable(state=product.state.value, to=ProductState.DRAFT.value)
            await Product.filter(id=product.id).update(**_described(draft, category))
            await self._write_skus(product.id, draft.skus, by)
            await _show(code, draft, by, self.clock())
            await index_product(product.id)

    async def submit(self, merchant: str, code: str, by: str) -> None:
        """Ask the county to list a draft.

        Raises :class:`KnifeFactsMissing` and :class:`KnifeNotAllowed` for a blade that no review can let pass.
        """
        product = await self._find(code, merchant)
        await check_blades(product.id)
        async with joined():
            await product.move(ProductState.IN_REVIEW, submitted_at=self.clock(), refusal_reason=None)
            await self._note(product.id, ProductState.IN_REVIEW, by)

    async def list(self, code: str, by: str) -> None:
        """Put a reviewed product on sale. Raises :class:`MerchantMayNotSell`, :class:`GateNotMet`."""
        product, now = await self._find(code), self.clock()
        missing = await missing_for(product.id, china_day(now))
        if any(each.kind == "merchant" for each in missing):
            raise MerchantMayNotSell()
        if missing:
            raise GateNotMet(missing=msgspec.to_builtins(missing))
        async with joined():
            await product.move(ProductState.LISTED, reviewed_at=now, reviewed_by=by, listed_at=now)
            await self._note(product.id, ProductState.LISTED, by)

    async def refuse(self, code: str, reason: str, by: str) -> None:
        """Send a reviewed product back to its merchant."""
        product = await self._find(code)
        async with joined():
            await product.move(
                ProductState.DRAFT,
                source=ProductState.IN_REVIEW,
                reviewed_at=self.clock(),
                reviewed_by=by,
                refusal_reason=reason,
            )
            await self._note(product.id, ProductState.DRAFT, by, reason)

    async def delist(self, code: str, reason: str, by: str, merchant: str | None = None) -> None:
        """Take a product off sale; placed orders go on. A merchant may do it with its own."""
        product = await self._find(code, merchant)
        async with joined():
            await product.move(ProductState.DELISTED, delisted_at=self.clock(), delisted_by=by, delisted_reason=reason)
            await self._note(product.id, ProductState.DELISTED, by, reason)

    async def reopen(self, merchant: str, code: str, by: str) -> None:
        """Make a delisted product a draft again."""
        product = await self._find(code, merchant)
        async with joined():
            await product.move(ProductState.DRAFT, source=ProductState.DELISTED)
            await self._note(product.id, ProductState.DRAFT, by)

    async def reprice(self, merchant: str, sku: str, price_fen: int, by: str) -> None:
        """Change the price of an own SKU, on sale or not; orders keep the price that they copied.

        Raises :class:`SkuUnknown`. The same price again changes nothing and leaves no row.
        """
        async with joined():
            found = await row(
                "SELECT s.id, s.price_fen FROM sku s JOIN product p ON p.id = s.product_id JOIN merchant m"
                " ON m.id = p.merchant_id WHERE s.code = $1 AND m.number = $2 FOR UPDATE OF s",
                sku,
                merchant,
            )
            if found is None:
                raise SkuUnknown()
            await Sku.filter(id=found["id"]).update(price_fen=price_fen)
            await self._note_price(found, price_fen, by)

    async def sells(self, merchant: str, sku: str) -> bool:
        """Whether a SKU is one of this merchant's."""
        return await Sku.exists(code=sku, product__merchant__number=merchant)

    async def _find(self, code: str, merchant: str | None = None, locked: bool = False) -> Product:
        wanted = Product.filter(code=code)
        if merchant is not None:
            wanted = wanted.filter(merchant__number=merchant)
        product = await wanted.first()
        if product is None:
            raise ProductUnknown()
        if locked:
            await row("SELECT id FROM product WHERE id = $1 FOR UPDATE", product.id)
            await product.refresh_from_db(fields=["state"])
        return product

    async def _note(self, product_id: int, state: ProductState, by: str, reason: str | None = None) -> None:
        await ListingDecision.create(
            product_id=product_id, state=state, decided_at=self.clock(), decided_by=by, reason=reason
        )

    async def _check(self, draft: ProductDraft) -> int:
        """The id of the draft's category."""
        named = [sku.code for sku in draft.skus if sku.code is not None]
        variants = [tuple(sku.options) for sku in draft.skus]
        if not draft.skus or len(named) != len(set(named)):
            raise SkusInvalid()
        if wrong := [sku.gtin for sku in draft.skus if sku.gtin is not None and not gtin_holds(sku.gtin)]:
            raise GtinInvalid(gtins=wrong)
        if len(draft.axes) > MAX_AXES or len(set(draft.axes)) < len(draft.axes):
            raise SkusInvalid(axes=list(draft.axes))
        if any(len(options) != len(draft.axes) for options in variants):
            raise SkusInvalid(axes=list(draft.axes))
        if draft.axes and len(set(variants)) < len(variants):
            raise SkusInvalid(axes=list(draft.axes))
        if not await Division.exists(code=draft.township, level="township"):
            raise DivisionUnknown(division=draft.township)
        if not await SalePolicy.exists(code=draft.sale_policy, effective_from__lte=self.clock()):
            raise SalePolicyUnknown(sale_policy=draft.sale_policy)
        today = china_day(self.clock())
        if draft.ships_from and not today < draft.ships_from <= today + timedelta(days=self.presale_days):
            raise ShipsFromInvalid(days=self.presale_days)
        return await leaf(draft.category)

    async def _write_skus(self, product_id: int, skus: Sequence[SkuDraft], by: str) -> None:
        # In the order in which an order takes them.
        known = await rows(
            'SELECT id, code, price_fen FROM sku WHERE product_id = $1 ORDER BY code COLLATE "C" FOR UPDATE',
            product_id,
        )
        before = {each["code"]: each for each in known}
        await Sku.filter(product_id=product_id).update(active=False)
        for position, sku in enumerate(skus):
            described: dict[str, Any] = {
                "position": position,
                "spec": sku.spec,
                "price_fen": sku.price_fen,
                "mass_gram": sku.mass_gram,
                "gtin": sku.gtin,
                "options": list(sku.options),
                "return_policy": sku.return_policy,
                "active": True,
            }
            if sku.code is None:
                await Sku.create(product_id=product_id, code=public_number(self.clock(), "K"), **described)
            elif sku.code not in before:
                raise SkusInvalid(sku=sku.code)
            else:
                found = before[sku.code]
                await Sku.filter(id=found["id"]).update(**described)
                await self._note_price(found, sku.price_fen, by)

    async def _note_price(self, before: Row, price_fen: int, by: str) -> None:
        if before["price_fen"] != price_fen:
            await PriceChange.create(
                sku_id=before["id"],
                old_price_fen=before["price_fen"],
                new_price_fen=price_fen,
                changed_at=self.clock(),
                changed_by=by,
            )


def pictures_owner(code: str) -> str:
    """What a product's pictures are attached to."""
    return f"{PRODUCT_PICTURES}{code}"


async def _show(code: str, draft: ProductDraft, by: str, now: datetime) -> None:
    """Attach the pictures of a draft; the one that stands for the product is shown wherever one picture is."""
    numbers = [picture.number for picture in draft.pictures]
    await attach_pictures(numbers, by, PICTURES, pictures_owner(code), now)
    covers = [picture.number for picture in draft.pictures if picture.kind is PictureKind.COVER]
    shown = (covers or numbers or [""])[0]
    urls = [view.url for view in await pictures_of(pictures_owner(code)) if view.number == shown]
    await execute("UPDATE product SET image = $2 WHERE code = $1", code, (urls and urls[0]) or "")


def _described(draft: ProductDraft, category: int) -> dict[str, Any]:
    return {
        "category_id": category,
        "pictures": msgspec.to_builtins(list(draft.pictures)),
        "axes": list(draft.axes),
        "title": draft.title,
        "subtitle": draft.subtitle,
        "description": clean(draft.description),
        "township_id": draft.township,
        "return_policy": draft.return_policy,
        "sale_policy": draft.sale_policy,
        "host_commission_bp": draft.host_commission_bp,
        "freight_template": draft.freight_template,
        "ships_from": draft.ships_from,
    }
