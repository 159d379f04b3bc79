"""Alarms: silent about what is right, once about what is not, and a work list with every step kept."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from tortoise.exceptions import OperationalError

from accounts.roles import Role
from accounts.service import AccessLogs
from accounts.staff import GrantedRole, StaffAccounts
from county.alarms import all_alarms
from kit.database import execute, rows
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.office.alarms import Alarms, alarm_cards, alarm_file
from poverty_alleviation.office.detectors import Finding
from poverty_alleviation.office.errors import AlarmAssigneeUnknown, AlarmNotMovable, AlarmUnknown, ThresholdInvalid
from poverty_alleviation.office.models import ALARM_TRANSITIONS, AlarmState
from poverty_alleviation.office.thresholds import USUAL, OfficeRules
from poverty_alleviation.register.accounts import AccountDraft, BankAccounts
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from poverty_alleviation.reserves.queries import overdrawn_reserves
from poverty_alleviation.vault import household_rights
from scripts.county_volumes.dirty import PLANTED as OF_SET
from scripts.county_volumes.dirty import DirtySet
from tests.accounts.people import PASSWORD, quick_passwords
from tests.poverty_alleviation import test_reserves as reserves
from tests.poverty_alleviation.conftest import NOW, OFFICER, SECOND, County
from tests.poverty_alleviation.test_books_of_sales import announced
from tests.poverty_alleviation.test_month_close import LATER, a_month, everything_is_delivered, signed
from tests.poverty_alleviation.test_period_income import PAID_ON, agreed, approved, employed, payment, sheets
from tests.products.shelf import VILLAGE
from tests.traceability.good_requests_of_storage import signed as signed_readings
from traceability.models import IntakeMode
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms, RoomTerms

SINCE = date(2020, 1, 1)
NEXT_QUARTER = datetime(2027, 1, 5, 3, 0, tzinfo=UTC)
AFTER = date(2026, 11, 24)


class Register:
    """The register of a county, with few words."""

    def __init__(self, county: County) -> None:
        self.members = Members(county.registry.cipher, AccessLogs(county.clock), county.clock)
        self.accounts = BankAccounts(county.registry.cipher, AccessLogs(county.clock), county.clock)

    async def live(self, household: str, phone: str) -> str:
        draft = MemberDraft(name="示例成员", birth_year=1980, phone=phone, relation=Relation.CHILD)
        return await self.members.enter(household, draft, SINCE, "示例户口簿", OFFICER)

    async def pay_to(self, household: str, number: str, **whose: str) -> str:
        relation = Relation.CHILD if "member" in whose else Relation.OTHER
        draft = AccountDraft(bank="示例银行", number=number, holder_relation=relation, **whose)
        return await self.accounts.enter(household, draft, SINCE, "示例证明", OFFICER)


async def raised() -> Counter[str]:
    cards, _ = await alarm_cards(None, None, None, 100)
    return Counter(card.rule for card in cards)


async def stored(county: County, lot: str) -> str:
    """The lot stands in a cold room of one device, which reads for the first time; answers the device."""
    rooms = ColdRooms(county.registry.cipher, county.clock)
    terms = RoomTerms(name="示例冷库", min_celsius_milli=2_000, max_celsius_milli=6_000)
    room = await rooms.open(county.merchant, terms, "staff:clerk")
    device = await rooms.install(county.merchant, room, "示例探头", "staff:clerk")
    key = await rooms.renew_key(county.merchant, device)
    await rooms.place(county.merchant, lot, room, county.now, "staff:clerk")
    body, headers = signed_readings(key, county.now, [(0, 4_000)])
    await SensorReadings(county.registry.cipher, county.clock).receive(device, body, headers["x-signature"])
    return device


async def clean(county: County) -> None:
    """A month as it should be: sold, closed, paid and confirmed apart, with a son's card and a phone each."""
    register = Register(county)
    for serial, code in enumerate(county.households.values(), 1):
        son = await register.live(code, f"1000000010{serial}")
        await register.pay_to(code, f"62000000000000{serial:02}", member=son)
    lot = await county.sealed_lot({"H1": 10_000, "H2": 12_000}, IntakeMode.PAID_AT_SCALE)
    await stored(county, lot)
    await ColdRooms(county.registry.cipher, county.clock).remove(county.merchant, lot, county.now, "staff:clerk")
    await county.tell(*await announced())
    await a_month(county)
    for code, fen in (("示例H1", 872), ("示例H2", 697)):
        number = await county.payouts.record(code, county.merchant, fen, f"回单{code}", AFTER, OFFICER)
        await county.payouts.confirm("payout", number, "signed_statement", f"示例签字单{code}", LATER, OFFICER)
    await honest_incomes(county)


