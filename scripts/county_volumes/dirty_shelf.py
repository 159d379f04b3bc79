"""What of the dirty set stands on the shelf: goods whose certificate has run out, and a long knife."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kit.clock import china_day
from products.catalogue_models import CertificateKind, KnifeForm, ProductClass, RequirementKind
from products.categories import Categories
from products.certificates import Certificate, Certificates
from products.dossiers import product_dossier
from products.drafts import ProductDraft, ReturnPolicy, SkuDraft
from products.knives import Blade, Knives
from products.service import Catalogue


@dataclass(frozen=True)
class DirtyShelf:
    """Whose goods they are, where they are from, who enters them, and the present."""

    merchant: str
    township: str
    by: str
    now: datetime

    async def plant(self) -> None:
        """A certificate that ran out while its product is listed, and a long knife that is listed as handicraft."""
        begun = self.now - timedelta(days=40)
        categories, catalogue, certificates = Categories(), Catalogue(lambda: self.now), Certificates(lambda: self.now)
        await categories.enter("dirty-fresh", "示例生鲜", ProductClass.FRESH)
        await categories.enter("dirty-craft", "示例手工艺", ProductClass.CRAFT)
        await categories.require(
            "dirty-fresh", RequirementKind.CERTIFICATE, ["commitment"], date(2020, 1, 1), None, "DEMO-合格证", self.by
        )
        fresh, _ = await self._drafted(catalogue, "示例鲜果", "dirty-fresh")
        first = china_day(begun)
        paper = Certificate(
            kind=CertificateKind.COMMITMENT, document="DEMO-DIRTY-合格证", issuer="示例单位", issued_on=first,
            valid_from=first, valid_until=china_day(self.now) - timedelta(days=1),
        )  # fmt: skip
        await certificates.accept(await certificates.submit(self.merchant, fresh, paper, self.by), self.by)
        craft, sku = await self._drafted(catalogue, "示例工艺品", "dirty-craft")
        blade = Blade(
            form=KnifeForm.LONG, blade_mm=600, tip_degrees=30, tip_radius_um=500, sharpened=True, has_groove=True,
            has_guard=True, has_lock=False,
        )  # fmt: skip
        await Knives().measure(self.merchant, sku, blade)
        for product in (fresh, craft):
            await catalogue.submit(self.merchant, product, self.by)
            await Catalogue(lambda: begun).list(product, self.by)

    async def _drafted(self, catalogue: Catalogue, title: str, category: str) -> tuple[str, str]:
        """A draft of one SKU; answers both codes."""
        draft = ProductDraft(
            title=title, subtitle="示例", description="示例", township=self.township, category=category,
            return_policy=ReturnPolicy.NONE_FRESH, skus=[SkuDraft(spec="示例", price_fen=1_000, mass_gram=500)],
            sale_policy="standard",
        )  # fmt: skip
        product = await catalogue.draft(self.merchant, draft, self.by)
        return product, (await product_dossier(product)).skus[0].code
