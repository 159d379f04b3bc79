"""Chat is filtered before it is seen and taken back when WeChat or a person refuses it."""

import pytest

from content.events import TextJudged
from content.models import TextState
from content.texts import Texts
from kit.database import row, rows, scalar, transaction
from live.errors import ChatNotAllowed
from live.handlers import on_text_judged
from tests.live.rooms import House


async def judged(house: House, to: TextState) -> None:
    """A verdict on the newest held text, delivered twice."""
    subject = str(await scalar("SELECT subject FROM content_text ORDER BY id DESC LIMIT 1"))
    async with transaction():
        number = await scalar("SELECT number FROM content_text WHERE subject = $1", subject)
        assert await Texts().judge(number, to, by="wechat")
    fact = TextJudged(subject=subject, passed=to is TextState.PASSED, judged_at=house.clock())
    for _ in range(2):
        await on_text_judged(fact, house.chat)


async def feed() -> list[tuple[str, object]]:
    found = await rows("SELECT kind, payload ->> 'text' AS text, payload ->> 'offset' AS gone FROM live_feed_message"
                       " WHERE kind LIKE 'chat%' ORDER BY \"offset\"")  # fmt: skip
    return [(each["kind"], each["gone"] if each["kind"] == "chat_removed" else each["text"]) for each in found]


async def test_a_refused_message_is_taken_back_once_and_its_words_are_gone(database: str) -> None:
    """Fails when the words stay in the record: tried."""
    house = House()
    session, _ = await house.on_air()
    offset = await house.chat.post(session.number, "consumer:1", "用户", "加微信领红包", "k1", "o1")
    held = await row("SELECT openid, state FROM content_text")
    assert held == {"openid": "o1", "state": "held"}
    assert await feed() == [("chat", "加微信领红包")], "seen at once"
    await judged(house, TextState.REFUSED)
    assert await feed() == [("chat", ""), ("chat_removed", str(offset))]
    assert await house.chat.post(session.number, "consumer:1", "用户", "加微信领红包", "k1", "o1") == offset


async def test_a_message_that_passes_stays(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    await house.chat.post(session.number, "consumer:1", "用户", "好吃", "k1", "o1")
    await judged(house, TextState.PASSED)
    assert await feed() == [("chat", "好吃")]


async def test_a_word_of_the_countys_list_is_never_seen(database: str) -> None:
    """Spaces and widths between the letters hide nothing."""
    house = House()
    session, _ = await house.on_air()
    await Texts().add_keyword("刷单", "staff:county")
    with pytest.raises(ChatNotAllowed):
        await house.chat.post(session.number, "consumer:1", "用户", "刷 · 单", "k1", "o1")
    assert await feed() == []
    assert await scalar("SELECT count(*) FROM content_text") == 0
