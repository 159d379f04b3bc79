"""What holds hosts, their erasure by two accounts of the county, and what a host reads of itself; auditors read."""

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.funds.schemas import PageQuery
from console_api.live_host_retention.schemas import OwnHostRecordView
from console_api.project_persons.schemas import (
    DuePersonsView,
    PersonErasureInput,
    PersonErasuresView,
    PersonHoldsView,
)
from console_api.retention.schemas import ByDocument, LimitQuery, RetentionRecorded
from county.hosts.retention import HostRetention
from live.readiness.queries import verifications_of
from live.roster.queries import host_record, own_blacklistings
from live.roster.service import Roster


@door.get("/live/host-record")
async def show_own_host_record(actor: Host, roster: Roster, retention: HostRetention) -> OwnHostRecordView:
    """主播本人的档案：建档与核验、合同、培训、同意书，涉及本人的黑名单决定，各场核验，清除申请。"""
    erasures, _ = await retention.erasures(None, 100, actor.number)
    return OwnHostRecordView(
        await host_record(roster.cipher, actor.number),
        await own_blacklistings(actor.number),
        await verifications_of(actor.number),
        erasures,
    )


@door.get("/live/host-erasures/due")
async def list_due_hosts(actor: CountyOfficer | Auditor, query: LimitQuery, retention: HostRetention) -> DuePersonsView:
    """保存期满、可提请清除的主播，仅以账号编号表示。"""
    return DuePersonsView(await retention.due(query.limit))


@door.post("/live/hosts/<number:str>/holds")
async def hold_host(
    actor: CountyOfficer, number: str, body: ByDocument, key: IdempotencyKey, retention: HostRetention
) -> RetentionRecorded:
    """保全一名主播的档案：解除前一律不清除。"""
    return RetentionRecorded(await retention.hold(number, body.document, actor.caller))


@door.get("/live/host-holds")
async def list_host_holds(
    actor: CountyOfficer | Auditor, query: LimitQuery, retention: HostRetention
) -> PersonHoldsView:
    """主播档案保全，未解除的在前。"""
    return PersonHoldsView(await retention.holds(query.limit))


@door.put("/live/host-holds/<number:str>/release", status=204)
async def release_host_hold(actor: CountyOfficer, number: str, body: ByDocument, retention: HostRetention) -> None:
    """解除保全；须由另一账号办理。"""
    await retention.release(number, body.document, actor.caller)


@door.post("/live/host-erasures")
async def propose_host_erasure(
    actor: CountyOfficer, body: PersonErasureInput, key: IdempotencyKey, retention: HostRetention
) -> RetentionRecorded:
    """提请清除一名主播的档案：保存期满，或应本人申请；须另一账号审核。"""
    return RetentionRecorded(await retention.propose(body.person, body.ground, body.document, actor.caller))


@door.get("/live/host-erasures")
async def list_host_erasures(
    actor: CountyOfficer | Auditor, query: PageQuery, retention: HostRetention
) -> PersonErasuresView:
    """主播档案清除申请及结果，最新在前。"""
    return PersonErasuresView(*await retention.erasures(query.cursor, query.limit))


@door.put("/live/host-erasures/<number:str>/decision", status=204)
async def decide_host_erasure(actor: CountyOfficer, number: str, body: DecisionInput, retention: HostRetention) -> None:
    """审核清除申请；提请人不得自批，只能撤回。批准后由系统清除姓名、证件与监护人文件，黑名单标记与日期记录保留。"""
    await retention.decide(number, actor.caller, body.note, is_approved=body.is_approved)
