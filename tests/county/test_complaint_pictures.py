"""Pictures of complaints at WeChat Pay: fetched signed, hostile until encoded anew, private, holding nothing up."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

import console_api.complaints.endpoints
from accounts.roles import Role
from accounts.staff import GrantedRole
from content.errors import PictureNotFound
from content.pictures import PictureLimits, Pictures, pictures_of
from county.complaints.channel import ComplaintChannel
from county.complaints.pictures import GIVEN_UP_AFTER, LEASE, MAX_PICTURES, ComplaintPictures, note_pictures
from county.complaints.ports import PictureNotHad
from county.complaints.queries import ComplaintView, Reader, check_picture, complaint
from county.complaints.service_entry import ServiceEntries
from county.own_records import forget_complaints
from integrations.object_storage.folder import FolderStorage
from integrations.wechat_pay.complaints import WeChatPayComplaints
from kit.clock import utc_now
from kit.database import execute, row, scalar, transaction
from payments.ports import OutcomeUnknown
from tests.accounts.people import MovingClock, staff_member
from tests.accounts.served import served
from tests.content.paint import paint, png_of, with_place
from tests.county.test_complaints import BY, desk, number_of, paid
from tests.payments.conftest import Shop

MERCHANT = Reader(merchant="M1")


@dataclass
class Office:
    """A complaint desk at the sandbox, with its own clock for retries."""

    shop: Shop
    channel: ComplaintChannel
    fetching: ComplaintPictures
    clock: MovingClock

    async def complained(self, *pictures: bytes) -> str:
        """A complaint with these pictures, taken over; answers its number."""
        reference, payment = await paid(self.shop)
        sent = [b64encode(each).decode() for each in pictures]
        told = self.shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="包装破损", pictures=sent)
        assert await self.heard(told["complaint_id"])
        return await number_of(reference)

    async def heard(self, complaint_id: str) -> bool:
        """Take it over as after a notice: the sandbox remembers the complaints of other tests."""
        return await self.channel.complaints.take_over(await self.channel.desk.complaint(complaint_id))

    async def seen(self, number: str, reader: Reader = MERCHANT) -> ComplaintView:
        """As it is shown."""
        return await complaint(number, reader, utc_now())

    async def states(self, number: str) -> list[str]:
        """Of its pictures, in their order."""
        return [each.state for each in (await self.seen(number)).pictures]


@pytest_asyncio.fixture
async def office(live_shop: Shop, tmp_path: Path) -> AsyncIterator[Office]:
    clock = MovingClock(utc_now() + timedelta(minutes=2))
    adapter = WeChatPayComplaints(live_shop.gateway.configuration, live_shop.gateway.http)
    pictures = Pictures(FolderStorage(tmp_path), "https://example.invalid", PictureLimits(max_pixels=1_000_000))
    yield Office(
        live_shop, ComplaintChannel(adapter, desk(), pictures), ComplaintPictures(adapter, pictures, clock), clock
    )


async def test_pictures_are_fetched_encoded_anew_and_shown_to_the_merchant_alone(office: Office) -> None:
    number = await office.complained(with_place(), paint("PNG", colour=(1, 2, 3)))
    assert await office.states(number) == ["waiting", "waiting"], "the complaint does not wait for them"
    assert await office.fetching.fetch_due() == 2
    assert not await office.heard(await scalar("SELECT external_id FROM complaint WHERE number = $1", number))
    assert await office.fetching.fetch_due() == 0, "each once"
    shown = (await office.seen(number)).pictures
    assert [each.state for each in shown] == ["kept", "kept"]
    assert (await office.seen(number, Reader(consumer=None))).pictures == shown
    for each in shown:
        assert each.number is not None
        kept = await office.fetching.pictures.file(each.number, None)
        assert kept.startswith(b"\xff\xd8\xff")
        assert b"SECRET" not in kept
        await check_picture(number, each.number, MERCHANT)
        await check_picture(number, each.number, Reader())
        with pytest.raises(PictureNotFound):
            await check_picture(number, each.number, Reader(merchant="M2"))
        with pytest.raises(PictureNotFound):
            await check_picture("CPOTHER", each.number, Reader())
    views = await pictures_of(f"complaint:{number}")
    assert [(view.number, view.url) for view in views] == [(each.number, None) for each in shown], "no public address"


async def test_a_hostile_file_is_refused_for_good_and_the_others_come(office: Office) -> None:
    number = await office.complained(b"<script>alert(1)</script>", png_of(9000, 9000), paint())
    assert await office.fetching.fetch_due() == 1
    assert await office.states(number) == ["failed", "failed", "kept"]
    office.clock.forward(timedelta(days=1))
    assert await office.fetching.fetch_due() == 0
    assert (await office.seen(number)).state == "received"


@pytest.mark.parametrize("state", ["refused", "dropped"])
async def test_a_picture_that_is_no_longer_shown_keeps_no_later_one_away(office: Office, state: str) -> None:
    """Fails when all kept pictures are attached anew with each: tried; the later one was never kept."""
    number = await office.complained(paint())
    await office.fetching.fetch_due()
    (first,) = (await office.seen(number)).pictures
    await execute("UPDATE picture SET state = $2 WHERE number = $1", first.number, state)
    complaint_id = await scalar("SELECT external_id FROM complaint WHERE number = $1", number)
    payment = await scalar(
        "SELECT p.number FROM payment p JOIN complaint c ON c.order_number = p.reference WHERE c.number = $1", number
    )
    again = [b64encode(paint(colour=(4, 5, 6))).decode()]
    office.shop.sandbox.control("POST", "/complaints", out_trade_no=payment, detail="还有一张", pictures=again)
    assert await office.heard(complaint_id)
    assert await office.fetching.fetch_due() == 1
    assert await office.states(number) == ["kept", "kept"]
    assert [view.state for view in await pictures_of(f"complaint:{number}")] == [state, "passed"]


async def test_a_failed_fetch_is_repeated_and_given_up_after_days(office: Office) -> None:
    number = await office.complained(paint())
    office.shop.sandbox.fault("complaint.picture", "answer", status=500)
    assert await office.fetching.fetch_due() == 0
    assert await office.fetching.fetch_due() == 0, "not before the pause is over"
    assert await office.states(number) == ["waiting"]
    office.clock.forward(timedelta(minutes=1))
    assert await office.fetching.fetch_due() == 1
    lost = await office.complained(paint(colour=(9, 9, 9)))
    office.shop.sandbox.fault("complaint.picture", "answer", status=500)
    office.clock.forward(GIVEN_UP_AFTER)
    await office.fetching.fetch_due()
    assert await office.states(lost) == ["failed"]


async def test_a_picture_is_claimed_by_one_and_a_killed_workers_comes_due_again(office: Office) -> None:
    number = await office.complained(paint())
    assert sum(await asyncio.gather(*(office.fetching.fetch_due() for _ in range(4)))) == 1
    other = await office.complained(paint(colour=(7, 7, 7)))
    assert await office.fetching._claim() is not None
    assert await office.fetching.fetch_due() == 0
    office.clock.forward(LEASE)
    assert await office.fetching.fetch_due() == 1
    assert await office.states(number) == await office.states(other) == ["kept"]


async def test_an_address_elsewhere_is_never_called_and_a_stranger_gets_nothing(office: Office) -> None:
    adapter = office.fetching.desk
    base = office.shop.gateway.configuration.bases[0]
    for address in ("http://127.0.0.1:1/x", "file:///etc/passwd", f"{base}@example.invalid/x", f"{base}.invalid/x", ""):
        with pytest.raises(PictureNotHad):
            await adapter.picture(address)
    with pytest.raises(OutcomeUnknown):
        await adapter.picture(f"{base}/v3/merchant-service/images/0")
    number = await office.complained(paint())
    url = await scalar("SELECT url FROM complaint_picture")
    unsigned = await office.shop.gateway.http.get(url)
    assert unsigned.status_code == 401, "the sandbox checks the signature"
    assert await office.states(number) == ["waiting"]


async def test_pictures_of_one_complaint_are_limited_and_known_ones_stay(office: Office) -> None:
    number = await office.complained(paint())
    found = await row("SELECT id FROM complaint WHERE number = $1", number)
    assert found is not None
    known = await scalar("SELECT url FROM complaint_picture")
    many = [known, "x" * 501, *(f"https://example.invalid/{n}" for n in range(30))]
    for _ in range(2):
        async with transaction():
            await note_pictures(found["id"], many, utc_now())
    assert len(await office.states(number)) == MAX_PICTURES
    assert await scalar("SELECT count(*) FROM complaint_picture WHERE url LIKE 'https://example.invalid/%'") == 19


async def test_pictures_go_with_the_words(office: Office) -> None:
    number = await office.complained(paint())
    await office.fetching.fetch_due()
    await office.channel.complaints.close(number, "已补发", BY)
    assert await office.channel.send_due() == 1
    assert await forget_complaints(utc_now() + timedelta(days=1)) == 1
    assert (await office.seen(number)).pictures == []
    assert await scalar("SELECT state FROM picture WHERE purpose = 'evidence'") == "dropped"


async def test_every_look_is_recorded_and_nobody_else_gets_one(office: Office) -> None:
    number = await office.complained(paint())
    await office.fetching.fetch_due()
    (kept,) = (await office.seen(number)).pictures
    own = await scalar("SELECT merchant FROM complaint WHERE number = $1", number)
    for login, role, scope in (
        ("officer", Role.COUNTY_OFFICER, ""),
        ("auditor", Role.AUDITOR, ""),
        ("clerk", Role.MERCHANT_CLERK, own),
        ("other", Role.MERCHANT_CLERK, "M2"),
    ):
        await staff_member(login, GrantedRole(role, scope))
    path = f"/v1/console/complaints/{number}/pictures/{kept.number}?purpose=核实投诉"
    services = (office.channel.complaints, office.fetching.pictures, ServiceEntries("a-secret"))
    answers = {}
    async with served(*services, also=[console_api.complaints.endpoints]) as doors:
        for login in ("officer", "auditor", "clerk", "other"):
            answers[login] = await doors.http.get(path, headers=await doors.staff(login))
        unexplained = await doors.http.get(path.partition("?")[0], headers=await doors.staff("officer"))
    assert {login: reply.status_code for login, reply in answers.items()} == {
        "officer": 200, "auditor": 403, "clerk": 200, "other": 404,
    }  # fmt: skip
    assert unexplained.status_code == 422
    assert answers["clerk"].headers["cache-control"] == "no-store"
    noted = await scalar("SELECT count(*) FROM access_log WHERE subject = $1", f"complaint:{number}")
    assert noted == 2, "those who got it, once each"
