"""Certificates of products: handed in by the merchant, checked by the county, claimed only while they are valid."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from tortoise.exceptions import IntegrityError

from content.attaching import attach_pictures
from kit.clock import Clock, utc_now
from kit.database import execute, joined, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.paging import read_cursor, write_cursor
from products.catalogue_models import (
    CERTIFICATE_TRANSITIONS,
    CertificateKind,
    CertificateReview,
    CertificateState,
    ProductCertificate,
)
from products.errors import CertificateNotMovable, CertificateRepeated, CertificateUnknown, ProductUnknown, SpanInvalid


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as it is handed in; ``document`` is its own number, ``picture`` a picture's."""

    kind: CertificateKind
    document: str
    issuer: str
    issued_on: date
    valid_from: date
    valid_until: date
    picture: str = ""


class CertificateRecord(msgspec.Struct, frozen=True):
    """A certificate with what became of it."""

    number: str
    product: str
    product_title: str
    merchant: str
    kind: str
    document: str
    issuer: str
    issued_on: date
    valid_from: date
    valid_until: date
    picture: str
    state: str
    reason: str | None


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True)
class Certificates:
    """Takes certificates in and reviews them. ``by`` is the caller who is held to it."""

    clock: Clock = utc_now

    async def submit(self, merchant: str, product: str, certificate: Certificate, by: str) -> str:
        """Hand in a certificate of an own product, in any of its states; answers the certificate's number.

        Raises :class:`ProductUnknown`, :class:`SpanInvalid`, :class:`CertificateRepeated` when the same document of
        this kind waits or is accepted already, and PictureNotUsable.
        """
        if certificate.valid_until < certificate.valid_from:
            raise SpanInvalid()
        product_id = await scalar(
            "SELECT p.id FROM product p JOIN merchant m ON m.id = p.merchant_id WHERE p.code = $1 AND m.number = $2",
            product,
            merchant,
        )
        if product_id is None:
            raise ProductUnknown()
        now = self.clock()
        number = public_number(now, "PC")
        try:
            async with transaction():
                created = await ProductCertificate.create(
                    number=number, product_id=product_id, **msgspec.structs.asdict(certificate)
                )
                await CertificateReview.create(
                    certificate_id=created.id, state=CertificateState.SUBMITTED, reviewed_at=now, reviewed_by=by
                )
                if certificate.picture:
                    await attach_pictures([certificate.picture], by, "licence", f"certificate:{number}", now)
        except IntegrityError:
            raise CertificateRepeated(document=certificate.document) from None
        return number

    async def accept(self, number: str, by: str) -> None:
        """The county has checked it. Raises :class:`CertificateUnknown`, :class:`CertificateNotMovable`."""
        await self._move(number, CertificateState.ACCEPTED, by, None)

    async def refuse(self, number: str, reason: str, by: str) -> None:
        """It is not what it should be. Raises as :meth:`accept` does."""
        await self._move(number, CertificateState.REFUSED, by, reason)

    async def revoke(self, number: str, reason: str, by: str) -> None:
        """An acceptance is taken back; it counts for nothing from now on. Raises as :meth:`accept` does."""
        await self._move(number, CertificateState.REVOKED, by, reason)

    async def _move(self, number: str, to: CertificateState, by: str, reason: str | None) -> None:
        sources = [state.value for state, targets in CERTIFICATE_TRANSITIONS.items() if to in targets]
        async with joined():
            found = await row("SELECT id, state FROM product_certificate WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise CertificateUnknown()
            if found["state"] not in sources:
                raise CertificateNotMovable(state=found["state"], to=to.value)
            await execute("UPDATE product_certificate SET state = $2 WHERE id = $1", found["id"], to.value)
            await CertificateReview.create(
                certificate_id=found["id"], state=to, reviewed_at=self.clock(), reviewed_by=by, reason=reason
            )


async def certificate_records(
    merchant: str | None, product: str | None, state: str | None, cursor: str | None, limit: int
) -> tuple[list[CertificateRecord], str | None]:
    """Certificates of one merchant or of all, newest first, and the cursor of the next page. One query."""
    found = await rows(
        "SELECT f.id, f.number, p.code AS product, p.title AS product_title, m.number AS merchant, f.kind, f.document,"
        " f.issuer, f.issued_on, f.valid_from, f.valid_until, f.picture, f.state,"
        " (SELECT reason FROM certificate_review WHERE certificate_id = f.id ORDER BY id DESC LIMIT 1) AS reason"
        " FROM product_certificate f JOIN product p ON p.id = f.product_id JOIN merchant m ON m.id = p.merchant_id"
        " WHERE f.id < $1 AND ($2::text IS NULL OR m.number = $2) AND ($3::text IS NULL OR p.code = $3)"
        " AND ($4::text IS NULL OR f.state = $4) ORDER BY f.id DESC LIMIT $5",
        read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
        merchant,
        product,
        state,
        limit + 1,
    )
    page = [CertificateRecord(**{name: r[name] for name in CertificateRecord.__struct_fields__}) for r in found[:limit]]
    return page, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


class Expiry(msgspec.Struct, frozen=True):
    """Something that runs out: ``what`` is certificate, public_brand or poverty_product."""

    what: str
    number: str
    kind: str
    document: str
    product: str
    product_title: str
    merchant: str
    merchant_name: str
    valid_until: date


_EXPIRING = """
SELECT e.what, e.number, e.kind, e.document, p.code AS product, p.title AS product_title, m.number AS merchant,
       m.name AS merchant_name, e.valid_until
  FROM (SELECT 'certificate' AS what, number, kind, document, product_id, valid_until FROM product_certificate
         WHERE state = 'accepted' AND valid_until BETWEEN $1 AND $2
        UNION ALL
        SELECT 'public_brand', number, '', document, product_id, valid_until FROM brand_authorisation
         WHERE revoked_at IS NULL AND valid_until BETWEEN $1 AND $2
        UNION ALL
        SELECT 'poverty_product', number, '', document, product_id, valid_until FROM recognised_product
         WHERE revoked_at IS NULL AND valid_until BETWEEN $1 AND $2) e
  JOIN product p ON p.id = e.product_id
  JOIN merchant m ON m.id = p.merchant_id
 WHERE $3::text IS NULL OR m.number = $3
 ORDER BY e.valid_until, e.number LIMIT 500"""


async def expiring(merchant: str | None, first: date, last: date) -> list[Expiry]:
    """What runs out between two days, the soonest first, at most 500; of one merchant or of all. One query."""
    return [Expiry(**r) for r in await rows(_EXPIRING, first, last, merchant)]
