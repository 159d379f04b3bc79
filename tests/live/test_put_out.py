"""Who was put out of a room, through the real media server and two relays: nothing of it is shown any more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kit.numbers import opaque_id
from tests.live.centre import CONSOLE, MINIAPP, Centre
from tests.live.pictures import decoded_pictures
from tests.live.test_on_air_media import Player, second_relay
from tests.live.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")
REASON = {"reason": "示例原因"}
SOON = 20.0
"""Seconds that a busy machine is given; alone it takes about one."""


def at(relay: str, url: str) -> str:
    """An address of the first relay at another one."""
    return relay + url.split("/", 3)[3]


async def all_addresses(centre: Centre, plan: dict[str, Any], relay: str) -> list[str]:
    """Everything that a viewer could open with what the room has handed out."""
    found = [plan["flv_url"], at(relay, plan["flv_url"]), plan["hls_url"]]
    lists = [plan["hls_url"]]
    if plan["rung"]:
        found += [plan["rung"]["flv_url"], plan["rung"]["hls_url"]]
        lists.append(plan["rung"]["hls_url"])
    for each in lists:
        lines = (await centre.anonymous.get(each)).text.splitlines()
        found.append(each.replace("index.m3u8", next(line for line in lines if line.endswith(".ts"))))
    return found


async def refused(centre: Centre, urls: list[str]) -> bool:
    """Whether none of these addresses is worth anything."""
    return all([await status(centre, url) == 403 for url in urls])


async def status(centre: Centre, url: str) -> int:
    """What is answered, without waiting for the end of a broadcast."""
    async with centre.anonymous.stream("GET", url) as answer:
        return answer.status_code


async def test_a_viewer_who_is_put_out_sees_nothing_more_and_everybody_else_goes_on(centre: Centre) -> None:
    """Fails when nginx does not look for the viewer, when the relay keeps who is there, or when the supervisor lists
    streams alone: tried.
    """
    number = await centre.scheduled()
    address = await centre.address(number)
    centre.push(address["url"])
    await centre.until(number, "live")
    assert (await centre.host.put(f"{CONSOLE}/{number}/second-rung")).status_code == 200

    async def mine() -> dict[str, Any]:
        answer = await centre.viewer.get(f"{MINIAPP}/{number}")
        found: dict[str, Any] = answer.json()
        return found

    async def has_rung() -> bool:
        return bool((await mine())["playback"]["rung"])

    await until(has_rung, 40)
    plan, others = (await mine())["playback"], (await centre.room(number))["playback"]
    await until(lambda: centre.answers(plan["hls_url"]), 30)
    await until(lambda: centre.answers(plan["rung"]["hls_url"]), 30)
    async with second_relay(centre) as second:
        urls = await all_addresses(centre, plan, second)
        free = await all_addresses(centre, others, second)
        assert {await status(centre, url) for url in urls + free} == {200}
        said = await centre.viewer.post(f"{MINIAPP}/{number}/messages", json={"text": "骂人", "client_key": "k"})
        offset = said.json()["offset"]
        put_out = [Player(), Player(), Player()]
        staying = Player()
        watched = [plan["flv_url"], at(second, plan["flv_url"]), plan["rung"]["flv_url"]]
        async with asyncio.TaskGroup() as watching:
            for player, url in zip(put_out, watched, strict=True):
                watching.create_task(player.watch(centre.anonymous, url))
            others_watch = watching.create_task(staying.watch(centre.anonymous, others["flv_url"]))
            await until(lambda: all(each.bytes > 50_000 for each in (*put_out, staying)), 30)
            ban = await centre.host.put(f"{CONSOLE}/{number}/chat/{offset}/ban", json=REASON)
            assert ban.status_code < 300, ban.text
            await until(lambda: all(each.over for each in put_out), SOON)
            await until(lambda: refused(centre, urls), SOON)
            before = staying.bytes
            await until(lambda: staying.bytes > before + 50_000, 20)
            assert not staying.over
            others_watch.cancel()
    still = [url for url in free if second not in url and not url.endswith(".ts")]
    assert {await status(centre, url) for url in still} == {200}
    room = await mine()
    assert (room["playback"], room["state"]) == (None, "live")
    async with second_relay(centre) as third:
        await until(lambda: refused(centre, [at(third, plan["flv_url"])]), SOON)
        assert await status(centre, at(third, others["flv_url"])) == 200
    await the_list_comes_back_by_itself(centre, urls[2])
    shown = await asyncio.to_thread(decoded_pictures, others["flv_url"], 2)
    assert shown >= 40, "somebody without a log-in watches"
    await it_can_be_lifted(centre, number, plan)


async def the_list_comes_back_by_itself(centre: Centre, playlist: str) -> None:
    """A media host that has lost the folder's files has them again from the database."""
    viewer = playlist.partition("/hls/")[2].split("/")[1]
    barred = Path(centre.stack.environment["MEDIA_DIR"]) / "barred" / viewer
    barred.unlink()
    await until(barred.exists, SOON)
    assert await status(centre, playlist) == 403


async def it_can_be_lifted(centre: Centre, number: str, plan: dict[str, Any]) -> None:
    """Who is let in again may use the same addresses."""
    talk = (await centre.host.get(f"{CONSOLE}/{number}/talk")).json()
    (one,) = talk["restrictions"]
    path = f"{CONSOLE}/{number}/restrictions/{one['viewer']}/lifting"
    keyed = {"idempotency-key": opaque_id()}
    assert (await centre.host.put(path, json=REASON, headers=keyed)).status_code < 300

    async def is_back() -> bool:
        return {await status(centre, plan["flv_url"]), await status(centre, plan["hls_url"])} == {200}

    await until(is_back, SOON)
