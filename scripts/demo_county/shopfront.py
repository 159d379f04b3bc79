"""What makes the demo's mall look like one: pictures, freight, a coupon of the county's and a flash offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from content.pictures import Pictures
from kit.clock import utc_now
from logistics.freight import FreightRule
from logistics.templates import FreightDraft, FreightTemplates
from products.dossiers import product_dossier
from products.drafts import PictureDraft, PictureKind
from products.offers import Offers, OfferTerms
from products.service import PICTURES
from promotions.campaigns import CampaignDraft, Campaigns
from promotions.models import CampaignState
from scripts.demo_county.goods import BY, GOODS, STORY
from scripts.demo_county.paintings import paint

FREIGHT = FreightDraft(
    name="生鲜按重量计费",
    unit="weight",
    rules=(
        FreightRule(first=3000, first_fen=600, further=1000, further_fen=100, regions=("53",), days_from=1, days_to=3),
        FreightRule(
            first=3000, first_fen=1200, further=1000, further_fen=300, free_from_fen=19_900, days_from=2, days_to=6
        ),
    ),
    not_served=("54", "65", "71", "81", "82"),
)
FLASH = "澳洲坚果 500 g"


@dataclass(frozen=True)
class Shopfront:
    """The services that dress the mall."""

    pictures: Pictures
    templates: FreightTemplates
    campaigns: Campaigns
    offers: Offers

    async def take_pictures(self) -> list[PictureDraft]:
        """A picture for each of ``(*GOODS, STORY)``; not to be called in a transaction, for files are stored."""
        taken = []
        for serial, good in enumerate((*GOODS, STORY), 1):
            picture = await self.pictures.take(paint(good.category, serial), BY, PICTURES)
            taken.append(PictureDraft(picture.number, PictureKind.COVER))
        return taken

    async def promote(self, codes: Mapping[str, str]) -> None:
        """A coupon that everybody may claim, and a flash offer of a month; ``codes`` are products by title."""
        now = utc_now()
        month = now + timedelta(days=30)
        coupon = CampaignDraft(
            title="示例县域消费券 满 100 减 10", threshold_fen=10_000, off_fen=1_000, off_bp=0, cap_fen=0,
            products=None, quantity=500, per_person=1, claim_from=now, claim_until=month, use_from=now,
            use_until=month, merchant_bears_bp=0, budget_fen=500_000, source_document="DEMO-消费券-1",
        )  # fmt: skip
        await self.campaigns.move(None, await self.campaigns.draft(None, coupon, BY), CampaignState.RUNNING, BY)
        flash = OfferTerms(price_fen=3900, pieces=60, limit_per_buyer=2, starts_at=now, ends_at=month)
        await self.offers.open((await product_dossier(codes[FLASH])).skus[0].code, flash, BY)
