"""``scripts/seed``: fill the running demo county with the volumes of domain reference 6.4, and prove that all holds.

Prints one JSON document: the volumes, how long it took, and ``faults``, of which there must be none. On a database that
has the volumes it only proves them again. ``--dirty`` plants the dirty set after that. Alarms are told by rule: a clean
county has none, a dirty one each planted one once. Two seeds of one day have the same ``fingerprint``.
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
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.office.alarms import Alarms
from poverty_alleviation.reserves.terms import Reserves
from poverty_alleviation.vault import household_rights
from scripts.county_volumes.closing import sign_months
from scripts.county_volumes.dirty import PLANTED, DirtySet, is_planted
from scripts.county_volumes.incomes import Incomes
from scripts.county_volumes.occasions import Occasions
from scripts.county_volumes.people import FRESH, People, Seller
from scripts.county_volumes.plan import MONTHS, month_begins, numbers_drawn_alike
from scripts.county_volumes.project import Project
from scripts.county_volumes.proof import faults, fingerprint, missing, volumes
from scripts.county_volumes.sales import CARRIER_OF_ALL, Market, Sales
from scripts.county_volumes.schooling import Schooling
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
    """Enter people, then month by month what they deliver, what is sold of it, and what households are paid."""
    with numbers_drawn_alike():
        await _fill(built, now, months)


async def _fill(built: Bootstrap, now: datetime, months: Sequence[int]) -> None:
    sellers, lots = await trade(built, now, months)
    made = dict[type, Any](built.services)
    await _keep_cold(made[FieldCipher], sellers, lots, month_begins(months[-1], now))
    await Occasions(made, now).enter(sellers)
    await Project(now).enter(sellers)
    await Schooling(made[FieldCipher], now).enter()


async def trade(built: Bootstrap, now: datetime, months: Sequence[int]) -> tuple[list[Seller], dict[int, list[str]]]:
    """Everything that reaches the books; answers who sells, and their lots of the last month by their serials."""
    services, made = services_of(built), dict[type, Any](built.services)
    people = People(services.trade, Suppliers(), Plots(), made[Households], made[Contracts])
    sellers = await people.enter()
    market = Market(built.mall.order_life, made[Receipts], made[FieldCipher], str(await scalar(CARRIER_OF_ALL)))
    incomes = Incomes(built.mall.order_life.stock, now)
    await incomes.agree(sellers, month_begins(months[0], now))
    last: dict[int, list[str]] = {}
    for month in months:
        begun = month_begins(month, now)
        supply, sales = Supply(month, begun), Sales(market, month, begun)
        for seller in sellers:
            last[seller.serial] = await supply.deliver(seller)
        await supply.inspect(last[month % len(sellers)][0])
        for seller in sellers:
            await sales.sell(seller, is_refund_late=(month, seller) == (months[0], sellers[0]))
        earned_on = await sales.finish(now)
        await deliver_all(built)
        await incomes.pay(earned_on)
    await incomes.share(sellers, month_begins(months[0], now))
    late = await incomes.refund_late()
    await deliver_all(built)
    await incomes.claim_back(*late)
    await Reserves().release_due()
    return sellers, last


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


async def soil(built: Bootstrap) -> None:
    """Plant the dirty set once, among the goods of the first merchant."""
    listed = await row(
        "SELECT p.code, m.number AS merchant, p.township_id AS township FROM product p JOIN merchant m"
        " ON m.id = p.merchant_id WHERE p.state = 'listed' ORDER BY p.id LIMIT 1"
    )
    assert listed is not None
    village = next(code for code in villages() if code.startswith(listed["township"]))
    cipher = dict[type, Any](built.services)[FieldCipher]
    await DirtySet(listed["merchant"], listed["code"], village, cipher).plant()
    await deliver_all(built)


async def run(*, is_dirty: bool) -> dict[str, Any]:
    """Fill what is not filled, and prove it; then plant what alarms are for, if it is wanted."""
    settings, begun, now = load_settings(), time.monotonic(), utc_now()
    # Nobody is told of a commit before all is there: to wait for the disk at each would take twice as long.
    stores = msgspec.structs.replace(settings.database, waits_for_disk=False)
    async with connected(msgspec.structs.replace(settings, database=stores)):
        built = bootstrap(settings)
        try:
            is_new = (await volumes())["merchants"] <= len(MERCHANTS)
            if is_new:
                await look_as_at_night(built)
                await fill(built, now)
            await deliver_all(built)
            wrong: list[str] = []
            if is_new:
                wrong = await sign_months(dict[type, Any](built.services)[MonthClose], now)
                await look_as_at_night(built)
            there, year = await volumes(), china_day(now).year
            wrong += missing(there) + await faults(range(year - 1, year + 1))
            told = await fingerprint()
            raised = await alarms(built)
            wrong += unexpected(raised, PLANTED if await is_planted() else ())
            if is_dirty:
                await soil(built)
                raised = await alarms(built)
                wrong += unexpected(raised, PLANTED)
            return {
                "seeded": is_new,
                "volumes": there,
                "fingerprint": told,
                "alarms": dict(sorted(raised.items())),
                "faults": wrong,
                "seconds": round(time.monotonic() - begun, 1),
            }
        finally:
            await built.stop()


async def look_as_at_night(built: Bootstrap) -> None:
    """Look as the job does for its night and after a close, so that it does not look at a county that is half paid."""
    await dict[type, Any](built.services)[Alarms].look_when_due()


async def alarms(built: Bootstrap) -> Counter[str]:
    """Let every detector look; answers how many alarms there are, by rule."""
    await dict[type, Any](built.services)[Alarms].look()
    async with household_rights():
        return Counter(each["rule"] for each in await rows("SELECT rule FROM household_alarm"))


def unexpected(raised: Counter[str], planted: Sequence[str]) -> list[str]:
    """Each planted rule has one alarm, and no other has any: what is not so, each in one line."""
    wanted = Counter(planted)
    return [
        f"{raised[rule]} alarms {rule}, {wanted[rule]} planted"
        for rule in sorted(raised | wanted)
        if raised[rule] != wanted[rule]
    ]


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
