"""A county that has signed for its months: what is planted in it afterwards is found once, and nothing signed moves."""

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from county.alarms import all_alarms
from kit.clock import china_day, utc_now
from kit.database import rows, scalar
from ledger.models import PeriodState
from ledger.periods import Certificate, PeriodCard, Periods, certificate, period_cards
from ledger.queries import verify_period
from ledger.service import period_of
from payments.differences import Differences
from poverty_alleviation.month_close import MonthClose, certified
from poverty_alleviation.month_figures import MonthFigures, month_figures
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.replay.facts import facts_off
from poverty_alleviation.statements.service import HouseholdStatements
from poverty_alleviation.statements.words import CROPS
from poverty_alleviation.vault import household_rights
from scripts.county_volumes import people
from scripts.county_volumes.__main__ import alarms, deliver_all, look_as_at_night, soil, trade, unexpected
from scripts.county_volumes.closing import sign_months
from scripts.county_volumes.dirty import PLANTED
from scripts.county_volumes.plan import month_begins
from scripts.demo_county.__main__ import seed, services_of
from scripts.demo_county.office_numbers import COST_RATES, RATE_SOURCE
from server.bootstrap import Bootstrap, bootstrap
from tests.conftest import Databases
from tests.orders.mall import settings_for
from tests.poverty_alleviation.rebuilt import unlike
from tests.superuser import as_superuser

pytestmark = pytest.mark.asyncio

BY = "staff:TEST"
SOLD_IN, LATER = 6, 10
"""The one month's sales stand in a quarter that is over whatever day it is; the other's fill the reserve."""


async def signed_county(database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Bootstrap, datetime]:
    """The demo county with a merchant more, which has sold in two months; every month that is over is signed."""
    monkeypatch.setattr(people, "MERCHANTS", 1)
    monkeypatch.setattr(people, "FARMERS", 6)
    built, now = bootstrap(settings_for(folder, database)), utc_now()
    await seed(services_of(built))
    await look_as_at_night(built)
    await trade(built, now, (SOLD_IN, LATER))
    await deliver_all(built)
    assert await sign_months(of(built, MonthClose), now) == []
    await look_as_at_night(built)
    return built, now


def of(built: Bootstrap, service: type) -> Any:
    return dict[type, Any](built.services)[service]


async def all_signed() -> dict[str, tuple[PeriodCard, Certificate, MonthFigures, object]]:
    """Everything that a month's two persons have signed, and what its books say now."""
    closed = [each for each in await period_cards() if each.state is PeriodState.CLOSED]
    return {
        each.period: (
            each,
            await certificate(each.period),
            await month_figures(each.period),
            await verify_period(each.period),
        )
        for each in closed
    }


async def test_the_dirty_set_is_found_once_each_and_no_signed_month_moves(
    databases: Databases, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Domain reference 6.4; and what is planted in the books follows from facts, which the outbox has.

    Fails when a detector is taken out of the list, or does not look at what was booked late: tried with the refund's,
    and with the two that look at a month or a quarter.
    """
    built, now = await signed_county(database, tmp_path, monkeypatch)
    assert await alarms(built) == Counter(), "what is clean raises none"
    signed = await all_signed()
    assert set(signed) == {each.period for each in await period_cards() if each.period < period_of(now)}
    assert all(certified(found).figures == figures for _, found, figures, _ in signed.values())
    assert all(len({each.signed_by for each in found.signatures}) == 2 for _, found, *_ in signed.values())
    for _ in range(2):
        await soil(built)
        assert await all_alarms().look_when_due() == 0, "who looks at night does not look while the county is filled"
        raised = await alarms(built)
        assert raised == Counter(PLANTED)
    assert unexpected(raised, PLANTED) == []
    assert unexpected(raised, PLANTED[1:]) == [f"1 alarms {PLANTED[0]}, 0 planted"]
    assert unexpected(raised, (*PLANTED, "another")) == ["0 alarms another, 1 planted"]
    await the_refund_is_of_a_signed_sale(period_of(now))
    assert await all_signed() == signed
    assert (await reconciliation()).is_exact
    assert await facts_off() == []
    assert await unlike(databases, tmp_path) == []
    await built.stop()


async def the_refund_is_of_a_signed_sale(today: str) -> None:
    async with household_rights():
        (facts,) = await rows("SELECT facts FROM household_alarm WHERE rule = 'refund_after_close'")
    found = json.loads(facts["facts"])
    assert found["sold"] in await all_signed()
    assert found["returned"] == today
    refunds = "SELECT count(*) FROM channel_refund r JOIN order_line l ON l.id = r.line_id WHERE l.reference = $1"
    assert await scalar(refunds, found["line"]) == 1


async def test_a_statement_of_a_signed_quarter_shows_an_estimate(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sugar counts as another cash crop. Fails when the county has no rates: tried."""
    built, now = await signed_county(database, tmp_path, monkeypatch)
    earned = china_day(month_begins(SOLD_IN, now) + timedelta(days=36))
    quarter = f"{earned.year}-Q{(earned.month + 2) // 3}"
    async with household_rights():
        (where, *_) = await rows(
            "SELECT h.township, h.village FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id"
            " JOIN ledger_account a ON a.id = p.account_id AND a.category = 'production' AND a.state = 'paid'"
            " JOIN household h ON h.code = a.owner WHERE j.period = $1 ORDER BY h.code",
            f"{earned:%Y-%m}",
        )
    statements: HouseholdStatements = of(built, HouseholdStatements)
    assert await statements.issue(where["township"], where["village"], quarter, BY) == 1
    ((card,), _) = await statements.cards(quarter, None, None, 9)
    estimate = (await statements.issued(card.number)).text.estimate
    assert estimate is not None
    assert set(COST_RATES) == {*CROPS} - {""}, "each kind has its name on the paper"
    (crop,) = estimate.crops
    assert (crop.crop, crop.rate_bp, crop.source) == ("cash_crop", COST_RATES["cash_crop"], RATE_SOURCE)
    assert crop.cost_fen == crop.received_fen * 4_000 // 10_000 > 0
    assert (estimate.cost_fen, estimate.uncosted_fen) == (crop.cost_fen, 0)
    assert estimate.persons
    assert estimate.per_person_fen == estimate.net_fen // estimate.persons
    await built.stop()


async def test_a_month_that_does_not_agree_is_not_signed(database: str, tmp_path: Path) -> None:
    """Wages stand in this month; what a channel is said to have paid for an order stands in no book."""
    built, now = bootstrap(settings_for(tmp_path, database)), utc_now()
    await seed(services_of(built))
    await deliver_all(built)
    month, later = period_of(now), now + timedelta(days=40)
    await as_superuser(
        "INSERT INTO channel_money (kind, reference, source_id, channel, amount_fen, occurred_at, period)"
        f" VALUES ('captured', 'O404', 'O404', 'douyin', 100, now(), '{month}')"
    )
    gateway = of(built, MonthClose).differences.gateway
    close = MonthClose(Periods(lambda: later), Differences(gateway, lambda: later), lambda: later)
    assert await sign_months(close, later) == [f"{month} does not agree: {{'order_money': 1}}"]
    assert {each.state for each in await period_cards()} == {PeriodState.OPEN}
    await as_superuser("SET session_replication_role = replica", "DELETE FROM channel_money")
    assert await sign_months(close, later) == []
    assert {each.state for each in await period_cards()} == {PeriodState.CLOSED}
    await built.stop()
