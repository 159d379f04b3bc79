"""Addresses, freight templates and their versions."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class DeliveryAddress(Model):
    """One address of an opaque owner. Who, phone and street are sealed, each bound to this row and its column."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    owner = fields.CharField(max_length=32)
    recipient = fields.BinaryField()
    phone = fields.BinaryField()
    street = fields.BinaryField()
    region = fields.CharField(max_length=6)
    region_name = fields.CharField(max_length=60)
    is_default = fields.BooleanField(default=False)
    entered_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "delivery_address"
        indexes = (Index(fields=("owner", "id"), name="delivery_address_owner"),)
        constraints = (
            CheckConstraint(check="region ~ '^[1-9][0-9]{5}$'", name="delivery_address_region"),
            UniqueConstraint(fields=("owner",), condition="is_default", name="delivery_address_one_default"),
        )


class FreightUnit(StrEnum):
    """What freight is counted by."""

    PIECE = "piece"
    WEIGHT = "weight"


class FreightTemplate(Model):
    """A merchant's way of charging freight; the versions say how. Retired: no product may take it up any more."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    merchant = fields.CharField(max_length=32)
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=120)
    retired_at = fields.DatetimeField(null=True)
    retired_by = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "freight_template"
        indexes = (Index(fields=("merchant", "id"), name="freight_template_merchant"),)


class FreightVersion(Model):
    """What a template says from a moment on; a change is the next version, and orders keep the one they used.

    ``terms`` holds the rules and the regions that are not served, as :mod:`logistics.freight` reads them.
    """

    id = fields.BigIntField(primary_key=True)
    template: fields.ForeignKeyRelation[FreightTemplate] = fields.ForeignKeyField(
        "longchuan.FreightTemplate", related_name=False, on_delete=OnDelete.RESTRICT
    )
    version = fields.IntField()
    name = fields.CharField(max_length=40)
    unit = fields.CharEnumField(FreightUnit, max_length=10)
    terms: fields.Field[dict[str, object]] = fields.JSONField()
    effective_from = fields.DatetimeField()
    made_by = fields.CharField(max_length=120)

    class Meta:
        table = "freight_version"
        unique_together = (("template_id", "version"),)
        constraints = (CheckConstraint(check="version BETWEEN 1 AND 1000", name="freight_version_number"),)


class Carrier(Model):
    """A carrier by our code, and what WeChat and Kuaidi100 call it.

    ``asks_phone``: tracks are told only to who knows the last digits of a phone.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    name = fields.CharField(max_length=40)
    wechat_id = fields.CharField(max_length=128)
    kuaidi100_code = fields.CharField(max_length=40)
    asks_phone = fields.BooleanField(default=False)
    is_active = fields.BooleanField(default=True)

    class Meta:
        table = "carrier"


class CarrierAccount(Model):
    """A merchant's contract with a carrier for electronic waybills; the contract and the sender are sealed."""

    id = fields.BigIntField(primary_key=True)
    merchant = fields.CharField(max_length=32)
    carrier = fields.CharField(max_length=16)
    contract = fields.BinaryField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=120)

    class Meta:
        table = "carrier_account"
        unique_together = (("merchant", "carrier"),)


class ParcelState(StrEnum):
    """Where a parcel is. ``delivered`` is at the buyer's door, locker or station, ``signed`` in the buyer's hands."""

    CREATED = "created"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    SIGNED = "signed"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"


PARCEL_TRANSITIONS: dict[ParcelState, frozenset[ParcelState]] = {
    ParcelState.CREATED: frozenset({ParcelState.HANDED_OVER, ParcelState.CANCELLED}),
    # A carrier is asked now and then, so steps between two looks are skipped.
    ParcelState.HANDED_OVER: frozenset(
        {ParcelState.IN_TRANSIT, ParcelState.DELIVERED, ParcelState.SIGNED, ParcelState.RETURNED, ParcelState.LOST}
    ),
    ParcelState.IN_TRANSIT: frozenset(
        {ParcelState.DELIVERED, ParcelState.SIGNED, ParcelState.RETURNED, ParcelState.LOST}
    ),
    ParcelState.DELIVERED: frozenset(
        {ParcelState.IN_TRANSIT, ParcelState.SIGNED, ParcelState.RETURNED, ParcelState.LOST}
    ),
    ParcelState.LOST: frozenset(
        {ParcelState.IN_TRANSIT, ParcelState.DELIVERED, ParcelState.SIGNED, ParcelState.RETURNED}
    ),
    ParcelState.SIGNED: frozenset({ParcelState.RETURNED}),
    ParcelState.RETURNED: frozenset(),
    ParcelState.CANCELLED: frozenset(),
}
HANDED_OVER_STATES = frozenset(ParcelState) - {ParcelState.CREATED, ParcelState.CANCELLED}
"""The carrier has, or had, the parcel."""


