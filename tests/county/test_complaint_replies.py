"""Replies with pictures to complaints at WeChat Pay: looked at by a person, handed in signed, said once."""

from datetime import timedelta

import pytest

from content.errors import PictureNotFound, PictureNotUsable
from content.pictures import Pictures
from county.complaints.channel import CLAIMED_FOR, ComplaintChannel
from county.complaints.errors import RepliesWithoutPictures
from county.complaints.ports import NegotiationStep
from county.complaints.queries import Reader, ReplyPictureView, check_picture
from county.complaints.service import REPLY_PICTURE
from county.own_records import forget_complaints
from integrations.wechat_pay.complaints import WeChatPayComplaints
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from payments.ports import GatewayRefused
from tests.content.paint import paint, with_place
from tests.county.test_complaint_pictures import MERCHANT, Office, office
from tests.county.test_complaints import BY

__all__ = ["office"]
CLERK = "staff:clerk"
WORDS = "已补发，见图"


def kept(office: Office) -> Pictures:
    return office.fetching.pictures


async def uploaded(office: Office, colour: tuple[int, int, int] = (1, 2, 3)) -> str:
    """A clerk's picture for a reply."""
    return (await kept(office).take(paint(colour=colour), CLERK, REPLY_PICTURE)).number


async def said(office: Office, number: str) -> list[NegotiationStep]:
    """What WeChat Pay has of our replies."""
    external = str(await scalar("SELECT external_id FROM complaint WHERE number = $1", number))
    return [s for s in await office.channel.desk.history(external) if s.kind == "MERCHANT_RESPONSE"]


def later(office: Office) -> ComplaintChannel:
    """The channel when the lease of every call is over."""
    when = utc_now() + CLAIMED_FOR + timedelta(seconds=1)
    return ComplaintChannel(office.channel.desk, office.channel.complaints, kept(office), lambda: when)


async def test_a_reply_goes_with_its_pictures_once_a_person_has_passed_them(office: Office) -> None:
    """Fails when ``send_due`` does not wait for the person: tried; a picture that nobody has seen was not handed in."""
    number = await office.complained()
    pictures = [await uploaded(office, (n, 2, 3)) for n in (1, 2)]
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, pictures)
    await kept(office).decide(pictures[0], True, BY, "清晰")
    assert await office.channel.send_due() == 0
    seen = await office.seen(number)
    assert (seen.state, seen.unsent) == ("received", "waiting")
    assert seen.reply_pictures == [ReplyPictureView(each, "waiting") for each in pictures]
    await kept(office).decide(pictures[1], True, BY, "清晰")
    assert await office.channel.send_due() == 1
    seen = await office.seen(number)
    assert (seen.state, seen.unsent) == ("answered", None)
    assert [each.state for each in seen.reply_pictures] == ["sent", "sent"]
    assert [step.text for step in await said(office, number)] == [WORDS]
    media = [each["media"] for each in await rows("SELECT media FROM complaint_reply_picture ORDER BY position")]
    base = office.shop.gateway.configuration.bases[0]
    for picture, name in zip(pictures, media, strict=True):
        there = await office.channel.desk.picture(f"{base}/v3/merchant-service/images/{name}")
        assert there == await kept(office).file(picture, None), "encoded anew, as every upload"
        await check_picture(number, picture, MERCHANT)
        with pytest.raises(PictureNotFound):
            await check_picture(number, picture, Reader(merchant="M2"))
    assert (await office.seen(number, Reader())).reply_pictures != []


async def test_a_refused_picture_says_nothing_and_who_replied_sees_it(office: Office) -> None:
    number, handed_in = await office.complained(), len(office.shop.sandbox.requests("complaint.upload"))
    good, bad = await uploaded(office), await uploaded(office, (9, 9, 9))
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [good, bad])
    await kept(office).decide(good, True, BY, "清晰")
    await kept(office).decide(bad, False, BY, "含他人信息")
    assert await office.channel.send_due() == 0
    seen = await office.seen(number)
    assert (seen.state, seen.unsent) == ("received", "failed")
    assert (seen.steps[-1].kind, seen.steps[-1].text) == ("not_sent", "PICTURE_REFUSED")
    assert await said(office, number) == []
    assert len(office.shop.sandbox.requests("complaint.upload")) == handed_in
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [good])
    assert await office.channel.send_due() == 1, "a picture that was passed goes with the next reply"


