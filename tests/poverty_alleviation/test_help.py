"""Help: by whom and for which days, what was seen and asked for, what was done, and nothing of it unsaid later."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.database import execute, rows, scalar
from poverty_alleviation.errors import HouseholdUnknown, ViewNotPermitted
from poverty_alleviation.help.errors import (
    HelperUnknown,
    HelpInvalid,
    HelpSpanOverlaps,
    MeasureUnknown,
    NeedNotMovable,
    NeedUnknown,
    VisitUnknown,
)
from poverty_alleviation.help.measures import Fit, MeasureDraft, Measures, fits, measures
from poverty_alleviation.help.models import NEED_TRANSITIONS, NeedState
from poverty_alleviation.help.needs import NeedDraft, Needs, needs
from poverty_alleviation.help.responsible import HelperDraft, Helpers
from poverty_alleviation.help.visits import VisitDraft, Visits, visits
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.alarms import Alarms, alarm_cards
from poverty_alleviation.register.errors import LabelUnknown
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.unmasking import Viewing, ViewingPurpose
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.superuser import as_superuser

ACTOR = PovertyOfficer(caller=OFFICER, id=1, number="office", name="示例干部")
SOMEBODY = HelperDraft(name="示例帮扶人", phone="10000000055", unit="示例单位", post="示例主任")
SINCE, TODAY = date(2026, 1, 1), date(2026, 11, 23)
H1, H2 = "示例H1", "示例H2"


class Help:
    """The register of help of a county, with few words."""

    def __init__(self, county: County) -> None:
        self.helpers = Helpers(county.registry.cipher, AccessLogs(county.clock), county.clock)
        self.visits, self.measures, self.needs = (
            Visits(county.clock),
            Measures(county.clock),
            Needs(county.clock),
        )

    async def helper_of(self, *households: str) -> str:
        code = await self.helpers.enter(SOMEBODY, OFFICER)
        for household in households:
            await self.helpers.assign(household, code, SINCE, "示例结对 1 号", OFFICER)
        return code

    async def visited(self, household: str, **said: Any) -> str:
        usual: dict[str, Any] = {"visited_on": TODAY, "seen": "示例所见", "document": "示例走访 1 号"}
        return await self.visits.record(household, VisitDraft(**(usual | said)), OFFICER)

    async def done(self, household: str, **said: Any) -> str:
        usual: dict[str, Any] = {"kind": "industry", "about": "示例种苗", "document": "示例措施", "valid_from": SINCE}
        return await self.measures.record(household, MeasureDraft(**(usual | said)), OFFICER)

    async def asked(self, household: str, **said: Any) -> str:
        usual: dict[str, Any] = {"kind": "industry", "said": "示例所求", "raised_on": TODAY}
        return await self.needs.record(household, NeedDraft(**(usual | said)), OFFICER)


async def test_a_helper_is_responsible_on_the_own_days_and_stands_on_the_card(county: County) -> None:
    register = Help(county)
    helper = await register.helper_of(H1, H2)
    with pytest.raises(HelpSpanOverlaps):
        await register.helpers.assign(H1, helper, TODAY, "示例结对 2 号", OFFICER)
    await register.helpers.end(H1, helper, TODAY, OFFICER)
    other = await register.helper_of(H1)  # a household may have several, one after another or at once
    spans = [(each.helper, each.valid_from, each.valid_until) for each in (await county.registry.card(H1)).helpers]
    assert spans == [(helper, SINCE, TODAY), (other, SINCE, None)]
    held = {card.code: card.households for card in (await register.helpers.cards(None, 9))[0]}
    assert held == {helper: [H2], other: [H1]}
    for said, refusal in (
        ((H1, "H404", SINCE), HelperUnknown),
        (("示例H9", helper, SINCE), HouseholdUnknown),
    ):
        with pytest.raises(refusal):
            await register.helpers.assign(*said, "示例", OFFICER)
    for household, day in ((H1, TODAY), (H2, SINCE)):  # ended before; a day that is not after the first
        with pytest.raises(HelperUnknown):
            await register.helpers.end(household, helper, day, OFFICER)


async def test_a_helper_is_masked_and_the_look_is_on_record(county: County) -> None:
    register = Help(county)
    helper = await register.helper_of(H1)
    (card,), following = await register.helpers.cards(None, 1)
    assert (card.name_masked, card.phone_masked, following) == ("示****", "100****0055", None)
    sealed = await household_rights()(rows)("SELECT name_cipher, phone_cipher FROM helper")
    assert all(b"055" not in bytes(each) for each in sealed[0].values())
    found = await register.helpers.identity(ACTOR, helper, Viewing(ViewingPurpose.VISIT, "示例走访 1 号"))
    assert (found.name, found.phone) == (SOMEBODY.name, SOMEBODY.phone)
    (noted,) = await rows("SELECT subject, fields_read FROM access_log")
    assert noted["subject"] == f"helper:{helper}"
    name_alone = await register.helpers.identity(ACTOR, helper, Viewing(ViewingPurpose.STATEMENT, "示例"))
    assert (name_alone.name, name_alone.phone) == (SOMEBODY.name, None)
    for unknown, actor, refusal in (("H404", ACTOR, HelperUnknown), (helper, None, ViewNotPermitted)):
        with pytest.raises(refusal):
            await register.helpers.identity(actor, unknown, Viewing(ViewingPurpose.VISIT, "示例"))  # type: ignore[arg-type]
    assert await scalar("SELECT count(*) FROM access_log") == 2


async def test_a_helper_records_the_own_households_alone(county: County) -> None:
    """Fails when the span is not asked for: tried."""
    register = Help(county)
    helper = await register.helper_of(H1)
    await register.helpers.end(H1, helper, TODAY, OFFICER)
    number = await register.visited(H1, helper=helper, visited_on=TODAY - timedelta(days=1))
    for household, day in ((H1, TODAY), (H1, SINCE - timedelta(days=1)), (H2, TODAY - timedelta(days=1))):
        with pytest.raises(HelperUnknown):
            await register.visited(household, helper=helper, visited_on=day)
    with pytest.raises(HelpInvalid):
        await register.visited(H1, visited_on=TODAY + timedelta(days=1))
    with pytest.raises(HouseholdUnknown):
        await register.visited("示例H9")
    own = await register.visited(H1)
    found, following = await visits(H1, None, 1, with_words=True)
    assert [(each.number, each.helper, each.seen) for each in found] == [(own, None, "示例所见")]
    found, following = await visits(H1, following, 1, with_words=False)
    assert [(each.number, each.helper, each.seen) for each in found] == [(number, helper, None)]
    assert following is None


async def test_a_measure_has_a_kind_that_answers_its_risk_and_money_with_a_source(county: County) -> None:
    register = Help(county)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    number = await register.done(H1, risk="illness", funds_fen=50_000, funds_source="示例资金")
    for said, refusal in (
        ({"kind": "nothing"}, LabelUnknown),
        ({"risk": "nothing"}, LabelUnknown),
        ({"funds_fen": 1}, HelpInvalid),
        ({"funds_source": "示例资金"}, HelpInvalid),
    ):
        with pytest.raises(refusal):
            await register.done(H1, **said)
    fit = Fit(measure="health", risk="illness", fits=True, source="示例文件 7 号")
    await register.measures.rule(fit, OFFICER)
    with pytest.raises(HelpInvalid):
        await register.done(H1, risk="illness")
    healthy = await register.done(H1, kind="health", risk="illness")
    await register.done(H1, risk="disability")
    await register.measures.rule(Fit(measure="health", risk="illness", fits=False, source="示例文件 8 号"), OFFICER)
    assert [(each.measure, each.fits) for each in await fits()] == [("health", False)]
    await register.done(H1, risk="illness")  # nothing is said of that risk any more
    await register.measures.end(healthy, TODAY, "示例成效", SECOND)
    for measure, day in ((healthy, TODAY + timedelta(days=1)), (number, SINCE), ("M404", TODAY)):
        with pytest.raises(MeasureUnknown):
            await register.measures.end(measure, day, "示例成效", SECOND)
    found, following = await measures(H1, None, 3)
    assert [(each.kind, each.risk, each.result) for each in found] == [
        ("industry", "illness", ""), ("industry", "disability", ""), ("health", "illness", "示例成效"),
    ]  # fmt: skip
    ((first,), _) = await measures(H1, following, 3)
    assert (first.number, first.funds_fen, first.funds_source) == (number, 50_000, "示例资金")


@pytest.mark.parametrize("state", list(NeedState))
async def test_every_pair_of_states_of_a_need_moves_as_the_table_says(county: County, state: NeedState) -> None:
    register = Help(county)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    way = {
        NeedState.RAISED: [],
        NeedState.ANSWERED: [NeedState.ANSWERED],
        NeedState.MET: [NeedState.ANSWERED, NeedState.MET],
        NeedState.REFUSED: [NeedState.REFUSED],
    }[state]
    for to in NeedState:
        number = await register.asked(H1)
        for step in way:
            await register.needs.move(number, step, "示例办理", OFFICER)
        if to in NEED_TRANSITIONS[state]:
            await register.needs.move(number, to, "示例办理", SECOND)
        else:
            with pytest.raises(NeedNotMovable):
                await register.needs.move(number, to, "示例办理", SECOND)
        ((found, *_), _) = await needs(H1, None, None, 9, with_words=True)
        assert [each.state for each in found.steps] == [*way, *({to} & NEED_TRANSITIONS[state])]
        assert found.state == (found.steps[-1].state if found.steps else NeedState.RAISED)


async def test_a_need_is_said_at_a_visit_and_met_by_a_measure_of_the_same_household(county: County) -> None:
    register = Help(county)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    visit, measure = await register.visited(H1), await register.done(H1)
    number = await register.asked(H1, visit=visit)
    other = await register.asked(H2)
    for said, refusal in (
        ({"kind": "nothing"}, LabelUnknown),
        ({"visit": visit}, VisitUnknown),
        ({"raised_on": TODAY + timedelta(days=1)}, HelpInvalid),
    ):
        with pytest.raises(refusal):
            await register.asked(H2, **said)
    with pytest.raises(MeasureUnknown):
        await register.needs.move(other, NeedState.ANSWERED, "示例", OFFICER, measure)
    with pytest.raises(NeedUnknown):
        await register.needs.move("N404", NeedState.ANSWERED, "示例", OFFICER)
    await register.needs.move(number, NeedState.ANSWERED, "示例答复", OFFICER, measure)
    ((found,), _) = await needs(None, NeedState.ANSWERED, None, 9, with_words=False)
    assert (found.household, found.visit, found.said) == (H1, visit, None)
    assert [(each.measure, each.note, each.recorded_by) for each in found.steps] == [(measure, None, OFFICER)]
    (waiting, first), following = await needs(None, None, None, 2, with_words=True)
    assert ([waiting.number, first.number], waiting.said, first.steps[0].note, following) == (
        [other, number], "示例所求", "示例答复", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE helper SET unit = 'x'",
        "UPDATE help_span SET valid_from = '2020-01-01'",
        "UPDATE household_visit SET seen = 'x'",
        "UPDATE help_measure SET funds_fen = 1, funds_source = 'x'",
        "UPDATE household_need SET said = 'x'",
        "UPDATE household_need SET state = 'met'",
        "UPDATE need_step SET note = 'x'",
        "DELETE FROM need_step",
        "DELETE FROM household_visit",
        "DELETE FROM help_measure",
    ],
)
async def test_what_was_recorded_stays(county: County, attack: str) -> None:
    register = Help(county)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    await register.helper_of(H1)
    await register.visited(H1)
    await register.done(H1)
    refused = await register.asked(H1)
    await register.needs.move(refused, NeedState.REFUSED, "示例", OFFICER)
    with pytest.raises(BaseORMException):
        await household_rights()(execute)(attack)
    with pytest.raises(Exception, match=r"append-only|only be (moved|ended)|kept"):
        await as_superuser(attack)


async def test_whoever_is_at_risk_is_helped_in_time_and_not_cleared_too_soon(county: County) -> None:
    """H1 is helped on the last day and cleared late enough; nothing is done for H2, and H3 is cleared soon."""
    register, alarms = Help(county), Alarms(county.clock)
    await RegisterLabels(county.clock).enter_usual(OFFICER)
    await county.enter_supplier("H3")
    third = await county.register("H3")
    monitored, cleared = AssistanceStatus.MONITORED, AssistanceStatus.RISK_CLEARED
    began, last = date(2026, 3, 1), date(2026, 4, 1)
    for household in (H1, H2, third):
        await county.registry.decide(household, monitored, began, "示例文件 3 号", OFFICER)
    await register.done(H1, valid_from=last)
    await register.done(third, valid_from=began)
    county.now = datetime(2026, 4, 1, 4, tzinfo=UTC)
    assert await alarms.look() == 0
    county.now = datetime(2026, 4, 2, 4, tzinfo=UTC)
    assert await alarms.look() == 1
    await county.registry.decide(third, cleared, date(2026, 5, 1), "示例文件 4 号", OFFICER)
    await county.registry.decide(H1, cleared, date(2026, 5, 2), "示例文件 5 号", OFFICER)
    county.now = datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert await alarms.look() == 1
    found = {(card.rule, card.about["household"]) for card in (await alarm_cards(None, None, None, 9))[0]}
    assert found == {("monitored_without_help", H2), ("risk_cleared_soon", third)}
