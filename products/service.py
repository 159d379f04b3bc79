"""What merchants and the county do with the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.clock import Clock, utc_now
from kit.database import row, transaction
from kit.numbers import public_number
from merchants.models import Merchant, MerchantState
from places.errors import DivisionUnknown
from places.models import Division
from products.drafts import ProductDraft, SkuDraft
from products.errors import (
    MerchantMayNotSell,
    ProductNotMovable,
    ProductUnknown,
    SalePolicyUnknown,
    SkusInvalid,
)
from products.models import Product, ProductState, SalePolicy, Sku
from products.stock import Stock

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
    ) -> None:
        """A rule that holds from now on for orders placed from now on."""
        await SalePolicy.create(
            code=code,
            effective_from=self.clock(),
            payment_window_s=payment_window_s,
            after_sales_window_s=after_sales_window_s,
            refund_rule=refund_rule,
            source_document=source_document,
        )


@dataclass(frozen=True)
class Catalogue:
    """Drafts, reviews, lists and delists products. A merchant reaches its own alone: others do not exist.

    ``by`` is the caller who is held to it, ``merchant`` a merchant's number.
    """

    clock: Clock = utc_now

    async def draft(self, merchant: str, draft: ProductDraft, by: str) -> str:
        """A new product in draft; answers its code.

        Raises :class:`MerchantMayNotSell`, :class:`DivisionUnknown`, :class:`SalePolicyUnknown`,
        :class:`SkusInvalid`.
        """
        seller = await Merchant.get_or_none(number=merchant)
        if seller is None or seller.state is not MerchantState.APPROVED:
            raise MerchantMayNotSell()
        await self._check(draft)
        now, described = self.clock(), _described(draft)
        async with transaction():
            product = await Product.create(
                code=public_number(now, "P"),
                merchant_id=seller.id,
                drafted_at=now,
                drafted_by=by,
                **described,
            )
            await self._write_skus(product.id, draft.skus)
        return product.code

    async def edit(self, merchant: str, code: str, draft: ProductDraft) -> None:
        """Replace a draft. A SKU that is not named any more can no longer be bought; its history stays.

        Raises :class:`ProductUnknown`, :class:`ProductNotMovable` and what ``draft`` raises.
        """
        await self._check(draft)
        async with transaction():
            product = await self._find(code, merchant, locked=True)
            if product.state is not ProductState.DRAFT:
                raise ProductNotMovable(state=product.state.value, to=ProductState.DRAFT.value)
            await Product.filter(id=product.id).update(**_described(draft))
            await self._write_skus(product.id, draft.skus)

    async def submit(self, merchant: str, code: str) -> None:
        """Ask the county to list a draft."""
        product = await self._find(code, merchant)
        await product.move(ProductState.IN_REVIEW, submitted_at=self.clock(), refusal_reason=None)

    async def list(self, code: str, by: str) -> None:
        """Put a reviewed product on sale. Raises :class:`MerchantMayNotSell`."""
        product = await self._find(code)
        if not await Product.exists(id=product.id, merchant__state=MerchantState.APPROVED):
            raise MerchantMayNotSell()
        now = self.clock()
        await product.move(ProductState.LISTED, reviewed_at=now, reviewed_by=by, listed_at=now)

    async def refuse(self, code: str, reason: str, by: str) -> None:
        """Send a reviewed product back to its merchant."""
        product = await self._find(code)
        await product.move(
            ProductState.DRAFT,
            source=ProductState.IN_REVIEW,
            reviewed_at=self.clock(),
            reviewed_by=by,
            refusal_reason=reason,
        )

    async def delist(self, code: str, reason: str, by: str, merchant: str | None = None) -> None:
        """Take a product off sale; placed orders go on. A merchant may do it with its own."""
        product = await self._find(code, merchant)
        await product.move(ProductState.DELISTED, delisted_at=self.clock(), delisted_by=by, delisted_reason=reason)

    async def reopen(self, merchant: str, code: str) -> None:
        """Make a delisted product a draft again."""
        product = await self._find(code, merchant)
        await product.move(ProductState.DRAFT, source=ProductState.DELISTED)

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

    async def _check(self, draft: ProductDraft) -> None:
        named = [sku.code for sku in draft.skus if sku.code is not None]
        if not draft.skus or len(named) != len(set(named)):
            raise SkusInvalid()
        if not await Division.exists(code=draft.township, level="township"):
            raise DivisionUnknown(division=draft.township)
        if not await SalePolicy.exists(code=draft.sale_policy, effective_from__lte=self.clock()):
            raise SalePolicyUnknown(sale_policy=draft.sale_policy)

    async def _write_skus(self, product_id: int, skus: Sequence[SkuDraft]) -> None:
        await Sku.filter(product_id=product_id).update(active=False)
        for position, sku in enumerate(skus):
            described: dict[str, Any] = {
                "position": position,
                "spec": sku.spec,
                "price_fen": sku.price_fen,
                "mass_gram": sku.mass_gram,
                "gtin": sku.gtin,
                "active": True,
            }
            if sku.code is None:
                code = public_number(self.clock(), "K")
                await Sku.create(product_id=product_id, code=code, **described)
            elif not await Sku.filter(product_id=product_id, code=sku.code).update(**described):
                raise SkusInvalid(sku=sku.code)


def _described(draft: ProductDraft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "subtitle": draft.subtitle,
        "description": draft.description,
        "image": draft.image,
        "township_id": draft.township,
        "return_policy": draft.return_policy,
        "sale_policy": draft.sale_policy,
        "host_commission_bp": draft.host_commission_bp,
        "freight_template": draft.freight_template,
    }
