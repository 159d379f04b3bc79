"""A consumer's coupons, told and made void."""

from kit.belongings import Part, Person, Told, told
from kit.clock import utc_now
from kit.database import execute


async def personal_data(person: Person) -> Told:
    """Coupons with their campaigns."""
    return {
        "coupons": await told(
            "SELECT c.number, g.title, c.state, c.reference AS trade, c.use_until, c.claimed_at, c.spent_at"
            " FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id WHERE c.owner = $1 ORDER BY c.id",
            person.number,
        )
    }


async def erase(person: Person) -> None:
    """What was not spent is void, for no reason that staff has written. What was spent says who bears the discount."""
    await execute(
        "UPDATE coupon SET state = 'void', ended_at = $2, void_reason = 'account_closed'"
        " WHERE owner = $1 AND state = 'claimed'",
        person.number,
        utc_now(),
    )
    await execute(
        "UPDATE coupon SET void_reason = 'account_closed' WHERE owner = $1 AND state = 'void'"
        " AND void_reason <> 'account_closed'",
        person.number,
    )


PART = Part("promotions", erase, personal_data)
