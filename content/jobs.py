"""What time does to pictures."""

from content.pictures import Pictures


async def collect_pictures(pictures: Pictures) -> int:
    """Delete the files of pictures that nobody attached, or that were refused long ago."""
    return await pictures.collect()
