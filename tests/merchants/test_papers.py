"""Papers: valid from day to day, reviewed with reasons, never rewritten."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from tortoise.exceptions import OperationalError

from kit.database import execute, row, rows
from merchants.errors import (
    ExemptionRuleMissing,
    ExemptionRuleTaken,
    LicenceSpanInvalid,
    MerchantUnknown,
    PaperNotMovable,
    PaperRepeated,
    PaperUnknown,
    StatementTooLong,
)
from merchants.licences import Licence, LicenceKind
from merchants.models import PAPER_TRANSITIONS, PaperState
from merchants.paper_queries import exemption_rules, paper, papers, papers_ending, papers_of
from merchants.papers import Paper, PaperKind, Papers, valid_papers
from merchants.queries import merchant
from merchants.service import Merchants
from tests.merchants.folders import BY, accepted_paper, paper_of
from tests.products.shelf import TOWNSHIP, approved_merchant, open_county
from tests.statements import counted_statements

TODAY = date(2026, 11, 26)
LICENCE = "business_licence"


async def test_a_paper_counts_when_accepted_and_on_the_days_of_its_span(database: str) -> None:
    one, two = await approved_merchant(), await approved_merchant(2, "另一家")
    number = await Papers().submit(one, paper_of(until=TODAY), "staff:clerk")
    with counted_statements() as sent:
        assert await valid_papers([one, two, "MNOBODY"], TODAY) == {
            one: frozenset({LICENCE}), two: frozenset({LICENCE}), "MNOBODY": frozenset(),
        }  # fmt: skip
    assert len(sent) == 1
    await Papers().accept(number, BY)
    for day, held in (
        (date(2019, 12, 31), set()),
        (date(2020, 1, 1), {LICENCE, "food_business"}),
        (TODAY, {LICENCE, "food_business"}),
        (TODAY + timedelta(1), {LICENCE}),
    ):
        assert (await valid_papers([one], day))[one] == held, day
    assert (await valid_papers([two], TODAY))[two] == {LICENCE}


async def test_a_paper_that_has_run_out_still_counts_for_its_own_days(database: str) -> None:
    one = await approved_merchant()
    number = await accepted_paper(one, paper=paper_of(until=TODAY))
    last = Papers(lambda: datetime(2026, 11, 26, 15, 59, tzinfo=UTC))
    assert await last.expire() == 0
    after = Papers(lambda: datetime(2026, 11, 26, 16, 0, tzinfo=UTC))
    assert (await after.expire(), await after.expire()) == (1, 0)
    assert (await paper(number)).state == "expired"
    assert "food_business" in (await valid_papers([one], TODAY))[one]
    assert "food_business" not in (await valid_papers([one], TODAY + timedelta(1)))[one]


async def test_an_acceptance_that_was_taken_back_counts_for_no_day(database: str) -> None:
    one = await approved_merchant()
    number = await accepted_paper(one)
    await Papers().refuse(number, "证照系伪造", BY)
    assert (await valid_papers([one], TODAY))[one] == {LICENCE}
    found = await paper(number)
    assert [(r.state, r.reason) for r in found.reviews] == [
        ("submitted", None), ("accepted", None), ("refused", "证照系伪造"),
    ]  # fmt: skip


async def step(papers: Papers, number: str, to: PaperState) -> None:
    if to is PaperState.ACCEPTED:
        await papers.accept(number, BY)
    elif to is PaperState.REFUSED:
        await papers.refuse(number, "资料不清", BY)
    elif not await papers.expire():
        raise PaperNotMovable()


async def test_every_pair_of_states_moves_as_the_table_says_and_leaves_its_review(database: str) -> None:
    one = await approved_merchant()
    desk = Papers(lambda: datetime(2027, 1, 1, tzinfo=UTC))
    ways = {
        PaperState.SUBMITTED: [],
        PaperState.ACCEPTED: [PaperState.ACCEPTED],
        PaperState.REFUSED: [PaperState.REFUSED],
        PaperState.EXPIRED: [PaperState.ACCEPTED, PaperState.EXPIRED],
    }
    for serial, (source, target) in enumerate(itertools.product(PaperState, PaperState)):
        if target is PaperState.SUBMITTED:
            continue
        number = await desk.submit(one, paper_of(serial=serial, until=TODAY), "staff:clerk")
        for each in ways[source]:
            await step(desk, number, each)
        if target in PAPER_TRANSITIONS[source]:
            await step(desk, number, target)
        else:
            with pytest.raises(PaperNotMovable):
                await step(desk, number, target)
        found = await paper(number)
        assert found.state == found.reviews[-1].state
        assert found.state == (target if target in PAPER_TRANSITIONS[source] else source)
        await execute("UPDATE merchant_paper SET state = 'expired' WHERE state = 'accepted'")


async def test_what_does_not_fit_is_not_taken_in(database: str) -> None:
    one = await approved_merchant()
    await Papers().submit(one, paper_of(), "staff:clerk")
    with pytest.raises(PaperRepeated):
        await Papers().submit(one, paper_of(), "staff:clerk")
    with pytest.raises(MerchantUnknown):
        await Papers().submit("MNOBODY", paper_of(), "staff:clerk")
    with pytest.raises(LicenceSpanInvalid):
        await Papers().submit(one, paper_of(serial=2, until=date(2019, 1, 1)), "staff:clerk")
    with pytest.raises(PaperUnknown):
        await Papers().accept("MPNOBODY", BY)
    assert len(await papers_of(one)) == 1
    assert len(await rows("SELECT id FROM paper_review")) == 1


async def test_a_renewed_licence_becomes_the_one_under_which_the_merchant_trades(database: str) -> None:
    one = await approved_merchant()
    await execute("UPDATE merchant SET licence_until = '2026-12-31' WHERE number = $1", one)
    renewed = Paper(
        kind=PaperKind.BUSINESS_LICENCE, document_number="DEMO-RENEWED", valid_from=date(2026, 12, 1),
        valid_until=date(2036, 11, 30),
    )  # fmt: skip
    await accepted_paper(one, paper=renewed)
    card = await merchant(one)
    assert (card.licence_number, card.licence_from, card.licence_until) == (
        "DEMO-RENEWED", date(2020, 1, 1), date(2036, 11, 30),
    )  # fmt: skip
    older = Paper(
        kind=PaperKind.BUSINESS_LICENCE, document_number="DEMO-OLD", valid_from=date(2020, 1, 1),
        valid_until=date(2026, 12, 31),
    )  # fmt: skip
    await accepted_paper(one, paper=older)
    assert (await merchant(one)).licence_number == "DEMO-RENEWED"


async def test_a_natural_persons_statement_holds_as_long_as_the_rule_of_its_day_says(database: str) -> None:
    """Domain reference 5: below the yearly limit by self-statement, checked again every six months."""
    await open_county()
    county = Merchants()

    def statement(number: str, begin: date, end: date | None) -> Licence:
        return Licence(kind=LicenceKind.NATURAL_PERSON, number=number, valid_from=begin, valid_until=end)

    begin = date(2026, 1, 1)
    with pytest.raises(ExemptionRuleMissing):
        await county.enter("示例农户", statement("S-1", begin, date(2026, 6, 30)), TOWNSHIP, None, BY)
    await county.enter_exemption_rule(date(2021, 5, 1), 10_000_000, 182, "示例文件 3 号", BY)
    with pytest.raises(ExemptionRuleTaken):
        await county.enter_exemption_rule(date(2021, 5, 1), 20_000_000, 182, "示例文件 4 号", BY)
    for end in (None, begin + timedelta(182)):
        with pytest.raises(StatementTooLong):
            await county.enter("示例农户", statement("S-1", begin, end), TOWNSHIP, None, BY)
    number = await county.enter("示例农户", statement("S-1", begin, begin + timedelta(181)), TOWNSHIP, None, BY)
    assert (await valid_papers([number], begin))[number] == {"own_produce_statement"}
    assert (await valid_papers([number], date(2026, 8, 1)))[number] == frozenset()
    again = Paper(
        kind=PaperKind.OWN_PRODUCE_STATEMENT, document_number="S-2", valid_from=date(2026, 8, 1),
        valid_until=date(2026, 12, 31),
    )  # fmt: skip
    await accepted_paper(number, paper=again)
    assert (await valid_papers([number], date(2026, 8, 1)))[number] == {"own_produce_statement"}
    assert (await merchant(number)).licence_from == date(2026, 8, 1)
    assert [rule.recheck_days for rule in await exemption_rules()] == [182]


async def test_a_self_statement_never_stands_in_for_a_companys_licence(database: str) -> None:
    one = await approved_merchant()
    await Merchants().enter_exemption_rule(date(2021, 5, 1), 10_000_000, 182, "示例文件 3 号", BY)
    statement = Paper(
        kind=PaperKind.OWN_PRODUCE_STATEMENT, document_number="S-9", valid_from=TODAY,
        valid_until=TODAY + timedelta(90),
    )  # fmt: skip
    await accepted_paper(one, paper=statement)
    assert (await merchant(one)).licence_number == "DEMO000001"


async def test_the_alarm_lists_what_ends_and_was_not_renewed(database: str) -> None:
    one = await approved_merchant()
    ending = await accepted_paper(one, paper=paper_of(until=TODAY))
    replaced = await accepted_paper(one, paper=paper_of(PaperKind.SMALL_WORKSHOP, until=TODAY))
    await accepted_paper(one, paper=paper_of(PaperKind.SMALL_WORKSHOP, 2, until=date(2030, 1, 1)))
    await accepted_paper(one, paper=paper_of(PaperKind.PREPACKAGED_FOOD_FILING))
    assert [p.number for p in await papers_ending(TODAY)] == [ending]
    assert await papers_ending(TODAY - timedelta(1)) == []
    first, cursor = await papers("accepted", None, 2)
    second, end = await papers("accepted", cursor, 2)
    assert [p.number for p in first] == [ending, replaced]
    assert (len(second), end) == (2, None)


async def test_papers_and_reviews_are_evidence(database: str) -> None:
    """Fails when ``merchants/guards.sql`` loses its triggers: tried."""
    number = await accepted_paper(await approved_merchant())
    for statement in (
        "UPDATE merchant_paper SET valid_until = '2099-01-01' WHERE number = $1",
        "DELETE FROM merchant_paper WHERE number = $1",
        "UPDATE paper_review SET reason = $1",
        "DELETE FROM paper_review WHERE reason = $1 OR true",
    ):
        with pytest.raises(OperationalError):
            await execute(statement, number)
    assert await row("SELECT 1 FROM merchant_paper WHERE number = $1 AND state = 'accepted'", number)
