"""What time does to pictures and texts."""

from content.checking import Checks
from content.pictures import Pictures


async def collect_pictures(pictures: Pictures) -> int:
    """Delete the files of pictures that nobody attached, or that were refused long ago."""
    return await pictures.collect()


async def check_texts(checks: Checks) -> int:
    """Have texts that are due judged."""
    return await checks.check_texts()


async def check_pictures(checks: Checks) -> int:
    """Have pictures that are due judged."""
    return await checks.check_pictures()
