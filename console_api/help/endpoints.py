"""Who helps a household, what was seen there, asked for and done.

The poverty office writes; auditors read masked and without the words.
"""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from console_api import door
from console_api.help.schemas import (
    AssignmentEndInput,
    AssignmentInput,
    FitInput,
    FitsView,
    HelperEntered,
    HelperInput,
    HelpersView,
    HelpRecorded,
    MeasureEndInput,
    MeasureInput,
    MeasuresView,
    NeedInput,
    NeedsQuery,
    NeedStepInput,
    NeedsView,
    PageQuery,
    VisitInput,
    VisitsView,
)
from console_api.poverty_alleviation.schemas import ViewingInput
from poverty_alleviation.help.measures import Fit, MeasureDraft, Measures, fits, measures
from poverty_alleviation.help.models import NeedState
from poverty_alleviation.help.needs import NeedDraft, Needs, needs
from poverty_alleviation.help.responsible import HelperDraft, HelperIdentity, Helpers
from poverty_alleviation.help.visits import VisitDraft, Visits, visits


async def _helper_entered(code: str) -> HelperEntered:
    return HelperEntered(code)


@door.post("/poverty/helpers", answer=_helper_entered)
async def enter_helper(actor: PovertyOfficer, body: HelperInput, key: IdempotencyKey, register: Helpers) -> Made:
    """登记帮扶责任人；姓名与电话加密保存，只答复编码。"""
    return Made(await register.enter(msgspec.convert(body, HelperDraft, from_attributes=True), actor.caller))


@door.get("/poverty/helpers")
async def list_helpers(actor: PovertyOfficer | Auditor, query: PageQuery, register: Helpers) -> HelpersView:
    """帮扶责任人及其当前结对农户，姓名与电话已遮盖。"""
    return HelpersView(*await register.cards(query.cursor, query.limit))


@door.post("/poverty/helpers/<helper:str>/identity-views", status=200)
async def show_helper_identity(
    actor: PovertyOfficer, helper: str, body: ViewingInput, register: Helpers
) -> HelperIdentity:
    """帮扶责任人的姓名与电话中该用途可看的部分；须说明用途与依据，先留访问记录再回答。"""
    return await register.identity(actor, helper, body.viewing())


@door.post("/poverty/households/<code:str>/helpers", status=204)
async def assign_helper(
    actor: PovertyOfficer, code: str, body: AssignmentInput, key: IdempotencyKey, register: Helpers
) -> None:
    """自某日起由该责任人帮扶该户。"""
    await register.assign(code, body.helper, body.valid_from, body.document, actor.caller)


@door.put("/poverty/households/<code:str>/helpers/<helper:str>/end", status=204)
async def end_help(actor: PovertyOfficer, code: str, helper: str, body: AssignmentEndInput, register: Helpers) -> None:
    """自某日起该责任人不再帮扶该户。"""
    await register.end(code, helper, body.valid_until, actor.caller)


@door.post("/poverty/households/<code:str>/visits")
async def record_visit(
    actor: PovertyOfficer, code: str, body: VisitInput, key: IdempotencyKey, register: Visits
) -> HelpRecorded:
    """登记走访；帮扶责任人只能走访当日结对的农户。"""
    draft = msgspec.convert(body, VisitDraft, from_attributes=True)
    return HelpRecorded(await register.record(code, draft, actor.caller))


@door.get("/poverty/households/<code:str>/visits")
async def list_visits(actor: PovertyOfficer | Auditor, code: str, query: PageQuery) -> VisitsView:
    """某户的走访记录，最新在前；审计员不见文字。"""
    return VisitsView(*await visits(code, query.cursor, query.limit, with_words=isinstance(actor, PovertyOfficer)))


@door.post("/poverty/households/<code:str>/measures")
async def record_measure(
    actor: PovertyOfficer, code: str, body: MeasureInput, key: IdempotencyKey, register: Measures
) -> HelpRecorded:
    """登记帮扶措施：类别、针对的风险、资金及其来源。"""
    draft = msgspec.convert(body, MeasureDraft, from_attributes=True)
    return HelpRecorded(await register.record(code, draft, actor.caller))


@door.get("/poverty/households/<code:str>/measures")
async def list_measures(actor: PovertyOfficer | Auditor, code: str, query: PageQuery) -> MeasuresView:
    """某户的帮扶措施，最新在前。"""
    return MeasuresView(*await measures(code, query.cursor, query.limit))


@door.put("/poverty/measures/<number:str>/end", status=204)
async def end_measure(actor: PovertyOfficer, number: str, body: MeasureEndInput, register: Measures) -> None:
    """自某日起结束帮扶措施，并写明成效。"""
    await register.end(number, body.valid_until, body.result, actor.caller)


@door.post("/poverty/measure-fits", status=204)
async def rule_measure_fit(actor: PovertyOfficer, body: FitInput, key: IdempotencyKey, register: Measures) -> None:
    """登记某类措施是否针对某种风险；以最新的为准。"""
    await register.rule(msgspec.convert(body, Fit, from_attributes=True), actor.caller)


@door.get("/poverty/measure-fits")
async def list_measure_fits(actor: PovertyOfficer | Auditor) -> FitsView:
    """各种风险可采取的措施类别。"""
    return FitsView(await fits())


@door.post("/poverty/households/<code:str>/needs")
async def raise_need(
    actor: PovertyOfficer, code: str, body: NeedInput, key: IdempotencyKey, register: Needs
) -> HelpRecorded:
    """登记农户提出的帮扶需求。"""
    draft = msgspec.convert(body, NeedDraft, from_attributes=True)
    return HelpRecorded(await register.record(code, draft, actor.caller))


@door.get("/poverty/needs")
async def list_needs(actor: PovertyOfficer | Auditor, query: NeedsQuery) -> NeedsView:
    """帮扶需求及办理经过，可按农户或状态查询，最新在前；审计员不见文字。"""
    words = isinstance(actor, PovertyOfficer)
    return NeedsView(*await needs(query.household, query.state, query.cursor, query.limit, with_words=words))


@door.put("/poverty/needs/<number:str>/state", status=204)
async def move_need(actor: PovertyOfficer, number: str, body: NeedStepInput, register: Needs) -> None:
    """答复需求，或办结、不予办理；可注明对应的帮扶措施。"""
    await register.move(number, NeedState(body.state), body.note, actor.caller, body.measure)
