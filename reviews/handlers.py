"""Reactions to verdicts on content."""

from content.events import PictureJudged, TextJudged
from reviews.service import Reviews


async def on_text_judged(judged: TextJudged, reviews: Reviews) -> None:
    """A review's text, a follow-up or an answer may be shown, or not."""
    await reviews.settle(judged.subject)


async def on_picture_judged(judged: PictureJudged, reviews: Reviews) -> None:
    """A review's picture may be shown, or not."""
    await reviews.settle(judged.owner)
