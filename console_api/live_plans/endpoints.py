"""A host plans the own session; officers and auditors read every plan."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, Host
from accounts.queries import hosts_named
from console_api import door
from console_api.live_plans.schemas import (
    AssistantInput,
    AssistedView,
    CandidatesQuery,
    CandidatesView,
    PlanInput,
    RunDownInput,
    SlotsInput,
)
from live.errors import SessionNotFound
from live.plans.models import AssistantRole
from live.plans.queries import Plan, Slot, Step, assisted_by, plan_of
from live.plans.service import Plans
from merchants.queries import merchant

MOST_CANDIDATES = 20


@door.get("/live/sessions/<number:str>/plan")
async def show_plan(actor: Host | CountyOfficer | Auditor, number: str) -> Plan:
    """场次计划：封面、公告、流程单、商户时段、助理及其修改记录；主播与助理只看本场。"""
    plan = await plan_of(number)
    if isinstance(actor, Host) and actor.number != plan.host:
        helps = (each.account == actor.number and each.removed_at is None for each in plan.assistants)
        if not any(helps):
            raise SessionNotFound(number=number)
    return plan


@door.put("/live/sessions/<number:str>/plan")
async def describe_session(actor: Host, number: str, body: PlanInput, plans: Plans) -> Plan:
    """设置封面与公告，开播前可改。"""
    await plans.describe(number, actor.number, body.cover, body.notice)
    return await plan_of(number)


@door.put("/live/sessions/<number:str>/run-down")
async def write_run_down(actor: Host, number: str, body: RunDownInput, plans: Plans) -> Plan:
    """编排流程单：按顺序逐个商品的分钟数与脚本，开播前可改。"""
    steps = [Step(**msgspec.structs.asdict(step)) for step in body.steps]
    await plans.set_run_down(number, actor.number, steps)
    return await plan_of(number)


@door.put("/live/sessions/<number:str>/slots")
async def share_session(actor: Host, number: str, body: SlotsInput, plans: Plans) -> Plan:
    """多商户共用一场：按分钟划分时段；只有在列商户的商品可以上架。"""
    for name in sorted({slot.merchant for slot in body.slots}):
        await merchant(name)
    await plans.set_slots(number, actor.number, [Slot(**msgspec.structs.asdict(slot)) for slot in body.slots])
    return await plan_of(number)


@door.put("/live/sessions/<number:str>/assistants/<account:str>")
async def add_assistant(actor: Host, number: str, account: str, body: AssistantInput, plans: Plans) -> Plan:
    """指定本场助理：场控只管互动，货架助理管上架与讲解。"""
    await plans.add_assistant(number, actor.number, account, body.role)
    return await plan_of(number)


@door.delete("/live/sessions/<number:str>/assistants/<account:str>/<role:str>")
async def remove_assistant(actor: Host, number: str, account: str, role: str, plans: Plans) -> None:
    """取消本场助理。"""
    if role not in set(AssistantRole):
        raise SessionNotFound(number=number)
    await plans.remove_assistant(number, actor.number, account, AssistantRole(role))


@door.get("/live/assistant-candidates")
async def list_assistant_candidates(actor: Host, query: CandidatesQuery) -> CandidatesView:
    """按姓名开头查找可任助理的主播账号，至多二十个；只给账号编号与姓名，不含本人。"""
    return CandidatesView(await hosts_named(query.name, actor.number, MOST_CANDIDATES))


@door.get("/live/assisted-sessions")
async def list_assisted_sessions(actor: Host) -> AssistedView:
    """我担任助理的场次。"""
    return AssistedView(await assisted_by(actor.number))
