"""Requests about exports and templates that succeed."""

import secrets

from poverty_alleviation.exports.models import ExportState
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.exports_desk import FIGURES as WANTED
from tests.poverty_alleviation.exports_of_house import AT, CELLS, FIGURES, asked, taken_template
from tests.poverty_alleviation.good_requests_payout_runs import PRINTER
from tests.poverty_alleviation.templates import template


@good("console.ask_for_export")
async def ask(owner: Owner) -> GoodRequest:
    return GoodRequest(body=FIGURES)


@good("console.decide_export")
async def decide(owner: Owner) -> GoodRequest:
    """Asked for by another officer."""
    number = await mall_of(owner.house).built.ledger.export_making.exports.ask(PRINTER, WANTED)
    return GoodRequest(names={"number": number}, body={"state": "approved"})


@good("console.download_export")
async def download(owner: Owner) -> GoodRequest:
    number, making = await asked(owner), mall_of(owner.house).built.ledger.export_making
    await making.exports.decide(number, ExportState.APPROVED, "", "staff:other")
    await making.make_due()
    return GoodRequest(names={"number": number})


@good("console.find_leak")
async def leak(owner: Owner) -> GoodRequest:
    return GoodRequest(body="示例文字".encode(), headers={"content-type": "text/plain"})


@good("console.take_export_template")
async def take_template(owner: Owner) -> GoodRequest:
    return GoodRequest(
        query={"name": f"示例模板{secrets.token_hex(3)}"},
        body=template(secrets.token_hex(4)),
        headers={"content-type": "application/octet-stream"},
    )


@good("console.map_export_template")
async def map_template(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await taken_template(owner)}, body=CELLS)


@good("console.preview_export_template")
async def preview(owner: Owner) -> GoodRequest:
    number = await taken_template(owner)
    await owner.ask("poverty_officer", "POST", f"{AT}/export-templates/{number}/mappings", CELLS)
    return GoodRequest(names={"number": number}, body={"quarter": "2021-Q2"})
