"""A month of the volumes on top of the demo county: what is planned is there, and everything holds."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.context import TortoiseContext

from county.alarms import all_alarms
from kit.clock import china_day, utc_now
from kit.database import rows, scalar
from ledger.periods import period_cards
from ledger.service import period_of
from poverty_alleviation.month_close import MonthClose
from poverty_alleviation.office.detectors import carried_for_little
from poverty_alleviation.office.thresholds import thresholds
from poverty_alleviation.payouts import due
from poverty_alleviation.reserves.queries import clawback_cards, reserve_cards
from poverty_alleviation.vault import household_rights
from scripts.county_volumes import sales, supply
from scripts.county_volumes.__main__ import deliver_all, fill
from scripts.county_volumes.closing import sign_months
from scripts.county_volumes.plan import LOTS, MERCHANTS, MONTHS, REFUNDS, lots_of, refunds_of
from scripts.county_volumes.proof import faults, fingerprint, missing, volumes
from scripts.county_volumes.schooling import CLASSES, PERSON_TIMES, SCHOOLING, SKILLED, STAFF, came_to, people, posts
from scripts.demo_county.__main__ import seed, services_of
from server.bootstrap import bootstrap
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.orders.mall import settings_for
from tests.superuser import as_superuser


def test_the_plan_comes_to_the_volumes() -> None:
    """Domain reference 6.4: 900 lots and 210 refunds, over all months and merchants."""
    turns = [(month, merchant) for month in range(MONTHS) for merchant in range(MERCHANTS)]
    assert sum(lots_of(*turn) for turn in turns) == LOTS
    assert sum(refunds_of(*turn) for turn in turns) == REFUNDS
    by_month = Counter(month for month, merchant in turns for _ in range(lots_of(month, merchant)))
    assert set(by_month.values()) == {LOTS // MONTHS}


def test_training_comes_to_the_volumes() -> None:
    """Domain reference 6.4: 60 classes, 3,126 person-times of which 528 skilled, 118 at work, 27 of them registered."""
    assert sum(came_to(serial) for serial in range(CLASSES)) == PERSON_TIMES == 3_126
    assert sum(came_to(serial) for serial in range(CLASSES) if serial % 5 == 4) == SKILLED == 528
    assert len({each.id_number for each in people()}) == len(people())
    assert len(list(posts())) == STAFF == 118
    assert SCHOOLING["staff_assisted"] == 27
    assert SCHOOLING["satisfied_answers"] * 1_000 // PERSON_TIMES == 934


async def test_a_month_of_it_holds_and_a_planted_fault_is_found(database: str, tmp_path: Path) -> None:
    built = bootstrap(settings_for(tmp_path, database))
    await seed(services_of(built))
    now = utc_now()
    await fill(built, now, [10])
    await deliver_all(built)
    assert await sign_months(dict[type, Any](built.services)[MonthClose], now) == []
    there = await volumes()
    assert (
        there.pop("months_signed") == len([each for each in await period_cards() if each.period < period_of(now)]) > 0
    )
    assert there == {
        "merchants": 26, "farm_households": 240, "lots": 75, "orders": 300, "refunds": 17, "inspections": 1,
        "live_sessions": 18, "campaigns": 4, "demonstration_enterprises": 6, "demonstration_households": 23,
        "poor_villages": 30, "poor_villages_with_point": 18, "cold_rooms": 5,
        "fund_fen": 1_350_000_000, "meetings": 26, "stations_used": 50, "disclosure_items": 6,
        "disclosure_complaints": 4,
        **SCHOOLING,
        "recognised_products": 7, "registered": 72, "clawbacks": 1,
    }  # fmt: skip
    assert await all_alarms(lambda: now + timedelta(days=3)).look() == 0, "the clean county raises none"
    assert len(missing(await volumes())) == 5
    await everybody_was_paid(now)
    years = range(now.year - 1, now.year + 1)
    assert await faults(years) == []
    unearned = "SELECT DISTINCT state FROM customer_order WHERE channel IS NOT NULL AND earned_at IS NULL"
    assert [each["state"] for each in await rows(unearned)] == ["closed"], "given back whole"
    assert await scalar("SELECT count(*) FROM order_line WHERE unattributed_since IS NOT NULL") == 0
    async with household_rights():
        assert await scalar("SELECT count(*) FROM household_status WHERE status = 'registered'") == 72
        numbered = await rows("SELECT code FROM household WHERE code NOT LIKE '示例户-%'")
    assert numbered == []
    await as_superuser("ALTER TABLE lot DISABLE TRIGGER USER", "UPDATE lot SET bound_gram = bound_gram + 1")
    assert len([each for each in await faults(years) if each.startswith("mass of lot")]) == 20
    assert datetime.now(UTC) > now


async def everybody_was_paid(now: datetime) -> None:
    """Nothing is due, whoever is carried has more than the floor, reserves hold, and one claim is open."""
    assert await due() == []
    today = china_day(now)
    for day in (today, today + timedelta(days=100)):
        async with household_rights():
            assert await carried_for_little(day, await thresholds(day)) == []
    sellers = [card for card in await reserve_cards() if card.put_in_fen]
    assert len(sellers) == MERCHANTS
    assert sum(card.taken_out_fen > 0 for card in sellers) == 1
    ((claim,), _) = await clawback_cards(None, None, None, 9)
    assert (claim.state, claim.fault, claim.set_off_fen) == ("approved", "short_weight", 0)


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_two_seeds_of_a_day_tell_the_same(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries, lots, sales, what is bound to what, refunds and books; with few orders (domain reference 6.4)."""
    monkeypatch.setattr(sales, "ORDERS_OF_MERCHANT", 4)
    monkeypatch.setattr(supply, "HOURS_OF_READINGS", 100)
    now, told = utc_now(), set()
    for _ in range(2):
        name = await databases.create()
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(DatabaseSettings(url=databases.url(name), pool_max=20)))
            built = bootstrap(settings_for(tmp_path, databases.url(name)))
            await seed(services_of(built))
            await fill(built, now, [10])
            await deliver_all(built)
            told.add(await fingerprint())
            await context.close_connections()
        await databases.drop(name)
    assert len(told) == 1
