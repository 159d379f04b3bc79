"""What merchants have in this room."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """The product that the house has put on sale."""
    owner.found.by_pattern["/v1/(miniapp|console)/products/"] = {"code": owner.house.product}
    owner.found.by_pattern["/v1/console/skus/"] = {"code": owner.house.sku}
    owner.found.private["merchant_clerk"] |= {owner.house.product}