async def test_a_picture_that_was_handed_in_is_not_handed_in_again(office: Office) -> None:
    """Neither when the second one fails nor when the answer to the reply is lost, and nothing is said twice."""
    number = await office.complained()
    pictures = [await uploaded(office, (n, 5, 5)) for n in (1, 2)]
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, pictures)
    for each in pictures:
        await kept(office).decide(each, True, BY, "清晰")
    sandbox = office.shop.sandbox
    before = len(sandbox.requests("complaint.upload"))
    sandbox.fault("complaint.respond", "answer", status=500, when="before")
    assert await office.channel.send_due() == 0
    first = await rows("SELECT media FROM complaint_reply_picture ORDER BY position")
    assert all(each["media"] for each in first)
    sandbox.fault("complaint.respond", "answer", status=500, when="after")
    assert await later(office).send_due() == 0
    assert len(await said(office, number)) == 1
    much_later = ComplaintChannel(
        office.channel.desk, office.channel.complaints, kept(office), lambda: utc_now() + timedelta(minutes=5)
    )
    assert await much_later.send_due() == 1
    assert len(await said(office, number)) == 1
    assert len(sandbox.requests("complaint.upload")) - before == 2
    assert await rows("SELECT media FROM complaint_reply_picture ORDER BY position") == first


async def test_what_ends_a_complaint_waits_for_the_reply_before_it(office: Office) -> None:
    number = await office.complained()
    picture = await uploaded(office)
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [picture])
    await office.channel.complaints.close(number, "已补发", BY)
    assert await office.channel.send_due() == 0
    await kept(office).decide(picture, True, BY, "清晰")
    assert await office.channel.send_due() == 2
    assert [step.kind for step in (await office.seen(number)).steps] == ["received", "replied", "closed"]


async def test_only_own_pictures_of_this_purpose_and_only_at_wechat_pay(office: Office) -> None:
    number = await office.complained()
    others = [
        (await kept(office).take(with_place(), "staff:other", REPLY_PICTURE)).number,
        (await kept(office).take(with_place(), CLERK, "shop")).number,
        "0" * 26,
    ]
    for picture in others:
        with pytest.raises(PictureNotUsable):
            await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [picture])
    assert await scalar("SELECT count(*) FROM complaint_message") == 0
    await execute("UPDATE complaint SET origin = 'miniapp', consumer = 'C1', external_id = NULL")
    with pytest.raises(RepliesWithoutPictures):
        await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [await uploaded(office)])


async def test_reply_pictures_go_with_the_words(office: Office) -> None:
    number = await office.complained()
    picture = await uploaded(office)
    await office.channel.complaints.reply(number, MERCHANT, WORDS, CLERK, [picture])
    await kept(office).decide(picture, True, BY, "清晰")
    await office.channel.complaints.close(number, "已补发", BY)
    assert await office.channel.send_due() == 2
    assert await forget_complaints(utc_now() + timedelta(days=1)) == 1
    assert (await office.seen(number)).reply_pictures == []
    assert await scalar("SELECT state FROM picture WHERE number = $1", picture) == "dropped"


async def test_the_sandbox_takes_a_signed_picture_alone(office: Office) -> None:
    adapter = office.channel.desk
    assert isinstance(adapter, WeChatPayComplaints)
    with pytest.raises(GatewayRefused):
        await adapter.upload(b"<html>", "image/jpeg")
    with pytest.raises(GatewayRefused):
        await adapter.upload(b"\xff\xd8\xff" + bytes(2 << 20), "image/jpeg")
    unsigned = await office.shop.gateway.http.post(
        f"{office.shop.gateway.configuration.bases[0]}/v3/merchant-service/images/upload",
        files={"file": ("a.jpg", paint(), "image/jpeg")},
    )
    assert unsigned.status_code == 401
