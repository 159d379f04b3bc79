"""Requests about public stories that succeed."""

import secrets
from datetime import timedelta

import msgspec

from content.stories.models import StoryChannel
from content.stories.service import story_owner
from content.texts import Texts
from kit.clock import china_day, utc_now
from kit.database import scalar
from poverty_alleviation.stories.service import ConsentDraft, Stories
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.good_requests import AT
from tests.poverty_alleviation.good_requests_of_register import member

CHANNELS = [StoryChannel.PRODUCT_PAGE.value, StoryChannel.SCAN_PAGE.value]


def draft(owner: Owner) -> dict[str, object]:
    return {"product": owner.house.product, "text": f"示例人物故事：甘蔗地里的清晨 {secrets.token_hex(2)}"}


def paper(**said: object) -> dict[str, object]:
    """A consent of a year for both pages, without a name."""
    today = china_day(utc_now())
    return {
        "channels": CHANNELS, "naming": "none", "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=365)).isoformat(), "document": "示例同意书 1 号", **said,
    }  # fmt: skip


async def written(owner: Owner) -> str:
    """A draft of the keeper's, whose text has passed."""
    number = str((await owner.ask("station_keeper", "POST", "/v1/console/stories", draft(owner)))["number"])
    texts = mall_of(owner.house).built.services[Texts]
    assert isinstance(texts, Texts)
    held = await scalar("SELECT number FROM content_text WHERE subject = $1", story_owner(number))
    await texts.decide(held, True, "staff:county", "示例可以")
    return number


async def with_person(owner: Owner, who: str | None = None) -> tuple[str, str]:
    """A story, and under which number somebody is in it."""
    story = await written(owner)
    told = {"member": who or (await member(owner))["member"]}
    return story, str((await owner.ask("poverty_officer", "POST", f"{AT}/stories/{story}/persons", told))["number"])


def stories_of(owner: Owner) -> Stories:
    """The desk of the house."""
    stories = mall_of(owner.house).built.services[Stories]
    assert isinstance(stories, Stories)
    return stories


async def agreed(owner: Owner) -> tuple[str, str]:
    """A story that everybody in it has agreed to on a photographed paper, recorded by another; and the consent."""
    # That module is about what belongings give, and they give stories.
    from tests.poverty_alleviation.good_requests_confirming import EVIDENCE, unseen

    story, person = await with_person(owner)
    consent = await stories_of(owner).agree(person, msgspec.convert(paper(), ConsentDraft), "staff:other")
    about = f"?kind=story_consent&proved=story_consent&number={consent}"
    headers = owner.house.headers("poverty_officer") | {"content-type": "image/jpeg"}
    assert (await owner.http.post(EVIDENCE + about, headers=headers, content=unseen())).status_code == 201
    return story, consent


@good("console.draft_story")
async def draft_story(owner: Owner) -> GoodRequest:
    return GoodRequest(body=draft(owner))


@good("console.show_story")
async def show_story(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await agreed(owner))[0]})


@good("console.enter_story_person")
async def enter_person(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await written(owner)}, body={"member": (await member(owner))["member"]})


@good("console.record_story_consent")
async def record_consent(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await with_person(owner))[1]}, body=paper())


@good("console.publish_story")
async def publish(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await agreed(owner))[0]}, body={"channels": CHANNELS})


@good("console.withdraw_story_consent")
async def withdraw(owner: Owner) -> GoodRequest:
    """Of a story that is shown."""
    story, consent = await agreed(owner)
    await stories_of(owner).publish(story, [StoryChannel.PRODUCT_PAGE], "staff:third")
    return GoodRequest(names={"number": consent})


@good("console.remove_story")
async def remove(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await written(owner)})
