"""Codes on certificates of months and on receipts of deliveries: what the records say, without anybody's name."""

from sanic.response import HTTPResponse, html

from ledger.periods import certificate_by_digest
from public_pages import door
from public_pages.markup import HEADERS
from public_pages.papers.views import certificate_view, receipt_view
from traceability.receipts import IntakeReceipts

_HEADERS = {**HEADERS, "cache-control": "no-store"}


@door.get("/c/<digest:str>", public=True)
async def check_certificate(digest: str) -> HTTPResponse:
    """核对关账证明：账期、状态、末笔哈希与签字时间；须持有证明上的二维码，不显示金额与姓名。"""
    return html(certificate_view(*await certificate_by_digest(digest)), headers=_HEADERS)


@door.get("/r/<number:str>/<token:str>", public=True)
async def check_receipt(number: str, token: str, receipts: IntakeReceipts) -> HTTPResponse:
    """核对收购单：系统记录的重量、等级、单价与金额；须持有收购单上的二维码，不显示姓名。"""
    return html(receipt_view(await receipts.behind(number, token)), headers=_HEADERS)
