"""What consumers have of their own data."""

import io

from PIL import Image

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """An export that may be fetched."""
    export = await owner.ask("consumer", "POST", "/v1/miniapp/me/exports", {"format": "json"})
    owner.found.by_pattern["/v1/miniapp/me/exports/"] = {"number": export["number"]}
    owner.found.by_pattern["/v1/miniapp/me/pictures/"] = {"number": await _picture(owner)}
    owner.found.by_pattern["/v1/miniapp/me/consents/"] = {"kind": "marketing"}
    own = "a consent is the caller's own; the name in its path is a kind of document, the same for everybody"
    for endpoint in ("agree", "withdraw_consent"):
        owner.found.shared[f"miniapp.{endpoint}"] = own


async def _picture(owner: Owner) -> str:
    """A picture that waits to be judged, so only its uploader may have it."""
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "green").save(content, "PNG")
    reply = await owner.http.post(
        "/v1/miniapp/pictures",
        headers=owner.house.headers("consumer"),
        data={"purpose": "review"},
        files={"file": ("a.png", content.getvalue(), "image/png")},
    )
    assert reply.status_code == 201, reply.text
    return str(reply.json()["number"])