class Parcel(Model):
    """One parcel with its waybill. ``phone_tail`` are the last four digits of the receiver's phone, all that is kept.

    ``track_due_at`` is when the carrier is to be asked next; NULL when nothing more is expected.
    ``label_claimed_until`` is the lease of a call for an electronic waybill, NULL once its end is known.
    ``label_order`` is the carrier's own number of the printed one ('' when it has none), NULL while none is printed.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    merchant = fields.CharField(max_length=32)
    state = fields.CharEnumField(ParcelState, max_length=12, default=ParcelState.CREATED)
    carrier = fields.CharField(max_length=16)
    waybill = fields.CharField(max_length=64, null=True)
    phone_tail = fields.CharField(max_length=4)
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=120)
    handed_over_at = fields.DatetimeField(null=True)
    signed_at = fields.DatetimeField(null=True)
    label = fields.TextField(null=True)
    label_order = fields.CharField(max_length=100, null=True)
    label_claimed_until = fields.DatetimeField(null=True)
    track_due_at = fields.DatetimeField(null=True)
    track_polls = fields.IntField(default=0)
    track_error = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "parcel"
        indexes = (
            Index(fields=("merchant", "state", "id"), name="parcel_merchant"),
            Index(fields=("waybill", "carrier"), name="parcel_waybill"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('created', 'cancelled') OR (waybill IS NOT NULL AND handed_over_at IS NOT NULL)",
                name="parcel_handed_over_with_waybill",
            ),
            CheckConstraint(check="(state = 'signed') <= (signed_at IS NOT NULL)", name="parcel_signed_at"),
            CheckConstraint(check="phone_tail ~ '^[0-9]{0,4}$'", name="parcel_phone_tail"),
        )


class LabelCancellationState(StrEnum):
    """Whether a carrier has taken back a waybill. ``failed``: it will not, or does not say; ``note`` tells why."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    FAILED = "failed"


LABEL_CANCELLATION_TRANSITIONS: dict[LabelCancellationState, frozenset[LabelCancellationState]] = {
    LabelCancellationState.PENDING: frozenset({LabelCancellationState.CANCELLED, LabelCancellationState.FAILED}),
    LabelCancellationState.CANCELLED: frozenset(),
    LabelCancellationState.FAILED: frozenset(),
}


class LabelCancellation(Model):
    """A printed waybill that will not be used and is taken back at its carrier.

    ``due_at`` is when the carrier is to be told next, and the lease of a call that is under way. ``waybill`` is NULL
    of a printing whose end nobody has heard, which the carrier knows by its ``print_key``; it stays NULL when nothing
    was printed.
    """

    id = fields.BigIntField(primary_key=True)
    parcel: fields.ForeignKeyRelation[Parcel] = fields.ForeignKeyField(
        "longchuan.Parcel", related_name=False, on_delete=OnDelete.RESTRICT
    )
    carrier = fields.CharField(max_length=16)
    waybill = fields.CharField(max_length=64, null=True)
    carrier_order = fields.CharField(max_length=100)
    print_key = fields.CharField(max_length=40, null=True)
    state = fields.CharEnumField(LabelCancellationState, max_length=10, default=LabelCancellationState.PENDING)
    attempts = fields.IntField(default=0)
    wanted_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "label_cancellation"
        unique_together = (("parcel_id", "waybill"),)
        constraints = (
            CheckConstraint(check="(state = 'pending') = (settled_at IS NULL)", name="label_cancellation_settled"),
            CheckConstraint(check="state <> 'failed' OR note IS NOT NULL", name="label_cancellation_says_why"),
            CheckConstraint(check="waybill IS NOT NULL OR print_key IS NOT NULL", name="label_cancellation_of_what"),
        )


class ParcelItem(Model):
    """Pieces of one line in a parcel. ``reference`` (an order) and ``line`` are opaque, ``title`` is copied."""

    id = fields.BigIntField(primary_key=True)
    parcel: fields.ForeignKeyRelation[Parcel] = fields.ForeignKeyField(
        "longchuan.Parcel", related_name=False, on_delete=OnDelete.RESTRICT
    )
    reference = fields.CharField(max_length=32)
    line = fields.CharField(max_length=40)
    title = fields.CharField(max_length=120)
    quantity = fields.IntField()

    class Meta:
        table = "parcel_item"
        unique_together = (("parcel_id", "line"),)
        indexes = (Index(fields=("reference",), name="parcel_item_reference"),)
        constraints = (CheckConstraint(check="quantity BETWEEN 1 AND 999", name="parcel_item_quantity"),)


