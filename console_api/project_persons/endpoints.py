"""What holds people of the project, and their erasure by two accounts of the county; auditors read."""

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.funds.schemas import PageQuery
from console_api.project_persons.schemas import (
    DuePersonsView,
    PersonErasureInput,
    PersonErasuresView,
    PersonHoldsView,
)
from console_api.retention.schemas import ByDocument, LimitQuery, RetentionRecorded
from county.training.retention import PersonRetention


@door.get("/project-person-erasures/due")
async def list_due_persons(
    actor: CountyOfficer | Auditor, query: LimitQuery, retention: PersonRetention
) -> DuePersonsView:
    """保存期满、可提请清除的参训、孵化、在岗人员，仅以编号表示。"""
    return DuePersonsView(await retention.due(query.limit))


@door.post("/project-persons/<number:str>/holds")
async def hold_project_person(
    actor: CountyOfficer, number: str, body: ByDocument, key: IdempotencyKey, retention: PersonRetention
) -> RetentionRecorded:
    """保全某人资料：解除前一律不清除。"""
    return RetentionRecorded(await retention.hold(number, body.document, actor.caller))


@door.get("/project-person-holds")
async def list_project_person_holds(
    actor: CountyOfficer | Auditor, query: LimitQuery, retention: PersonRetention
) -> PersonHoldsView:
    """人员资料保全，未解除的在前。"""
    return PersonHoldsView(await retention.holds(query.limit))


@door.put("/project-person-holds/<number:str>/release", status=204)
async def release_project_person_hold(
    actor: CountyOfficer, number: str, body: ByDocument, retention: PersonRetention
) -> None:
    """解除保全；须由另一账号办理。"""
    await retention.release(number, body.document, actor.caller)


@door.post("/project-person-erasures")
async def propose_person_erasure(
    actor: CountyOfficer, body: PersonErasureInput, key: IdempotencyKey, retention: PersonRetention
) -> RetentionRecorded:
    """提请清除某人资料：保存期满，或应本人申请；须另一账号审核。"""
    return RetentionRecorded(await retention.propose(body.person, body.ground, body.document, actor.caller))


@door.get("/project-person-erasures")
async def list_person_erasures(
    actor: CountyOfficer | Auditor, query: PageQuery, retention: PersonRetention
) -> PersonErasuresView:
    """人员资料清除申请及结果，最新在前。"""
    return PersonErasuresView(*await retention.erasures(query.cursor, query.limit))


@door.put("/project-person-erasures/<number:str>/decision", status=204)
async def decide_person_erasure(
    actor: CountyOfficer, number: str, body: DecisionInput, retention: PersonRetention
) -> None:
    """审核清除申请；提请人不得自批，只能撤回。批准后由系统清除，统计所依的记录保留编号。"""
    await retention.decide(number, actor.caller, body.note, is_approved=body.is_approved)
