"""Before the session: a product on sale, and two lots of what farmers have brought."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scripts.purchase_story.cast import Cast, Client
from scripts.purchase_story.expectations import Lot, Part
from scripts.purchase_story.report import Report

PRICE_FEN = 3990
JAR_GRAM = 500
SAMPLE_PRICE_FEN = 1280
SAMPLE_GRAM = 250
SCALE_PRICE_FEN = 800
"""Paid per kilogram at the scale."""


@dataclass(frozen=True)
class Crew:
    """The members of staff of the story."""

    clerk: Client
    county: Client
    poverty: Client
    auditor: Client
    keeper: Client
    host: Client


@dataclass(frozen=True)
class Market:
    """What can be bought, and what it is made of. ``account`` is where WeChat puts the money."""

    merchant: str
    account: str
    product: str
    jar: str
    sample: str
    consigned: Lot
    bought: Lot
    paid_at_scale_fen: dict[str, int]


async def gather_crew(cast: Cast) -> Crew:
    """Log everybody in."""
    story = cast.stage.demo["story"]
    return Crew(
        clerk=await cast.staff("merchant_clerk", merchant=story["merchant"]),
        county=await cast.staff("county_officer"),
        poverty=await cast.staff("poverty_officer"),
        auditor=await cast.staff("auditor"),
        keeper=await cast.staff("station_keeper", township=story["township"]),
        host=await cast.staff("host"),
    )


async def open_market(cast: Cast, crew: Crew, report: Report, stock: int) -> Market:
    """List a new product with so many jars, and take in two lots that are enough for them."""
    story = cast.stage.demo["story"]
    merchant = await crew.clerk.get(f"/merchants/{story['merchant']}")
    known = {"sub_mchid": merchant["sub_mchid"], "name": merchant["name"]}
    await cast.wechat.post("/sub-merchants", known)
    draft = {
        "title": f"古法红糖 示例{secrets.token_hex(2).upper()}",
        "township": story["township"],
        "category": "sugar",
        "return_policy": "seven_days",
        "sale_policy": "story",
        "host_commission_bp": 800,
        "skus": [
            {"spec": "500 g/罐", "price_fen": PRICE_FEN, "mass_gram": JAR_GRAM},
            {"spec": "250 g 试吃装", "price_fen": SAMPLE_PRICE_FEN, "mass_gram": SAMPLE_GRAM},
        ],
    }
    product = await crew.clerk.post("/products", draft)
    jar, sample = (sku["code"] for sku in product["skus"])
    await crew.clerk.post(f"/skus/{jar}/stock", {"quantity": stock, "note": "新批次入库"})
    await crew.clerk.post(f"/skus/{sample}/stock", {"quantity": 100, "note": "新批次入库"})
    await crew.clerk.put(f"/products/{product['code']}/submission")
    await crew.county.put(f"/products/{product['code']}/listing")
    farmers = story["suppliers"]
    registered = [f for f in farmers if f["registered"]]
    stranger = next(f for f in farmers if not f["household"])
    report.say(
        f"商品 {product['code']} 上架，库存 {stock} 罐；供货人 {len(farmers)} 名，其中登记农户 {len(registered)} 户"
    )
    jars_consigned = stock * 3 // 5
    # 25 : 20 : 15, the masses of the worked example; enough for the jars and for three samples.
    unit = (jars_consigned * JAR_GRAM + 3 * SAMPLE_GRAM + 11) // 12 + 50
    consigned = [(registered[0], 5 * unit), (registered[1], 4 * unit), (stranger, 3 * unit)]
    bought_gram = (stock - jars_consigned) * JAR_GRAM
    bought = [(registered[2], bought_gram * 5 // 8), (registered[3], bought_gram - bought_gram * 5 // 8)]
    lot_a = await _take_in(crew, merchant["number"], product["code"], consigned, "consignment")
    lot_b = await _take_in(crew, merchant["number"], product["code"], bought, "paid_at_scale")
    paid = {part.household: part.mass_gram * SCALE_PRICE_FEN // 1000 for part in lot_b.parts if part.household}
    account = cast.stage.seller_mchid or merchant["sub_mchid"]
    return Market(merchant["number"], account, product["code"], jar, sample, lot_a, lot_b, paid)


async def _take_in(
    crew: Crew, merchant: str, product: str, deliveries: list[tuple[dict[str, Any], int]], mode: str
) -> Lot:
    """Weigh the deliveries at the station, make one lot of them and seal it."""
    intakes = []
    for farmer, mass_gram in deliveries:
        slip = {
            "client_id": secrets.token_hex(8),
            "supplier": farmer["supplier"],
            "merchant": merchant,
            "product": product,
            "mass_gram": mass_gram,
            "grade": "一级",
            "unit_price_fen": SCALE_PRICE_FEN,
            "mode": mode,
            "weighed_at": datetime.now(UTC).isoformat(),
            "evidence": f"示例收购单-{secrets.token_hex(4)}" if mode == "paid_at_scale" else "",
        }
        intakes.append((await crew.keeper.post("/intakes", slip))["number"])
    whole = sum(mass for _, mass in deliveries)
    lot = await crew.clerk.post("/lots", {"product": product, "input_gram": whole, "intakes": intakes})
    await crew.clerk.put(f"/lots/{lot['lot']['number']}/seal")
    parts = tuple(
        Part(f["supplier"], f["household"], bool(f["registered"]), mass, mode == "consignment")
        for f, mass in deliveries
    )
    return Lot(lot["lot"]["number"], parts)
