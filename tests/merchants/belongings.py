"""What merchants have in this room."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """The merchant itself."""
    owner.found.by_pattern["/v1/console/merchants/"] = {"number": owner.house.merchant}
    owner.found.private["merchant_clerk"] |= {owner.house.merchant}
