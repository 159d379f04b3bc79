"""The county announces versions of what consumers agree to."""

from accounts.actors import Auditor, CountyOfficer
from accounts.consents import LegalDocuments, document_versions
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.own_data.schemas import LegalDocumentsView, LegalVersionView, NewLegalDocument


@door.get("/legal-documents")
async def list_announced_documents(actor: CountyOfficer | Auditor) -> LegalDocumentsView:
    """协议与政策的全部版本。"""
    return LegalDocumentsView(await document_versions())


@door.post("/legal-documents")
async def announce_document(
    actor: CountyOfficer, body: NewLegalDocument, key: IdempotencyKey, documents: LegalDocuments
) -> LegalVersionView:
    """公示协议新版本：首版可即时生效，变更须提前七日公示（电子商务法第三十四条）。"""
    version = await documents.announce(body.kind, body.title, body.text, body.effective_from, actor.caller)
    return LegalVersionView(version)