async def honest_incomes(county: County) -> None:
    """A wage that was worked for, and a dividend by unequal shares."""
    county.now = LATER
    work = await employed(county)
    await approved(county, await sheets(county).propose_wages(payment(county), [(work, 120_000)], OFFICER))
    await county.register("N1")
    for name, shares in (("H1", 7), ("H2", 5), ("N1", 1)):
        await agreed(county, name, kind=AgreementKind.SHARE, shares=shares)
    paid = payment(county, document="示例决议1号", slip="示例回单2")
    await approved(county, await sheets(county).propose_dividends(paid, PAID_ON, 1_000_000, OFFICER))


async def test_a_clean_county_raises_nothing(county: County) -> None:
    await clean(county)
    await OfficeRules(county.clock).enter_market_price(county.product, 1_000, SINCE, "示例行情", OFFICER)
    for county.now in (LATER, NEXT_QUARTER):
        assert await all_alarms(county.clock).look() == 0
    assert await raised() == {}


async def test_no_number_that_may_be_entered_stops_the_look(county: County) -> None:
    """Fails with a threshold of a thousand billion days, and with a price of the first day there is: both tried."""
    rules = OfficeRules(county.clock)
    await rules.enter_market_price(county.product, 10**12, date.min, "示例行情", OFFICER)
    await clean(county)
    for name in USUAL.keys() - {"cell_dominance_bp", "clawback_offset_bp"}:  # no more than usual
        with pytest.raises(ThresholdInvalid) as refused:
            await rules.enter_threshold(name, 10**12 + 1, SINCE, "示例文件", OFFICER)
        await rules.enter_threshold(name, int(str(refused.value.facts["most"])), SINCE, "示例文件", OFFICER)
    assert await all_alarms(county.clock).look() == 0


async def plant(county: County) -> None:
    """The dirty set, after a closed November of which something is given back in December; its orders are facts."""
    await a_month(county)
    await signed(county, await county.close.begin("2026-11", OFFICER))
    for code, fen in (("示例H1", 872), ("示例H2", 697)):  # each with less than 100.00
        number = await county.payouts.record(code, county.merchant, fen, f"回单{code}", LATER.date(), OFFICER)
        await county.payouts.confirm("payout", number, "signed_statement", f"示例签字单{code}", LATER, OFFICER)
    await county.tell(county.refunded(1, 2, 7_314))
    county.now = NEXT_QUARTER
    await DirtySet(county.merchant, county.product, VILLAGE, county.registry.cipher, county.now).plant()


PLANTED = Counter(OF_SET) + Counter({"carried_below_floor": 2})
"""The dirty set's, each once, and two households of the month that is closed."""


