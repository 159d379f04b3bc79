"""The page of a room: shut by default, strict in what it loads, and what it loads is what its list says."""

import hashlib
import re
from datetime import timedelta

import httpx
import pytest

from kit.clock import utc_now
from live.errors import SessionNotFound
from public_pages.live_rooms.endpoints import RoomPages, show_room_page
from public_pages.live_rooms.views import ASSETS, policy
from server.settings import _tree
from tests.doors.conftest import house, http
from tests.doors.house import House, idempotency_key
from tests.doors.problems import check_page

__all__ = ["house", "http"]
TITLE = '红糖"><script>alert(1)</script>&专场'


async def a_session(house: House, http: httpx.AsyncClient) -> str:
    plan = {"title": TITLE, "merchant": house.merchant, "planned_at": (utc_now() + timedelta(hours=1)).isoformat()}
    keyed = house.headers("host", idempotency_key=idempotency_key())
    made = await http.post("/v1/console/live/sessions", json=plan, headers=keyed)
    assert made.status_code == 201, made.text
    return str(made.json()["number"])


async def test_what_is_typed_is_text_and_every_script_is_a_file_of_ours(house: House, http: httpx.AsyncClient) -> None:
    shown = await http.get(f"/rooms/{await a_session(house, http)}")
    assert shown.status_code == 200
    assert "红糖&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;专场" in shown.text
    assert "alert(1)</script>" not in shown.text
    assert not re.search(r"<script(?![^>]* src=\"/room-assets/)", shown.text)
    rules = dict(part.strip().split(" ", 1) for part in shown.headers["content-security-policy"].split(";"))
    assert (rules["default-src"], rules["script-src"], rules["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in shown.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="(/room-assets/[^"]+)"', shown.text)
    assert len(loaded) == 4
    for path in [*loaded, "/room-assets/player.js", "/room-assets/feed.js", "/room-assets/card_at.js"]:
        got = await http.get(path)
        assert got.status_code == 200, path
        assert got.headers["content-type"].split(";")[0] in ("text/javascript", "application/javascript", "text/css")
    check_page(await http.get("/rooms/L20260101NOSUCH0001"), 404)
    assert (await http.get("/room-assets/../views.py")).status_code == 404


async def test_where_the_settings_do_not_open_it_there_is_no_page() -> None:
    with pytest.raises(SessionNotFound):
        await show_room_page("L20260101NOSUCH0001", RoomPages(is_open=False, policy=""))


@pytest.mark.parametrize(
    ("environment", "given", "is_open"),
    [("production", None, "0"), ("production", "1", "1"), ("development", None, "1"), ("development", "0", "0")],
)
def test_production_has_no_pages_unless_it_says_so(environment: str, given: str | None, is_open: str) -> None:
    said = {"LONGCHUAN_ENV": environment} | ({"ROOM_PAGES": given} if given else {})
    live = _tree(said)["live"]
    assert isinstance(live, dict)
    assert live["room_pages"] == is_open


def test_a_policy_names_the_origins_of_media_and_feed() -> None:
    said = policy(
        "https://mall.example.cn",
        ["https://pictures.example.cn/p"],
        ["https://live.example.cn/live", "https://live.example.cn/hls", ""],
    )
    assert "connect-src 'self' wss://mall.example.cn https://live.example.cn;" in said
    assert "img-src data: https://pictures.example.cn;" in said


def test_the_players_are_the_files_that_their_list_pins() -> None:
    listed = re.findall(r"\| `(\S+)` \| .*? \| `([0-9a-f]{64})` \|", (ASSETS / "vendor" / "README.md").read_text())
    assert {name for name, _ in listed} == {path.name for path in (ASSETS / "vendor").glob("*.js")}
    for name, digest in listed:
        assert hashlib.sha256((ASSETS / "vendor" / name).read_bytes()).hexdigest() == digest
