"""Public stories. What is withdrawn is down before the answer: in the database, and in every memory of a page."""

import asyncio

import msgspec

from accounts.actors import Auditor, PovertyOfficer, StationKeeper
from api_kit.answer_cache import AnswerCache
from api_kit.doors import IdempotencyKey, Made
from console_api import door
from console_api.stories.schemas import (
    PublicationInput,
    StoriesQuery,
    StoriesView,
    StoryConsentInput,
    StoryInput,
    StoryMade,
    StoryPersonInput,
    StoryView,
)
from content.stories.service import story_card, story_cards
from poverty_alleviation.stories.queries import story_persons
from poverty_alleviation.stories.service import ConsentDraft, Stories


async def _made(number: str) -> StoryMade:
    return StoryMade(number)


@door.post("/stories", answer=_made)
async def draft_story(
    actor: StationKeeper | PovertyOfficer, body: StoryInput, key: IdempotencyKey, stories: Stories
) -> Made:
    """撰写人物故事：对应一个商品或供货人；不得含贫困标签、证件号、电话与账号，文字与图片须人工审核。站长只写本乡镇的。"""
    township = actor.township if isinstance(actor, StationKeeper) else None
    return Made(await stories.draft(body.product, body.supplier, body.text, body.pictures, actor.caller, township))


@door.get("/poverty/stories")
async def list_stories(actor: PovertyOfficer | Auditor, query: StoriesQuery) -> StoriesView:
    """人物故事清单，最新在前。"""
    return StoriesView(*await story_cards(query.state, query.cursor, query.limit))


@door.get("/poverty/stories/<number:str>")
async def show_story(actor: PovertyOfficer, number: str) -> StoryView:
    """一则故事及其中人物的同意书；人物只列代码。"""
    return StoryView(await story_card(number), await story_persons(number))


@door.post("/poverty/stories/<number:str>/persons", answer=_made)
async def enter_story_person(
    actor: PovertyOfficer, number: str, body: StoryPersonInput, key: IdempotencyKey, stories: Stories
) -> Made:
    """登记故事中的人物：家庭成员或供货农户；只能在发布前登记。"""
    return Made(await stories.enter_person(number, body.member, body.supplier, actor.caller))


@door.post("/poverty/story-persons/<number:str>/consents", answer=_made)
async def record_story_consent(
    actor: PovertyOfficer, number: str, body: StoryConsentInput, key: IdempotencyKey, stories: Stories
) -> Made:
    """登记本人签字的同意书：写明用途、称呼方式与起止日期；未成年人由同户监护人签字且不得出现姓名。签字照片另行上传。"""
    draft = msgspec.convert(body, ConsentDraft, from_attributes=True)
    return Made(await stories.agree(number, draft, actor.caller))


@door.put("/poverty/stories/<number:str>/publication", status=204)
async def publish_story(actor: PovertyOfficer, number: str, body: PublicationInput, stories: Stories) -> None:
    """发布故事：须每个人物都有含此用途的有效同意书，且由撰写和登记以外的账号发布；最早到期之日自动撤下。"""
    await stories.publish(number, body.channels, actor.caller)


@door.put("/poverty/story-consents/<number:str>/withdrawal", status=204)
async def withdraw_story_consent(actor: PovertyOfficer, number: str, stories: Stories, cache: AnswerCache) -> None:
    """撤回同意：故事立即撤下，文字、姓名与图片清除，不能恢复；答复之时任何页面都已不再显示。"""
    await stories.withdraw(number, actor.caller)
    await asyncio.sleep(cache.lasting_s)


@door.put("/poverty/stories/<number:str>/removal", status=204)
async def remove_story(actor: PovertyOfficer, number: str, stories: Stories, cache: AnswerCache) -> None:
    """撤下故事或放弃草稿：文字、姓名与图片清除，不能恢复。"""
    await stories.remove(number, actor.caller)
    await asyncio.sleep(cache.lasting_s)
