"""Households, contracts, the frozen basis of each line's division, payouts and confirmations."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope


class AssistanceStatus(StrEnum):
    """What the poverty office has decided by a document, for a span of days. Never computed here."""

    REGISTERED = "registered"
    EXITED_WITH_POLICY = "exited_with_policy"
    EXITED_STABLE = "exited_stable"
    MONITORED = "monitored"
    RISK_CLEARED = "risk_cleared"
    CANCELLED = "cancelled"


ASSISTED = (AssistanceStatus.REGISTERED, AssistanceStatus.EXITED_WITH_POLICY, AssistanceStatus.MONITORED)
"""The statuses under which sales and income are posted to the household (脱贫不脱政策 stays counted)."""


class ChainTemplate(StrEnum):
    """The two chains of the county plan (P05)."""

    CENTRE_STATION_HOUSEHOLD = "centre_station_household"
    ENTERPRISE_COOPERATIVE_HOUSEHOLD = "enterprise_cooperative_household"


CHAIN_ROLES: dict[ChainTemplate, tuple[str, ...]] = {
    ChainTemplate.CENTRE_STATION_HOUSEHOLD: ("centre", "station", "household"),
    ChainTemplate.ENTERPRISE_COOPERATIVE_HOUSEHOLD: ("enterprise", "cooperative", "household"),
}


class Recognition(StrEnum):
    """The event that makes an amount income."""

    INTAKE_PAID = "intake_paid"
    ORDER_COMPLETED = "order_completed"


class Household(Model):
    """A household that can be assisted. Its names and numbers are ciphertext; the code is all that leaves.

    ``township`` and ``village`` are division codes of 9 and 12 digits.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name_cipher = fields.BinaryField()
    id_number_cipher = fields.BinaryField(null=True)
    id_number_index = fields.BinaryField(null=True)
    phone_cipher = fields.BinaryField(null=True)
    township = fields.CharField(max_length=12)
    village = fields.CharField(max_length=12)
    entered_by = fields.CharField(max_length=60)
    entered_at = fields.DatetimeField()

    class Meta:
        table = "household"
        indexes = (Index(fields=("township",), name="household_township"),)


class HouseholdStatus(Model):
    """A status from a day on, until the day before ``valid_until``. Spans of one household never overlap."""

    id = fields.BigIntField(primary_key=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    status = fields.CharEnumField(AssistanceStatus, max_length=20)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_status"
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="household_status_span"),
        )


class SupplierLink(Model):
    """That a supplier stood for a household, from a day on. Made by the poverty office alone."""

    id = fields.BigIntField(primary_key=True)
    supplier = fields.CharField(max_length=32)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    document = fields.CharField(max_length=120)
    linked_by = fields.CharField(max_length=60)
    linked_at = fields.DatetimeField()

    class Meta:
        table = "supplier_link"
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="supplier_link_span"),
        )


