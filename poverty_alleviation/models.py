"""Households, contracts, the frozen basis of each line's division, payouts and confirmations."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.mechanisms import Mechanism, Recognition


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


class ContractState(StrEnum):
    """Where a benefit contract stands. Its rules hold from its approval to its last day."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


CONTRACT_TRANSITIONS: dict[ContractState, frozenset[ContractState]] = {
    ContractState.DRAFTED: frozenset({ContractState.SUBMITTED, ContractState.REFUSED}),
    ContractState.SUBMITTED: frozenset({ContractState.APPROVED, ContractState.REFUSED}),
    ContractState.APPROVED: frozenset({ContractState.ENDED}),
    ContractState.REFUSED: frozenset(),
    ContractState.ENDED: frozenset(),
}


class RuleState(StrEnum):
    """Where a version of a rule stands. Only an approved one divides anything."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


RULE_TRANSITIONS: dict[RuleState, frozenset[RuleState]] = {
    RuleState.PROPOSED: frozenset({RuleState.APPROVED, RuleState.REFUSED}),
    RuleState.APPROVED: frozenset(),
    RuleState.REFUSED: frozenset(),
}


class Household(Model):
    """A household that can be assisted. Its names and numbers are ciphertext; the code is all that leaves.

    ``township`` and ``village`` are division codes of 9 and 12 digits. A household that has merged into another one
    stays, with everything that was ever posted to it, and takes nothing more. Of one that was erased, ``erased_at``,
    the code is all that stays: names are empty, numbers gone.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name_cipher = fields.BinaryField()
    id_number_cipher = fields.BinaryField(null=True)
    id_number_index = fields.BinaryField(null=True)
    phone_cipher = fields.BinaryField(null=True)
    erased_at = fields.DatetimeField(null=True)
    township = fields.CharField(max_length=12)
    village = fields.CharField(max_length=12)
    entered_by = fields.CharField(max_length=60)
    entered_at = fields.DatetimeField()
    merged_into: fields.ForeignKeyNullableRelation["Household"] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    merged_on = fields.DateField(null=True)

    class Meta:
        table = "household"
        indexes = (Index(fields=("township",), name="household_township"),)
        constraints = (
            CheckConstraint(
                check="(merged_into_id IS NULL) = (merged_on IS NULL) AND merged_into_id <> id", name="household_merged"
            ),
            CheckConstraint(check="(erased_at IS NOT NULL) = (name_cipher = '')", name="household_erased_whole"),
        )


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
    """What a merchant has promised the households of one chain, by a document: drafted by one, decided by another."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    state = fields.CharEnumField(ContractState, max_length=10)
    template = fields.CharEnumField(ChainTemplate, max_length=40)
    merchant = fields.CharField(max_length=32)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)
    end_document = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "benefit_contract"
        indexes = (Index(fields=("merchant",), name="benefit_contract_merchant"),)
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="benefit_contract_span"),
            CheckConstraint(
                check="state NOT IN ('approved', 'ended') OR decided_by <> made_by", name="benefit_contract_two_persons"
            ),
            CheckConstraint(
                check="(state IN ('approved', 'refused', 'ended')) = (decided_at IS NOT NULL)"
                " AND (decided_at IS NULL) = (decided_by IS NULL)"
                " AND (state <> 'submitted' OR submitted_at IS NOT NULL)"
                " AND (state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL)"
                " AND (ended_at IS NULL) = (end_document IS NULL)",
                name="benefit_contract_decided_whole",
            ),
        )


class ContractParty(Model):
    """One party of a contract in one role of its chain: a site's code, a merchant's, supplier's or household's."""

    id = fields.BigIntField(primary_key=True)
    contract: fields.ForeignKeyRelation[BenefitContract] = fields.ForeignKeyField(
        "longchuan.BenefitContract", related_name=False, on_delete=OnDelete.RESTRICT
    )
    role = fields.CharField(max_length=20)
    party = fields.CharField(max_length=60)

    class Meta:
        table = "contract_party"
        unique_together = (("contract", "role", "party"),)
        indexes = (Index(fields=("party",), name="contract_party_of"),)


class BenefitRule(Model):
    """One version of a rule. A change is a new version, decided by another person; the old one only gets its last day.

    ``rate`` is in the unit of its kind (:class:`RuleKind`), 0 where records of each month say the amounts. ``product``
    None: all products of the contract's merchant.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=32)
    version = fields.IntField()
    contract: fields.ForeignKeyRelation[BenefitContract] = fields.ForeignKeyField(
        "longchuan.BenefitContract", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(RuleState, max_length=8)
    mechanism = fields.CharEnumField(Mechanism, max_length=12)
    kind = fields.CharEnumField(RuleKind, max_length=16)
    rate = fields.BigIntField()
    scope = fields.CharEnumField(RuleScope, max_length=20)
    category = fields.CharEnumField(IncomeCategory, max_length=12, null=True)
    recognition = fields.CharEnumField(Recognition, max_length=20, null=True)
    product = fields.CharField(max_length=32, null=True)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "benefit_rule"
        unique_together = (("code", "version"),)
        constraints = (
            UniqueConstraint(fields=("code",), name="benefit_rule_one_proposal", condition="state = 'proposed'"),
            CheckConstraint(
                check="CASE WHEN kind IN ('pct_net', 'margin_return') THEN rate BETWEEN 1 AND 10000"
                " WHEN kind IN ('per_unit', 'per_piece', 'fixed_line') THEN rate > 0 ELSE rate = 0 END",
                name="benefit_rule_rate",
            ),
            CheckConstraint(
                check="CASE recognition WHEN 'intake_paid' THEN kind = 'per_unit' WHEN 'order_completed' THEN"
                " kind IN ('per_unit', 'per_piece', 'pct_net', 'fixed_line') WHEN 'period_paid' THEN"
                " kind IN ('margin_return', 'wage', 'dividend', 'lease') ELSE kind = 'service' END",
                name="benefit_rule_recognition",
            ),
            CheckConstraint(
                check="CASE mechanism WHEN 'work' THEN category = 'wage' WHEN 'service' THEN category IS NULL"
                " WHEN 'return' THEN category IN ('production', 'transfer')"
                " WHEN 'dividend' THEN category = 'property' WHEN 'lease' THEN category = 'property'"
                " ELSE category = 'production' END",
                name="benefit_rule_category",
            ),
            CheckConstraint(check="valid_until IS NULL OR valid_until >= valid_from", name="benefit_rule_span"),
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="benefit_rule_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="benefit_rule_decided_whole",
            ),
        )