async def test_each_planted_one_is_raised_once_and_no_second_run_raises_it_again(county: County) -> None:
    """Fails when the facts of an alarm are not looked up before it is raised: tried."""
    await plant(county)
    alarms = all_alarms(county.clock)
    assert await alarms.look() == sum(PLANTED.values())
    assert await raised() == PLANTED
    assert await alarms.look() == 0
    for card in (await alarm_cards(None, None, None, 100))[0]:
        await alarms.move(card.number, AlarmState.ASSIGNED, "示例指派", OFFICER)
        await alarms.move(card.number, AlarmState.EXPLAINED, "示例说明", OFFICER)
        await alarms.move(card.number, AlarmState.CLOSED, "示例办结", OFFICER)
    assert await alarms.look() == 0, "what was explained is not raised again for the same facts"
    assert await raised() == PLANTED
    # Another household more is another fact.
    await county.enter_supplier("H5")
    fourth = await county.register("H5")
    await Register(county).live(fourth, "10000009001")
    assert await alarms.look() == 1
    (card,) = (await alarm_cards(AlarmState.NEW, None, None, 100))[0]
    assert (card.rule, card.about["households"]) == (
        "shared_phone", ["示例H5", "示例脏户-同号1", "示例脏户-同号2"],
    )  # fmt: skip


async def test_a_hundred_findings_are_raised_each_once_with_their_own_facts(county: County) -> None:
    """Of two about one matter the first; what is closed again only for other facts. Fails when one of many is lost."""
    told = [Finding(rule="r", key=f"{n:03}", facts={"示例": n}) for n in range(100)]

    async def detector(today: date, numbers: Mapping[str, int]) -> list[Finding]:
        return told

    alarms = Alarms(county.clock, (detector,))
    told.append(Finding(rule="r", key="007", facts={"示例": "later"}))
    assert (await alarms.look(), await alarms.look()) == (100, 0)
    cards, _ = await alarm_cards(None, None, None, 100)
    assert sorted((card.about["示例"], card.rule, card.state) for card in cards) == [
        (n, "r", AlarmState.NEW) for n in range(100)
    ]
    (seventh,) = [card.number for card in cards if card.about["示例"] == 7]
    for state in (AlarmState.ASSIGNED, AlarmState.EXPLAINED, AlarmState.CLOSED):
        await alarms.move(seventh, state, "示例", OFFICER)
    assert await alarms.look() == 1
    assert (await alarm_cards(None, None, None, 1))[0][0].about["示例"] == "later"
    told.clear()
    assert await alarms.look() == 0


async def test_an_alarm_tells_codes_and_no_name(county: County) -> None:
    await plant(county)
    await all_alarms(county.clock).look()
    async with household_rights():
        facts = "".join(each["facts"] for each in await rows("SELECT facts FROM household_alarm"))
    assert "示例H1" in facts
    for secret in ("示例户主", "示例外人", "示例之子", "供货人", "6200000000009001", "10000009001"):
        assert secret not in facts


async def test_it_looks_once_a_night_and_after_each_close(county: County) -> None:
    alarms = all_alarms(county.clock)
    county.now = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # one o'clock in China
    assert await alarms.look_when_due() == 0
    assert await rows("SELECT 1 FROM alarm_run") == []
    county.now = NOW
    await a_month(county)
    await county.take_in("N1", 5_000)
    await county.take_in("N1", 5_000)
    await everything_is_delivered()
    assert await alarms.look_when_due() == 1
    assert await alarms.look_when_due() == 0
    await signed(county, await county.close.begin("2026-11", OFFICER))
    await alarms.look_when_due()
    found = [each["occasion"] for each in await rows("SELECT occasion FROM alarm_run ORDER BY id")]
    assert found == ["2026-12-02", "close 2026-11"]


