"""The wire of documents that consumers agree to."""

from datetime import datetime
from typing import Annotated

import msgspec

from accounts.consents import DocumentVersion
from accounts.own_data_models import DocumentKind
from api_kit.schemas import Input, View


class NewLegalDocument(Input):
    """The next version of a document. A change comes into force at least seven days after this."""

    kind: DocumentKind
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[^\x00]*$(?!\n)")]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$(?!\n)")]
    effective_from: Annotated[datetime, msgspec.Meta(tz=True)]


class LegalVersionView(View):
    """The number of the version."""

    version: int


class LegalDocumentsView(View):
    """Every version that was announced."""

    documents: list[DocumentVersion]
