"""The way of a product to its recognition: who did which step by which paper, and nothing is skipped."""

from datetime import date, timedelta

import msgspec
import pytest

from content.errors import PictureNotUsable
from kit.clock import china_day, utc_now
from kit.database import execute, scalar
from products.errors import MarkDocumentTaken, ProductUnknown
from products.mark_queries import recognitions
from products.marks import Marks, Span
from products.recognition.errors import (
    NoMarketEntity,
    NoticePapersInvalid,
    NoticeRuleMissing,
    NoticeStands,
    PaperDatedWrong,
    ReasonMissing,
    RecognitionCaseUnknown,
    RecognitionNotMovable,
    RecognitionRepeated,
    RecognitionSecondPerson,
    RecognitionUnderWay,
)
from products.recognition.models import (
    RECOGNITION_TRANSITIONS,
    UNDER_WAY,
    NoticeLevel,
    RecognitionState,
    RecognitionStep,
)
from products.recognition.queries import recognition_cases, recognition_rules
from products.recognition.service import Recognitions
from tests.content.paint import a_picture
from tests.products.shelf import approved_merchant, case_at, case_paper, listed_product
from tests.superuser import as_superuser

BY, SECOND = "staff:test", "staff:second"
SPAN = Span(valid_from=date(2020, 1, 1), valid_until=date(2099, 12, 31))
S = RecognitionState
SERVICE = Recognitions()
TODAY = china_day(utc_now())
POSTED = [case_paper(TODAY, level) for level in NoticeLevel]
SOURCES = {S.OBJECTED: S.ON_NOTICE, S.REFUSED: S.APPLIED, S.WITHDRAWN: S.APPLIED}
"""From where the states outside the usual way are reached here."""


async def in_state(product: str, state: RecognitionState) -> str:
    """A case of a product in a state."""
    number = await case_at(product, SOURCES.get(state, state))
    if state in SOURCES:
        await SERVICE.act(number, state, "示例单位", [case_paper(TODAY)], SECOND, "示例理由")
    return number


async def test_every_pair_of_states_of_a_case_moves_as_the_table_says(database: str) -> None:
    merchant = await approved_merchant()
    for state in RecognitionState:
        code, _ = await listed_product(merchant)
        number = await in_state(code, state)
        for to in RecognitionState:
            papers = POSTED if to is S.ON_NOTICE else [case_paper(TODAY)]
            if to not in RECOGNITION_TRANSITIONS[state]:
                with pytest.raises(RecognitionNotMovable) as refused:
                    await SERVICE.act(number, to, "示例单位", papers, "staff:third", "示例理由")
                assert refused.value.facts == {"state": state, "to": to}
                continue
            other, _ = await listed_product(merchant)
            moved = await in_state(other, state)
            await SERVICE.act(moved, to, "示例单位", papers, "staff:third", "示例理由")
            (found,), _ = await recognition_cases(None, to, other, None, 9)
            assert (found.number, found.state, found.acts[-1].state) == (moved, to, to)
        assert await scalar("SELECT state FROM recognition_case WHERE number = $1", number) == state
    with pytest.raises(RecognitionCaseUnknown):
        await SERVICE.act("RC404", S.REFUSED, "示例单位", [case_paper(TODAY)], BY, "示例理由")


async def test_only_a_notice_has_a_paper_of_a_level(database: str) -> None:
    """A failure when a paper was added, and told as another application when one was made: both seen."""
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    with pytest.raises(NoticePapersInvalid):
        await SERVICE.apply(merchant, code, "示例单位", POSTED[0], BY)
    number = await SERVICE.apply(merchant, code, "示例单位", case_paper(TODAY), BY)
    with pytest.raises(NoticePapersInvalid):
        await SERVICE.add_paper(number, RecognitionStep.APPLICATION, POSTED[0], BY)
    await SERVICE.add_paper(number, RecognitionStep.PUBLIC_NOTICE, POSTED[0], BY)
    (found,), _ = await recognition_cases(None, None, code, None, 9)
    assert [paper.level for paper in found.papers] == [None, POSTED[0].level]


