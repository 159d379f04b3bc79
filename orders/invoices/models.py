"""Requests for invoices, and how long after payment one may be asked for."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from orders.models import Order


class TitleKind(StrEnum):
    """Whom an invoice is made out to."""

    PERSONAL = "personal"
    COMPANY = "company"


class InvoiceState(StrEnum):
    """Where a request is."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


INVOICE_TRANSITIONS: dict[InvoiceState, frozenset[InvoiceState]] = {
    InvoiceState.REQUESTED: frozenset({InvoiceState.ISSUED, InvoiceState.REFUSED, InvoiceState.WITHDRAWN}),
    InvoiceState.ISSUED: frozenset(),
    InvoiceState.REFUSED: frozenset(),
    InvoiceState.WITHDRAWN: frozenset(),
}


class InvoiceRequest(Model):
    """One request. ``sealed`` holds title, tax number and e-mail; ``amount_fen`` is counted anew when issued."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    consumer = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    kind = fields.CharEnumField(TitleKind, max_length=10)
    sealed = fields.BinaryField()
    amount_fen = fields.BigIntField()
    state = fields.CharEnumField(InvoiceState, max_length=10, default=InvoiceState.REQUESTED)
    requested_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.CharField(max_length=120, null=True)
    invoice_number = fields.CharField(max_length=20, null=True)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "invoice_request"
        indexes = (
            Index(fields=("merchant", "state", "id"), name="idx_invoice_request_merchant"),
            Index(fields=("order_id", "id"), name="idx_invoice_request_order"),
        )
        constraints = (
            CheckConstraint(check="amount_fen > 0", name="ck_invoice_request_amount"),
            CheckConstraint(
                check="(state = 'issued') = (invoice_number IS NOT NULL)"
                " AND (state = 'refused') = (reason IS NOT NULL)",
                name="ck_invoice_request_answer",
            ),
            UniqueConstraint(
                fields=("order_id",), name="uq_invoice_request_open", condition="state IN ('requested', 'issued')"
            ),
            UniqueConstraint(fields=("merchant", "invoice_number"), name="uq_invoice_request_invoice"),
        )


class InvoiceFileRow(Model):
    """The file of an issued invoice, sealed; empty when it is no longer kept. ``kind`` is pdf or jpeg."""

    id = fields.BigIntField(primary_key=True)
    request: fields.OneToOneRelation[InvoiceRequest] = fields.OneToOneField(
        "longchuan.InvoiceRequest", on_delete=fields.RESTRICT, related_name=False
    )
    kind = fields.CharField(max_length=4)
    sealed = fields.BinaryField()
    uploaded_at = fields.DatetimeField()
    uploaded_by = fields.CharField(max_length=120)

    class Meta:
        table = "invoice_file"
        constraints = (CheckConstraint(check="kind IN ('pdf', 'jpeg')", name="ck_invoice_file_kind"),)


class InvoiceWindow(Model):
    """From a day of payment on: how many days after payment an invoice may be asked for, and which paper says so."""

    id = fields.BigIntField(primary_key=True)
    valid_from = fields.DateField(unique=True)
    days = fields.SmallIntField()
    source_document = fields.CharField(max_length=120)
    entered_by = fields.CharField(max_length=120)
    entered_at = fields.DatetimeField()

    class Meta:
        table = "invoice_window"
        constraints = (CheckConstraint(check="days BETWEEN 1 AND 1827", name="ck_invoice_window_days"),)
