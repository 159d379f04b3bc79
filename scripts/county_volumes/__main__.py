"""``scripts/seed``: fill the running demo county with the volumes of domain reference 6.4, and prove that all holds.

Prints one JSON document: the volumes, how long it took, and ``faults``, of which there must be none. On a database that
has the volumes it only proves them again. ``--dirty`` plants the dirty set after that, and tells the alarms by rule.
The settings come from the environment, or from what ``scripts/run`` wrote below ``--state-dir``.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from kit.clock import china_day, utc_now
from kit.database import row, rows, scalar
from kit.encryption import FieldCipher
from kit.outbox import Delivery
from orders.receipts import Receipts
from poverty_alleviation.contracts import Contracts
from poverty_alleviation.households import Households
from poverty_alleviation.office.alarms import Alarms
from poverty_alleviation.vault import household_rights
from scripts.county_volumes.dirty import PLANTED, DirtySet
from scripts.county_volumes.occasions import Occasions
from scripts.county_volumes.people import FRESH, People, Seller
from scripts.county_volumes.plan import MONTHS, month_begins
from scripts.county_volumes.project import Project
from scripts.county_volumes.proof import faults, missing, volumes
from scripts.county_volumes.sales import CARRIER_OF_ALL, Market, Sales
from scripts.county_volumes.supply import Supply, keep_cold
from scripts.demo_county.__main__ import services_of
from scripts.demo_county.area import villages
from scripts.demo_county.goods import MERCHANTS
from server.bootstrap import Bootstrap, bootstrap
from server.database import connected
from server.settings import SettingsInvalid, load_settings
from server.subscriptions import reactions
from traceability.plots.service import Plots
from traceability.service import Suppliers

PATIENCE_S = 60


async def fill(built: Bootstrap, now: datetime, months: Sequence[int] = range(MONTHS)) -> None:
    """Enter people, then month by month what they deliver and what is sold of it."""
    services, made = services_of(built), dict[type, Any](built.services)
    people = People(services.trade, Suppliers(), Plots(), made[Households], made[Contracts])
    sellers = await people.enter()
    cipher = made[FieldCipher]
    market = Market(built.order_life, made[Receipts], cipher, str(await scalar(CARRIER_OF_ALL)))
    last: dict[int, list[str]] = {}
    for month in months:
        begun = month_begins(month, now)
        supply, sales = Supply(month, begun), Sales(market, month, begun)
        for seller in sellers:
            last[seller.serial] = await supply.deliver(seller)
        await supply.inspect(last[month % len(sellers)][0])
        for seller in sellers:
            await sales.sell(seller)
        await sales.finish(now)
    await _keep_cold(cipher, sellers, last, month_begins(months[-1], now))
    await Occasions(made, now).enter(sellers)
    await Project(now).enter(sellers)


async def _keep_cold(cipher: FieldCipher, sellers: list[Seller], lots: dict[int, list[str]], begun: datetime) -> None:
    for seller in sellers:
        if seller.category == FRESH:
            await keep_cold(cipher, seller, lots[seller.serial], begun)


async def deliver_all(built: Bootstrap) -> None:
    """Deliver every fact, beside a dispatcher if one runs. A fact that stays for a minute is left to the proof."""
    delivery = Delivery(reactions=reactions(built), failed=lambda *_: None)
    waiting, since = -1, time.monotonic()
    while left := int(await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL")):
        if left != waiting:
            waiting, since = left, time.monotonic()
        elif time.monotonic() - since > PATIENCE_S:
            return
        if not await delivery.deliver_due():
            await asyncio.sleep(0.1)


async def soil(built: Bootstrap) -> Counter[str]:
    """Plant the dirty set once, among the goods of the first merchant, and look; answers the alarms by rule."""
    listed = await row(
        "SELECT p.code, m.number AS merchant, p.township_id AS township FROM product p JOIN merchant m"
        " ON m.id = p.merchant_id WHERE p.state = 'listed' ORDER BY p.id LIMIT 1"
    )
    assert listed is not None
    village = next(code for code in villages() if code.startswith(listed["township"]))
    cipher = dict[type, Any](built.services)[FieldCipher]
    await DirtySet(listed["merchant"], listed["code"], village, cipher).plant()
    alarms: Alarms = dict[type, Any](built.services)[Alarms]
    await alarms.look()
    async with household_rights():
        return Counter(each["rule"] for each in await rows("SELECT rule FROM household_alarm"))


async def run(*, is_dirty: bool) -> dict[str, Any]:
    """Fill what is not filled, and prove it; then plant what alarms are for, if it is wanted."""
    settings, begun, now = load_settings(), time.monotonic(), utc_now()
    async with connected(settings):
        built = bootstrap(settings)
        try:
            is_new = (await volumes())["merchants"] <= len(MERCHANTS)
            if is_new:
                await fill(built, now)
            await deliver_all(built)
            there, year = await volumes(), china_day(now).year
            wrong = missing(there) + await faults(range(year - 1, year + 1))
            raised = await soil(built) if is_dirty else Counter()
            return {
                "seeded": is_new,
                "volumes": there,
                "alarms": dict(sorted(raised.items())),
                "faults": wrong + [f"no alarm {rule}" for rule in PLANTED if is_dirty and not raised[rule]],
                "seconds": round(time.monotonic() - begun, 1),
            }
        finally:
            await built.stop()


def main() -> None:
    """The command line; the JSON document is the only thing on the standard output."""
    told = argparse.ArgumentParser(description="Fill the running demo county with the volumes of a year.")
    told.add_argument("--state-dir", type=Path, default=Path(".state"))
    told.add_argument("--dirty", action="store_true", help="then plant one of each thing that an alarm is for")
    given = told.parse_args()
    stands = given.state_dir / "environment.json"
    if stands.exists():
        os.environ.update(json.loads(stands.read_text()))
    try:
        document = asyncio.run(run(is_dirty=given.dirty))
    except SettingsInvalid as reasons:
        sys.exit(str(reasons))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
    if document["faults"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
