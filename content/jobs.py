"""What time does to pictures and texts."""

from datetime import datetime

from content.checking import Checks
from content.collecting import StillNeeded, collect
from content.own_records import forget_old_texts
from content.pictures import Pictures


async def collect_pictures(pictures: Pictures, still_needed: StillNeeded) -> int:
    """Delete the files of pictures that nothing shows: never attached, refused, taken off."""
    return await collect(pictures, still_needed)


async def forget_texts(judged_before: datetime, with_their_owner: tuple[str, ...]) -> int:
    """Forget texts that were judged before a day, but for kinds that are forgotten with what they belong to."""
    return await forget_old_texts(judged_before, with_their_owner)


async def check_texts(checks: Checks) -> int:
    """Have texts that are due judged."""
    return await checks.check_texts()


async def check_pictures(checks: Checks) -> int:
    """Have pictures that are due judged."""
    return await checks.check_pictures()
