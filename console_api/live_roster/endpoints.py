"""The centre keeps its roster of hosts; two of its officers decide about the blacklist."""

import msgspec
from sanic.response import HTTPResponse

from accounts.actors import Auditor, CountyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed, private_picture
from api_kit.uploads import MAX_UPLOAD_BYTES, FileBody
from console_api import door
from console_api.live_roster.schemas import (
    BlacklistingInput,
    BlacklistingMade,
    BlacklistingsView,
    ConsentQuery,
    ContractQuery,
    DecisionInput,
    HostInput,
    HostsView,
    IdentityCheckQuery,
    PaperTaken,
    RosterQuery,
    TrainingQuery,
)
from console_api.retention.schemas import ByDocument
from county.training.errors import TrainingClassUnknown
from county.training.queries import has_class
from kit.pdf_files import MAGIC
from live.roster.papers import HostPapers
from live.roster.queries import BlacklistingCard, HostRecord, blacklisting, blacklistings, host_lines, host_record
from live.roster.service import ContractDraft, Roster, TrainingDraft


@door.get("/live/hosts")
async def list_hosts(actor: CountyOfficer | Auditor, query: RosterQuery, roster: Roster) -> HostsView:
    """主播名册，姓名与证件均脱敏。"""
    return HostsView(*await host_lines(roster.cipher, query.cursor, query.limit))


@door.post("/live/hosts")
async def enter_host(actor: CountyOfficer, body: HostInput, key: IdempotencyKey, roster: Roster) -> HostRecord:
    """主播建档：未满十六周岁或证件已列入黑名单的不予建档。"""
    await roster.enter(body.host, body.name, body.id_number, actor.caller)
    return await host_record(roster.cipher, body.host)


@door.get("/live/hosts/<number:str>")
async def show_host(actor: CountyOfficer | Auditor, number: str, roster: Roster) -> HostRecord:
    """一名主播的身份核验、合同、培训与监护人同意记录。"""
    return await host_record(roster.cipher, number)


@door.post("/live/hosts/<number:str>/identity-checks", max_body_bytes=MAX_UPLOAD_BYTES)
async def check_host_identity(
    actor: CountyOfficer, number: str, query: IdentityCheckQuery, file: FileBody, papers: HostPapers
) -> PaperTaken:
    """登记一次身份核验并上传核验材料（照片或 PDF，加密保存），自核验日起在规定天数内有效。"""
    taken = papers.take_identity_check(number, query.document, query.checked_on, file.content, actor.caller)
    return PaperTaken(await taken)


@door.post("/live/hosts/<number:str>/contracts", max_body_bytes=MAX_UPLOAD_BYTES)
async def add_host_contract(
    actor: CountyOfficer, number: str, query: ContractQuery, file: FileBody, papers: HostPapers
) -> PaperTaken:
    """登记主播合同并上传合同扫描件：照片或 PDF，加密保存。"""
    draft = ContractDraft(**msgspec.structs.asdict(query))
    return PaperTaken(await papers.take_contract(number, draft, file.content, actor.caller))


@door.post("/live/hosts/<number:str>/trainings", max_body_bytes=MAX_UPLOAD_BYTES)
async def add_host_training(
    actor: CountyOfficer, number: str, query: TrainingQuery, file: FileBody, papers: HostPapers
) -> PaperTaken:
    """登记培训记录并上传结业证明（照片或 PDF，加密保存）；县里办的班填班次编号。"""
    if query.training_class is not None and not await has_class(query.training_class):
        raise TrainingClassUnknown()
    draft = TrainingDraft(**msgspec.structs.asdict(query))
    return PaperTaken(await papers.take_training(number, draft, file.content, actor.caller))


@door.post("/live/hosts/<number:str>/guardian-consents", max_body_bytes=MAX_UPLOAD_BYTES)
async def take_guardian_consent(
    actor: CountyOfficer, number: str, query: ConsentQuery, file: FileBody, papers: HostPapers
) -> PaperTaken:
    """上传十六至十八周岁主播的监护人同意书：照片或不超过 20 页、不含脚本与附件的 PDF；加密保存。"""
    return PaperTaken(await papers.take_consent(number, query.document, query.signed_on, file.content, actor.caller))


@door.post("/live/host-papers/<number:str>/views", status=200)
async def look_at_host_paper(
    actor: CountyOfficer | Auditor, number: str, body: ByDocument, papers: HostPapers
) -> HTTPResponse:
    """查看主播的核验材料、合同、结业证明或监护人同意书；须说明依据，计入每小时查看次数，先留访问记录再回答。"""
    content = await papers.look(actor, number, body.document)
    return printed(content, "host-paper.pdf") if content.startswith(MAGIC) else private_picture(content)


@door.get("/live/blacklistings")
async def list_blacklistings(actor: CountyOfficer | Auditor, query: RosterQuery) -> BlacklistingsView:
    """主播黑名单的申请与审核，最新在前。"""
    return BlacklistingsView(*await blacklistings(query.cursor, query.limit))


@door.post("/live/blacklistings")
async def propose_blacklisting(
    actor: CountyOfficer, body: BlacklistingInput, key: IdempotencyKey, roster: Roster
) -> BlacklistingMade:
    """提出列入或移出主播黑名单，按证件而非账号；须另一账号审核。"""
    return BlacklistingMade(
        await roster.propose_blacklisting(
            body.kind, body.reason, actor.caller, host=body.host, id_number=body.id_number
        )
    )


@door.put("/live/blacklistings/<number:str>/decision")
async def decide_blacklisting(
    actor: CountyOfficer, number: str, body: DecisionInput, roster: Roster
) -> BlacklistingCard:
    """审核黑名单申请：提出人不得自批；列入后其推流地址随即失效。"""
    await roster.decide_blacklisting(number, actor.caller, body.note, is_approved=body.is_approved)
    return await blacklisting(number)
