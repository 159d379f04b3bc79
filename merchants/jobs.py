"""What time does to merchants."""

from merchants.papers import Papers


async def expire_papers(papers: Papers) -> int:
    """Mark the papers whose last day has passed; answers how many."""
    return await papers.expire()
