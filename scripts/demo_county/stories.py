"""Two stories of the demo county, of a member of a household and of a farmer, each agreed to on a painted paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from PIL import Image, ImageDraw

from content.evidence.errors import EvidenceTaken
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, link_evidence
from content.stories.models import StoryChannel
from content.stories.service import story_owner
from content.texts import Texts
from kit.clock import china_day, utc_now
from kit.database import scalar
from poverty_alleviation.proofs import Proved
from poverty_alleviation.stories.models import Naming
from poverty_alleviation.stories.service import ConsentDraft, Stories
from poverty_alleviation.vault import household_rights
from scripts.demo_county.households import BY, SECOND, Farmer

KEEPER = "demo-county-keeper"
SUGAR = "示例故事：天没亮，锅灶已经热了。榨汁、熬煮、打砂、成块，一锅红糖要守六个小时。年轻人从城里回来，学会了看火候。"
LEMON = "示例故事：坡地上的柠檬一年开三次花。采下的果子当天分级，坏的自己留着做蜜饯，好的装箱发走。"
CHANNELS = [StoryChannel.PRODUCT_PAGE, StoryChannel.SCAN_PAGE]


@dataclass(frozen=True)
class DemoStories:
    """The services through which stories are told."""

    stories: Stories
    texts: Texts
    evidence: EvidenceFiles

    async def take_papers(self) -> list[str]:
        """The photographs of both papers; not to be called in a transaction, for files are stored."""
        return [await self._paper(serial) for serial in (1, 2)]

    async def _paper(self, serial: int) -> str:
        sheet, raw = Image.new("RGB", (420, 594), "white"), BytesIO()
        ImageDraw.Draw(sheet).text((40, 40), f"DEMO CONSENT {serial}", fill="black")
        sheet.save(raw, "JPEG")
        encoded = await self.evidence.encode(raw.getvalue())
        try:
            return await self.evidence.take(encoded, EvidenceKind.STORY_CONSENT, BY, None)
        except EvidenceTaken as taken:  # by a run that came to nothing
            return str(taken.facts["evidence"])

    async def enter(self, products: Mapping[str, str], farmers: Sequence[Farmer], papers: Sequence[str]) -> None:
        """Tell both: by the surname of who lives with the second household, and by the name of a farmer."""
        async with household_rights():
            member = await scalar(
                "SELECT m.code FROM household_member m JOIN household h ON h.id = m.household_id WHERE h.code = $1"
                " AND m.relation = 'child'",
                farmers[1].household,
            )
        grower = next(farmer.supplier for farmer in farmers if farmer.township == "533124104")
        sugar = await self.stories.draft(products["古法红糖"], None, SUGAR, [], KEEPER, None)
        lemon = await self.stories.draft(None, grower, LEMON, [], KEEPER, None)
        await self._tell(sugar, await self.stories.enter_person(sugar, member, None, BY), papers[0], Naming.SURNAME)
        await self._tell(lemon, await self.stories.enter_person(lemon, None, grower, BY), papers[1], Naming.FULL)

    async def _tell(self, story: str, person: str, paper: str, naming: Naming) -> None:
        today = china_day(utc_now())
        agreed = ConsentDraft(
            channels=CHANNELS, naming=naming, valid_from=today, valid_until=today + timedelta(days=365),
            document="DEMO-故事同意书", surname_chars=2 if naming is Naming.SURNAME else 0,
        )  # fmt: skip
        await link_evidence(paper, Proved.STORY_CONSENT.value, await self.stories.agree(person, agreed, BY))
        held = await scalar("SELECT number FROM content_text WHERE subject = $1", story_owner(story))
        await self.texts.decide(held, True, BY, "DEMO-审核")
        await self.stories.publish(story, CHANNELS, SECOND)