class BenefitContract(Model):
    """What a merchant has promised the households of one chain, by a document."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    template = fields.CharEnumField(ChainTemplate, max_length=40)
    merchant = fields.CharField(max_length=32)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    approved_by = fields.CharField(max_length=60)
    approved_at = fields.DatetimeField()

    class Meta:
        table = "benefit_contract"
        indexes = (Index(fields=("merchant",), name="benefit_contract_merchant"),)
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="benefit_contract_span"),
        )


class ContractParty(Model):
    """One party of a contract in one role of its chain; ``party`` is an opaque number or code."""

    id = fields.BigIntField(primary_key=True)
    contract: fields.ForeignKeyRelation[BenefitContract] = fields.ForeignKeyField(
        "longchuan.BenefitContract", related_name=False, on_delete=OnDelete.RESTRICT
    )
    role = fields.CharField(max_length=20)
    party = fields.CharField(max_length=60)

    class Meta:
        table = "contract_party"
        unique_together = (("contract", "role", "party"),)


class BenefitRule(Model):
    """One version of a rule. A change is a new version; the old one only gets its last day.

    ``rate`` is fen per kilogram for ``per_unit`` and basis points for ``pct_net``. ``product`` None: all
    products of the contract's merchant.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=32)
    version = fields.IntField()
    contract: fields.ForeignKeyRelation[BenefitContract] = fields.ForeignKeyField(
        "longchuan.BenefitContract", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(RuleKind, max_length=12)
    rate = fields.BigIntField()
    scope = fields.CharEnumField(RuleScope, max_length=20)
    category = fields.CharEnumField(IncomeCategory, max_length=12)
    recognition = fields.CharEnumField(Recognition, max_length=20)
    product = fields.CharField(max_length=32, null=True)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    approved_by = fields.CharField(max_length=60)
    approved_at = fields.DatetimeField()

    class Meta:
        table = "benefit_rule"
        unique_together = (("code", "version"),)
        constraints = (
            CheckConstraint(check="rate > 0 AND (kind <> 'pct_net' OR rate <= 10000)", name="benefit_rule_rate"),
            CheckConstraint(check="recognition <> 'intake_paid' OR kind = 'per_unit'", name="benefit_rule_recognition"),
            CheckConstraint(check="valid_until IS NULL OR valid_until >= valid_from", name="benefit_rule_span"),
        )


class LineBasis(Model):
    """What a line's division is computed from: copied when it was paid, fixed when it was packed.

    It holds facts and terms, no figure: every figure is a sum over postings. ``lots`` and ``rules`` are
    JSON of ``LotUse`` and ``AppliedRule``. ``remaining_*`` follow the refund with the highest
    ``refund_step``.
    """

    id = fields.BigIntField(primary_key=True)
    line = fields.CharField(max_length=80, unique=True)
    order_number = fields.CharField(max_length=40, db_index=True)
    merchant = fields.CharField(max_length=32)
    source = fields.CharField(max_length=80, null=True)
    channel = fields.CharField(max_length=40)
    product = fields.CharField(max_length=32)
    title = fields.CharField(max_length=120)
    quantity = fields.IntField()
    net_fen = fields.BigIntField()
    host_basis_points = fields.IntField()
    paid_at = fields.DatetimeField()
    packed_at = fields.DatetimeField(null=True)
    earned_at = fields.DatetimeField(null=True)
    lots: fields.Field[list[object]] = fields.JSONField()
    rules: fields.Field[list[object]] = fields.JSONField()
    remaining_quantity = fields.IntField()
    remaining_net_fen = fields.BigIntField()
    refund_step = fields.IntField(default=0)

    class Meta:
        table = "line_basis"
        constraints = (
            CheckConstraint(
                check="remaining_net_fen BETWEEN 0 AND net_fen AND remaining_quantity BETWEEN 0 AND quantity",
                name="line_basis_remaining",
            ),
        )


class IncomeClaim(Model):
    """By which event a delivery is income, one row per delivery: the key that forbids counting it twice."""

    id = fields.BigIntField(primary_key=True)
    intake = fields.CharField(max_length=32, unique=True)
    recognition = fields.CharEnumField(Recognition, max_length=20)

    class Meta:
        table = "income_claim"


class ChannelMoney(Model):
    """Money that the payment channel moved, as the payments room told it: what the books are compared with.

    ``amount_fen`` is positive for a capture and negative for a refund; ``period`` is the month of the books that it was
    noted in.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=10)
    reference = fields.CharField(max_length=80)
    source_id = fields.CharField(max_length=100)
    channel = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    occurred_at = fields.DatetimeField()
    period = fields.CharField(max_length=7)

    class Meta:
        table = "channel_money"
        unique_together = (("kind", "source_id"),)
        indexes = (
            Index(fields=("reference",), name="channel_money_reference"),
            Index(fields=("period",), name="channel_money_period"),
        )
        constraints = (
            CheckConstraint(
                check="(kind = 'captured' AND amount_fen > 0) OR (kind = 'refunded' AND amount_fen < 0)",
                name="channel_money_sign",
            ),
        )


class Payout(Model):
    """Money that a merchant's bank has paid to a household, with the voucher that proves it.

    ``taken_back`` counts the payouts on the same voucher that corrections had reversed when this one was recorded.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    merchant = fields.CharField(max_length=32)
    amount_fen = fields.BigIntField()
    bank_voucher = fields.CharField(max_length=80)
    taken_back = fields.IntField(default=0)
    paid_on = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "payout"
        unique_together = (("merchant", "bank_voucher", "household", "taken_back"),)
        constraints = (CheckConstraint(check="amount_fen > 0", name="payout_amount"),)


class IncomeConfirmation(Model):
    """That a household has confirmed an income it received: ``source_type`` is ``payout`` or ``intake``."""

    id = fields.BigIntField(primary_key=True)
    source_type = fields.CharField(max_length=10)
    source_id = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=20)
    evidence = fields.CharField(max_length=200)
    confirmed_at = fields.DatetimeField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "income_confirmation"
        unique_together = (("source_type", "source_id"),)
