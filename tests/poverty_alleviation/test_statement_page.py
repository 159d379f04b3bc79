"""The private page over HTTP: one answer for who does not know, no name for who does, nothing kept on the way."""

import httpx

from content.stories.models import StoryState
from content.stories.service import story_card
from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House
from tests.poverty_alleviation.belongings import give
from tests.poverty_alleviation.good_requests_stories import paper, with_person
from tests.products.shelf import VILLAGE

__all__ = ["house", "http", "inside"]


async def test_the_page_tells_figures_to_who_knows_and_the_same_refusal_to_everybody_else(
    house: House, http: httpx.AsyncClient, inside: None
) -> None:
    owner = Owner(house, http, Belongings(), 4711)
    await give(owner)
    path = f"/h/{owner.found.by_pattern['/h/']['token']}"
    asked, unknown = await http.get(path), await http.get(f"/h/{'x' * 32}")
    assert asked.text == unknown.text
    refused = await http.post(path, data={"last_four": "0078"})
    elsewhere = await http.post(f"/h/{'x' * 32}", data={"last_four": "0077"})
    assert (refused.status_code, refused.text) == (elsewhere.status_code, elsewhere.text)
    assert refused.status_code == 403
    for body in (b"", b'{"last_four": "0077"}', b"\xff"):
        odd = await http.post(f"/h/{'y' * 32}", content=body, headers={"content-type": "application/json"})
        assert odd.status_code == 403
    opened = await http.post(path, data={"last_four": "0077"})
    assert opened.status_code == 200
    assert "2021年第2季度" in opened.text
    assert "1.00 元（已付）" in opened.text
    code = owner.found.by_pattern["/v1/console/poverty/households/"]["code"]
    for word in ("示例农户", "章凤村", VILLAGE, code, "19900000077", "贫困", "脱贫"):
        assert word not in opened.text
    mine = owner.found.by_pattern["/v1/console/poverty/households/<code:str>/members/"]["member"]
    story, person = await with_person(owner, mine)
    at = f"/v1/console/poverty/story-persons/{person}/consents"
    consent = (await owner.ask("poverty_officer", "POST", at, paper()))["number"]
    foreign = owner.found.by_pattern["/v1/console/poverty/story-consents/"]["number"]
    told = await http.post(path, data={"last_four": "0077"})
    assert (f'value="{consent}"' in told.text, foreign in told.text) == (True, False)
    for last_four, named, status in (("0078", consent, 403), ("0077", foreign, 404)):
        reply = await http.post(path, data={"last_four": last_four, "consent": named})
        assert reply.status_code == status
        assert (await story_card(story)).state is StoryState.DRAFT
    withdrawn = await http.post(path, data={"last_four": "0077", "consent": consent})
    assert (withdrawn.status_code, consent in withdrawn.text) == (200, False)
    assert (await story_card(story)).taken_down_by == "household"
    for reply in (asked, refused, opened, withdrawn):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-robots-tag"] == "noindex"
        assert "form-action 'self'" in reply.headers["content-security-policy"]
        assert 'name="robots" content="noindex"' in reply.text
