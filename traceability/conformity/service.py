"""Issuing certificates of conformity for lots, and taking them back."""

from dataclasses import dataclass

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from traceability.conformity.errors import ConformityExists, ConformityUnknown
from traceability.conformity.models import ConformityBasis
from traceability.errors import LotNotSealed, LotOnHold, LotUnknown


@dataclass(frozen=True)
class Conformity:
    """A merchant's certificates of conformity."""

    clock: Clock = utc_now

    async def issue(self, merchant: str, lot: str, basis: ConformityBasis, contact: str, by: str) -> str:
        """Issue the certificate of a sealed lot; answers its number. What it says besides comes from the records.

        Raises :class:`LotUnknown`, :class:`LotNotSealed`, :class:`LotOnHold`, :class:`ConformityExists`.
        """
        now = self.clock()
        async with transaction():
            found = await row(_LOT, merchant, lot)
            if found is None:
                raise LotUnknown(lot=lot)
            if found["sealed_at"] is None:
                raise LotNotSealed(lot=lot)
            if found["held_at"] is not None:
                raise LotOnHold(lot=lot)
            number = await scalar(
                "INSERT INTO conformity_certificate (number, lot_id, product_name, mass_gram, producer, origin,"
                " contact, basis, issued_on, issued_at, issued_by, withdrawn_because)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '')"
                " ON CONFLICT (lot_id) WHERE withdrawn_at IS NULL DO NOTHING RETURNING number",
                public_number(now, "H"),
                found["id"],
                found["title"],
                found["input_gram"],
                found["producer"],
                found["origin"],
                contact,
                str(basis),
                china_day(now),
                now,
                by,
            )
            if number is None:
                raise ConformityExists(lot=lot)
        return str(number)

    async def withdraw(self, merchant: str, number: str, because: str, by: str) -> None:
        """Take a certificate back. Raises :class:`ConformityUnknown`."""
        if not await rows(
            "UPDATE conformity_certificate f SET withdrawn_at = $3, withdrawn_by = $4, withdrawn_because = $5"
            " FROM lot l WHERE l.id = f.lot_id AND l.merchant = $1 AND f.number = $2 AND f.withdrawn_at IS NULL"
            " RETURNING 1",
            merchant,
            number,
            self.clock(),
            by,
            because,
        ):
            raise ConformityUnknown(certificate=number)

    async def void(self, lot: str, because: str, by: str) -> None:
        """Take back the certificate of a lot whose promise does not hold, if it has one; joins the transaction."""
        await execute(
            "UPDATE conformity_certificate f SET withdrawn_at = $2, withdrawn_by = $3, withdrawn_because = $4"
            " FROM lot l WHERE l.id = f.lot_id AND l.number = $1 AND f.withdrawn_at IS NULL",
            lot,
            self.clock(),
            by,
            because,
        )


# The lot with what its certificate says: where the deliveries that it is made of came from, else the product's place.
_LOT = """
SELECT l.id, l.input_gram, l.sealed_at, l.held_at, p.title, m.name AS producer,
       COALESCE((SELECT left(string_agg(DISTINCT d.name, '、'), 200)
                   FROM (SELECT lot_id, intake_id FROM lot_contribution
                          UNION ALL SELECT lot_id, intake_id FROM inherited_share) c
                   JOIN intake i ON i.id = c.intake_id JOIN division d ON d.code = i.township
                  WHERE c.lot_id = l.id), t.name) AS origin
  FROM lot l JOIN product p ON p.code = l.product JOIN merchant m ON m.id = p.merchant_id
  JOIN division t ON t.code = p.township_id
 WHERE l.merchant = $1 AND l.number = $2 FOR UPDATE OF l
"""
