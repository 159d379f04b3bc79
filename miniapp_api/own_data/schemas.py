"""The wire of a consumer's own data."""

from typing import Annotated, Literal

import msgspec

from accounts.closures import ClosureView
from accounts.consents import ConsentView, DocumentVersion, MissingDocument
from api_kit.schemas import Input, View


class DocumentsView(View):
    """Every version that was announced."""

    documents: list[DocumentVersion]


class ConsentsView(View):
    """How the consumer stands to each document, and which consents are missing to place an order."""

    consents: list[ConsentView]
    missing: list[MissingDocument]


class AgreeInput(Input):
    """The version that the consumer has read."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class SwitchesInput(Input):
    """What to switch; a member that is missing stays as it is."""

    marketing: bool | None = None
    personalisation: bool | None = None


class ExportInput(Input):
    """How the data is wanted; JSON is what there is."""

    format: Literal["json"]


class CloseInput(Input):
    """``understood``: the consumer has read what goes and what stays, and says so by true."""

    understood: bool


class ClosureStateView(View):
    """The newest wish to close the account; null when there has been none."""

    closure: ClosureView | None
