"""A room's page in a headless Chromium, against the running centre: what is pushed is seen, and the card keeps step.

Screenshots are kept in ``test-output/room-page``.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, async_playwright, expect

from kit.numbers import opaque_id
from live.shop.prices import RoomPrices, RoomTerms
from products.offers import Offers
from products.stock import Stock
from scripts.local_stack.chromium import require_chromium
from tests.live.centre import CONSOLE, MINIAPP, Centre
from tests.live.rooms import House

SCREENSHOTS = Path(__file__).resolve().parents[2] / "test-output" / "room-page"
SAID = "<b>这个红糖</b>是古法熬的吗？"


@pytest_asyncio.fixture(loop_scope="package")
async def page(centre: Centre) -> AsyncIterator[Page]:
    """A tab. An error of its scripts, something that its policy forbids, or another host fails the test."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = await playwright.chromium.launch(executable_path=str(require_chromium()), args=words)
        made = await browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        made.set_default_timeout(20_000)
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("console", lambda said: wrong.append(said.text) if "Security Policy" in said.text else None)
        made.on("request", lambda asked: wrong.append(asked.url) if not _is_ours(asked.url) else None)
        yield made
        await browser.close()
    assert wrong == []


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname == "127.0.0.1" or parts.scheme in ("data", "blob")


async def measured(video: Locator) -> tuple[int, float, int]:
    width, at, frames = await video.evaluate(
        "v => [v.videoWidth, v.currentTime, v.getVideoPlaybackQuality().totalVideoFrames]"
    )
    return int(width), float(at), int(frames)


async def expect_moving_pictures(page: Page) -> None:
    """The player says that it plays, and is held to it: the clock runs on, frames are added."""
    await expect(page.get_by_test_id("stage")).to_have_attribute("data-player", "playing", timeout=30_000)
    video = page.get_by_test_id("video")
    width, at, frames = await measured(video)
    await page.wait_for_timeout(1500)
    _, later_at, later_frames = await measured(video)
    assert width == 320
    assert (later_at > at, later_frames > frames) == (True, True), (at, later_at, frames, later_frames)


async def prepared(centre: Centre) -> tuple[str, str]:
    """A session through the gate, its product signed and on the shelf; answers its number and push address."""
    number = await centre.scheduled()
    url = (await centre.address(number))["url"]
    assert (await centre.host.put(f"{CONSOLE}/{number}/shelf/{centre.sku}")).status_code == 200
    keyed = {"idempotency-key": opaque_id()}
    signed = await centre.officer.post(f"{CONSOLE}/{number}/sign-offs", json={"skus": [centre.sku]}, headers=keyed)
    assert signed.status_code < 300, signed.text
    return number, url


async def at_a_price(centre: Centre, number: str, price_fen: int) -> None:
    """The merchant sells at a price of the room from now on."""
    async with centre.database():
        prices = RoomPrices(Offers(), Stock(), House().bell)
        await prices.open(
            number, centre.merchant, centre.sku, RoomTerms(price_fen=price_fen, pieces=10, seconds=120), "staff:clerk"
        )


async def test_pages_that_get_a_snapshot_ask_for_the_room_at_moments_of_their_own(centre: Centre, page: Page) -> None:
    """Within two seconds, by lot, because thousands may get one in the same tick. Fails when a page asks at once."""
    number, _ = await prepared(centre)
    room = f"{MINIAPP}/{number}"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith(room) else None)
    await page.add_init_script(
        """Math.random = () => 0.3; window.delays = [];
        const later = window.setTimeout;
        window.setTimeout = (act, delay) => { window.delays.push(delay); return later(act, delay); };
        window.WebSocket = class extends WebSocket { constructor(url) { super(url.replace(/&epoch=.*/, "")); } };"""
    )
    await page.goto(f"{centre.stack.environment['PUBLIC_BASE_URL']}/rooms/{number}")
    await expect(page.get_by_test_id("stage")).to_have_attribute("data-link", "up")
    delays: list[float] = []
    for _ in range(100):
        delays = await page.evaluate("window.delays")
        if 600 in delays and len(asked) == 2:
            break
        await page.wait_for_timeout(100)
    assert (600 in delays, len(asked)) == (True, 2)


