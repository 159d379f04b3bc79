"""The public brand under a quota and for one SKU, and the dossier of a recognised product."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from content.errors import PictureNotUsable
from kit.clock import utc_now
from kit.database import execute, scalar, transaction
from products.catalogue_models import RecognitionStep
from products.drafts import SkuDraft
from products.errors import MarkUnknown, SkuUnknown
from products.listing import Wanted, product_cards
from products.mark_queries import authorisations, recognitions
from products.marks import DossierPaper, Marks, Span
from products.queries import product_page, sku_offers
from products.stock import Stock
from tests.content.paint import a_picture
from tests.products.shelf import approved_merchant, draft_of, listed_product

BY = "staff:officer"
SPAN = Span(valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31))


async def sell(reference: str, sku: str, pieces: int) -> None:
    async with transaction():
        await Stock().reserve({reference: {sku: pieces}}, utc_now())
        await Stock().sell(reference)


async def marked(product: str, sku: str, now: datetime | None = None) -> bool:
    """What list, filter, page and offer say, which must be the same."""
    page = await product_page(product, now)
    shown = "public_brand" in page.marks
    assert ("public_brand" in (await sku_offers([sku], now))[sku].marks) is shown
    cards, _ = await product_cards(wanted=Wanted(mark="public_brand"), now=now)
    assert (product in [card.code for card in cards]) is shown
    return shown


async def test_a_quota_that_is_used_up_takes_the_mark_away_until_the_next_year(database: str) -> None:
    """Fails when the quota's condition is taken out of queries._BRAND_HOLDS: tried."""
    merchant = await approved_merchant()
    code, (sku,) = await listed_product(merchant, stock=20)
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    number = await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, quota_pieces=5)
    await sell("R1", sku, 4)
    assert await marks.count_quotas() == 1
    assert await marks.count_quotas() == 0
    assert await marked(code, sku)
    assert await authorisations(None, True, None, 20) == ([], None)
    await sell("R2", sku, 2)
    await marks.count_quotas()
    assert not await marked(code, sku)
    (overrun,), _ = await authorisations(merchant, True, None, 20)
    assert (overrun.number, overrun.used_pieces, overrun.quota_pieces, overrun.sku) == (number, 6, 5, None)
    async with transaction():
        await Stock().put_back("R2", sku, 2)
    await marks.count_quotas()
    assert await marked(code, sku)
    await sell("R3", sku, 9)
    await marks.count_quotas()
    next_year = datetime(utc_now().year + 1, 1, 2, tzinfo=UTC)
    assert not await marked(code, sku)
    assert await marked(code, sku, next_year)
    await Marks(lambda: next_year).count_quotas()
    assert await marked(code, sku, next_year)
    await marks.revoke_authorisation(number, "质量不合格", BY)
    assert not await marked(code, sku, next_year)
    with pytest.raises(Exception, match="brand_authorisation_quota"):
        await execute("UPDATE brand_authorisation SET quota_pieces = 0")


async def test_an_authorisation_of_one_sku_marks_that_sku_alone_at_the_sale(database: str) -> None:
    merchant = await approved_merchant()
    skus = [SkuDraft(spec=str(n), price_fen=100, mass_gram=1) for n in range(2)]
    code, (first, second) = await listed_product(merchant, draft_of(skus=skus))
    marks = Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    with pytest.raises(SkuUnknown):
        await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, sku="KNONE")
    await marks.authorise("longchuan", code, "DEMO-B-1", SPAN, BY, sku=first, quota_pieces=3)
    offers = await sku_offers([first, second])
    assert (offers[first].marks, offers[second].marks) == (("public_brand",), ())
    await sell("R1", second, 5)
    await marks.count_quotas()
    assert (await authorisations(None, False, None, 20))[0][0].used_pieces == 0


async def test_a_recognition_has_a_dossier_to_which_papers_are_only_added(database: str) -> None:
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    marks = Marks()
    number = await marks.recognise(code, "DEMO-R-1", "示例单位", "示例批次", SPAN, BY)
    for step in RecognitionStep:
        paper = DossierPaper(step=step, title="示例材料", document=f"DEMO-{step}", dated=date(2026, 1, 1))
        await marks.add_paper(number, paper, BY)
        with pytest.raises(MarkUnknown):
            await marks.add_paper("RNONE", paper, BY)
    (found,), cursor = await recognitions(merchant, None, 20)
    assert (found.number, [p.step for p in found.papers], cursor) == (number, [s.value for s in RecognitionStep], None)
    assert await recognitions("MNOBODY", None, 20) == ([], None)
    own, foreign = await a_picture(BY, "licence"), await a_picture("staff:stranger", "licence")
    with pytest.raises(PictureNotUsable):
        await marks.add_paper(number, msgspec.structs.replace(paper, picture=foreign), BY)
    await marks.add_paper(number, msgspec.structs.replace(paper, picture=own), BY)
    assert await scalar("SELECT owner LIKE 'recognition_paper:%' FROM picture WHERE number = $1", own)
    assert await scalar("SELECT count(*) FROM recognition_paper") == len(RecognitionStep) + 1
    with pytest.raises(Exception, match="append-only"):
        await execute("DELETE FROM recognition_paper")