class LineBasis(Model):
    """What a line's division is computed from: copied when it was paid, fixed when it was packed.

    It holds facts and terms, no figure: every figure is a sum over postings. ``lots`` and ``rules`` are
    JSON of ``LotUse`` and ``AppliedRule``. ``remaining_*`` follow the refund with the highest
    ``refund_step``. ``reserve_*``: what of the merchant's part is held back, fixed when the line is earned, until which
    day, and when it was given back.
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
    reserve_basis_points = fields.IntField(default=0)
    reserve_until = fields.DateField(null=True)
    reserve_released_at = fields.DatetimeField(null=True)

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


class ReconciledMonth(Model):
    """What the months after the row before, up to this one, came to when it was closed (``MonthsPart`` as JSON)."""

    id = fields.BigIntField(primary_key=True)
    period = fields.CharField(max_length=7, unique=True)
    part: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "reconciled_month"


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
    """That a household has confirmed an income it received: ``source_type`` is ``payout``, ``intake`` or
    ``period_income``.

    ``step`` is that of the journal: of a delivery it counts the corrections that have said anew whose income it is.
    """

    id = fields.BigIntField(primary_key=True)
    source_type = fields.CharField(max_length=16)
    source_id = fields.CharField(max_length=40)
    step = fields.IntField(default=0)
    kind = fields.CharField(max_length=20)
    evidence = fields.CharField(max_length=200)
    confirmed_at = fields.DatetimeField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "income_confirmation"
        unique_together = (("source_type", "source_id", "step"),)
