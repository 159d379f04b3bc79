"""Which blades may be sold here (domain reference 5): the measures decide, and then a person has to look.

Controlled are a dagger (handle, guard and blood groove, tip below 60 degrees), a triangular scraper, a spring knife
that locks, any other pointed blade with a tip below 60 degrees and more than 150 mm long, and one with a wider tip and
more than 220 mm long. An unsharpened piece whose tip is rounder than 2.5 mm is outside the rule. Long knives are never
sold online, whatever the local police permit in a shop.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, joined, row
from products.catalogue_models import KnifeForm, ProductClass
from products.errors import KnifeFactsMissing, KnifeNotAllowed, ProductNotMovable, SkuUnknown
from products.models import ProductState

SHARP_TIP_DEGREES = 60
POINTED_BLADE_MM = 150
ANY_BLADE_MM = 220
BLUNT_RADIUS_UM = 2500


class Blade(msgspec.Struct, frozen=True, kw_only=True):
    """The measures of a blade: length in mm, angle and radius of the tip in degrees and micrometres."""

    form: KnifeForm
    blade_mm: int
    tip_degrees: int
    tip_radius_um: int
    sharpened: bool
    has_groove: bool
    has_guard: bool
    has_lock: bool


class Objection(StrEnum):
    """Why a blade may not be sold here."""

    LONG_KNIFE = "long_knife"
    DAGGER = "dagger"
    TRIANGULAR_SCRAPER = "triangular_scraper"
    LOCKING_SPRING_KNIFE = "locking_spring_knife"
    POINTED_ABOVE_150_MM = "pointed_above_150_mm"
    ABOVE_220_MM = "above_220_mm"


def objection(blade: Blade) -> Objection | None:
    """Why the blade may not be sold, or None. A tip of exactly 60 degrees counts as a wide one."""
    if blade.form is KnifeForm.LONG:
        return Objection.LONG_KNIFE
    if not blade.sharpened and blade.tip_radius_um > BLUNT_RADIUS_UM:
        return None
    pointed = blade.tip_degrees < SHARP_TIP_DEGREES
    if pointed and blade.has_groove and blade.has_guard:
        return Objection.DAGGER
    if blade.form is KnifeForm.SCRAPER:
        return Objection.TRIANGULAR_SCRAPER
    if blade.has_lock:
        return Objection.LOCKING_SPRING_KNIFE
    if pointed and blade.blade_mm > POINTED_BLADE_MM:
        return Objection.POINTED_ABOVE_150_MM
    if not pointed and blade.blade_mm > ANY_BLADE_MM:
        return Objection.ABOVE_220_MM
    return None


@dataclass(frozen=True)
class Knives:
    """Keeps the measures of blades, and the county's word on each. New measures need a new word."""

    clock: Clock = utc_now

    async def measure(self, merchant: str, sku: str, blade: Blade) -> None:
        """Enter the measures of a SKU of a draft. Raises :class:`SkuUnknown`, :class:`ProductNotMovable`."""
        async with joined():
            found = await row(
                "SELECT s.id, p.state FROM sku s JOIN product p ON p.id = s.product_id JOIN merchant m"
                " ON m.id = p.merchant_id WHERE s.code = $1 AND m.number = $2 FOR UPDATE OF p",
                sku,
                merchant,
            )
            if found is None:
                raise SkuUnknown()
            if found["state"] != ProductState.DRAFT:
                raise ProductNotMovable(state=found["state"], to=ProductState.DRAFT.value)
            await row(
                "INSERT INTO knife_facts (sku_id, form, blade_mm, tip_degrees, tip_radius_um, sharpened, has_groove,"
                " has_guard, has_lock, allowed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT (sku_id) DO UPDATE SET form = $2, blade_mm = $3, tip_degrees = $4, tip_radius_um = $5,"
                " sharpened = $6, has_groove = $7, has_guard = $8, has_lock = $9, allowed = $10, reviewed_at = NULL,"
                " reviewed_by = NULL, review_document = NULL RETURNING id",
                found["id"],
                *msgspec.structs.astuple(blade),
                objection(blade) is None,
            )

    async def review(self, sku: str, document: str, by: str) -> None:
        """The authority has looked at the blade; ``document`` is its paper.

        Raises :class:`KnifeFactsMissing`, and :class:`KnifeNotAllowed` for a blade that no review can let pass.
        """
        blade = await self._blade(sku)
        if (found := objection(blade)) is not None:
            raise KnifeNotAllowed(sku=sku, objection=found.value)
        await execute(
            "UPDATE knife_facts SET reviewed_at = $2, reviewed_by = $3, review_document = $4"
            " WHERE allowed AND sku_id = (SELECT id FROM sku WHERE code = $1)",
            sku,
            self.clock(),
            by,
            document,
        )

    async def withdraw(self, sku: str) -> None:
        """The word is taken back: the product is not sold from now on. Repeating it changes nothing."""
        await self._blade(sku)
        await execute(
            "UPDATE knife_facts SET reviewed_at = NULL, reviewed_by = NULL, review_document = NULL"
            " WHERE sku_id = (SELECT id FROM sku WHERE code = $1)",
            sku,
        )

    async def _blade(self, sku: str) -> Blade:
        found = await row(
            "SELECT k.form, k.blade_mm, k.tip_degrees, k.tip_radius_um, k.sharpened, k.has_groove, k.has_guard,"
            " k.has_lock FROM knife_facts k JOIN sku s ON s.id = k.sku_id WHERE s.code = $1",
            sku,
        )
        if found is None:
            raise KnifeFactsMissing(sku=sku)
        return msgspec.convert(found, Blade)


async def check_blades(product_id: int) -> None:
    """Every SKU of a knife product has measures that are allowed.

    Raises :class:`KnifeFactsMissing`, :class:`KnifeNotAllowed` with the first SKU that has not.
    """
    found = await row(
        "SELECT s.code, k.form, k.blade_mm, k.tip_degrees, k.tip_radius_um, k.sharpened, k.has_groove, k.has_guard,"
        " k.has_lock FROM sku s JOIN product p ON p.id = s.product_id JOIN category c ON c.id = p.category_id"
        " LEFT JOIN knife_facts k ON k.sku_id = s.id"
        " WHERE p.id = $1 AND s.active AND c.product_class = $2 AND k.allowed IS NOT TRUE ORDER BY s.position LIMIT 1",
        product_id,
        ProductClass.KNIFE.value,
    )
    if found is None:
        return
    if found["form"] is None:
        raise KnifeFactsMissing(sku=found["code"])
    refused = objection(msgspec.convert({k: v for k, v in found.items() if k != "code"}, Blade))
    raise KnifeNotAllowed(sku=found["code"], objection=refused.value if refused else "")
