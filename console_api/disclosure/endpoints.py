"""What is published of the project, and complaints about it: entered and answered by the county, read by auditors."""

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.disclosure.schemas import (
    DisclosureComplaintInput,
    DisclosureComplaintsQuery,
    DisclosureComplaintsView,
    DisclosureEndInput,
    DisclosureMade,
    ItemInput,
    ItemsQuery,
    ItemsView,
    WithdrawalInput,
)
from county.disclosure.models import DisclosureComplaintState
from county.disclosure.queries import (
    DisclosureComplaintCard,
    complaint_card,
    complaint_cards,
    item_cards,
    unpublished_kinds,
)
from county.disclosure.service import ComplaintDraft, Disclosure, ItemDraft
from kit.clock import china_day, utc_now


@door.get("/disclosures")
async def list_disclosures(actor: CountyOfficer | Auditor, query: ItemsQuery) -> ItemsView:
    """已公开的事项，以及尚无公开内容的类别。"""
    return ItemsView(*await item_cards(query.kind, query.cursor, query.limit), await unpublished_kinds())


@door.post("/disclosures")
async def enter_disclosure(
    actor: CountyOfficer, body: ItemInput, key: IdempotencyKey, disclosure: Disclosure
) -> DisclosureMade:
    """登记已公开的事项：类别、媒体、日期、佐证与公示期。"""
    draft = ItemDraft(
        kind=body.kind,
        medium=body.medium,
        title=body.title,
        proof=body.proof,
        published_on=body.published_on,
        objections_until=body.objections_until,
    )
    return DisclosureMade(await disclosure.publish(draft, actor.caller))


@door.put("/disclosures/<number:str>/withdrawal", status=204)
async def withdraw_disclosure(actor: CountyOfficer, number: str, body: WithdrawalInput, disclosure: Disclosure) -> None:
    """撤回已公开的事项并说明理由；记录保留。"""
    await disclosure.withdraw(number, body.reason, actor.caller)


@door.get("/disclosure-complaints")
async def list_disclosure_complaints(
    actor: CountyOfficer | Auditor, query: DisclosureComplaintsQuery
) -> DisclosureComplaintsView:
    """信息公开投诉、举报与公示异议，及其答复期限。"""
    return DisclosureComplaintsView(
        *await complaint_cards(query.state, china_day(utc_now()), query.cursor, query.limit)
    )


@door.post("/disclosure-complaints")
async def receive_disclosure_complaint(
    actor: CountyOfficer, body: DisclosureComplaintInput, key: IdempotencyKey, disclosure: Disclosure
) -> DisclosureMade:
    """登记信息公开的投诉、举报或公示异议：只记内容与来件编号，不记姓名。"""
    draft = ComplaintDraft(
        kind=body.kind, about=body.about, document=body.document, received_on=body.received_on, item=body.item
    )
    return DisclosureMade(await disclosure.receive(draft, actor.caller))


@door.put("/disclosure-complaints/<number:str>/end")
async def end_disclosure_complaint(
    actor: CountyOfficer, number: str, body: DisclosureEndInput, disclosure: Disclosure
) -> DisclosureComplaintCard:
    """答复投诉，或记明撤诉缘由。"""
    await disclosure.end(number, DisclosureComplaintState(body.state), body.answer, actor.caller)
    return await complaint_card(number, china_day(utc_now()))
