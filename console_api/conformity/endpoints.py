"""What a merchant promises of its lots."""

import asyncio

from sanic.response import HTTPResponse

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed
from console_api import door
from console_api.conformity.schemas import (
    ConformityInput,
    ConformityIssuedView,
    ConformityQuery,
    ConformityView,
    ConformityWithdrawalInput,
)
from traceability.conformity.paper import certificate_paper
from traceability.conformity.queries import conformity_certificate, conformity_certificates
from traceability.conformity.service import Conformity


@door.post("/lots/<number:str>/conformity-certificate")
async def issue_conformity(
    actor: MerchantClerk, number: str, body: ConformityInput, key: IdempotencyKey, conformity: Conformity
) -> ConformityIssuedView:
    """为已封存的批次开具承诺达标合格证：品名、重量、生产者与产地取自记录。"""
    issued = await conformity.issue(actor.merchant, number, body.basis, body.contact, actor.caller)
    return ConformityIssuedView(issued)


@door.get("/conformity-certificates")
async def list_conformity(actor: MerchantClerk | CountyOfficer | Auditor, query: ConformityQuery) -> ConformityView:
    """承诺达标合格证开具记录，最新在前，已作废的在内。"""
    return ConformityView(*await conformity_certificates(own_merchant(actor), query.lot, query.cursor, query.limit))


@door.get("/conformity-certificates/<number:str>/file")
async def print_conformity(actor: MerchantClerk | CountyOfficer, number: str) -> HTTPResponse:
    """打印合格证（A4 PDF，一式两联），按开具当日施行的样式。"""
    shown = await conformity_certificate(own_merchant(actor), number)
    return printed(await asyncio.to_thread(certificate_paper, shown), "conformity-certificate.pdf")


@door.put("/conformity-certificates/<number:str>/withdrawal", status=204)
async def withdraw_conformity(
    actor: MerchantClerk, number: str, body: ConformityWithdrawalInput, conformity: Conformity
) -> None:
    """作废合格证并注明原因；记录保留。"""
    await conformity.withdraw(actor.merchant, number, body.because, actor.caller)
