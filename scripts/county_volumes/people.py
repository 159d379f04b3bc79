"""Twenty more merchants with one product each, and 216 more farmers, 60 of whom stand for registered households."""

from dataclasses import dataclass
from datetime import date

from merchants.licences import Licence, LicenceKind
from merchants.papers import Paper, PaperKind
from poverty_alleviation.contracts import Contracts, ContractTerms
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.models import AssistanceStatus, ChainTemplate
from poverty_alleviation.register.years import YearDraft, Years
from products.dossiers import product_dossier
from products.drafts import ProductDraft, ReturnPolicy, SkuDraft
from scripts.county_volumes.plan import BY, FARMERS, MERCHANTS, PIECE_GRAM, REGISTERED_OF_18, STOCK
from scripts.demo_county.area import COUNTY, TOWNSHIPS, villages
from scripts.demo_county.goods import Trade
from scripts.demo_county.households import FARMERS as DEMO_FARMERS
from scripts.demo_county.households import SINCE, conclude, identity_number
from scripts.demo_county.office_numbers import reckon
from scripts.demo_county.payees import YEAR_PAYEES
from scripts.demo_county.register import YEAR
from scripts.demo_county.tree import prove
from traceability.models import SupplierKind
from traceability.plots.service import Land, Plots
from traceability.service import Reach, Suppliers

# What a merchant sells, in turn: title, category, crop.
_GOODS = (
    ("示例红糖 500 g", "sugar", "cane"),
    ("示例绿茶 500 g", "tea-coffee", "tea"),
    ("示例桑葚干 500 g", "nuts-dried", "mulberry"),
    ("示例甘蔗糖块 500 g", "sugar", "cane"),
    ("示例芒果 500 g", "fruit", "mango"),
)
FRESH = "fruit"


@dataclass(frozen=True)
class Seller:
    """A merchant with its product and the suppliers who deliver it, each with a plot."""

    serial: int
    merchant: str
    product: str
    sku: str
    price_fen: int
    category: str
    suppliers: list[tuple[str, str, str]]
    """Number, township, plot."""
    households: list[str]
    """Those of the suppliers that are registered."""


@dataclass(frozen=True)
class People:
    """The services through which merchants, goods, farmers and households are entered."""

    trade: Trade
    suppliers: Suppliers
    plots: Plots
    households: Households
    contracts: Contracts

    async def enter(self) -> list[Seller]:
        """All of them; answers the merchants."""
        sellers = [await self._seller(serial) for serial in range(MERCHANTS)]
        places = list(villages())
        for serial in range(FARMERS):
            seller, village = sellers[serial % MERCHANTS], places[serial % len(places)]
            supplier, household = await self._farmer(seller, DEMO_FARMERS + serial + 1, village, serial)
            seller.suppliers.append(supplier)
            if household is not None:
                seller.households.append(household)
        for seller in sellers:
            await self._contract(seller)
        return sellers

    async def _seller(self, serial: int) -> Seller:
        township = list(TOWNSHIPS)[serial % len(TOWNSHIPS)]
        title, category, _ = _GOODS[serial % len(_GOODS)]
        licence = Licence(
            kind=LicenceKind.COOPERATIVE, number=f"DEMO-LICENCE-V{serial + 1:02d}", valid_from=date(2019, 1, 1)
        )
        merchant = await self.trade.merchants.enter(
            f"{TOWNSHIPS[township]}示例合作社{serial + 1:02d}", licence, township, YEAR_PAYEES[serial], BY
        )
        await self.trade.merchants.approve(merchant, BY)
        paper = Paper(
            kind=PaperKind.SMALL_WORKSHOP,
            document_number=f"DEMO-PAPER-V{serial + 1:02d}",
            valid_from=date(2020, 1, 1),
            issuer="示例发证机关",
        )
        papers = self.trade.proofs.papers
        await papers.accept(await papers.submit(merchant, paper, BY), BY)
        price_fen = 1_990 + 130 * serial
        draft = ProductDraft(
            title=title,
            subtitle="示例商品",
            description="产自陇川县。本页商品、商户与证书均为示例数据。",
            township=township,
            category=category,
            return_policy=ReturnPolicy.NONE_FRESH if category == FRESH else ReturnPolicy.SEVEN_DAYS_UNOPENED,
            skus=[SkuDraft(spec="500 g/份", price_fen=price_fen, mass_gram=PIECE_GRAM)],
            sale_policy="standard",
        )
        product = await self.trade.catalogue.draft(merchant, draft, BY)
        await prove(self.trade.proofs, merchant, product, category, 100 + serial, BY)
        (sku,) = (await product_dossier(product)).skus
        await self.trade.stock.add(sku.code, STOCK, "DEMO-入库")
        await self.trade.catalogue.submit(merchant, product, BY)
        await self.trade.catalogue.list(product, BY)
        await reckon(product, category)
        return Seller(serial, merchant, product, sku.code, price_fen, category, [], [])

    async def _farmer(
        self, seller: Seller, number: int, village: str, serial: int
    ) -> tuple[tuple[str, str, str], str | None]:
        township = village[:9]
        reach = Reach(caller=BY, township=township)
        supplier = await self.suppliers.enter(reach, f"示例农户{number:03d}", SupplierKind.FARMER, township)
        land = Land(
            supplier=supplier,
            village=village,
            crop=_GOODS[seller.serial % len(_GOODS)][2],
            area_mu_milli=2_000 + 250 * (serial % 9),
            valid_from=SINCE,
        )
        plot = await self.plots.enter(reach, land)
        household = None
        if serial % 18 < REGISTERED_OF_18:
            identity = Identity(
                name=f"示例户主{number:03d}", id_number=identity_number(number), phone=f"100{number:08d}"
            )
            household = await self.households.enter(identity, township, village, BY, f"示例户-{number:03d}")
            await self.households.decide(household, AssistanceStatus.REGISTERED, SINCE, f"DEMO-认定-{number:03d}", BY)
            await self.households.link(household, supplier, SINCE, f"DEMO-关联-{number:03d}", BY)
            year = YearDraft(year=YEAR, persons=2 + serial % 4, attribute="01", cause="capital")
            await Years().record(household, year, f"DEMO-名册-{number:03d}", BY)
        return (supplier, township, plot), household

    async def _contract(self, seller: Seller) -> None:
        terms = ContractTerms(
            template=ChainTemplate.CENTRE_STATION_HOUSEHOLD,
            merchant=seller.merchant,
            parties={
                "centre": [f"S{COUNTY[0]}"],
                "station": sorted({f"S{township}" for _, township, _ in seller.suppliers}),
                "household": seller.households,
            },
            document=f"DEMO-合同-V{seller.serial + 1:02d}",
            valid_from=SINCE,
        )
        await conclude(self.contracts, terms)
