"""What buyers and merchants have in this room."""

import io

from PIL import Image

from kit.database import execute
from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A buyer's complaint about a merchant, which both may read."""
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    picture = await _evidence(owner, number)
    for door in ("miniapp", "console"):
        owner.found.by_pattern[f"/v1/{door}/complaints/"] = {"number": number, "picture": picture}
    owner.found.private["consumer"] |= {number}
    owner.found.private["merchant_clerk"] |= {number}


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
