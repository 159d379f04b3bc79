"""Public stories: told only while everybody in them agrees to that use, and never again after the first no."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from content.collecting import collect
from content.evidence.errors import EvidenceUnknown
from content.pictures import PictureView, pictures_of
from content.stories.errors import StoryNotJudged, StoryStands, StoryTextRefused, StoryUnknown
from content.stories.models import STORY_TRANSITIONS, StoryChannel, StoryState, TakenDownWhy
from content.stories.service import (
    HeldStory,
    PublicStories,
    ShownStory,
    held_story,
    story_card,
    story_cards,
    story_owner,
    take_down,
    take_down_expired,
)
from content.texts import texts_of
from kit.database import execute, rows, scalar, transaction
from ledger.errors import SecondPersonNeeded
from merchants.queries import shop_front
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.stories.errors import (
    StoryConsentInvalid,
    StoryConsentMissing,
    StoryConsentUnknown,
    StoryPersonEntered,
    StoryPersonUnknown,
    StorySubjectInvalid,
)
from poverty_alleviation.stories.models import Naming
from poverty_alleviation.stories.queries import story_persons
from poverty_alleviation.stories.service import Stories
from poverty_alleviation.vault import household_rights
from products.queries import product_page
from public_pages.scans.views import label_view, product_view
from scans.label_pages import label_page
from scans.labels import TraceLabels
from tests.accounts.people import throwaway_cipher
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.families import WIFE, enter
from tests.poverty_alleviation.said import files_of
from tests.poverty_alleviation.story_desk import KEEPER, LIVE, PAGE, PUBLISHER, SCAN, TEXT, Desk
from tests.poverty_alleviation.test_retention import approved, erasing, left, terms
from tests.products.shelf import skus_of


@pytest_asyncio.fixture
async def desk(county: County, tmp_path: Path) -> Desk:
    return Desk(county, tmp_path)


async def shown(county: County, channel: StoryChannel = PAGE, now: datetime | None = None) -> ShownStory | None:
    """What the product's page tells."""
    return (await product_page(county.product, now or county.now, channel)).story


async def test_a_story_is_told_where_everybody_in_it_agrees_and_nowhere_else(county: County, desk: Desk) -> None:
    story = await desk.written(pictures=(await desk.picture(),))
    with pytest.raises(StoryNotJudged):
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    await desk.passed(story)
    with pytest.raises(StoryConsentMissing):  # nobody is said to be in it
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    daughter = await desk.stories.enter_person(story, await desk.daughter(), None, OFFICER)
    farmer = await desk.stories.enter_person(story, None, county.suppliers["N1"], OFFICER)
    with pytest.raises(StoryPersonEntered):
        await desk.stories.enter_person(story, None, county.suppliers["N1"], OFFICER)
    await desk.agreed(daughter, channels=[PAGE, SCAN], naming=Naming.SURNAME, surname_chars=2)
    consent = await desk.stories.agree(farmer, desk.paper(valid_until=date(2026, 12, 1)), OFFICER)
    with pytest.raises(StoryConsentMissing) as missing:  # the paper has not been photographed
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    assert missing.value.facts == {"persons": [farmer]}
    await desk.photographed(consent)
    with pytest.raises(StoryConsentMissing) as missing:
        await desk.stories.publish(story, [PAGE, SCAN], PUBLISHER)
    assert missing.value.facts == {"persons": [farmer]}, "the farmer's names another use"
    for by in (KEEPER, OFFICER):
        with pytest.raises(SecondPersonNeeded):
            await desk.stories.publish(story, [PAGE], by)
    assert await shown(county) is None
    await desk.stories.publish(story, [PAGE], PUBLISHER)
    assert await shown(county) == ShownStory(story, TEXT, ["欧阳某", "供货人N1"])
    assert [await shown(county, each) for each in (SCAN, LIVE)] == [None, None]
    (picture,) = await pictures_of(story_owner(story))
    assert picture.url
    card = await story_card(story)
    assert (card.channels, card.shown_until) == ([PAGE], datetime(2026, 11, 30, 15, 59, 58, tzinfo=UTC))
    assert await story_cards(StoryState.SHOWN, None, 5) == ([card], None)
    with pytest.raises(StoryStands):
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    for refused in (
        desk.stories.agree(farmer, desk.paper(), OFFICER),
        desk.stories.enter_person(story, None, county.suppliers["H2"], OFFICER),
    ):
        with pytest.raises(StoryStands):
            await refused
    first, second = await story_persons(story)
    assert (first.member is not None, second.supplier) == (True, county.suppliers["N1"])
    assert [each.valid_until for each in second.consents] == [date(2026, 12, 1)]


