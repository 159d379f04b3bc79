"""What merchants have in this room."""

import io

from PIL import Image

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A picture of a licence, which is never public."""
    raw = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(raw, "PNG")
    reply = await owner.http.post(
        "/v1/console/pictures",
        headers=owner.house.headers("merchant_clerk"),
        data={"purpose": "licence"},
        files={"file": ("a.png", raw.getvalue(), "image/png")},
    )
    assert reply.status_code == 201, reply.text
    owner.found.by_pattern["/v1/console/pictures/"] = {"number": reply.json()["number"]}
