"""kill -9 of every process and of the database while people buy in the newer ways, and the invariants afterwards.

Two merchants under one payment, coupons, a flash offer, a quota, pick-up, the refund of one part by silence, groups
that form and that fail, a file of another channel: whatever dies in whichever moment, no acknowledged trade is lost,
nobody pays or is paid back twice, no piece and no coupon is stranded, and the books are exact to the fen.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit.database import rows, scalar
from scripts.local_stack.stack import LocalStack
from tests.story.shop import FLASH_PIECES, QUOTA_PIECES, Shop

PROGRAMS = ("postgres", "redis", "api", "dispatcher", "worker", "beat", "wechat-sandbox")


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[LocalStack]:
    """Everything but the live centre, empty."""
    stack = LocalStack(tmp_path / "state", PROGRAMS, usual_ports=False)
    stack.start()
    yield stack
    stack.destroy()


async def kill_on(mall: LocalStack, names: list[str], dice: random.Random) -> None:
    """Kill one program after the other, each when its predecessor's successor answers.

    Whoever is left when everybody has bought dies while refunds, groups and facts come to rest.
    """
    for name in names:
        await asyncio.sleep(dice.uniform(0.3, 1.5))
        old = await asyncio.to_thread(mall.kill, name)
        await asyncio.to_thread(mall.wait_until_up, name, after=old, patience_s=60.0)


@pytest.mark.parametrize(
    ("names", "seed"),
    [
        (["api", "postgres", "worker", "dispatcher"], 1),
        pytest.param([*PROGRAMS, "postgres", "api", "worker", "postgres"], 2, marks=pytest.mark.whole),
        pytest.param([*reversed(PROGRAMS), "dispatcher", "postgres", "api"], 3, marks=pytest.mark.whole),
        pytest.param(["postgres"] * 8, 4, marks=pytest.mark.whole),
        pytest.param(["worker", "dispatcher"] * 5, 5, marks=pytest.mark.whole),
        pytest.param(["api"] * 8, 6, marks=pytest.mark.whole),
    ],
)
async def test_whoever_dies_nothing_is_lost_stranded_or_done_twice(
    mall: LocalStack, names: list[str], seed: int
) -> None:
    dice = random.Random(seed)
    async with httpx.AsyncClient(timeout=20, trust_env=False, limits=httpx.Limits(max_connections=40)) as http:
        shop = Shop(mall, http)
        await shop.open(people=20)
        people = list(shop.people)
        dice.shuffle(people)
        async with shop.inside():
            killer = asyncio.create_task(kill_on(mall, names, dice))

            async def groups() -> None:
                """Three make a group and two do not; then the offer ends."""
                members = [people.pop() for _ in range(5)]
                formed = await shop.joins(members[0])
                lonely = await shop.joins(members[3])
                await asyncio.gather(
                    shop.joins(members[1], formed), shop.joins(members[2], formed), shop.joins(members[4], lonely)
                )
                offer = shop.offers["group"]
                await shop.clerk.put(f"/group-offers/{offer}/end", {"reason": "示例原因"})

            together = groups()
            ways = [
                *(shop.buys_at_two_and_gives_one_part_up(people[-n]) for n in (6, 7, 8)),
                *(shop.thinks_better_of_it(people[-n]) for n in (9, 10)),
                *(shop.fetches(people[-n]) for n in (11, 12)),
                *(shop.tolerates(shop.buys_a_flash_piece(person), "sold_out") for person in people[:7]),
                *(shop.tolerates(shop.buys_branded(person), "brand_quota_used") for person in people[:6]),
                shop.imports(["D-1", "D-2", "D-3"]),
                together,
            ]
            await asyncio.gather(*ways)
            await killer
            await shop.comes_to_rest(90)
            await shop.check()
            theirs, ours = await shop.captured_at_wechat()
            assert theirs == ours
            assert shop.refused["sold_out"] == 7 - FLASH_PIECES
            flash = "SELECT count(*) FROM stock_reservation WHERE offer_id IS NOT NULL AND state = 'sold' AND sku_id ="
            assert await scalar(f"{flash} (SELECT id FROM sku WHERE code = $1)", shop.skus["flash"]) == FLASH_PIECES
            carried = await rows("SELECT marks::text AS m FROM order_line WHERE sku = $1", shop.skus["branded"])
            assert sum("public_brand" in line["m"] for line in carried) == QUOTA_PIECES
            found = await rows("SELECT state, count(*)::int AS n FROM buying_group GROUP BY state ORDER BY state")
            assert found == [{"state": "formed", "n": 1}, {"state": "settled", "n": 1}]
            assert await scalar("SELECT count(*) FROM channel_order") == 3
            assert await scalar("SELECT count(*) FROM channel_import") == 1
            picked = await rows("SELECT o.state FROM order_pickup p JOIN customer_order o ON o.id = p.order_id")
            assert [each["state"] for each in picked] == ["received", "received"]
