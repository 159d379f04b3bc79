"""Requests about pictures and words that succeed."""

import secrets

from tests.content.paint import paint
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, form_with_file, good


def picture(purpose: str) -> GoodRequest:
    """A picture that nobody has uploaded."""
    return form_with_file(paint(colour=tuple(secrets.token_bytes(3))), "image/png", purpose=purpose)


@good("miniapp.upload_picture")
async def upload(owner: Owner) -> GoodRequest:
    return picture("review")


@good("console.upload_staff_picture")
async def upload_as_staff(owner: Owner) -> GoodRequest:
    return picture("product")


@good("console.decide_content")
async def decide(owner: Owner) -> GoodRequest:
    """A shop's picture, which always waits for a person."""
    sent = picture("shop")
    headers = owner.house.headers("merchant_clerk") | dict(sent.headers)
    reply = await owner.http.post("/v1/console/pictures", headers=headers, content=sent.content())
    assert reply.status_code == 201, reply.text
    return GoodRequest(names={"number": reply.json()["number"]}, body={"passed": True, "reason": "示例理由"})


@good("console.add_keyword")
async def keyword(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"word": "示例敏感词"})
