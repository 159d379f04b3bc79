"""Requests about plots, crops and norms that succeed."""

import secrets
from datetime import timedelta

from kit.clock import china_day, utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.products.shelf import TOWNSHIP, VILLAGE

CROP = {"code": "lemon", "name": "柠檬"}


async def land(owner: Owner) -> dict[str, object]:
    """A plot of a new supplier of the merchant's."""
    await owner.ask("county_officer", "PUT", "/v1/console/crops", CROP)
    farmer = {"name": "示例供货人丙", "kind": "farmer", "township": TOWNSHIP}
    supplier = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", farmer))["supplier"]
    return {
        "supplier": supplier, "village": VILLAGE, "crop": "lemon", "area_mu_milli": 1_500, "valid_from": "2026-01-01",
    }  # fmt: skip


@good("console.name_crop")
async def name(_: Owner) -> GoodRequest:
    return GoodRequest(body=CROP)


@good("console.set_yield_norm")
async def set_norm(owner: Owner) -> GoodRequest:
    await owner.ask("county_officer", "PUT", "/v1/console/crops", CROP)
    day = china_day(utc_now()) - timedelta(days=secrets.randbelow(9_000))
    body = {"crop": "lemon", "max_gram_per_mu": 2_000_000, "source_document": "示例标准1号"}
    return GoodRequest(body=body | {"effective_from": day.isoformat()})


@good("console.enter_plot")
async def enter(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await land(owner))


@good("console.end_plot")
async def end(owner: Owner) -> GoodRequest:
    plot = (await owner.ask("merchant_clerk", "POST", "/v1/console/plots", await land(owner)))["plot"]
    return GoodRequest(names={"number": plot}, body={"valid_until": "2026-12-31"})


@good("console.list_yields_above_norm")
async def above(_: Owner) -> GoodRequest:
    return GoodRequest(query={"year": "2026"})