async def test_who_takes_it_back_takes_it_down_for_ever(county: County, desk: Desk) -> None:
    picture = await desk.picture()
    story = await desk.written(pictures=(picture,))
    await desk.passed(story)
    person = await desk.stories.enter_person(story, await desk.daughter(), None, OFFICER)
    consent = await desk.agreed(person)
    await desk.stories.publish(story, [PAGE], PUBLISHER)
    assert await shown(county) is not None
    for _ in range(2):
        await desk.stories.withdraw(consent, OFFICER)
    assert await shown(county) is None
    card = await story_card(story)
    assert (card.state, card.taken_down_why, card.taken_down_by) == ("taken_down", TakenDownWhy.WITHDRAWN, OFFICER)
    assert (await texts_of([story_owner(story)]))[story_owner(story)].text == "……"
    assert await rows("SELECT 1 FROM public_story WHERE names <> '[]'") == []
    assert await collect(desk.pictures, _nobody) == 1
    assert await pictures_of(story_owner(story)) == [
        PictureView(picture, "dropped", 640, 480, None, None, None)  # type: ignore[arg-type]
    ]
    assert list((desk.folder / "public").rglob("*.jpg")) == []
    with pytest.raises(StoryStands):
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    with pytest.raises(StoryStands):
        await desk.stories.agree(person, desk.paper(), OFFICER)
    with pytest.raises(BaseORMException):
        await execute("UPDATE public_story SET state = 'shown'")
    with pytest.raises(StoryConsentUnknown):
        await desk.stories.withdraw("SC404", OFFICER)
    fresh = await desk.written()
    await desk.passed(fresh)
    member = (await story_persons(story))[0].member
    person = await desk.stories.enter_person(fresh, member, None, OFFICER)
    with pytest.raises(StoryConsentMissing):
        await desk.stories.publish(fresh, [PAGE], PUBLISHER)
    await desk.agreed(person)
    await desk.stories.publish(fresh, [PAGE], PUBLISHER)
    assert await shown(county) == ShownStory(fresh, TEXT, ["欧阳示例花"])


async def _nobody(_: object) -> list[str]:
    return []


async def test_a_newer_consent_that_was_taken_back_brings_no_older_one_back(county: County, desk: Desk) -> None:
    story, _ = await desk.ready()
    (person,) = await story_persons(story)
    newer = await desk.agreed(person.number, channels=[SCAN])
    with pytest.raises(StoryConsentMissing):
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    await desk.stories.withdraw(newer, OFFICER)
    assert (await story_card(story)).state is StoryState.TAKEN_DOWN


class Slow(PublicStories):
    """Goes on only when somebody waits for the story."""

    async def show(
        self, story: HeldStory, channels: Sequence[StoryChannel], until: datetime, names: Sequence[str], by: str
    ) -> None:
        """Wait for whoever comes between, at most a second."""
        for _ in range(100):
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if await scalar(waiting) or await scalar("SELECT count(*) FROM content_text WHERE text = '……'"):
                break
            await asyncio.sleep(0.01)
        await super().show(story, channels, until, names, by)


