"""Reviews of real orders: who may write, when it shows, what it adds up to, and that nothing of it goes."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from asyncpg.exceptions import InsufficientPrivilegeError
from tortoise.exceptions import BaseORMException

from content.errors import PictureNotUsable, TextInvalid
from content.pictures import Pictures
from content.texts import Texts
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import DomainError
from reviews.errors import (
    AlreadyReviewed,
    NothingToReview,
    ReviewEmpty,
    ReviewNotFound,
    ReviewNotMovable,
    ReviewWindowPassed,
)
from reviews.models import REVIEW_TRANSITIONS, ReviewState
from reviews.queries import author_name, hidings, product_reviews, rating_of, review, reviews_of
from reviews.service import Reviews, Said
from tests.content.paint import paint
from tests.orders.mall import Mall, openid_of, settings_for
from tests.statements import counted_statements

BUYER = "C1"


@dataclass
class Critics:
    """A mall with received orders, and the room of reviews on its clock."""

    mall: Mall
    reviews: Reviews
    shade: int = 0

    @property
    def texts(self) -> Texts:
        return self.reviews.texts

    @property
    def pictures(self) -> Pictures:
        return self.reviews.pictures

    async def received(self, consumer: str = BUYER) -> str:
        """The reference of a line that the consumer has received."""
        order = await self.mall.place(1, consumer=consumer)
        await self.mall.bring_to("received", order)
        return order.lines[0].reference

    async def picture(self, consumer: str = BUYER) -> str:
        self.shade += 1
        raw = paint("PNG", (40, 30), colour=(self.shade % 250, self.shade // 250, 9))
        return (await self.pictures.take(raw, f"consumer:{consumer}", "review", openid_of(consumer))).number

    async def write(
        self, line: str, stars: int = 5, text: str = "茶很香", pictures: tuple[str, ...] = (), *,
        consumer: str = BUYER, anonymous: bool = False,
    ) -> str:  # fmt: skip
        said = Said(text, pictures)
        return await self.reviews.write(consumer, openid_of(consumer), line, stars, said, anonymous)

    async def judge(self, subject: str, passed: bool = True) -> None:
        """A person decides on the text of a subject, and the reviews hear of it."""
        number = await scalar("SELECT number FROM content_text WHERE subject = $1", subject)
        await self.texts.decide(number, passed, "staff:U9", "复核")
        await self.mall.deliver()

    async def look_at(self, picture: str, passed: bool = True) -> None:
        await self.pictures.decide(picture, passed, "staff:U9", "复核")
        await self.mall.deliver()

    async def shown(self, stars: int = 5, *, consumer: str = BUYER) -> str:
        """A review that is shown."""
        number = await self.write(await self.received(consumer), stars, consumer=consumer)
        await self.judge(f"review:{number}")
        return number

    async def state(self, number: str) -> ReviewState:
        return (await review(number)).state


@pytest_asyncio.fixture
async def critics(database: str, tmp_path: Path) -> AsyncIterator[Critics]:
    mall = Mall(settings_for(tmp_path, database, PICTURES_CONSUMER_PER_DAY="1000"))
    await mall.open(stock=1000)
    found = mall.built.mall.reviews
    for service in (found, found.texts, found.pictures):
        object.__setattr__(service, "clock", mall.watch)
    yield Critics(mall, found)
    await mall.built.stop()


async def recomputed(product: str) -> tuple[int, int, int, int]:
    """The rating from the reviews themselves."""
    found = await row(
        "SELECT count(*) AS n, COALESCE(sum(stars), 0)::int AS s, count(*) FILTER (WHERE pictures > 0) AS p"
        " FROM review WHERE product = $1 AND state = 'shown'",
        product,
    )
    assert found is not None
    average = (found["s"] * 20_000 + found["n"]) // (2 * found["n"]) if found["n"] else 0
    return found["n"], found["s"], found["p"], average


async def kept(product: str) -> tuple[int, int, int, int]:
    found = await row("SELECT * FROM product_rating WHERE product = $1", product)
    if found is None:
        return 0, 0, 0, 0
    return found["reviews"], found["star_sum"], found["with_pictures"], found["average_bp"]


async def test_only_the_buyer_of_a_received_line_and_once(critics: Critics) -> None:
    line = await critics.received()
    for state in ("pending_payment", "paid", "packed", "shipped"):
        order = await critics.mall.place(1)
        await critics.mall.bring_to(state, order)
        with pytest.raises(NothingToReview):
            await critics.write(order.lines[0].reference)
    with pytest.raises(NothingToReview):
        await critics.write(line, consumer="C2")
    with pytest.raises(NothingToReview):
        await critics.write("NOBODY-1")
    written = await asyncio.gather(*(critics.write(line) for _ in range(5)), return_exceptions=True)
    assert sorted(type(w).__name__ for w in written) == ["AlreadyReviewed"] * 4 + ["str"]
    assert await scalar("SELECT count(*) FROM review") == 1
    assert await scalar("SELECT count(*) FROM content_text") == 1


async def test_the_window_is_the_configured_one(critics: Critics) -> None:
    line = await critics.received()
    critics.mall.watch.forward(days=181)
    with pytest.raises(ReviewWindowPassed):
        await critics.write(line)
    longer = replace(critics.reviews, window=timedelta(days=200))
    assert await longer.write(BUYER, openid_of(BUYER), line, 4, Said("好"), False)


async def test_nothing_shows_before_text_and_pictures_have_passed(critics: Critics) -> None:
    one, two = await critics.picture(), await critics.picture()
    number = await critics.write(await critics.received(), 4, "好喝", (two, one))
    product = critics.mall.product
    assert (await product_reviews(product, False, None, 20))[0] == []
    await critics.judge(f"review:{number}")
    await critics.look_at(one)
    assert await critics.state(number) is ReviewState.HELD
    assert (await rating_of(product)).reviews == 0
    await critics.look_at(two)
    (shown,), _ = await product_reviews(product, True, None, 20)
    assert (shown.number, shown.stars, [p.number for p in shown.pictures]) == (number, 4, [two, one])
    assert all(p.url for p in shown.pictures)
    assert (await rating_of(product)).average_bp == 40_000


async def test_a_refused_picture_is_left_out_and_a_refused_text_refuses_all(critics: Critics) -> None:
    good, bad = await critics.picture(), await critics.picture()
    number = await critics.write(await critics.received(), 5, "好喝", (good, bad))
    await critics.judge(f"review:{number}")
    await critics.look_at(good)
    await critics.look_at(bad, passed=False)
    (shown,), _ = await product_reviews(critics.mall.product, True, None, 20)
    assert [p.number for p in shown.pictures] == [good]
    await critics.look_at(bad)
    (shown,), _ = await product_reviews(critics.mall.product, True, None, 20)
    assert len(shown.pictures) == 2, "the county let it pass after all"
    other = await critics.write(await critics.received(), 1, "骂人的话")
    await critics.judge(f"review:{other}", passed=False)
    assert await critics.state(other) is ReviewState.REFUSED
    assert await kept(critics.mall.product) == (1, 5, 1, 50_000)
    await critics.judge(f"review:{other}")
    assert await kept(critics.mall.product) == (2, 6, 1, 30_000)


async def test_stars_alone_show_at_once(critics: Critics) -> None:
    number = await critics.write(await critics.received(), 3, "")
    assert await critics.state(number) is ReviewState.SHOWN
    assert await kept(critics.mall.product) == (1, 3, 0, 30_000)


async def test_what_cannot_be_said_leaves_nothing_behind(critics: Critics) -> None:
    line = await critics.received()
    foreign = await critics.picture("C2")
    for text, pictures, refusal in (
        ("   ", (), TextInvalid), ("长" * 2001, (), TextInvalid), ("好", (foreign,), PictureNotUsable),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await critics.write(line, 5, text, pictures)
    assert await scalar("SELECT count(*) FROM review") == 0
    assert await critics.write(line)


async def test_the_author_is_masked_and_the_anonymous_one_is_hidden_from_the_merchant_too(critics: Critics) -> None:
    line, other = await critics.received(), await critics.received()
    named, unnamed = await critics.write(line), await critics.write(other, anonymous=True)
    for number in (named, unnamed):
        await critics.judge(f"review:{number}")
    shown, _ = await product_reviews(critics.mall.product, False, None, 20)
    assert [s.author for s in shown] == ["匿名用户", "用户***C1"]
    assert "20261126" not in author_name("C20261126ABCDEFGHJK", False)
    merchants, _ = await reviews_of(None, critics.mall.merchant, None, None, 20)
    assert [(m.anonymous, m.line) for m in merchants] == [(True, ""), (False, line)]
    assert (await reviews_of(BUYER, None, None, None, 20))[0][0].line == other


async def test_one_follow_up_held_on_its_own(critics: Critics) -> None:
    number = await critics.shown()
    with pytest.raises(ReviewEmpty):
        await critics.reviews.follow_up(BUYER, openid_of(BUYER), number, Said(" "))
    with pytest.raises(ReviewNotFound):
        await critics.reviews.follow_up("C2", openid_of("C2"), number, Said("我也说"))
    picture = await critics.picture()
    critics.mall.watch.forward(days=10)
    await critics.reviews.follow_up(BUYER, openid_of(BUYER), number, Said("喝完再来", (picture,)))
    with pytest.raises(AlreadyReviewed):
        await critics.reviews.follow_up(BUYER, openid_of(BUYER), number, Said("再说一次"))
    (shown,), _ = await product_reviews(critics.mall.product, False, None, 20)
    assert shown.follow_up is None
    await critics.look_at(picture)
    await critics.judge(f"review:{number}/follow_up")
    (shown,), _ = await product_reviews(critics.mall.product, False, None, 20)
    assert shown.follow_up is not None
    assert (shown.follow_up.text, len(shown.follow_up.pictures)) == ("喝完再来", 1)
    assert await kept(critics.mall.product) == (1, 5, 0, 50_000), "a second word is no second rating"
    other = await critics.shown()
    critics.mall.watch.forward(days=200)
    with pytest.raises(ReviewWindowPassed):
        await critics.reviews.follow_up(BUYER, openid_of(BUYER), other, Said("晚了"))


async def test_one_answer_of_the_own_merchant_checked_by_a_person(critics: Critics) -> None:
    number, merchant = await critics.shown(), critics.mall.merchant
    held = await critics.write(await critics.received())
    with pytest.raises(ReviewNotFound):
        await critics.reviews.answer("M2", number, "谢谢", "staff:U1")
    with pytest.raises(ReviewNotMovable):
        await critics.reviews.answer(merchant, held, "谢谢", "staff:U1")
    await critics.reviews.answer(merchant, number, "谢谢惠顾", "staff:U1")
    with pytest.raises(AlreadyReviewed):
        await critics.reviews.answer(merchant, number, "再谢", "staff:U1")
    (shown,), _ = await product_reviews(critics.mall.product, False, None, 20)
    assert shown.answer is None
    assert await scalar("SELECT state FROM content_text WHERE subject = $1", f"review:{number}/answer") == "in_review"
    await critics.judge(f"review:{number}/answer")
    (shown,), _ = await product_reviews(critics.mall.product, False, None, 20)
    assert shown.answer is not None
    assert shown.answer.text == "谢谢惠顾"


async def test_the_county_hides_with_a_reason_and_nobody_deletes(critics: Critics) -> None:
    number = await critics.shown(1)
    await critics.reviews.set_hidden(number, True, "泄露他人电话", "staff:U9")
    await critics.reviews.set_hidden(number, True, "再次", "staff:U9")
    assert (await product_reviews(critics.mall.product, False, None, 20))[0] == []
    assert await kept(critics.mall.product) == (0, 0, 0, 0)
    await critics.reviews.set_hidden(number, False, "已核实无误", "staff:U8")
    assert [(d.hidden, d.reason, d.decided_by) for d in await hidings(number)] == [
        (True, "泄露他人电话", "staff:U9"), (False, "已核实无误", "staff:U8")
    ]  # fmt: skip
    assert await kept(critics.mall.product) == (1, 1, 0, 10_000)
    held = await critics.write(await critics.received())
    with pytest.raises(ReviewNotMovable):
        await critics.reviews.set_hidden(held, True, "不喜欢", "staff:U9")
    with pytest.raises(ReviewNotFound):
        await critics.reviews.set_hidden("NOBODY", True, "不喜欢", "staff:U9")
    await critics.reviews.answer(critics.mall.merchant, number, "谢谢", "staff:U1")
    for change in ("DELETE FROM review", "UPDATE review SET stars = 5", "UPDATE review SET text = 'x'",
                   "DELETE FROM review_decision", "UPDATE review_decision SET reason = 'x'",
                   "DELETE FROM review_addition", "TRUNCATE review CASCADE"):  # fmt: skip
        with pytest.raises(
            (BaseORMException, InsufficientPrivilegeError), match=r"append-only|do not change|permission denied"
        ):
            await execute(change)
    assert await scalar("SELECT count(*) FROM review") == 2


async def test_pages_of_a_product_take_two_statements_and_follow_the_cursor(critics: Critics) -> None:
    numbers = [await critics.shown(stars) for stars in (5, 4, 3)]
    seen, cursor = [], None
    while True:
        with counted_statements() as statements:
            page, cursor = await product_reviews(critics.mall.product, False, cursor, 2)
        assert len(statements) == 2
        seen += [r.number for r in page]
        if cursor is None:
            break
    assert seen == numbers[::-1]
    with counted_statements() as statements:
        assert (await rating_of(critics.mall.product)).average_bp == 40_000
    assert len(statements) == 1


async def test_ratings_hold_while_many_write_hide_and_show_at_once(critics: Critics) -> None:
    numbers = [await critics.shown(random.Random(n).randint(1, 5)) for n in range(6)]

    async def turn(number: str, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(4):
            await critics.reviews.set_hidden(number, dice.random() < 0.5, "演练", "staff:U9")

    await asyncio.gather(*(turn(number, seed) for seed, number in enumerate(numbers * 3)))
    assert await kept(critics.mall.product) == await recomputed(critics.mall.product)


WALK = 60


async def test_a_walk_through_the_table_of_states(critics: Critics) -> None:
    """Every step that is drawn ends where the table says or is refused, and the rating is that of what is shown."""
    dice = random.Random(39)
    living: dict[str, ReviewState] = {}
    for step in range(WALK):
        verb = dice.choice(["write", "pass", "refuse", "hide", "show"])
        if verb == "write" or not living:
            number = await critics.write(await critics.received(), dice.randint(1, 5), f"第{step}条")
            living[number] = ReviewState.HELD
        else:
            number = dice.choice(list(living))
            before = living[number]
            try:
                if verb in ("pass", "refuse"):
                    await critics.judge(f"review:{number}", verb == "pass")
                else:
                    await critics.reviews.set_hidden(number, verb == "hide", "演练", "staff:U9")
            except DomainError:
                assert await critics.state(number) is before, (step, verb)
            else:
                after = await critics.state(number)
                assert after is before or after in REVIEW_TRANSITIONS[before], (step, verb, before, after)
                living[number] = after
        assert await kept(critics.mall.product) == await recomputed(critics.mall.product), (step, verb)
    assert set(living.values()) == set(ReviewState)


async def test_every_move_outside_the_table_is_refused(critics: Critics) -> None:
    number = await critics.write(await critics.received())
    for before in ReviewState:
        for to in ReviewState:
            if to is before or to in REVIEW_TRANSITIONS[before]:
                continue
            await execute("UPDATE review SET state = $2 WHERE number = $1", number, before.value)
            async with transaction():
                held = await critics.reviews._locked(number)
                with pytest.raises(ReviewNotMovable):
                    await critics.reviews._move(held, to, 0)
    assert len(await rows("SELECT 1 FROM review")) == 1
