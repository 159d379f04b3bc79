"""Papers for tests, handed in and accepted through the service."""

from datetime import date

from kit.clock import Clock, utc_now
from merchants.papers import Paper, PaperKind, Papers

BY = "staff:officer"


def paper_of(kind: PaperKind = PaperKind.FOOD_BUSINESS, serial: int = 1, until: date | None = None) -> Paper:
    """A paper valid since 2020."""
    return Paper(
        kind=kind, document_number=f"DEMO-{kind.value.upper()[:6]}-{serial}", valid_from=date(2020, 1, 1),
        valid_until=until, issuer="示例发证机关",
    )  # fmt: skip


async def accepted_paper(
    merchant: str, kind: PaperKind = PaperKind.FOOD_BUSINESS, paper: Paper | None = None, clock: Clock = utc_now
) -> str:
    """A paper that the county has accepted; answers its number."""
    papers = Papers(clock)
    number = await papers.submit(merchant, paper or paper_of(kind), "staff:clerk")
    await papers.accept(number, BY)
    return number
