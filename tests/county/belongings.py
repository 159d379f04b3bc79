"""What buyers and merchants have in this room."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A buyer's complaint about a merchant, which both may read."""
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    for door in ("miniapp", "console"):
        owner.found.by_pattern[f"/v1/{door}/complaints/"] = {"number": number}
    owner.found.private["consumer"] |= {number}
    owner.found.private["merchant_clerk"] |= {number}
