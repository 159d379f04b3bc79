"""The two marks of the county: the public brand, and the recognition as a poverty product."""

import re
from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number
from products.errors import (
    BrandCodeInvalid,
    BrandUnknown,
    MarkDocumentTaken,
    MarkUnknown,
    PriceRangeInvalid,
    ProductUnknown,
    SkuUnknown,
    SpanInvalid,
)
from products.models import BrandAuthorisation, Product, PublicBrand
from products.recognition.errors import RecognitionCaseUnknown, RecognitionNotMovable, RecognitionRepeated
from products.recognition.models import RecognisedProduct, RecognitionEntry, RecognitionState

_GRANTABLE = (RecognitionState.NOTICED, RecognitionState.RECOMMENDED)
_BRAND_CODE = re.compile(r"[a-z0-9-]{1,24}")


class RegisterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says: number, category, spec, capacity, value and prices in fen, and what they compare with."""

    list_number: str
    category: str
    spec: str
    capacity: str
    value_fen: int
    price_from_fen: int
    price_to_fen: int
    compared: str
    document: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Days in China, the first and the last on which something is valid."""

    valid_from: date
    valid_until: date


@dataclass(frozen=True)
class Marks:
    """Grants and revokes marks. A mark shows from its first day to its last, until it is revoked.

    ``by`` is the caller who is held to it, ``document`` the number of the paper behind the decision.
    """

    clock: Clock = utc_now

    async def enter_brand(self, code: str, name: str) -> None:
        """Enter a public brand, or correct its name. Raises :class:`BrandCodeInvalid`."""
        if not _BRAND_CODE.fullmatch(code):
            raise BrandCodeInvalid()
        await execute(
            "INSERT INTO public_brand (code, name) VALUES ($1, $2)"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name",
            code,
            name,
        )

    async def authorise(
        self,
        brand: str,
        product: str,
        document: str,
        span: Span,
        by: str,
        sku: str | None = None,
        quota_pieces: int | None = None,
    ) -> str:
        """Let a product, or one SKU of it, carry a public brand; answers the authorisation's number.

        ``quota_pieces`` may be sold under it in each calendar year of China (:mod:`products.quotas`). Raises
        :class:`SkuUnknown`, :class:`BrandUnknown`, :class:`ProductUnknown`, :class:`SpanInvalid` and
        :class:`MarkDocumentTaken`.
        """
        carried = await PublicBrand.get_or_none(code=brand)
        if carried is None:
            raise BrandUnknown(brand=brand)
        _check(span)
        product_id, now = await self._product(product), self.clock()
        sku_id = await scalar("SELECT id FROM sku WHERE code = $1 AND product_id = $2", sku, product_id)
        if sku is not None and sku_id is None:
            raise SkuUnknown(sku=sku)
        number = public_number(now, "B")
        try:
            async with transaction():
                await BrandAuthorisation.create(
                    number=number,
                    brand_id=carried.id,
                    product_id=product_id,
                    sku_id=sku_id,
                    quota_pieces=quota_pieces,
                    document=document,
                    valid_from=span.valid_from,
                    valid_until=span.valid_until,
                    granted_at=now,
                    granted_by=by,
                )
        except IntegrityError:
            raise MarkDocumentTaken(document=document) from None
        return number

    async def recognise(
        self, case: str, document: str, recognised_by: str, directory_batch: str, span: Span, by: str
    ) -> str:
        """Recognise the product of a case that has stood its notice; answers the recognition's number.

        Raises :class:`RecognitionCaseUnknown`, :class:`RecognitionNotMovable`, :class:`RecognitionRepeated`,
        :class:`SpanInvalid`, :class:`MarkDocumentTaken`.
        """
        _check(span)
        now = self.clock()
        number = public_number(now, "R")
        try:
            async with transaction():
                found = await row(
                    "SELECT id, product_id, state FROM recognition_case WHERE number = $1 FOR SHARE", case
                )
                if found is None:
                    raise RecognitionCaseUnknown()
                if found["state"] not in _GRANTABLE:
                    raise RecognitionNotMovable(state=found["state"])
                if await RecognisedProduct.exists(case_id=found["id"]):
                    raise RecognitionRepeated()
                await RecognisedProduct.create(
                    number=number,
                    product_id=found["product_id"],
                    case_id=found["id"],
                    document=document,
                    recognised_by=recognised_by,
                    directory_batch=directory_batch,
                    valid_from=span.valid_from,
                    valid_until=span.valid_until,
                    granted_at=now,
                    granted_by=by,
                )
        except IntegrityError:
            raise MarkDocumentTaken(document=document) from None
        return number

    async def revoke_authorisation(self, number: str, reason: str, by: str) -> None:
        """End an authorisation at once. Repeating it changes nothing. Raises :class:`MarkUnknown`."""
        if not await BrandAuthorisation.exists(number=number):
            raise MarkUnknown()
        await BrandAuthorisation.filter(number=number, revoked_at=None).update(
            revoked_at=self.clock(), revoked_by=by, revocation_reason=reason
        )

    async def revoke_recognition(self, number: str, reason: str, by: str) -> None:
        """End a recognition at once. Repeating it changes nothing. Raises :class:`MarkUnknown`."""
        if not await RecognisedProduct.exists(number=number):
            raise MarkUnknown()
        await RecognisedProduct.filter(number=number, revoked_at=None).update(
            revoked_at=self.clock(), revoked_by=by, revocation_reason=reason
        )

    async def add_entry(self, number: str, entry: RegisterEntry, by: str) -> None:
        """Put on record what the register says now. Raises :class:`MarkUnknown`, :class:`PriceRangeInvalid`."""
        if entry.price_to_fen < entry.price_from_fen:
            raise PriceRangeInvalid()
        recognition = await RecognisedProduct.get_or_none(number=number)
        if recognition is None:
            raise MarkUnknown()
        await RecognitionEntry.create(
            recognition_id=recognition.id, added_at=self.clock(), added_by=by, **msgspec.structs.asdict(entry)
        )

    async def _product(self, code: str) -> int:
        product = await Product.get_or_none(code=code)
        if product is None:
            raise ProductUnknown()
        return int(product.id)


def _check(span: Span) -> None:
    if span.valid_until < span.valid_from:
        raise SpanInvalid()
