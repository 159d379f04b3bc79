"""Requests about the own data that succeed."""

from datetime import timedelta

from accounts.consents import LegalDocuments
from accounts.own_data_models import DocumentKind
from kit.clock import utc_now
from kit.database import scalar
from tests.accounts.good_requests import newcomer
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good

KIND = DocumentKind.REFERRAL_TERMS
"""A document that nobody has to agree to before buying."""


async def document() -> int:
    """A version in force; answers which."""
    found = await scalar("SELECT max(version) FROM legal_document WHERE kind = $1", KIND.value)
    if found is None:
        before = utc_now() - timedelta(minutes=1)
        await LegalDocuments(lambda: before).announce(KIND, "推荐活动协议", "示例全文", before, "staff:county")
    return int(found or 1)


@good("miniapp.show_legal_document")
async def show(owner: Owner) -> GoodRequest:
    await document()
    return GoodRequest(names={"kind": KIND.value})


@good("miniapp.agree")
async def agree(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"kind": KIND.value}, body={"version": await document()})


@good("miniapp.ask_for_export")
async def export(owner: Owner) -> GoodRequest:
    return GoodRequest(token=await newcomer(owner), body={"format": "json"})


@good("miniapp.close_account")
async def close(owner: Owner) -> GoodRequest:
    return GoodRequest(token=await newcomer(owner), body={"understood": True})


@good("miniapp.keep_account")
async def keep(owner: Owner) -> GoodRequest:
    token = await newcomer(owner)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": token[:32]}
    reply = await owner.http.post("/v1/miniapp/me/closure", headers=headers, json={"understood": True})
    assert reply.status_code == 201, reply.text
    return GoodRequest(token=token)
