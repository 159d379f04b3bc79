"""What buyers and merchants have in this room."""

import io
from datetime import date

from PIL import Image

from county.disclosure.models import DisclosureComplaintKind, DisclosureKind, Medium
from county.disclosure.service import ComplaintDraft, Disclosure, ItemDraft
from county.funds.service import Funds, LineDraft, PaymentDraft
from kit.database import execute
from tests.doors.belongings import Owner

OTHER = "staff:other"
OBJECTION = ComplaintDraft(
    kind=DisclosureComplaintKind.REPORT, about="示例内容", document="示例来件", received_on=date(2020, 7, 2)
)
FUND_PAYMENT = PaymentDraft(
    payee="示例单位", amount_fen=1, purpose="示例进度款", clause="示例办法第五条", evidence="示例验收单"
)


async def give(owner: Owner) -> None:
    """A buyer's complaint about a merchant, which both may read."""
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    picture = await _evidence(owner, number)
    for door in ("miniapp", "console"):
        owner.found.by_pattern[f"/v1/{door}/complaints/"] = {"number": number, "picture": picture}
    owner.found.private["consumer"] |= {number}
    owner.found.private["merchant_clerk"] |= {number}
    await _fund(owner)
    await _disclosure(owner)


async def _disclosure(owner: Owner) -> None:
    """Something published, and a complaint that waits."""
    item = await an_item()
    complaint = await Disclosure().receive(OBJECTION, OTHER)
    owner.found.by_pattern |= {
        "/v1/console/disclosures/": {"number": item},
        "/v1/console/disclosure-complaints/": {"number": complaint},
    }


async def an_item() -> str:
    """Something published."""
    draft = ItemDraft(
        kind=DisclosureKind.FUNDS,
        medium=Medium.PORTAL,
        title="示例公开",
        proof="示例佐证",
        published_on=date(2020, 7, 1),
    )
    return await Disclosure().publish(draft, OTHER)


async def _fund(owner: Owner) -> None:
    """A fund with one line, whose first budget is approved, and a payment that waits for another officer."""
    funds = Funds()
    fund = await funds.enter(f"示例资金{owner.turn}", 100_000, "示例下达文件", OTHER)
    said = LineDraft(name="示例科目", scope="示例", standard="示例", procedure="示例")
    line = await funds.add_line(fund, said, OTHER)
    change = await funds.propose_change(fund, {line: 90_000}, "示例安排表", OTHER)
    await funds.decide_change(change, "staff:third", "", is_approved=True)
    payment = await funds.propose_payment(line, FUND_PAYMENT, OTHER)
    numbers = {"funds": fund, "fund-changes": change, "fund-lines": line, "fund-payments": payment}
    owner.found.by_pattern |= {f"/v1/console/{kind}/": {"number": number} for kind, number in numbers.items()}


async def _evidence(owner: Owner, complaint: str) -> str:
    """A picture of the complaint, as if it had come with it from WeChat Pay."""
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "brown").save(content, "PNG")
    reply = await owner.http.post(
        "/v1/console/pictures",
        headers=owner.house.headers("merchant_clerk"),
        data={"purpose": "evidence"},
        files={"file": ("a.png", content.getvalue(), "image/png")},
    )
    assert reply.status_code == 201, reply.text
    number = str(reply.json()["number"])
    await execute(
        "INSERT INTO complaint_picture (complaint_id, url, state, picture, attempts, noted_at, next_attempt_at)"
        " SELECT id, 'https://example.invalid/1', 'kept', $2, 1, now(), now() FROM complaint WHERE number = $1",
        complaint,
        number,
    )
    return number