class ParcelEvent(Model):
    """One step of a parcel's life."""

    id = fields.BigIntField(primary_key=True)
    parcel: fields.ForeignKeyRelation[Parcel] = fields.ForeignKeyField(
        "longchuan.Parcel", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(ParcelState, max_length=12)
    actor = fields.CharField(max_length=120)
    note = fields.CharField(max_length=200, null=True)
    happened_at = fields.DatetimeField()

    class Meta:
        table = "parcel_event"


class ParcelTrack(Model):
    """What a carrier says happened, once: the same moment and text again is no news."""

    id = fields.BigIntField(primary_key=True)
    parcel: fields.ForeignKeyRelation[Parcel] = fields.ForeignKeyField(
        "longchuan.Parcel", related_name=False, on_delete=OnDelete.RESTRICT
    )
    happened_at = fields.DatetimeField()
    text = fields.CharField(max_length=500)
    place = fields.CharField(max_length=100, default="")

    class Meta:
        table = "parcel_track"
        unique_together = (("parcel_id", "happened_at", "text"),)


class ReportKind(StrEnum):
    """What WeChat is told: that goods are a pre-sale, that they were shipped, that they have arrived."""

    PRESALE = "presale"
    SHIPPING = "shipping"
    RECEIPT = "receipt"


class ReportState(StrEnum):
    """Where a report to WeChat is. ``dismissed``: a person has settled it elsewhere."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FOR_A_PERSON = "for_a_person"
    DISMISSED = "dismissed"


REPORT_TRANSITIONS: dict[ReportState, frozenset[ReportState]] = {
    ReportState.PENDING: frozenset({ReportState.SENDING}),
    ReportState.SENDING: frozenset({ReportState.PENDING, ReportState.SENT, ReportState.FOR_A_PERSON}),
    # There is something new to tell.
    ReportState.SENT: frozenset({ReportState.PENDING}),
    ReportState.FOR_A_PERSON: frozenset({ReportState.PENDING, ReportState.DISMISSED}),
    ReportState.DISMISSED: frozenset({ReportState.PENDING}),
}


class ShippingReport(Model):
    """What WeChat must know of one payment's goods (wechat reference 2.7): an outbox row, sent by a job.

    ``wanted`` counts what there is to tell and ``told`` what was told of it, so news during a call is told after it.
    ``is_split`` is kept, because a payment that was reported in parts must go on so. ``logistics_type`` is WeChat's: 1
    express, 3 nothing is sent, 4 fetched; what goes without a parcel names its ``goods``.
    ``promised_at`` is until when a pre-sale is sent. ``combination`` is what the payment was paid with others under.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(ReportKind, max_length=10)
    reference = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    transaction_id = fields.CharField(max_length=64)
    combination = fields.CharField(max_length=32, null=True)
    payer_openid = fields.CharField(max_length=128)
    logistics_type = fields.SmallIntField(default=1)
    goods = fields.CharField(max_length=120, null=True)
    is_split = fields.BooleanField(default=False)
    is_complete = fields.BooleanField(default=False)
    arrived_at = fields.DatetimeField(null=True)
    promised_at = fields.DatetimeField(null=True)
    state = fields.CharEnumField(ReportState, max_length=12, default=ReportState.PENDING)
    wanted = fields.IntField(default=1)
    told = fields.IntField(default=0)
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    claimed_until = fields.DatetimeField(null=True)
    last_code = fields.IntField(null=True)
    last_message = fields.CharField(max_length=200, null=True)
    noted_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "shipping_report"
        unique_together = (("reference", "kind"),)
        indexes = (Index(fields=("merchant", "state", "id"), name="shipping_report_merchant"),)
        constraints = (
            CheckConstraint(check="wanted >= told AND told >= 0", name="shipping_report_counts"),
            CheckConstraint(
                check="logistics_type IN (1, 3, 4) AND (logistics_type = 1) = (goods IS NULL)",
                name="shipping_report_goods",
            ),
            CheckConstraint(check="(kind = 'receipt') = (arrived_at IS NOT NULL)", name="shipping_report_arrival"),
            CheckConstraint(check="(kind = 'presale') = (promised_at IS NOT NULL)", name="shipping_report_promise"),
        )
