"""What consumers have of their own data."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """An export that may be fetched."""
    export = await owner.ask("consumer", "POST", "/v1/miniapp/me/exports", {"format": "json"})
    owner.found.by_pattern["/v1/miniapp/me/exports/"] = {"number": export["number"]}
    owner.found.by_pattern["/v1/miniapp/me/consents/"] = {"kind": "marketing"}
    own = "a consent is the caller's own; the name in its path is a kind of document, the same for everybody"
    for endpoint in ("agree", "withdraw_consent"):
        owner.found.shared[f"miniapp.{endpoint}"] = own