async def test_a_withdrawal_that_races_a_publication_wins(county: County, desk: Desk) -> None:
    """Fails when ``held_story`` locks nothing: tried."""
    story, consent = await desk.ready()
    slow = Stories(Slow(desk.texts, clock=county.clock), throwaway_cipher(), clock=county.clock)
    await asyncio.gather(slow.publish(story, [PAGE], PUBLISHER), desk.stories.withdraw(consent, OFFICER))
    card = await story_card(story)
    assert (card.state, card.shown_by, await shown(county)) == (StoryState.TAKEN_DOWN, PUBLISHER, None)
    async with household_rights():
        assert await scalar("SELECT count(*) FROM story_consent WHERE withdrawn_at IS NULL") == 0


async def test_it_ends_with_the_first_consent_before_any_job_has_run(county: County, desk: Desk) -> None:
    story, _ = await desk.ready()
    await desk.stories.publish(story, [PAGE], PUBLISHER)
    end = datetime(2027, 11, 19, 16, tzinfo=UTC)
    assert await shown(county, now=end - timedelta(seconds=3)) is not None
    # A page that was made a moment before is still answered from memory (decision 0026).
    assert await shown(county, now=end - timedelta(seconds=2)) is None
    assert await take_down_expired(end - timedelta(seconds=3)) == 0
    assert await take_down_expired(end) == 1
    card = await story_card(story)
    assert (card.taken_down_why, card.text) == (TakenDownWhy.EXPIRED, "……")


async def test_a_consent_that_has_ended_publishes_nothing(county: County, desk: Desk) -> None:
    story, _ = await desk.ready(valid_until=date(2026, 12, 1))
    county.now = datetime(2026, 11, 30, 16, tzinfo=UTC)
    with pytest.raises(StoryConsentMissing):
        await desk.stories.publish(story, [PAGE], PUBLISHER)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("他家曾是贫 困\u200b户", ["word"]),
        ("示例村的低－保户", ["word"]),
        ("她帮・扶了大家", ["word"]),
        ("电话１３８ 0013-8000", ["number"]),
        ("电话一三八〇〇一三八〇〇〇", ["number"]),
        ("99999919900101001X", ["number"]),
        ("卡号 6200 0000 0000 0001，脱贫", ["word", "number"]),
    ],
)
async def test_no_story_says_a_label_or_a_number(county: County, desk: Desk, text: str, reasons: list[str]) -> None:
    with pytest.raises(StoryTextRefused) as refused:
        await desk.written(text)
    assert refused.value.facts["reasons"] == reasons
    assert await rows("SELECT 1 FROM public_story") == []


@pytest.mark.parametrize(
    ("naming", "chars", "text", "refused"),
    [
        (Naming.NONE, 0, "欧阳示例花的红糖", True),
        (Naming.NONE, 0, "阳示例花的红糖", True),
        (Naming.SURNAME, 2, "示例花的红糖", True),
        (Naming.SURNAME, 2, "欧阳家的红糖", False),
        (Naming.FULL, 0, "欧阳示例花的红糖", False),
    ],
)
async def test_the_text_says_no_more_of_a_name_than_the_consent(
    county: County, desk: Desk, naming: Naming, chars: int, text: str, refused: bool
) -> None:
    story = await desk.written(text)
    await desk.passed(story)
    person = await desk.stories.enter_person(story, await desk.daughter(), None, OFFICER)
    await desk.agreed(person, naming=naming, surname_chars=chars)
    if not refused:
        await desk.stories.publish(story, [PAGE], PUBLISHER)
        return
    with pytest.raises(StoryTextRefused):
        await desk.stories.publish(story, [PAGE], PUBLISHER)


