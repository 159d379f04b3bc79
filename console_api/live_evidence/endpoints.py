"""Officers and auditors read the evidence of a session and have it checked; officers have it held, two of them."""

from sanic.response import ResponseStream

from accounts.actors import Auditor, CountyOfficer
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.downloads import download
from console_api import door
from console_api.live_evidence.schemas import EvidenceHeld, EvidencePaper
from live.evidence.holds import EvidenceDesk
from live.evidence.queries import BundleCard, bundle_of, part_of
from live.evidence.sealing import Evidence
from live.evidence.space import Storage, StorageCard


@door.get("/live/sessions/<number:str>/evidence")
async def show_evidence(actor: CountyOfficer | Auditor, number: str) -> BundleCard:
    """一场直播的证据：录像、发言、价格、订单、管理记录的文件清单与 SHA-256，保存期限、保全、核验与存放位置。"""
    return await bundle_of(number)


@door.get("/live/sessions/<number:str>/evidence/parts/<part:str>")
async def download_evidence(
    actor: CountyOfficer | Auditor, number: str, part: str, evidence: Evidence, access_logs: AccessLogs
) -> ResponseStream:
    """下载证据中的一个文件；每次下载留下查阅记录。观众与买家只有本场代号。"""
    pieces = await part_of(evidence, number, part, is_officer=isinstance(actor, CountyOfficer))
    await access_logs.record(actor, purpose="live_evidence", subject=f"live:{number}", fields=(part,))
    return download(f"{number}-{part}", "application/octet-stream", pieces)


@door.get("/live/storage")
async def show_live_storage(actor: CountyOfficer | Auditor, storage: Storage) -> StorageCard:
    """录像存储：总量、余量、低水位与配额（低于或用满即不能新开播）、已存证据、冷存储用量与最近到期日。"""
    return await storage.card()


@door.post("/live/sessions/<number:str>/evidence/checks", status=202)
async def check_evidence(actor: CountyOfficer | Auditor, number: str, key: IdempotencyKey, desk: EvidenceDesk) -> None:
    """重新核验证据：逐个文件与归档时的 SHA-256 比对，结果见证据详情。"""
    await desk.ask_check(number, actor.caller)


@door.put("/live/sessions/<number:str>/evidence/restoring", status=202)
async def fetch_evidence_back(actor: CountyOfficer | Auditor, number: str, desk: EvidenceDesk) -> None:
    """从冷存储取回证据与录像；取回后保留三十天。重复提交不重复取回。"""
    await desk.fetch_back(number, actor.caller)


@door.post("/live/sessions/<number:str>/evidence/holds")
async def hold_evidence(
    actor: CountyOfficer, number: str, body: EvidencePaper, key: IdempotencyKey, desk: EvidenceDesk
) -> EvidenceHeld:
    """保全一场直播的证据：解除前即使期满也不删除。"""
    return EvidenceHeld(await desk.hold(number, body.document, actor.caller))


@door.put("/live/evidence-holds/<hold:str>/release", status=204)
async def release_evidence(actor: CountyOfficer, hold: str, body: EvidencePaper, desk: EvidenceDesk) -> None:
    """解除证据保全；须由另一账号办理。"""
    await desk.release(hold, body.document, actor.caller)
