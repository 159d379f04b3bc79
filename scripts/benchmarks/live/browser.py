"""HLS in the room's own player, in a headless Chromium: how old its picture is, and whether it ever has to wait.

The player of the page is given the address of the playlist alone, at many phases of a segment; the painted clock is
read out of the pictures that it shows. Decoding and drawing are in it.
"""

import asyncio
from typing import Any, cast

from playwright.async_api import Page, async_playwright

from scripts.benchmarks.figures import Figure, percentile
from scripts.benchmarks.live.clock import BITS, HEIGHT, STRIP_ROWS, WIDTH, age_ms, read
from scripts.benchmarks.live.pictures import PHASE_S, painted
from scripts.benchmarks.live.stage import Room, Stage
from scripts.local_stack.chromium import require_chromium

WATCH_S = 15.0
LATE_S = 10.0
"""From then on a player that was late has had time to catch up."""
WATCH = """
async ([hls, watchMs, width, height, rows, bits]) => {
  const { Player } = await import("/room-assets/player.js");
  const video = document.createElement("video");
  document.body.replaceChildren(video);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bits, 1];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = [];
  let waits = 0;
  const look = () => {
    pen.drawImage(video, 0, rows / 4, width, rows / 2, 0, 0, bits, 1);
    const pixels = pen.getImageData(0, 0, bits, 1).data;
    seen.push([Date.now(), Array.from({ length: bits }, (_, at) => pixels[4 * at])]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const player = new Player(video, (state) => { waits += seen.length > 0 && state === "waiting"; });
  player.play({ hls_url: hls });
  await new Promise((done) => setTimeout(done, watchMs));
  player.stop();
  return [seen, waits];
}
"""


async def in_a_browser(stage: Stage, joins: int) -> list[Figure]:
    """The figures."""
    room = await stage.room()
    firsts: list[float] = []
    lasts: list[float] = []
    waits = 0
    async with painted(stage, room), async_playwright() as playwright:
        words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = await playwright.chromium.launch(executable_path=str(require_chromium()), args=words)
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        await asyncio.sleep(5)
        for _ in range(joins):
            await asyncio.sleep(PHASE_S)
            ages, waited = await _watch(stage, page, room)
            waits += waited
            firsts.append(ages[0][1])
            lasts.append(percentile([age for at_s, age in ages if at_s > LATE_S], 0.5))
        await browser.close()
    return [
        Figure(f"HLS in a browser: first picture, median of {joins}", percentile(firsts, 0.5), "s"),
        Figure(f"HLS in a browser: first picture, oldest of {joins}", max(firsts), "s", 3.5),
        Figure(f"HLS in a browser: after {LATE_S:.0f} s, median of {joins}", percentile(lasts, 0.5), "s"),
        Figure(f"HLS in a browser: after {LATE_S:.0f} s, oldest of {joins}", max(lasts), "s", 3.5),
        Figure("HLS in a browser: times that it had to wait", waits, "", 0),
    ]


async def _watch(stage: Stage, page: Page, room: Room) -> tuple[list[tuple[float, float]], int]:
    """Seconds since the first picture and age in seconds of each that was shown, and how often the player waited."""
    await page.goto(f"{stage.env['PUBLIC_BASE_URL']}/rooms/{room.number}")
    asked = [room.hls_url, WATCH_S * 1000, WIDTH, HEIGHT, STRIP_ROWS, BITS]
    shown, waits = cast(tuple[list[Any], int], await page.evaluate(WATCH, asked))
    read_out = [(at_ms, read(bytes(blocks))) for at_ms, blocks in shown]
    return [
        ((at_ms - shown[0][0]) / 1000, age_ms(stamp, at_ms) / 1000) for at_ms, stamp in read_out if stamp is not None
    ], waits