async def test_for_a_minor_an_adult_of_the_household_signs_and_no_name_is_said(county: County, desk: Desk) -> None:
    story = await desk.written()
    await desk.passed(story)
    child = await enter(county, "H1", MemberDraft(birth_year=2010))
    mother, stranger = await enter(county, "H1", WIFE), await desk.daughter("H2")
    person = await desk.stories.enter_person(story, child, None, OFFICER)
    for said, reason in (
        ({"naming": Naming.NONE}, "guardian"),
        ({"naming": Naming.NONE, "guardian": child}, "guardian"),
        ({"naming": Naming.NONE, "guardian": stranger}, "guardian"),
        ({"naming": Naming.FULL, "guardian": mother}, "naming"),
        ({"naming": Naming.NONE, "guardian": mother, "valid_until": date(2028, 1, 2)}, "minor"),
    ):
        with pytest.raises(StoryConsentInvalid) as refused:
            await desk.stories.agree(person, desk.paper(**said), OFFICER)
        assert refused.value.facts == {"reason": reason}
    await desk.agreed(person, naming=Naming.NONE, guardian=mother, valid_until=date(2028, 1, 1))
    await desk.stories.publish(story, [PAGE], PUBLISHER)
    assert await shown(county) == ShownStory(story, TEXT, [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"valid_from": date(2026, 11, 24)}, "days"),
        ({"valid_until": date(2026, 11, 23)}, "days"),
        ({"valid_until": date(2029, 11, 21)}, "days"),
        ({"naming": Naming.SURNAME}, "surname"),
        ({"surname_chars": 1}, "surname"),
        ({"guardian": "somebody"}, "guardian"),
    ],
)
async def test_a_consent_says_whole_what_it_is_for(
    county: County, desk: Desk, said: dict[str, object], reason: str
) -> None:
    story = await desk.written()
    person = await desk.stories.enter_person(story, await desk.daughter(), None, OFFICER)
    with pytest.raises(StoryConsentInvalid) as refused:
        await desk.stories.agree(person, desk.paper(**said), OFFICER)
    assert refused.value.facts == {"reason": reason}


async def test_a_story_is_about_something_within_reach_and_of_known_people(county: County, desk: Desk) -> None:
    product, farmer = county.product, county.suppliers["H1"]
    for one, other in ((None, None), (product, farmer), ("P404", None), (None, "S404")):
        with pytest.raises(StorySubjectInvalid):
            await desk.stories.draft(one, other, TEXT, [], KEEPER, None)
    with pytest.raises(StorySubjectInvalid):
        await desk.stories.draft(product, None, TEXT, [], KEEPER, "533124201")
    story = await desk.written()
    for member, supplier in ((None, None), ("nobody", None), (None, county.suppliers["COOP"]), ("nobody", farmer)):
        with pytest.raises(StoryPersonUnknown):
            await desk.stories.enter_person(story, member, supplier, OFFICER)
    for refused in (desk.stories.remove("ST404", OFFICER), desk.stories.publish("ST404", [PAGE], PUBLISHER)):
        with pytest.raises(StoryUnknown):
            await refused
    with pytest.raises(StoryPersonUnknown):
        await desk.stories.agree("SP404", desk.paper(), OFFICER)


async def test_a_label_tells_the_story_of_whoever_delivered(county: County, desk: Desk) -> None:
    lot = await county.sealed_lot({"N1": 10_000})
    await TraceLabels("https://longchuan.example", county.clock).make(
        county.merchant, lot, (await skus_of(county.product))[0], 0, "staff:clerk"
    )
    code = await scalar("SELECT code FROM trace_label")
    assert (await label_page(code, 3, county.now)).story is None
    for supplier in (county.suppliers["H2"], county.suppliers["N1"]):  # of H2 nothing is in the lot
        story = await desk.written("第一段\n<b>第二段</b>", supplier=supplier)
        await desk.passed(story)
        person = await desk.stories.enter_person(story, None, supplier, OFFICER)
        await desk.agreed(person, channels=[SCAN])
        await desk.stories.publish(story, [SCAN], PUBLISHER)
    found = await label_page(code, 3, county.now)
    assert found.story == ShownStory(story, "第一段\n<b>第二段</b>", ["供货人N1"])
    shown_there = label_view(found, "weixin://x")
    assert "<p>第一段</p><p>&lt;b&gt;第二段&lt;/b&gt;</p><p>故事中的人：供货人N1</p>" in shown_there
    await desk.stories.remove(story, OFFICER)
    assert (await label_page(code, 3, county.now)).story is None
    ready, _ = await desk.ready(channels=[SCAN])
    front = await shop_front(county.merchant)
    for told in (False, True):
        assert (
            "<h2>人物故事</h2>" in product_view(await product_page(county.product, None, SCAN), front, None)
        ) is told
        if not told:
            await desk.stories.publish(ready, [SCAN], PUBLISHER)


