"""Merchants, products, marks. Prices are plausible, not observed (domain reference 6.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kit.clock import china_day, utc_now
from kit.gs1 import check_digit
from merchants.licences import Licence, LicenceKind
from merchants.service import Merchants
from products.calendar_models import BookingKind, OnExpiry
from products.calendars import BookingTerms, Calendars
from products.dossiers import product_dossier
from products.drafts import PictureDraft, ProductDraft, ReturnPolicy, SkuDraft
from products.marks import Marks, Span
from products.service import Catalogue, SalePolicies
from products.stock import Stock
from scripts.demo_county.payees import PAYEES
from scripts.demo_county.tree import Proofs, enter_papers, enter_tree, prove

BY = "demo-county"
BRAND = "demo-longchuan"
STORY_STOCK = 40
STORY_HOST_BP = 800

MERCHANTS = (
    ("章凤示例红糖专业合作社", LicenceKind.COOPERATIVE, "533124101"),
    ("陇把示例蚕桑有限公司", LicenceKind.COMPANY, "533124102"),
    ("户撒示例手工专业合作社", LicenceKind.COOPERATIVE, "533124201"),
    ("护国示例茶业有限公司", LicenceKind.COMPANY, "533124202"),
    ("勐约示例咖啡专业合作社", LicenceKind.COOPERATIVE, "533124205"),
    ("城子示例家庭农场", LicenceKind.FAMILY_FARM, "533124104"),
)

_UNOPENED, _SEVEN = ReturnPolicy.SEVEN_DAYS_UNOPENED, ReturnPolicy.SEVEN_DAYS
_BOOKED = ReturnPolicy.VOUCHER
_FRESH, _CUSTOM = ReturnPolicy.NONE_FRESH, ReturnPolicy.NONE_CUSTOM


@dataclass(frozen=True)
class Good:
    """One product: whose, what, from where, its place in the tree, its SKUs as (spec, fen, gram, stock), its marks."""

    merchant: int
    title: str
    subtitle: str
    township: str
    category: str
    returns: ReturnPolicy
    skus: tuple[tuple[str, int, int, int], ...]
    marks: str = ""  # "B" carries the public brand, others: scripts.demo_county.recognitions
    policy: str = "standard"
    host_bp: int = 500


GOODS = (
    Good(0, "软米 5 kg", "当年新米，清香软糯", "533124101", "rice", _SEVEN, (("5 kg/袋", 6800, 5000, 200),), "BP"),
    Good(
        0,
        "古法红糖",
        "土灶慢熬，罐装",
        "533124103",
        "sugar",
        _UNOPENED,
        (("500 g/罐", 3990, 500, 500), ("500 g × 3 罐", 11200, 1500, 120)),
        "BP",
    ),
    Good(
        1,
        "桑蚕丝被 1 kg",
        "四季可用，手工拉网",
        "533124102",
        "silk",
        _SEVEN,
        (("1 kg 200×230 cm", 46800, 1000, 60),),
        "B",
    ),
    Good(
        1, "桑蚕丝围巾", "轻薄柔软", "533124102", "silk", _SEVEN, (("靛蓝", 19900, 120, 80), ("本白", 19900, 120, 80))
    ),
    Good(
        1,
        "桑枝木耳 250 g",
        "桑枝菌棒，干品",
        "533124102",
        "fungi-shoots",
        _SEVEN,
        (("250 g/袋", 3200, 250, 300),),
        "BP",
    ),
    Good(1, "桑葚干 200 g", "无添加糖", "533124102", "nuts-dried", _UNOPENED, (("200 g/袋", 2900, 200, 240),), "N"),
    Good(
        2,
        "户撒厨刀",
        "方头，刃长不超过 180 mm",
        "533124201",
        "knives",
        _SEVEN,
        (("切片刀", 16800, 420, 50), ("斩切刀", 39800, 650, 20)),
    ),
    Good(
        2,
        "阿昌织锦挎包",
        "手工织造，图案各异",
        "533124201",
        "brocade",
        _CUSTOM,
        (("小号", 12800, 180, 40), ("大号", 29800, 320, 25)),
        "B",
    ),
    Good(2, "过手米线礼盒", "干米线，附蘸料包", "533124201", "rice", _UNOPENED, (("4 人份", 4900, 1200, 160),)),
    Good(2, "户撒腊肉 1 kg", "冬季腌制，真空包装", "533124201", "cured-meat", _FRESH, (("1 kg/袋", 11800, 1000, 70),)),
    Good(
        3,
        "高山绿茶 250 g",
        "海拔 1,800 米，春茶",
        "533124202",
        "tea-coffee",
        _UNOPENED,
        (("250 g/罐", 5800, 250, 260),),
        "BP",
    ),
    Good(3, "草果 200 g", "干品，个大饱满", "533124202", "nuts-dried", _UNOPENED, (("200 g/袋", 3600, 200, 180),), "T"),
    Good(
        3, "麻竹笋干 250 g", "日晒，无硫熏", "533124203", "fungi-shoots", _SEVEN, (("250 g/袋", 3300, 250, 220),), "O"
    ),
    Good(3, "王子树蜂蜜 500 g", "百花蜜", "533124204", "sugar", _UNOPENED, (("500 g/瓶", 8800, 500, 140),), "B"),
    Good(
        4, "小粒咖啡豆 454 g", "中度烘焙", "533124205", "tea-coffee", _UNOPENED, (("454 g/袋", 7900, 454, 200),), "BP"
    ),
    Good(4, "芒果 5 kg", "树上熟，现摘现发", "533124205", "fruit", _FRESH, (("5 kg/箱", 5900, 5000, 100),)),
    Good(4, "景颇织锦围巾", "手工织造", "533124205", "brocade", _CUSTOM, (("红色", 16800, 150, 30),)),
    Good(5, "柠檬 2.5 kg", "皮薄汁多", "533124104", "fruit", _FRESH, (("2.5 kg/箱", 2990, 2500, 300),), "P"),
    Good(5, "澳洲坚果 500 g", "原味，开口", "533124103", "nuts-dried", _UNOPENED, (("500 g/罐", 4500, 500, 260),)),
    Good(5, "景颇民宿 1 晚", "竹楼小院，含早餐", "533124104", "lodging", _BOOKED, (("双人间", 16800, 0, 0),)),
    Good(5, "目瑙纵歌文化园门票", "当日有效", "533124104", "tickets", _BOOKED, (("成人票", 6000, 0, 0),)),
    Good(5, "城子软米 5 kg", "软米，真空包装", "533124104", "rice", _SEVEN, (("5 kg/袋", 6600, 5000, 150),)),
)
STORY = Good(
    0,
    "直播专享 古法红糖 500 g",
    "直播间专享，每场 40 罐",
    "533124101",
    "sugar",
    _UNOPENED,
    (("500 g/罐", 3990, 500, STORY_STOCK),),
    "BP",
    "story",
    STORY_HOST_BP,
)
# How each is booked, and for how many on a day.
BOOKED = {"lodging": (BookingKind.STAY, 4), "tickets": (BookingKind.VISIT, 200)}
_TOLD = "产自陇川县。本页商品、商户与证书均为示例数据，证书编号以 DEMO 开头。"


@dataclass(frozen=True)
class Trade:
    """The services that make merchants and their products."""

    merchants: Merchants
    policies: SalePolicies
    catalogue: Catalogue
    marks: Marks
    stock: Stock
    calendars: Calendars
    proofs: Proofs


async def enter_policies(trade: Trade) -> None:
    """The usual windows, and short ones that let a whole sale be watched in a minute; so for two years already."""
    since = trade.policies.clock() - timedelta(days=730)
    policies = replace(trade.policies, clock=lambda: since)
    await policies.enter("standard", 30 * 60, 7 * 86400, "seven_days", "DEMO-规则-1：示例销售规则")
    await policies.enter("story", 60, 12, "seven_days", "DEMO-规则-2：示例演示规则")


async def enter_merchants(trade: Trade) -> list[str]:
    """The merchants, approved, with their papers; answers their numbers in the order of ``MERCHANTS``."""
    numbers = []
    for serial, (name, kind, township) in enumerate(MERCHANTS, 1):
        licence = Licence(kind=kind, number=f"DEMO-LICENCE-{serial:02d}", valid_from=date(2019, 1, 1))
        number = await trade.merchants.enter(name, licence, township, PAYEES[name], BY)
        await trade.merchants.approve(number, BY)
        numbers.append(number)
    await enter_papers(trade.proofs, numbers, BY)
    return numbers


async def enter_goods(
    trade: Trade, merchants: list[str], pictures: Sequence[PictureDraft], freight: Mapping[str, str]
) -> list[str]:
    """The products on sale with stock and marks; answers their codes, the story's product last.

    ``freight`` names a template for each merchant that charges for sending fruit; the rest is sent for nothing.
    """
    today = china_day(utc_now())
    span = Span(valid_from=today - timedelta(days=30), valid_until=today + timedelta(days=335))
    await enter_tree(trade.proofs, BY)
    await trade.marks.enter_brand(BRAND, "陇川示例公共品牌")
    codes = []
    for serial, (good, picture) in enumerate(zip((*GOODS, STORY), pictures, strict=True), 1):
        merchant = merchants[good.merchant]
        draft = ProductDraft(
            title=good.title,
            subtitle=good.subtitle,
            description=_TOLD,
            township=good.township,
            category=good.category,
            return_policy=good.returns,
            skus=[
                SkuDraft(spec=spec, price_fen=fen, mass_gram=gram, gtin=_gtin(good, serial, position))
                for position, (spec, fen, gram, _) in enumerate(good.skus, 1)
            ],
            sale_policy=good.policy,
            host_commission_bp=good.host_bp,
            pictures=[picture],
            freight_template=freight.get(merchant, "") if good.category == "fruit" else "",
        )
        code = await trade.catalogue.draft(merchant, draft, BY)
        await prove(trade.proofs, merchant, code, good.category, serial, BY)
        for sku, (*_, pieces) in zip((await product_dossier(code)).skus, good.skus, strict=True):
            if good.category in BOOKED:
                await open_calendar(trade, merchant, sku.code, good)
            else:
                await trade.stock.add(sku.code, pieces, "DEMO-首次入库")
        await trade.catalogue.submit(merchant, code, BY)
        await trade.catalogue.list(code, BY)
        if "B" in good.marks:
            await trade.marks.authorise(BRAND, code, f"DEMO-BRAND-{serial:02d}", span, BY)
        codes.append(code)
    return codes


def _gtin(good: Good, serial: int, position: int) -> str | None:
    """Branded goods have a GTIN of the prefix for examples, 952 (domain reference 3.3); small sellers have none."""
    if "B" not in good.marks or good.category in BOOKED:
        return None
    digits = f"0952000{serial:04d}{position:02d}"
    return digits + check_digit(digits)


async def open_calendar(trade: Trade, merchant: str, sku: str, good: Good) -> None:
    """A rule, and the days of three months; at the end of the week they cost a quarter more."""
    kind, capacity = BOOKED[good.category]
    terms = BookingTerms(kind=kind, cancel_hours=24, late_refund_bp=0, grace_days=2, on_expiry=OnExpiry.REFUND)
    await trade.calendars.set_rule(merchant, sku, terms, BY)
    first = china_day(utc_now())
    price_fen = good.skus[0][1]
    for weekdays, fen in (((1, 2, 3, 4, 7), price_fen), ((5, 6), price_fen * 5 // 4)):
        await trade.calendars.open_days(merchant, sku, first, first + timedelta(days=89), weekdays, capacity, fen)
