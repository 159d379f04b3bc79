"""What there is in the referral programme: everybody's terms, and what is one's own has no name in its path."""

from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A merchant's product may take part; referrers are the county's to pay."""
    owner.found.shared["console.pay_referrer"] = "the county pays whoever is due"
    owner.found.by_pattern["/v1/console/referrers/"] = {"code": "A" * 16}
