"""The document of a room. Its text is there without a script; the script plays, follows and draws what changes."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from kit.clock import CHINA
from live.plans.queries import Shown
from live.queries import RoomView

ASSETS = Path(__file__).with_name("assets")
"""Scripts and style of a room, the players among them; the sandbox's phone has them from here too."""
ASSETS_PATH = "/room-assets"
_PARTS = "".join(
    f'<p id="{name}" data-testid="{name}" hidden></p>'
    for name in ("away", "countdown", "announcement", "card", "coupons")
)
_CHAPTERS = '<ol id="chapters" data-testid="chapters"></ol>'


def room_page(room: RoomView, said: Shown) -> str:
    """A whole document; the room's number is all that the script is told."""
    planned = f"{room.planned_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{escape(room.title)}</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{ASSETS_PATH}/page.css"></head><body data-number="{escape(room.number)}">'
        f"<header><h1>{escape(room.title)}</h1><p>计划开播 {planned} · "
        f'<b id="state" data-testid="state" data-state="{room.state.value}"></b> · '
        '<span id="viewers" data-testid="viewers"></span> · <span id="likes" data-testid="likes"></span></p>'
        f'<p id="notice">{escape(said.notice)}</p></header>'
        '<main><section id="stage" data-testid="stage" data-player="waiting" data-link="down">'
        f'<video data-testid="video" muted playsinline controls></video>{_PARTS}{_CHAPTERS}</section>'
        '<section><h2>货架</h2><ol id="shelf" data-testid="shelf"></ol></section>'
        '<section><h2>消息</h2><ol id="chat" data-testid="chat" aria-live="polite"></ol></section></main>'
        "<noscript>播放与消息需要 JavaScript。</noscript>"
        f'<script src="{ASSETS_PATH}/vendor/mpegts.js"></script>'
        f'<script src="{ASSETS_PATH}/vendor/hls.light.min.js"></script>'
        f'<script type="module" src="{ASSETS_PATH}/page.js"></script></body></html>'
    )


def policy(own: str, pictures_from: Iterable[str], media_from: Iterable[str]) -> str:
    """What the page may load: scripts and style of this host, pictures and media of the origins given, nothing else.

    ``own`` is this host's address, whose feed is a WebSocket.
    """
    feed = "ws" + _origin(own).removeprefix("http")
    media = " ".join(sorted({_origin(each) for each in media_from if each}))
    pictures = " ".join(sorted({_origin(each) for each in pictures_from}))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {feed} {media};"
        f" media-src blob: {media}; img-src data: {pictures}; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
