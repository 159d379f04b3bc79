"""Pictures from the bytes that come to the address that is shown, and to the end of their files."""

import asyncio
from collections.abc import Sequence
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

from content.collecting import TakenOff, collect
from content.errors import (
    ContentDecided,
    PictureNotFound,
    PictureNotUsable,
    PicturePurposeUnknown,
    PictureQuotaUsed,
)
from content.models import PICTURE_TRANSITIONS, PictureState
from content.pictures import Pictures, pictures_of
from kit.database import execute, rows, scalar, transaction
from kit.imaging import SIZES, PictureInvalid, PictureTooLarge
from tests.content.conftest import BASE
from tests.content.paint import opened, paint, png_of, with_place
from tests.orders.mall import Watch
from tests.statements import counted_statements

BUYER, OPENID, CLERK = "consumer:C1", "openid-1", "staff:U1"
_shade = count(1)


async def held(pictures: Pictures, purpose: str = "review", uploader: str = BUYER) -> str:
    """The number of a new picture."""
    raw = paint("PNG", colour=(next(_shade) % 250, 90, 90))
    openid = OPENID if uploader == BUYER else None
    return (await pictures.take(raw, uploader, purpose, openid)).number


async def attach(pictures: Pictures, numbers: list[str], owner: str = "review:R1", uploader: str = BUYER) -> None:
    async with transaction():
        await pictures.attach(numbers, uploader, "review", owner)


async def nobody(asked: Sequence[TakenOff]) -> set[str]:
    """Nobody else needs a picture that was taken off."""
    return set()


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_becomes_three_files_without_what_hung_on_it(
    pictures: Pictures, tmp_path: Path, kind: str
) -> None:
    taken = await pictures.take(paint(kind, (900, 600)), BUYER, "review", OPENID)
    assert (taken.state, taken.width, taken.height) == (PictureState.HELD, 900, 600)
    sizes = {opened(path.read_bytes()).size for path in files(tmp_path)}
    assert sizes == {(900, 600), (750, 500), (200, 133)}
    assert {opened(path.read_bytes()).format for path in files(tmp_path)} == {"JPEG"}


async def test_orientation_is_applied_and_place_and_comment_are_gone(pictures: Pictures, tmp_path: Path) -> None:
    taken = await pictures.take(with_place(), BUYER, "review", OPENID)
    assert (taken.width, taken.height) == (480, 640), "orientation 6 stands the picture up"
    for path in files(tmp_path):
        content = path.read_bytes()
        assert b"SECRET" not in content
        assert b"Exif" not in content
        assert not opened(content).getexif()
    large = opened(next(p for p in files(tmp_path) if "1500" in p.name).read_bytes())
    top, bottom = large.getpixel((240, 20)), large.getpixel((240, 620))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] < 60 < bottom[0], "the dark left half has become the upper half"


async def test_transparency_becomes_white(pictures: Pictures, tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(buffer, "PNG")
    await pictures.take(buffer.getvalue(), BUYER, "review", OPENID)
    corner = opened(files(tmp_path)[0].read_bytes()).getpixel((1, 1))
    assert isinstance(corner, tuple)
    assert min(corner) > 250


async def test_the_bounds_of_bytes_pixels_and_edges(pictures: Pictures, tmp_path: Path) -> None:
    for raw in (png_of(50_000, 50_000), png_of(1_001, 1_000), png_of(20_001, 1), b"\xff\xd8\xff" + b"0" * 10_485_758):
        with pytest.raises(PictureTooLarge):
            await pictures.take(raw, BUYER, "review", OPENID)
    for raw in (png_of(10, 10)[:40], paint()[:300], b"\xff\xd8\xff\xe0"):
        with pytest.raises(PictureInvalid):
            await pictures.take(raw, BUYER, "review", OPENID)
    assert files(tmp_path) == []
    assert await scalar("SELECT count(*) FROM picture") == 0


async def test_purposes_decide_who_uploads_and_what_is_checked(pictures: Pictures) -> None:
    for uploader, purpose in ((BUYER, "product"), (CLERK, "review"), (BUYER, "poster"), (CLERK, "")):
        with pytest.raises(PicturePurposeUnknown):
            await pictures.take(paint(), uploader, purpose)
    assert (await pictures.take(paint(), CLERK, "product")).state is PictureState.PASSED
    assert (await pictures.take(paint(), CLERK, "shop")).state is PictureState.IN_REVIEW, "WeChat checks no staff"


async def test_the_same_bytes_are_one_picture_until_they_are_attached(pictures: Pictures) -> None:
    raw = paint()
    first, second = await asyncio.gather(*(pictures.take(raw, BUYER, "review", OPENID) for _ in range(2)))
    assert first == second == await pictures.take(raw, BUYER, "review", OPENID)
    assert (await pictures.take(raw, "consumer:C2", "review", OPENID)).number != first.number
    await attach(pictures, [first.number])
    assert (await pictures.take(raw, BUYER, "review", OPENID)).number != first.number


async def test_the_quota_holds_against_uploads_at_once_and_ends_with_the_day(pictures: Pictures, watch: Watch) -> None:
    async def attempt(shade: int) -> bool:
        try:
            await pictures.take(paint("PNG", colour=(shade, 1, 1)), BUYER, "review", OPENID)
        except PictureQuotaUsed:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt(shade) for shade in range(1, 12)))) == 5
    watch.forward(days=1)
    assert await attempt(99)


