"""What merchants have in this room."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A code on a label of the merchant's product."""
    body = {"product": owner.house.product, "place": "label", "note": "示例标签"}
    code = (await owner.ask("merchant_clerk", "POST", "/v1/console/scan-codes", body))["code"]
    owner.found.by_pattern["/v1/console/scan-codes/"] = {"code": code}
    owner.found.by_pattern["/v1/miniapp/scans/"] = {"scene": code}
    owner.found.private["merchant_clerk"] |= {code}
