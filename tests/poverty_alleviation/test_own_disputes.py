"""A household says behind its own code what is wrong: the same dispute as the office's, once, and nothing else."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from poverty_alleviation.confirming.disputes import Disputes, dispute_card, dispute_cards
from poverty_alleviation.confirming.errors import (
    OwnDisputeInvalid,
    RowDisputed,
    TooManyOwnDisputes,
)
from poverty_alleviation.confirming.models import DisputeState
from poverty_alleviation.confirming.own_disputes import BY_HOUSEHOLD, MOST_A_DAY, OwnDisputes, OwnRow
from poverty_alleviation.statements.figures import StatementText
from tests.doors.belongings import Belongings, Owner
from tests.doors.conftest import house, http, inside
from tests.doors.house import House
from tests.poverty_alleviation.belongings import give
from tests.poverty_alleviation.conftest import OFFICER, County
from tests.poverty_alleviation.said import payout_of, statements
from tests.poverty_alleviation.test_statements import statements_of

__all__ = ["house", "http", "inside"]

REASON = "没有收到"


def own(county: County) -> OwnDisputes:
    return OwnDisputes(Disputes(county.clock), county.clock)


async def shown(county: County) -> StatementText:
    """The first household's statement, opened as it opens it."""
    first, _ = await statements(county)
    room = statements_of(county)
    text = await room.open_page(room.token(first), "0001")
    assert text is not None
    return text


async def payout_row(county: County, text: StatementText) -> OwnRow:
    (row,) = [each for each in await own(county).rows_of(text) if each.kind == "payout"]
    return row


async def test_what_the_household_says_holds_the_row_and_is_marked_as_its_own(county: County) -> None:
    """Fails when the dispute is opened in anybody else's name: tried."""
    text, room = await shown(county), own(county)
    row = await payout_row(county, text)
    assert (row.amount_fen, row.is_open, row.state, row.last) == (872, True, None, "")
    number = await room.open(text, [row.tick], REASON, " 卡里没有\r\n这笔钱 ")
    assert number is not None
    card = await dispute_card(number)
    assert (card.household, card.opened_by, card.reason) == ("示例H1", BY_HOUSEHOLD, "没有收到：卡里没有\n这笔钱")
    assert [(each.kind, each.source_id, each.amount_fen) for each in card.held_rows] == [("payout", row.source_id, 872)]
    assert [each.number for each in (await dispute_cards(DisputeState.OPEN, None, 5))[0]] == [number]
    with pytest.raises(RowDisputed):
        await county.payouts.confirm("payout", row.source_id, "visit", "示例走访", county.now, OFFICER)
    after = await payout_row(county, text)
    assert (after.is_open, after.state, after.last) == (False, DisputeState.OPEN, number)


async def test_the_same_form_again_is_the_same_dispute_even_when_that_is_over(county: County) -> None:
    """Fails when a form does not say what was known of its rows: tried."""
    text, room = await shown(county), own(county)
    row = await payout_row(county, text)
    opened = await asyncio.gather(*(room.open(text, [row.tick], REASON, "") for _ in range(4)))
    (number,) = {each for each in opened if each}
    assert opened.count(None) == 3
    disputes = Disputes(county.clock)
    await disputes.answer(number, "已查", OFFICER)
    await disputes.close(number, DisputeState.REJECTED, "银行回单显示已入账", None, OFFICER)
    assert await room.open(text, [row.tick], REASON, "") is None, "an old form opens nothing"
    again = await payout_row(county, text)
    assert (again.is_open, again.state) == (True, DisputeState.REJECTED)
    assert await room.open(text, [again.tick], REASON, "还是没有") not in (None, number)


async def test_the_office_was_first(county: County) -> None:
    text, room = await shown(county), own(county)
    row, payout = await payout_row(county, text), await payout_of(county)
    await Disputes(county.clock).open("示例H1", [payout], "电话里说", OFFICER)
    assert await room.open(text, [row.tick], REASON, "") is None
    assert len((await dispute_cards(None, None, 5))[0]) == 1


@pytest.mark.parametrize(
    ("changes", "words", "reason"),
    [
        ({}, "x" * 201, REASON),
        ({}, "a\x00b", REASON),
        ({}, "", "别的"),
        ({"source_id": "P404"}, "", REASON),
        ({"kind": "clawback"}, "", REASON),
    ],
)
async def test_what_is_no_form_of_ours_opens_nothing(
    county: County, changes: dict[str, Any], words: str, reason: str
) -> None:
    text, room = await shown(county), own(county)
    row = msgspec.structs.replace(await payout_row(county, text), **changes)
    for ticks in ([row.tick], [], ["|"], ["payout"]):
        with pytest.raises(OwnDisputeInvalid):
            await room.open(text, ticks, reason if ticks == [row.tick] else "", words)
    assert (await dispute_cards(None, None, 5))[0] == []


async def test_rows_of_another_household_are_not_offered(county: County) -> None:
    text, room = await shown(county), own(county)
    foreign = [each.tick for each in await room.rows_of(msgspec.structs.replace(text, household="示例H2"))]
    assert foreign
    with pytest.raises(OwnDisputeInvalid):
        await room.open(text, foreign, REASON, "")


async def test_a_day_takes_so_many_and_the_next_day_more(county: County) -> None:
    text, room, disputes = await shown(county), own(county), Disputes(county.clock)

    async def once() -> str | None:
        number = await room.open(text, [(await payout_row(county, text)).tick], REASON, "")
        if number:
            await disputes.answer(number, "已查", OFFICER)
            await disputes.close(number, DisputeState.REJECTED, "已查", None, OFFICER)
        return number

    for _ in range(MOST_A_DAY):
        assert await once()
    with pytest.raises(TooManyOwnDisputes):
        await once()
    county.now += timedelta(days=1, seconds=1)
    assert await once()


async def test_the_page_takes_it_from_a_plain_form_of_who_knows_the_four_characters(
    house: House, http: httpx.AsyncClient, inside: None
) -> None:
    owner = Owner(house, http, Belongings(), 4712)
    await give(owner)
    path = f"/h/{owner.found.by_pattern['/h/']['token']}"
    page = (await http.post(path, data={"last_four": "0077"})).text
    assert "<script" not in page
    ticks = [part.split('"')[0] for part in page.split('name="tick" value="')[1:]]
    assert ticks
    before = await every_dispute(owner)
    form = {"tick": ticks[0], "reason": REASON, "words": "<b>没到账</b>"}
    for last_four, headers in (("0078", {}), ("0077", {"sec-fetch-site": "cross-site"})):
        refused = await http.post(path, data=form | {"last_four": last_four}, headers=headers)
        assert refused.status_code == 403
    wrong = await http.post(path, data=form | {"last_four": "0077", "words": "长" * 201})
    assert (wrong.status_code, "不超过 200 字" in wrong.text) == (422, True)
    assert await every_dispute(owner) == before
    for _ in range(2):
        told = await http.post(path, data=form | {"last_four": "0077"})
        assert (told.status_code, "异议已提出，待核查" in told.text, "没到账" in told.text) == (200, True, False)
    (new,) = [each for each in await every_dispute(owner) if each not in before]
    assert (new["opened_by"], new["state"], new["reason"]) == ("household", "open", "没有收到：<b>没到账</b>")


async def every_dispute(owner: Owner) -> list[dict[str, Any]]:
    """As the office's list has them."""
    found = await owner.ask("poverty_officer", "GET", "/v1/console/poverty/disputes?limit=100")
    return list(found["items"])
