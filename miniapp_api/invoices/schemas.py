"""The wire of a buyer's request for an invoice."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from orders.invoices.models import TitleKind
from orders.invoices.queries import InvoiceSummary
from orders.invoices.service import InvoiceTitle


class InvoiceInput(Input):
    """Whom the invoice is made out to. ``tax_number`` is a company's unified social credit code (GB 32100)."""

    kind: TitleKind
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    email: Annotated[
        str, msgspec.Meta(max_length=120, pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$(?!\n)")
    ]
    tax_number: Annotated[str, msgspec.Meta(min_length=18, max_length=18)] | None = None


class InvoiceView(View):
    """The newest request of an order, as its buyer wrote it."""

    invoice: InvoiceSummary
    made_out_to: InvoiceTitle | None
