"""The wire of requests for invoices at the merchant's desk."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from orders.invoices.models import InvoiceState
from orders.invoices.queries import InvoiceSummary, WindowRecord
from orders.invoices.service import InvoiceTitle


class InvoicesQuery(Input):
    """A page of requests in a state, or in all; ``to_reverse`` are those whose order was wholly refunded since."""

    state: InvoiceState | None = None
    to_reverse: bool = False
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class InvoicesView(View):
    """Requests, newest first; ``next_cursor`` is null at the end."""

    items: list[InvoiceSummary]
    next_cursor: str | None


class InvoiceRequestView(View):
    """One request with whom the invoice is made out to and where it is sent."""

    invoice: InvoiceSummary
    made_out_to: InvoiceTitle | None


class IssueInput(Input):
    """The number of the invoice: 20 digits, or 8 of the older paper ones."""

    invoice_number: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{8}|[0-9]{20})$(?!\n)")]


class RefusalInput(Input):
    """Why there is no invoice."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class WindowInput(Input):
    """How many days after payment an invoice may be asked for, from a day of payment on."""

    valid_from: date
    days: Annotated[int, msgspec.Meta(ge=1, le=1827)]
    source_document: Annotated[str, msgspec.Meta(min_length=2, max_length=120)]


class WindowsView(View):
    """All windows, newest first."""

    items: list[WindowRecord]
