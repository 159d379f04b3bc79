"""What was taken off goes after a while, unless it proves something or somebody else still needs it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from content.collecting import TakenOff, collect
from content.errors import PictureNotUsable
from content.pictures import Pictures, pictures_of
from content.texts import Texts
from integrations.object_storage.folder import FolderStorage
from kit.database import rows, transaction
from tests.content.paint import paint
from tests.content.test_pictures import BUYER, CLERK, OPENID, files, held, nobody
from tests.orders.mall import Watch


async def product_picture(pictures: Pictures, shade: int, purpose: str = "product") -> str:
    return (await pictures.take(paint("PNG", colour=(shade, 9, 9)), CLERK, purpose)).number


async def show(pictures: Pictures, numbers: list[str], purpose: str = "product", owner: str = "product:P1") -> None:
    async with transaction():
        await pictures.attach(numbers, CLERK, purpose, owner)


async def states() -> dict[str, str]:
    return {each["number"]: each["state"] for each in await rows("SELECT number, state FROM picture")}


async def test_an_old_cover_goes_after_a_month_and_one_that_was_put_back_stays(
    pictures: Pictures, watch: Watch, tmp_path: Path
) -> None:
    """Fails when nothing notes that a picture was taken off, or when putting it back does not end the wait: tried."""
    old, back, new = [await product_picture(pictures, shade) for shade in (1, 2, 3)]
    await show(pictures, [old, back])
    await show(pictures, [new])
    watch.forward(days=29)
    assert await collect(pictures, nobody) == 0
    await show(pictures, [new, back])
    watch.forward(days=2)
    assert await collect(pictures, nobody) == 1
    assert await states() == {old: "dropped", back: "passed", new: "passed"}
    assert len(files(tmp_path)) == 6
    with pytest.raises(PictureNotUsable):
        await show(pictures, [new, old])


async def test_what_somebody_needs_is_asked_about_again_a_month_later(pictures: Pictures, watch: Watch) -> None:
    """Fails when the answer of those who need pictures is not looked at: tried."""
    needed, other, new = [await product_picture(pictures, shade) for shade in (1, 2, 3)]
    await show(pictures, [needed, other])
    view = (await pictures_of("product:P1"))[0]
    await show(pictures, [new])
    asked: list[TakenOff] = []

    async def an_order(taken_off: Sequence[TakenOff]) -> set[str]:
        asked.extend(taken_off)
        return {needed} & {each.number for each in taken_off}

    watch.forward(days=31)
    assert await collect(pictures, an_order) == 1
    assert {each.number for each in asked} == {needed, other}
    assert [(each.owner, each.address) for each in asked if each.number == needed] == [("product:P1", view.url)]
    assert await collect(pictures, an_order) == 0
    assert len(asked) == 2, "not at every run"
    watch.forward(days=31)
    assert await collect(pictures, nobody) == 1


async def test_a_picture_that_is_put_back_while_others_are_asked_stays(pictures: Pictures, watch: Watch) -> None:
    """Fails when what was found is dropped without a second look: tried."""
    old, new = [await product_picture(pictures, shade) for shade in (1, 2)]
    await show(pictures, [old])
    await show(pictures, [new])

    async def slow(taken_off: Sequence[TakenOff]) -> set[str]:
        await show(pictures, [new, old])
        return set()

    watch.forward(days=31)
    assert await collect(pictures, slow) == 0
    assert (await states())[old] == "passed"


@pytest.mark.parametrize("purpose", ["after_sales", "complaint", "evidence", "licence", "identity"])
async def test_evidence_stays_refused_or_taken_off(pictures: Pictures, watch: Watch, purpose: str) -> None:
    """Fails when the purpose is not marked as evidence: tried."""
    shown, taken_off = [await product_picture(pictures, shade, purpose) for shade in (1, 2)]
    await show(pictures, [shown, taken_off], purpose, "case:R1")
    await show(pictures, [shown], purpose, "case:R1")
    if (await states())[shown] == "in_review":
        await pictures.decide(shown, False, "staff:U9", "违规")
    watch.forward(days=400)
    assert await collect(pictures, nobody) == 0
    assert "dropped" not in (await states()).values()


async def test_pictures_of_words_that_were_refused_go_with_them(
    pictures: Pictures, watch: Watch, tmp_path: Path
) -> None:
    """Fails when refused words keep their pictures: tried."""
    texts = Texts(watch)
    of_refused, of_shown = [await held(pictures) for _ in range(2)]
    for subject, number in (("review:V1", of_refused), ("review:V2", of_shown)):
        async with transaction():
            await texts.hold(subject, "示例评价", OPENID)
            await pictures.attach([number], BUYER, "review", subject)
    for each in await rows("SELECT number, subject FROM content_text"):
        await texts.decide(each["number"], each["subject"] == "review:V2", "staff:U9", "复核")
    watch.forward(days=29)
    assert await collect(pictures, nobody) == 0
    watch.forward(days=2)
    assert await collect(pictures, nobody) == 1
    assert await states() == {of_refused: "dropped", of_shown: "held"}
    assert len(files(tmp_path)) == 3


async def test_a_worker_that_dies_at_the_storage_is_followed_by_another(
    pictures: Pictures, watch: Watch, tmp_path: Path
) -> None:
    """Row and files end alike whenever it dies; several at once change nothing."""

    class Killed(BaseException):
        """Nothing in the house catches it."""

    class Dying(FolderStorage):
        async def delete(self, keys: Sequence[str]) -> None:
            await super().delete(list(keys)[:1])
            raise Killed

    old, new = [await product_picture(pictures, shade) for shade in (1, 2)]
    await show(pictures, [old])
    await show(pictures, [new])
    watch.forward(days=31)
    with pytest.raises(Killed):
        await collect(replace(pictures, storage=Dying(tmp_path / "pictures")), nobody)
    assert (await states())[old] == "dropped"
    assert len(files(tmp_path)) == 5
    await asyncio.gather(*(collect(pictures, nobody) for _ in range(3)))
    assert len(files(tmp_path)) == 3
    left = await rows("SELECT 1 FROM picture WHERE state = 'dropped' AND files_deleted_at IS NULL")
    assert left == []