async def test_an_erased_household_takes_its_stories_with_it(county: County, desk: Desk) -> None:
    member = await desk.daughter()
    await left(county)
    first, consent = await desk.ready(member=member, valid_from=date(2036, 12, 1), valid_until=date(2037, 12, 1))
    await desk.stories.publish(first, [PAGE], PUBLISHER)
    second = await desk.written()
    await desk.stories.enter_person(second, None, county.suppliers["H1"], OFFICER)
    other = await desk.written()
    await desk.stories.enter_person(other, None, county.suppliers["N1"], OFFICER)
    assert await shown(county) is not None
    await terms(county)
    number = await approved(county)
    assert await erasing(county).erase(number)
    assert await shown(county) is None
    for story, state in ((first, "taken_down"), (second, "taken_down"), (other, "draft")):
        assert (await story_card(story)).state == state
    async with household_rights():
        (report,) = await rows(
            "SELECT report ->> 'story_consents' AS s, report ->> 'photographs' AS p FROM household_erasure"
        )
        assert await scalar("SELECT withdrawn_by FROM story_consent") == "house"
    assert (report["s"], report["p"]) == ("1", "1")
    evidence = await scalar("SELECT number FROM evidence WHERE subject_number = $1", consent)
    with pytest.raises(EvidenceUnknown):
        await files_of(county, desk.folder).open(evidence)


@pytest.mark.parametrize("state", list(StoryState))
async def test_every_step_of_a_story_in_every_state_goes_where_the_table_says(
    county: County, desk: Desk, state: StoryState
) -> None:
    story, _ = await desk.ready()
    if state is not StoryState.DRAFT:
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    if state is StoryState.TAKEN_DOWN:
        await desk.stories.remove(story, OFFICER)
    allowed = STORY_TRANSITIONS[state]
    if StoryState.SHOWN not in allowed:
        async with transaction():
            with pytest.raises(StoryStands):
                await desk.stories.public.show(await held_story(story), [PAGE], county.now, [], SECOND)
    else:
        await desk.stories.publish(story, [PAGE], PUBLISHER)
    async with transaction():
        await take_down(story, TakenDownWhy.OFFICE, "staff:late", county.now)
    card = await story_card(story)
    assert card.state is StoryState.TAKEN_DOWN
    assert (card.taken_down_by == "staff:late") is (state is not StoryState.TAKEN_DOWN)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE story_consent SET channels = '[\"live\"]'",
        "UPDATE story_consent SET valid_until = '2040-01-01'",
        "UPDATE story_consent SET withdrawn_by = NULL, withdrawn_at = NULL",
        "UPDATE story_person SET member = 'x'",
        "UPDATE public_story SET channels = '[\"live\"]'",
        "UPDATE public_story SET state = 'draft'",
        "INSERT INTO public_story (number, subject, state, channels, names, shown_until, shown_by, shown_at,"
        " written_by, written_at) VALUES ('x', 'product:x', 'shown', '[]', '[]', now(), 'a', now(), 'b', now())",
        "DELETE FROM public_story",
        "DELETE FROM story_consent",
    ],
)
async def test_nobody_edits_a_consent_or_a_story(county: County, desk: Desk, attack: str) -> None:
    story, consent = await desk.ready()
    await desk.stories.publish(story, [PAGE], PUBLISHER)
    if "withdrawn" in attack:
        await desk.stories.withdraw(consent, OFFICER)
    with pytest.raises(BaseORMException):
        await household_rights()(execute)(attack)
