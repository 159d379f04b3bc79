"""What a consumer has chosen."""

from kit.clock import utc_now
from kit.database import execute, scalar


async def personalised(consumer_id: int) -> bool:
    """Whether recommendations may follow the consumer's purchases (domain reference 5, PIPL: it can be turned off)."""
    return bool(await scalar("SELECT personalisation_off_at IS NULL FROM consumer_account WHERE id = $1", consumer_id))


async def set_personalised(consumer_id: int, enabled: bool) -> None:
    """Turn that on or off, from the next request on."""
    await execute(
        "UPDATE consumer_account SET personalisation_off_at = CASE WHEN $2 THEN NULL"
        " ELSE COALESCE(personalisation_off_at, $3) END WHERE id = $1",
        consumer_id,
        enabled,
        utc_now(),
    )