async def test_an_address_is_given_once_the_picture_has_passed(pictures: Pictures) -> None:
    one, two = await held(pictures), await held(pictures)
    await attach(pictures, [two, one])
    with counted_statements() as statements:
        found = await pictures_of("review:R1")
    assert len(statements) == 1
    assert [(p.number, p.url, p.large_url) for p in found] == [(two, None, None), (one, None, None)]
    await pictures.decide(one, True, "staff:U9", "人工复核通过")
    await pictures.decide(one, True, "staff:U9", "人工复核通过")
    await pictures.decide(two, False, "staff:U9", "含广告")
    shown = (await pictures_of("review:R1"))[1]
    assert shown.url is not None
    assert shown.url.startswith(f"{BASE}/public/")
    assert [u.rsplit("-", 1)[1] for u in (shown.thumbnail_url or "", shown.url, shown.large_url or "")] == [
        "200.jpg",
        "750.jpg",
        "1500.jpg",
    ]
    assert one not in shown.url, "the number does not lead to the file"
    assert (await pictures_of("review:R1"))[0].url is None
    facts = await rows(
        "SELECT payload::text AS p FROM outbox_message WHERE topic = 'content.picture_judged' ORDER BY id"
    )
    assert len(facts) == 2
    with pytest.raises(ContentDecided):
        await pictures.decide(one, False, "staff:U9", "x")


async def test_private_pictures_have_no_address_ever(pictures: Pictures, tmp_path: Path) -> None:
    taken = await pictures.take(paint(), CLERK, "licence")
    async with transaction():
        await pictures.attach([taken.number], CLERK, "licence", "paper:1")
    (view,) = await pictures_of("paper:1")
    assert (view.state, view.url, view.thumbnail_url, view.large_url) == (PictureState.PASSED, None, None, None)
    assert all(path.relative_to(tmp_path / "pictures").parts[0] == "private" for path in files(tmp_path))
    assert opened(await pictures.file(taken.number, CLERK)).size == (640, 480)
    with pytest.raises(PictureNotFound):
        await pictures.file(taken.number, "staff:U2")


async def test_what_cannot_be_attached(pictures: Pictures) -> None:
    mine, foreign, refused = await held(pictures), await held(pictures, uploader="consumer:C2"), await held(pictures)
    other_purpose = await held(pictures, "complaint")
    await pictures.decide(refused, False, "staff:U9", "违规")
    elsewhere = await held(pictures)
    await attach(pictures, [elsewhere], "review:R9")
    for numbers in ([foreign], [refused], [other_purpose], [elsewhere], ["NOBODY"], [mine, mine], [mine, foreign]):
        with pytest.raises(PictureNotUsable):
            await attach(pictures, numbers)
    assert await pictures_of("review:R1") == []
    await attach(pictures, [mine])
    await attach(pictures, [mine], uploader="consumer:C7")
    with pytest.raises(RuntimeError):
        await pictures.attach([mine], BUYER, "review", "review:R1")


async def test_attaching_again_says_the_whole_list(pictures: Pictures) -> None:
    one, two, three = [await held(pictures) for _ in range(3)]
    await attach(pictures, [one, two])
    await attach(pictures, [three, two])
    assert [p.number for p in await pictures_of("review:R1")] == [three, two]
    await attach(pictures, [one, two])
    assert [p.number for p in await pictures_of("review:R1")] == [one, two]


async def test_orphans_and_refused_ones_lose_their_files_and_nothing_else_does(
    pictures: Pictures, watch: Watch, tmp_path: Path
) -> None:
    orphan, kept, refused, another = [await held(pictures) for _ in range(4)]
    await attach(pictures, [kept, refused, another])
    await pictures.decide(refused, False, "staff:U9", "违规")
    assert await collect(pictures, nobody) == 0
    watch.forward(hours=25)
    assert await collect(pictures, nobody) == 1
    assert len(files(tmp_path)) == 9
    watch.forward(days=30)
    assert await collect(pictures, nobody) == 1
    assert await collect(pictures, nobody) == 0
    states = await rows("SELECT number, state FROM picture")
    assert {s["number"]: s["state"] for s in states} == {
        orphan: "dropped", kept: "held", refused: "dropped", another: "held"
    }  # fmt: skip
    with pytest.raises(PictureNotFound):
        await pictures.file(orphan, None)


async def test_an_upload_that_died_half_way_is_collected(pictures: Pictures, watch: Watch, tmp_path: Path) -> None:
    number = await held(pictures)
    await execute("UPDATE picture SET state = 'incoming' WHERE number = $1", number)
    with pytest.raises(ContentDecided):
        await pictures.decide(number, True, "staff:U9", "x")
    watch.forward(hours=25)
    assert await collect(pictures, nobody) == 1
    assert files(tmp_path) == []


async def test_every_pair_of_states_moves_as_the_table_says(pictures: Pictures) -> None:
    number = await held(pictures)
    for state in PictureState:
        for to in (PictureState.PASSED, PictureState.REFUSED, PictureState.IN_REVIEW):
            await execute("UPDATE picture SET state = $2 WHERE number = $1", number, state.value)
            async with transaction():
                moved = await pictures.judge(number, to, by="test")
            assert moved is (to in PICTURE_TRANSITIONS[state] and state is not PictureState.INCOMING), (state, to)
    assert set(SIZES) == {"large", "medium", "small"}
