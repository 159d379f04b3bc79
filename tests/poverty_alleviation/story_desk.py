"""A desk at which stories of a test are written, agreed to and published."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from accounts.service import AccessLogs
from content.evidence.models import EvidenceKind
from content.pictures import Pictures
from content.stories.models import StoryChannel
from content.stories.service import PublicStories, story_owner
from content.texts import Texts
from integrations.object_storage.folder import FolderStorage
from kit.database import scalar
from poverty_alleviation.proofs import Proofs, Proved
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import Relation
from poverty_alleviation.stories.models import Naming
from poverty_alleviation.stories.service import ConsentDraft, Stories
from tests.accounts.people import throwaway_cipher
from tests.content.paint import paint
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.families import enter
from tests.poverty_alleviation.said import files_of

PUBLISHER, KEEPER = "staff:publisher", "staff:keeper"
TEXT = "清晨的甘蔗地，一口老锅，三代人熬出的红糖。2020 年起，这里用木柴慢火。"
DAUGHTER = MemberDraft(name="欧阳示例花", birth_year=1990, relation=Relation.CHILD)
PAGE, SCAN, LIVE = StoryChannel.PRODUCT_PAGE, StoryChannel.SCAN_PAGE, StoryChannel.LIVE


@dataclass
class Desk:
    """``folder`` holds pictures and papers."""

    county: County
    folder: Path
    serial: int = 0

    @property
    def stories(self) -> Stories:
        return Stories(PublicStories(self.texts, clock=self.county.clock), throwaway_cipher(), clock=self.county.clock)

    @property
    def texts(self) -> Texts:
        return Texts(self.county.clock)

    @property
    def pictures(self) -> Pictures:
        return Pictures(FolderStorage(self.folder), "https://pictures.example", clock=self.county.clock)

    async def written(self, text: str = TEXT, pictures: tuple[str, ...] = (), supplier: str | None = None) -> str:
        """A draft of the keeper's about the county's product, or a supplier."""
        product = None if supplier else self.county.product
        return await self.stories.draft(product, supplier, text, pictures, KEEPER, None)

    async def picture(self) -> str:
        """A picture of the keeper's that has passed."""
        self.serial += 1
        taken = await self.pictures.take(paint(colour=(self.serial, 9, 9)), KEEPER, "story")
        await self.pictures.decide(taken.number, True, "staff:county", "示例可以")
        return taken.number

    async def passed(self, story: str) -> None:
        """A person has found nothing wrong with its text."""
        number = await scalar("SELECT number FROM content_text WHERE subject = $1", story_owner(story))
        await self.texts.decide(number, True, "staff:county", "示例可以")

    async def daughter(self, household: str = "H1") -> str:
        """A grown-up member with a surname of two characters."""
        return await enter(self.county, household, DAUGHTER)

    def paper(self, **said: Any) -> ConsentDraft:
        """What is signed, for the product's page and the full name unless told otherwise."""
        usual: dict[str, Any] = {
            "channels": [PAGE], "naming": Naming.FULL, "valid_from": date(2026, 11, 20),
            "valid_until": date(2027, 11, 20), "document": "示例同意书 1 号",
        }  # fmt: skip
        return ConsentDraft(**usual | said)

    async def agreed(self, person: str, **said: Any) -> str:
        """Somebody's consent with its photograph."""
        consent = await self.stories.agree(person, self.paper(**said), OFFICER)
        await self.photographed(consent)
        return consent

    async def photographed(self, consent: str) -> str:
        """The signed paper in the store of evidence."""
        self.serial += 1
        proofs = Proofs(files_of(self.county, self.folder), AccessLogs(self.county.clock))
        raw = paint("JPEG", (40, 30 + self.serial))
        return await proofs.take(raw, EvidenceKind.STORY_CONSENT, Proved.STORY_CONSENT, consent, OFFICER)

    async def ready(self, **said: Any) -> tuple[str, str]:
        """A story of one member that wants only to be published, and the consent to it."""
        story = await self.written()
        await self.passed(story)
        member = said.pop("member", None) or await self.daughter()
        person = await self.stories.enter_person(story, member, None, OFFICER)
        return story, await self.agreed(person, **said)