async def test_a_case_tells_who_did_which_step_and_by_which_papers(database: str) -> None:
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    number = await case_at(code, S.RECOMMENDED)
    own, foreign = await a_picture(BY, "licence"), await a_picture("staff:stranger", "licence")
    more = case_paper(TODAY)
    with pytest.raises(PictureNotUsable):
        await SERVICE.add_paper(number, RecognitionStep.APPLICATION, msgspec.structs.replace(more, picture=foreign), BY)
    await SERVICE.add_paper(number, RecognitionStep.APPLICATION, msgspec.structs.replace(more, picture=own), BY)
    assert await scalar("SELECT owner LIKE 'recognition_paper:%' FROM picture WHERE number = $1", own)
    (found,), cursor = await recognition_cases(merchant, None, None, None, 9)
    assert cursor is None
    assert await recognition_cases("M-another", None, None, None, 9) == ([], None)
    usual = [state for state in RecognitionState if state not in SOURCES]
    assert [act.state for act in found.acts] == usual
    assert {act.recorded_by for act in found.acts if act.state == "county_decided"} == {SECOND}
    steps = [paper.step for paper in found.papers]
    assert steps == [
        "application", "township_review", "industry_review", "county_decision", "public_notice", "public_notice",
        "public_notice", "public_notice", "recommendation", "application",
    ]  # fmt: skip
    assert [paper.level for paper in found.papers][4:8] == ["village", "township", "county", None]
    for attack in ("DELETE FROM recognition_act", "UPDATE recognition_paper SET title = ''",
                   "DELETE FROM recognition_case", "UPDATE recognition_rule SET notice_days = 1"):  # fmt: skip
        with pytest.raises(Exception, match=r"append-only|never deleted|permission denied|must be owner"):
            await execute(attack)


async def test_only_a_case_that_has_stood_its_notice_leads_to_a_recognition(database: str) -> None:
    merchant = await approved_merchant()
    marks = Marks()
    for state in RecognitionState:
        code, _ = await listed_product(merchant)
        number = await in_state(code, state)
        if state in (S.NOTICED, S.RECOMMENDED):
            recognised = await marks.recognise(number, f"示例 {state}", "示例单位", "示例批次", SPAN, BY)
            (found,), _ = await recognition_cases(None, None, code, None, 9)
            assert found.recognition == recognised
            with pytest.raises(RecognitionRepeated):
                await marks.recognise(number, "示例 另一号", "示例单位", "示例批次", SPAN, BY)
            continue
        with pytest.raises(RecognitionNotMovable):
            await marks.recognise(number, f"示例 {state}", "示例单位", "示例批次", SPAN, BY)
    with pytest.raises(RecognitionCaseUnknown):
        await marks.recognise("RC404", "示例", "示例单位", "示例批次", SPAN, BY)
    code, _ = await listed_product(merchant)
    with pytest.raises(MarkDocumentTaken):
        await marks.recognise(await case_at(code), "示例 noticed", "示例单位", "示例批次", SPAN, BY)
    assert {each.case_state for each in (await recognitions(merchant, None, 9))[0]} == {"noticed", "recommended"}