async def test_every_pair_of_states_of_an_alarm_moves_as_the_table_says(county: County) -> None:
    way = {
        AlarmState.NEW: [],
        AlarmState.ASSIGNED: [AlarmState.ASSIGNED],
        AlarmState.EXPLAINED: [AlarmState.ASSIGNED, AlarmState.EXPLAINED],
        AlarmState.CONFIRMED: [AlarmState.ASSIGNED, AlarmState.CONFIRMED],
        AlarmState.CLOSED: [AlarmState.ASSIGNED, AlarmState.CONFIRMED, AlarmState.CLOSED],
    }
    alarms, mass = all_alarms(county.clock), 1_000
    for state, steps in way.items():
        for wanted in AlarmState:
            mass += 1
            await county.take_in("N1", mass)
            await county.take_in("N1", mass)
            assert await alarms.look() == 1
            (number,) = {card.number for card in (await alarm_cards(None, None, None, 1))[0]}
            for step in steps:
                await alarms.move(number, step, "示例", OFFICER)
            if wanted in ALARM_TRANSITIONS[state]:
                await alarms.move(number, wanted, "示例", "staff:OTHER")
                assert (await alarm_file(number)).alarm.state == wanted
                continue
            with pytest.raises(AlarmNotMovable) as refused:
                await alarms.move(number, wanted, "示例", OFFICER)
            assert refused.value.facts == {"state": state}
            assert len((await alarm_file(number)).steps) == len(steps)
    with pytest.raises(AlarmUnknown):
        await alarms.move("W404", AlarmState.ASSIGNED, "示例", OFFICER)


async def test_steps_stay_and_somebody_looks_after_it(county: County) -> None:
    await county.take_in("N1", 5_000)
    await county.take_in("N1", 5_000)
    alarms = all_alarms(county.clock)
    await alarms.look()
    (card,) = (await alarm_cards(None, "delivery_twice", None, 10))[0]
    staff = StaffAccounts(quick_passwords(), county.clock)
    colleague, elsewhere = [
        f"staff:{(await staff.create(login, '示例同事', PASSWORD, (GrantedRole(role),), OFFICER)).number}"
        for login, role in (("second", Role.POVERTY_OFFICER), ("elsewhere", Role.COUNTY_OFFICER))
    ]
    for nobody in (elsewhere, "staff:U404"):
        with pytest.raises(AlarmAssigneeUnknown):
            await alarms.move(card.number, AlarmState.ASSIGNED, "示例：请核对过秤单", OFFICER, nobody)
    await alarms.move(card.number, AlarmState.ASSIGNED, "示例：请核对过秤单", OFFICER, colleague)
    await alarms.move(card.number, AlarmState.EXPLAINED, "示例：重复上传", colleague, "staff:U9")
    found = await alarm_file(card.number)
    assert found.alarm.assignee == colleague
    assert [(step.state, step.recorded_by) for step in found.steps] == [
        ("assigned", OFFICER),
        ("explained", colleague),
    ]
    for sql in ("UPDATE household_alarm SET facts = '{}'", "UPDATE household_alarm_step SET note = ''",
                "DELETE FROM household_alarm"):  # fmt: skip
        with pytest.raises(OperationalError):
            async with household_rights():
                await execute(sql)


async def test_a_reserve_that_is_overdrawn_is_named_until_it_is_made_good(county: County) -> None:
    """2.91 too much were paid to H1: below zero first, then at zero with 2.91 in it that are only claimed.

    Of what H1 earns by a line, 8.72, a fifth is set off at most: 1.74, and then 1.17. Fails when claims count as there.
    """

    async def found() -> list[tuple[int, int]]:
        assert {each.merchant for each in await overdrawn_reserves()} <= {county.merchant}
        return [(each.balance_fen, each.claimed_fen) for each in await overdrawn_reserves()]

    lot = await reserves.sold(county)
    assert await found() == []
    await reserves.pay(county)
    await county.tell(county.refunded(1, 2, 7_314, amount_fen=3_656))
    assert await found() == [(-291, 0)]
    number = await reserves.propose(county, 291)
    assert await found() == [(-291, 0)]
    await county.clawbacks.decide(number, SECOND, "示例核对无误", is_approved=True)
    assert await found() == [(0, 291)]
    await reserves.sold(county, "O2", lot)
    assert await county.clawbacks.offset(number, OFFICER) == 174
    assert await found() == [(0, 117)]
    await reserves.sold(county, "O3", lot)
    assert await county.clawbacks.offset(number, OFFICER) == 117
    assert await found() == []
    await county.correct("clawback", number)
    assert await found() == [(-291, 0)]
    await reserves.hold_back(county, 500)
    await reserves.sold(county, "O4", lot)
    assert await found() == []
