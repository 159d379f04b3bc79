"""The tree of categories with what each demands, and the papers that the demo's merchants and products hold.

Rules as in domain reference 3.5 and 5; every number of a paper is made up and says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from kit.clock import china_day, utc_now
from merchants.papers import Paper, PaperKind, Papers
from products.catalogue_models import CertificateKind, KnifeForm, ProductClass, RequirementKind
from products.categories import Categories
from products.certificates import Certificate, Certificates
from products.dossiers import product_dossier
from products.knives import Blade, Knives

_FOOD, _FRESH, _CRAFT = ProductClass.PROCESSED_FOOD, ProductClass.FRESH, ProductClass.CRAFT

# code, name, class, parent
TREE = (
    ("food", "食品", _FOOD, None),
    ("sugar", "红糖蜂蜜", _FOOD, "food"),
    ("rice", "米面粉", _FOOD, "food"),
    ("tea-coffee", "茶与咖啡", _FOOD, "food"),
    ("nuts-dried", "坚果干货", _FOOD, "food"),
    ("cured-meat", "腊味", _FOOD, "food"),
    ("fresh", "生鲜", _FRESH, None),
    ("fruit", "水果", _FRESH, "fresh"),
    ("fungi-shoots", "菌菇笋", _FRESH, "fresh"),
    ("craft", "手工", _CRAFT, None),
    ("silk", "蚕丝", _CRAFT, "craft"),
    ("brocade", "织锦", _CRAFT, "craft"),
    ("knives", "户撒刀具", ProductClass.KNIFE, None),
    ("travel", "乡村旅游", ProductClass.VOUCHER, None),
    ("lodging", "民宿", ProductClass.VOUCHER, "travel"),
    ("tickets", "门票", ProductClass.VOUCHER, "travel"),
)
FOOD_PAPERS = ("food_business", "prepackaged_food_filing", "small_workshop")
LODGING_PAPERS = ("special_trade", "homestay_filing")
COMMITMENT_FROM = date(2026, 2, 1)
COMMITMENT_RULE = "农产品质量安全承诺达标合格证管理办法（农业农村部令 2025 年第 4 号）"
# Positions in ``goods.MERCHANTS`` of those who sell food or lodge guests, each with its paper.
_PAPERS = (
    (0, PaperKind.SMALL_WORKSHOP),
    (1, PaperKind.PREPACKAGED_FOOD_FILING),
    (2, PaperKind.FOOD_BUSINESS),
    (3, PaperKind.FOOD_BUSINESS),
    (4, PaperKind.FOOD_BUSINESS),
    (5, PaperKind.PREPACKAGED_FOOD_FILING),
    (5, PaperKind.SPECIAL_TRADE),
)
_CERTIFIED = {
    "fruit": CertificateKind.COMMITMENT,
    "fungi-shoots": CertificateKind.COMMITMENT,
    "cured-meat": CertificateKind.QUARANTINE,
}
_KITCHEN_KNIFE = Blade(
    form=KnifeForm.KITCHEN, blade_mm=178, tip_degrees=85, tip_radius_um=800, sharpened=True, has_groove=False,
    has_guard=False, has_lock=False,
)  # fmt: skip


@dataclass(frozen=True)
class Proofs:
    """The services through which rules and papers are entered."""

    categories: Categories
    papers: Papers
    certificates: Certificates
    knives: Knives


async def enter_tree(proofs: Proofs, by: str) -> None:
    """The categories and their rules."""
    for position, (code, name, product_class, parent) in enumerate(TREE):
        await proofs.categories.enter(code, name, product_class, parent, position)
    require = proofs.categories.require
    paper, certificate = RequirementKind.MERCHANT_PAPER, RequirementKind.CERTIFICATE
    await require("food", paper, FOOD_PAPERS, date(2020, 1, 1), None, "DEMO-食品经营许可与备案", by)
    lodging = "DEMO-旅馆业治安管理办法与民宿备案"
    await require("lodging", paper, LODGING_PAPERS, date(2020, 1, 1), None, lodging, by)
    for code in ("fruit", "fungi-shoots"):
        for kind in (certificate, RequirementKind.LOT_CERTIFICATE):
            await require(code, kind, ["commitment"], COMMITMENT_FROM, None, COMMITMENT_RULE, by)
    await require("cured-meat", certificate, ["quarantine"], date(2020, 1, 1), None, "DEMO-动物检疫", by)


async def enter_papers(proofs: Proofs, merchants: list[str], by: str) -> None:
    """The papers under which the merchants sell food and lodge guests, accepted."""
    for serial, (place, kind) in enumerate(_PAPERS, 1):
        paper = Paper(
            kind=kind, document_number=f"DEMO-PAPER-{serial:02d}", valid_from=date(2020, 1, 1), issuer="示例发证机关"
        )
        await proofs.papers.accept(await proofs.papers.submit(merchants[place], paper, by), by)


async def prove(proofs: Proofs, merchant: str, product: str, category: str, serial: int, by: str) -> None:
    """What a drafted product of this category needs before the county may list it, and needed for the year before."""
    today = china_day(utc_now())
    since = today - timedelta(days=400)
    if category in _CERTIFIED:
        certificate = Certificate(
            kind=_CERTIFIED[category], document=f"DEMO-CERT-{serial:02d}", issuer="示例检验机构", issued_on=since,
            valid_from=since, valid_until=today + timedelta(days=300),
        )  # fmt: skip
        await proofs.certificates.accept(await proofs.certificates.submit(merchant, product, certificate, by), by)
    if category == "knives":
        for sku in (await product_dossier(product)).skus:
            await proofs.knives.measure(merchant, sku.code, _KITCHEN_KNIFE)
            await proofs.knives.review(sku.code, f"DEMO-KNIFE-{serial:02d}", by)