async def test_a_notice_stands_for_its_days_at_three_levels_and_an_objection_stops_it(database: str) -> None:
    """Fails when the last day of the notice is not looked at: tried."""
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    number = await case_at(code, S.COUNTY_DECIDED)
    await SERVICE.set_rule(5, TODAY - timedelta(days=4), "示例文件 4 号", BY)
    posted = TODAY - timedelta(days=5)
    for papers in (POSTED[:2], [*POSTED[:2], POSTED[1]], [case_paper(TODAY)], [*POSTED, POSTED[0]]):
        with pytest.raises(NoticePapersInvalid):
            await SERVICE.act(number, S.ON_NOTICE, "示例单位", papers, BY)
    last = [case_paper(posted + timedelta(days=n), level) for n, level in enumerate(NoticeLevel)]
    await SERVICE.act(number, S.ON_NOTICE, "示例单位", last, BY)
    (found,), _ = await recognition_cases(None, None, code, None, 9)
    assert found.notice_until == posted + timedelta(days=2 + 4), "five days from the last of the three"
    with pytest.raises(NoticeStands):
        await SERVICE.act(number, S.NOTICED, "示例单位", [case_paper(TODAY)], BY)
    with pytest.raises(ReasonMissing):
        await SERVICE.act(number, S.OBJECTED, "示例异议人", [case_paper(TODAY)], BY)
    await SERVICE.act(number, S.OBJECTED, "示例异议人", [case_paper(TODAY)], BY, "示例异议")
    later = Recognitions(lambda: utc_now() + timedelta(days=30))
    with pytest.raises(RecognitionNotMovable):
        await later.act(number, S.NOTICED, "示例单位", [case_paper(TODAY + timedelta(days=9))], BY)
    await later.act(number, S.COUNTY_DECIDED, "示例单位", [case_paper(TODAY + timedelta(days=9))], SECOND)
    with pytest.raises(RecognitionNotMovable):
        await later.act(number, S.NOTICED, "示例单位", [case_paper(TODAY + timedelta(days=20))], BY)
    anew = [case_paper(TODAY + timedelta(days=10), level) for level in NoticeLevel]
    await later.act(number, S.ON_NOTICE, "示例单位", anew, BY)
    with pytest.raises(NoticeStands):
        await later.act(number, S.NOTICED, "示例单位", [case_paper(TODAY + timedelta(days=14))], BY)
    await later.act(number, S.NOTICED, "示例单位", [case_paper(TODAY + timedelta(days=15))], BY)
    assert [(rule.notice_days, rule.source_document) for rule in await recognition_rules()] == [
        (5, "示例文件 4 号"),
        (2, "示例文件 3 号"),
    ]


async def test_without_a_rule_no_notice_is_posted(database: str) -> None:
    code, _ = await listed_product(await approved_merchant())
    number = await case_at(code, S.COUNTY_DECIDED)
    await as_superuser("ALTER TABLE recognition_rule DISABLE TRIGGER USER", "DELETE FROM recognition_rule")
    with pytest.raises(NoticeRuleMissing):
        await SERVICE.act(number, S.ON_NOTICE, "示例单位", POSTED, BY)


async def test_who_applied_or_reviewed_does_not_decide_and_papers_go_forward(database: str) -> None:
    code, _ = await listed_product(await approved_merchant())
    number = await case_at(code, S.INDUSTRY_REVIEWED)
    with pytest.raises(RecognitionSecondPerson):
        await SERVICE.act(number, S.COUNTY_DECIDED, "示例单位", [case_paper(TODAY)], BY)
    for day in (TODAY - timedelta(days=12), TODAY + timedelta(days=1)):
        with pytest.raises(PaperDatedWrong):
            await SERVICE.act(number, S.COUNTY_DECIDED, "示例单位", [case_paper(day)], SECOND)
    await SERVICE.act(number, S.COUNTY_DECIDED, "示例单位", [case_paper(TODAY)], SECOND)


async def test_a_market_entity_applies_once_at_a_time_for_its_own_product(database: str) -> None:
    merchant = await approved_merchant()
    code, _ = await listed_product(merchant)
    paper = case_paper(TODAY)
    with pytest.raises(ProductUnknown):
        await SERVICE.apply("M-another", code, "示例主体", paper, BY)
    with pytest.raises(PaperDatedWrong):
        await SERVICE.apply(merchant, code, "示例主体", case_paper(TODAY + timedelta(days=1)), BY)
    for state in UNDER_WAY:
        other, _ = await listed_product(merchant)
        await in_state(other, state)
        with pytest.raises(RecognitionUnderWay):
            await SERVICE.apply(merchant, other, "示例主体", paper, BY)
    for state in set(RecognitionState) - set(UNDER_WAY):
        other, _ = await listed_product(merchant)
        await in_state(other, state)
        await SERVICE.apply(merchant, other, "示例主体", paper, BY)
    await execute("UPDATE merchant SET licence_kind = 'natural_person' WHERE number = $1", merchant)
    with pytest.raises(NoMarketEntity):
        await SERVICE.apply(merchant, code, "示例主体", paper, BY)
    await execute("UPDATE merchant SET licence_kind = 'company' WHERE number = $1", merchant)
    await execute("UPDATE merchant SET licence_until = '2020-02-01' WHERE number = $1", merchant)
    with pytest.raises(NoMarketEntity):
        await SERVICE.apply(merchant, code, "示例主体", paper, BY)