async def test_a_broadcast_is_seen_in_one_tab_and_the_card_keeps_step_with_the_picture(
    centre: Centre, page: Page
) -> None:
    """Fails when the card follows the feed and not the picture: tried."""
    number, url = await prepared(centre)
    await page.goto(f"{centre.stack.environment['PUBLIC_BASE_URL']}/rooms/{number}")
    state, card, chat = (page.get_by_test_id(name) for name in ("state", "card", "chat"))
    await expect(state).to_have_attribute("data-state", "ready")
    await expect(page.get_by_test_id("countdown")).to_have_text("即将开播")
    await expect(page.get_by_test_id("shelf").locator("li")).to_have_attribute("data-code", centre.sku)
    await expect(page.get_by_test_id("stage")).to_have_attribute("data-link", "up")

    centre.push(url)
    await expect(state).to_have_attribute("data-state", "live", timeout=30_000)
    await expect_moving_pictures(page)
    await expect(page.get_by_test_id("countdown")).to_be_hidden()
    await expect(page.get_by_test_id("viewers")).to_have_text("1 人在看")
    await expect(card).to_be_hidden()

    assert (await centre.host.put(f"{CONSOLE}/{number}/pin", json={"sku": centre.sku})).status_code == 200
    await expect(card).to_have_attribute("data-code", centre.sku)
    await expect(chat).to_contain_text("主播开始讲解")
    own_price = (await centre.room(number))["shelf"][0]["price_fen"]
    await expect(card).to_contain_text(f"¥{own_price / 100:.2f}")
    written = {"text": SAID, "client_key": number}
    said = await centre.viewer.post(f"{MINIAPP}/{number}/messages", json=written)
    assert said.status_code == 201, said.text
    await expect(chat.locator(".said")).to_contain_text(SAID)
    await at_a_price(centre, number, own_price - 100)
    await expect(card).to_contain_text(f"¥{(own_price - 100) / 100:.2f}")
    await expect(card).to_contain_text("限时 00:01:")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / "on_air.png")

    # Whoever has stopped the picture keeps its card, although the feed has told of another price and that it is down;
    # the countdown is the other price's.
    video = page.get_by_test_id("video")
    await video.evaluate("v => v.pause()")
    async with centre.database():
        await RoomPrices(Offers(), Stock(), House().bell).end(
            number, centre.sku, "staff:clerk", merchant=centre.merchant
        )
    await at_a_price(centre, number, own_price - 200)
    await expect(page.get_by_test_id("shelf")).to_contain_text(f"¥{(own_price - 200) / 100:.2f}")
    await page.wait_for_timeout(1000)
    await expect(card).to_contain_text(f"¥{(own_price - 100) / 100:.2f}")
    await expect(card).not_to_contain_text("限时")
    assert (await centre.host.delete(f"{CONSOLE}/{number}/pin")).status_code == 204
    await page.wait_for_timeout(3000)
    assert (await centre.room(number))["pinned"] is None
    await expect(card).to_have_attribute("data-code", centre.sku)
    await video.evaluate("v => { v.currentTime = v.buffered.end(v.buffered.length - 1) - 0.2; return v.play(); }")
    await expect(card).to_be_hidden()

    # The same address is the replay, and its card is that of the place looked at.
    assert (await centre.host.post(f"{CONSOLE}/{number}/ending")).status_code == 200
    await expect(state).to_have_attribute("data-state", "replay_ready", timeout=40_000)
    await expect_moving_pictures(page)
    (chapter,) = (await centre.room(number))["chapters"]
    await video.evaluate("(v, at) => { v.currentTime = at; }", chapter["offset_ms"] / 1000 + 0.5)
    await expect(card).to_have_attribute("data-code", centre.sku)
    await page.screenshot(path=SCREENSHOTS / "replay.png")

    # An address with a place, as an order line's moment has, opens the replay there; so does a chapter.
    opened = chapter["offset_ms"] + 500
    await page.goto(f"{centre.stack.environment['PUBLIC_BASE_URL']}/rooms/{number}#t={opened / 1000}")
    await page.reload()  # the same document with another place is not loaded anew
    await expect(card).to_have_attribute("data-code", centre.sku, timeout=30_000)
    assert (await measured(video))[1] >= opened / 1000
    await video.evaluate("v => { v.currentTime = 0; }")
    await expect(card).to_be_hidden()
    await page.get_by_test_id("chapters").locator("a").click()
    await expect(card).to_have_attribute("data-code", centre.sku)


pytestmark = pytest.mark.asyncio(loop_scope="package")
