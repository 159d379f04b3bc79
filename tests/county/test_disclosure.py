"""What is published stays on record, and what is said about it is answered within the days that held."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from county.alarms import all_alarms
from county.disclosure.errors import (
    DisclosureComplaintEnded,
    DisclosureComplaintUnknown,
    DisclosureInvalid,
    DisclosureUnknown,
)
from county.disclosure.models import (
    DISCLOSURE_TRANSITIONS,
    DisclosureComplaintKind,
    DisclosureComplaintState,
    DisclosureKind,
    Medium,
)
from county.disclosure.queries import complaint_card, complaint_cards, item_cards, unpublished_kinds
from county.disclosure.service import ComplaintDraft, Disclosure, ItemDraft
from kit.database import execute
from poverty_alleviation.office.alarms import alarm_cards
from poverty_alleviation.office.thresholds import OfficeRules

BY = "staff:county"
NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 27)
DESK = Disclosure(lambda: NOW)
ITEM = ItemDraft(
    kind=DisclosureKind.TENDER, medium=Medium.PORTAL, title="示例中标公示", proof="示例网页存证",
    published_on=date(2026, 11, 20), objections_until=date(2026, 11, 27),
)  # fmt: skip
SAID = ComplaintDraft(
    kind=DisclosureComplaintKind.COMPLAINT, about="示例：资金安排未公开", document="示例来件 1 号", received_on=TODAY
)


async def test_an_item_is_published_and_withdrawn_once(database: str) -> None:
    number = await DESK.publish(ITEM, BY)
    assert DisclosureKind.TENDER not in await unpublished_kinds()
    assert len(await unpublished_kinds()) == 5
    await DESK.withdraw(number, "示例理由", BY)
    assert DisclosureKind.TENDER in await unpublished_kinds()
    for unknown in (number, "NOBODY"):
        with pytest.raises(DisclosureUnknown):
            await DESK.withdraw(unknown, "示例理由", BY)
    await DESK.publish(msgspec.structs.replace(ITEM, kind=DisclosureKind.PLAN), BY)
    (newest,), following = await item_cards(None, None, 1)
    assert newest.kind is DisclosureKind.PLAN
    (card,), _ = await item_cards(None, following, 1)
    assert (card.number, card.withdrawal_reason, card.objections_until) == (number, "示例理由", TODAY)
    assert [each.number for each in (await item_cards(DisclosureKind.TENDER, None, 9))[0]] == [number]


async def test_days_that_cannot_be_are_refused(database: str) -> None:
    tomorrow = TODAY + timedelta(days=1)
    for change in ({"published_on": tomorrow, "objections_until": None}, {"objections_until": date(2026, 11, 19)}):
        with pytest.raises(DisclosureInvalid):
            await DESK.publish(msgspec.structs.replace(ITEM, **change), BY)
    with pytest.raises(DisclosureInvalid):
        await DESK.receive(msgspec.structs.replace(SAID, received_on=tomorrow), BY)
    objection = msgspec.structs.replace(SAID, kind=DisclosureComplaintKind.OBJECTION)
    with pytest.raises(DisclosureInvalid):
        await DESK.receive(objection, BY)
    with pytest.raises(DisclosureUnknown):
        await DESK.receive(msgspec.structs.replace(objection, item="NOBODY"), BY)
    item = await DESK.publish(ITEM, BY)
    number = await DESK.receive(msgspec.structs.replace(objection, item=item), BY)
    assert (await complaint_card(number, TODAY)).item == item


async def test_a_complaint_is_due_by_the_days_that_held_when_it_came(database: str) -> None:
    first = await DESK.receive(SAID, BY)
    await OfficeRules(lambda: NOW).enter_threshold("disclosure_answer_days", 5, TODAY, "示例办法", BY)
    second = await DESK.receive(SAID, BY)
    assert [(await complaint_card(each, TODAY)).due_on for each in (first, second)] == [
        TODAY + timedelta(days=20), TODAY + timedelta(days=5),
    ]  # fmt: skip
    assert [each.is_overdue for each in (await complaint_cards(None, TODAY + timedelta(days=5), None, 9))[0]] == [
        False, False,
    ]  # fmt: skip
    late = replace(DESK, clock=lambda: NOW + timedelta(days=6))
    await late.end(second, DisclosureComplaintState.ANSWERED, "示例答复", BY)
    cards, _ = await complaint_cards(None, TODAY + timedelta(days=30), None, 9)
    assert [(each.number, each.is_overdue) for each in cards] == [(second, True), (first, True)]
    cards, _ = await complaint_cards(DisclosureComplaintState.ANSWERED, TODAY, None, 9)
    assert [(each.number, each.answer) for each in cards] == [(second, "示例答复")]


async def test_every_end_in_every_state_goes_where_the_table_says(database: str) -> None:
    for state in DisclosureComplaintState:
        for to in DisclosureComplaintState:
            number = await DESK.receive(SAID, BY)
            if state is not DisclosureComplaintState.RECEIVED:
                await DESK.end(number, state, "示例答复", BY)
                await DESK.end(number, state, "示例答复", BY)
            if to in DISCLOSURE_TRANSITIONS[state]:
                await DESK.end(number, to, "示例另一答复", BY)
                assert (await complaint_card(number, TODAY)).state is to
            else:
                with pytest.raises(DisclosureComplaintEnded):
                    await DESK.end(number, to, "示例另一答复", BY)
    with pytest.raises(DisclosureComplaintUnknown):
        await DESK.end("NOBODY", DisclosureComplaintState.ANSWERED, "示例答复", BY)


async def test_what_waits_too_long_and_too_many_are_alarms(database: str) -> None:
    """Seven of the plan's ten; an objection is none of them."""
    item = await DESK.publish(ITEM, BY)
    objection = msgspec.structs.replace(SAID, kind=DisclosureComplaintKind.OBJECTION, item=item)
    for said in [SAID] * 6 + [objection]:
        number = await DESK.receive(said, BY)
        await DESK.end(number, DisclosureComplaintState.ANSWERED, "示例答复", BY)
    assert await all_alarms(lambda: NOW + timedelta(days=60)).look() == 0
    waiting = await DESK.receive(msgspec.structs.replace(SAID, kind=DisclosureComplaintKind.REPORT), BY)
    assert await all_alarms(lambda: NOW + timedelta(days=20)).look() == 1
    late = all_alarms(lambda: NOW + timedelta(days=21))
    assert [await late.look(), await late.look()] == [1, 0]
    cards, _ = await alarm_cards(None, None, None, 9)
    assert Counter(card.rule for card in cards) == {"disclosure_complaints": 1, "disclosure_unanswered": 1}
    assert cards[0].about == {"complaint": waiting, "due_on": str(TODAY + timedelta(days=20))}
    assert cards[1].about == {"count": 7}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE disclosure_item SET title = 'x'",
        "UPDATE disclosure_item SET withdrawn_at = NULL, withdrawn_by = NULL, withdrawal_reason = ''",
        "UPDATE disclosure_complaint SET due_on = '2030-01-01'",
        "UPDATE disclosure_complaint SET answer = 'x'",
        "DELETE FROM disclosure_complaint",
        "DELETE FROM disclosure_item",
    ],
)
async def test_what_was_entered_stays(database: str, attack: str) -> None:
    await DESK.withdraw(await DESK.publish(ITEM, BY), "示例理由", BY)
    await DESK.end(await DESK.receive(SAID, BY), DisclosureComplaintState.ANSWERED, "示例答复", BY)
    with pytest.raises(BaseORMException):
        await execute(attack)
