import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from accounts.models import SessionKind
from accounts.roles import Role, ScopeKind
from live.models import ArchiveState, SessionState
from merchants.licences import LicenceKind
from merchants.models import MerchantState
from orders.models import CaseState, OrderState
from payments.models import NoticeOutcome, PaymentState, RefundRowState
from payments.ports import BillLineKind
from places.models import DivisionLevel, SiteKind, SiteLevel, SiteState
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.models import AssistanceStatus, ChainTemplate, Recognition
from products.drafts import ReturnPolicy
from products.models import MovementKind, ProductState, ReservationState
from traceability.models import IntakeMode, LotKind, SupplierKind


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AccessLog",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor", fields.CharField(max_length=120)),
                ("acting_as", fields.CharField(max_length=40)),
                ("purpose", fields.CharField(max_length=200)),
                ("subject", fields.CharField(max_length=120)),
                (
                    "fields_read",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "access_log",
                "app": "longchuan",
                "indexes": [
                    Index(fields=["subject", "at"], name="access_log_subject"),
                    Index(fields=["actor", "at"], name="access_log_actor"),
                ],
                "pk_attr": "id",
                "table_description": "Who read which personal fields of whom, when and why. Rows are only ever added (``guards.sql``).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BenefitContract",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                (
                    "template",
                    fields.CharEnumField(
                        description="CENTRE_STATION_HOUSEHOLD: centre_station_household\nENTERPRISE_COOPERATIVE_HOUSEHOLD: enterprise_cooperative_household",
                        enum_type=ChainTemplate,
                        max_length=40,
                    ),
                ),
                ("merchant", fields.CharField(max_length=32)),
                ("document", fields.CharField(max_length=120)),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField(null=True)),
                ("approved_by", fields.CharField(max_length=60)),
                ("approved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "benefit_contract",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="valid_until IS NULL OR valid_until > valid_from", name="benefit_contract_span"
                    )
                ],
                "indexes": [Index(fields=["merchant"], name="benefit_contract_merchant")],
                "pk_attr": "id",
                "table_description": "What a merchant has promised the households of one chain, by a document.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BenefitRule",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=32)),
                ("version", fields.IntField()),
                (
                    "contract",
                    fields.ForeignKeyField(
                        "longchuan.BenefitContract",
                        source_field="contract_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="PER_UNIT: per_unit\nPCT_NET: pct_net", enum_type=RuleKind, max_length=12
                    ),
                ),
                ("rate", fields.BigIntField()),
                (
                    "scope",
                    fields.CharEnumField(
                        description="ALL_SUPPLIERS: all_suppliers\nREGISTERED_ONLY: registered_only",
                        enum_type=RuleScope,
                        max_length=20,
                    ),
                ),
                (
                    "category",
                    fields.CharEnumField(
                        description="WAGE: wage\nPRODUCTION: production\nPROPERTY: property\nTRANSFER: transfer",
                        enum_type=IncomeCategory,
                        max_length=12,
                    ),
                ),
                (
                    "recognition",
                    fields.CharEnumField(
                        description="INTAKE_PAID: intake_paid\nORDER_COMPLETED: order_completed",
                        enum_type=Recognition,
                        max_length=20,
                    ),
                ),
                ("product", fields.CharField(null=True, max_length=32)),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField(null=True)),
                ("approved_by", fields.CharField(max_length=60)),
                ("approved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "benefit_rule",
                "app": "longchuan",
                "unique_together": (("code", "version"),),
                "constraints": [
                    CheckConstraint(
                        check="rate > 0 AND (kind <> 'pct_net' OR rate <= 10000)", name="benefit_rule_rate"
                    ),
                    CheckConstraint(
                        check="recognition <> 'intake_paid' OR kind = 'per_unit'", name="benefit_rule_recognition"
                    ),
                    CheckConstraint(check="valid_until IS NULL OR valid_until >= valid_from", name="benefit_rule_span"),
                ],
                "pk_attr": "id",
                "table_description": "One version of a rule. A change is a new version; the old one only gets its last day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Bill",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("channel", fields.CharField(max_length=32)),
                ("day", fields.DateField()),
                ("sha1", fields.CharField(max_length=40)),
                ("line_count", fields.IntField()),
                ("imported_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payment_bill",
                "app": "longchuan",
                "unique_together": (("channel", "day"),),
                "pk_attr": "id",
                "table_description": "The channel's trade bill of one day in China.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BillLine",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "bill",
                    fields.ForeignKeyField(
                        "longchuan.Bill",
                        source_field="bill_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CAPTURE: capture\nREFUND: refund", enum_type=BillLineKind, max_length=8
                    ),
                ),
                ("traded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("mchid", fields.CharField(max_length=32)),
                ("sub_mchid", fields.CharField(null=True, max_length=32)),
                ("transaction_id", fields.CharField(max_length=64)),
                ("payment_number", fields.CharField(max_length=64)),
                ("refund_number", fields.CharField(default="", max_length=64)),
                ("gross_fen", fields.BigIntField()),
                ("fee_fen", fields.BigIntField()),
                ("difference", fields.CharField(null=True, default="not_compared", max_length=40)),
            ],
            options={
                "table": "payment_bill_line",
                "app": "longchuan",
                "unique_together": (("bill", "kind", "transaction_id", "refund_number"),),
                "pk_attr": "id",
                "table_description": "One line of a bill. ``difference`` says why it does not match; None means that it does.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChannelMoney",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=10)),
                ("reference", fields.CharField(max_length=80)),
                ("source_id", fields.CharField(max_length=100)),
                ("channel", fields.CharField(max_length=40)),
                ("amount_fen", fields.BigIntField()),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "channel_money",
                "app": "longchuan",
                "unique_together": (("kind", "source_id"),),
                "constraints": [
                    CheckConstraint(
                        check="(kind = 'captured' AND amount_fen > 0) OR (kind = 'refunded' AND amount_fen < 0)",
                        name="channel_money_sign",
                    )
                ],
                "indexes": [Index(fields=["reference"], name="channel_money_reference")],
                "pk_attr": "id",
                "table_description": "Money that the payment channel moved, as the payments room told it: what the books are compared with.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ConsumerAccount",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                ("appid", fields.CharField(max_length=32)),
                ("openid", fields.CharField(max_length=64)),
                ("unionid", fields.CharField(null=True, max_length=64)),
                ("phone_cipher", fields.BinaryField(null=True)),
                ("phone_index", fields.BinaryField(null=True)),
                ("phone_bound_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_login_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consumer_account",
                "app": "longchuan",
                "unique_together": (("appid", "openid"),),
                "constraints": [
                    CheckConstraint(
                        check="(phone_cipher IS NULL) = (phone_index IS NULL)", name="consumer_account_phone_indexed"
                    )
                ],
                "indexes": [Index(fields=["phone_index"], name="consumer_account_phone")],
                "pk_attr": "id",
                "table_description": "A buyer. The identity is unique per mini-program; the phone number is encrypted, with a blind index.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ContractParty",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "contract",
                    fields.ForeignKeyField(
                        "longchuan.BenefitContract",
                        source_field="contract_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("role", fields.CharField(max_length=20)),
                ("party", fields.CharField(max_length=60)),
            ],
            options={
                "table": "contract_party",
                "app": "longchuan",
                "unique_together": (("contract", "role", "party"),),
                "pk_attr": "id",
                "table_description": "One party of a contract in one role of its chain; ``party`` is an opaque number or code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Division",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=12)),
                ("name", fields.CharField(max_length=60)),
                (
                    "level",
                    fields.CharEnumField(
                        description="COUNTY: county\nTOWNSHIP: township\nVILLAGE: village",
                        enum_type=DivisionLevel,
                        max_length=10,
                    ),
                ),
                (
                    "parent",
                    fields.ForeignKeyField(
                        "longchuan.Division",
                        source_field="parent_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="code",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "division",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="(level = 'county') = (parent_id IS NULL)", name="division_has_parent"),
                    CheckConstraint(
                        check="length(code) = CASE level WHEN 'county' THEN 6 WHEN 'township' THEN 9 ELSE 12 END AND starts_with(code, COALESCE(parent_id, ''))",
                        name="division_code_below_parent",
                    ),
                ],
                "pk_attr": "code",
                "table_description": "A part of the county; the code begins with the code of the part above it (domain reference 6.1).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Household",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=40)),
                ("name_cipher", fields.BinaryField()),
                ("id_number_cipher", fields.BinaryField(null=True)),
                ("id_number_index", fields.BinaryField(null=True)),
                ("phone_cipher", fields.BinaryField(null=True)),
                ("township", fields.CharField(max_length=12)),
                ("village", fields.CharField(max_length=40)),
                ("entered_by", fields.CharField(max_length=60)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "household",
                "app": "longchuan",
                "indexes": [Index(fields=["township"], name="household_township")],
                "pk_attr": "id",
                "table_description": "A household that can be assisted. Its names and numbers are ciphertext; the code is all that leaves.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HouseholdStatus",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "household",
                    fields.ForeignKeyField(
                        "longchuan.Household",
                        source_field="household_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "status",
                    fields.CharEnumField(
                        description="REGISTERED: registered\nEXITED_WITH_POLICY: exited_with_policy\nEXITED_STABLE: exited_stable\nMONITORED: monitored\nRISK_CLEARED: risk_cleared\nCANCELLED: cancelled",
                        enum_type=AssistanceStatus,
                        max_length=20,
                    ),
                ),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField(null=True)),
                ("document", fields.CharField(max_length=120)),
                ("recorded_by", fields.CharField(max_length=60)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "household_status",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="valid_until IS NULL OR valid_until > valid_from", name="household_status_span"
                    )
                ],
                "pk_attr": "id",
                "table_description": "A status from a day on, until the day before ``valid_until``. Spans of one household never overlap.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdempotencyClaim",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("caller", fields.CharField(max_length=120)),
                ("route", fields.CharField(max_length=160)),
                ("key", fields.CharField(max_length=255)),
                ("body_hash", fields.BinaryField()),
                ("status", fields.SmallIntField(null=True)),
                ("answer", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_claim",
                "app": "longchuan",
                "unique_together": (("caller", "route", "key"),),
                "pk_attr": "id",
                "table_description": "One used key of one caller on one route, and the answer once there is one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IncomeClaim",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("intake", fields.CharField(unique=True, max_length=32)),
                (
                    "recognition",
                    fields.CharEnumField(
                        description="INTAKE_PAID: intake_paid\nORDER_COMPLETED: order_completed",
                        enum_type=Recognition,
                        max_length=20,
                    ),
                ),
            ],
            options={
                "table": "income_claim",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "By which event a delivery is income, one row per delivery: the key that forbids counting it twice.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IncomeConfirmation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("source_type", fields.CharField(max_length=10)),
                ("source_id", fields.CharField(max_length=40)),
                ("kind", fields.CharField(max_length=20)),
                ("evidence", fields.CharField(max_length=200)),
                ("confirmed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_by", fields.CharField(max_length=60)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "income_confirmation",
                "app": "longchuan",
                "unique_together": (("source_type", "source_id"),),
                "pk_attr": "id",
                "table_description": "That a household has confirmed an income it received: ``source_type`` is ``payout`` or ``intake``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LedgerAccount",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("book", fields.CharField(max_length=12)),
                ("code", fields.CharField(max_length=8)),
                ("owner", fields.CharField(max_length=80)),
                ("state", fields.CharField(max_length=12)),
                ("category", fields.CharField(max_length=12)),
            ],
            options={
                "table": "ledger_account",
                "app": "longchuan",
                "unique_together": (("code", "owner", "state", "category"),),
                "constraints": [
                    CheckConstraint(check="book IN ('cash', 'statistics')", name="ledger_account_book"),
                    CheckConstraint(
                        check="state IN ('', 'accrued', 'earned', 'paid', 'confirmed')", name="ledger_account_state"
                    ),
                ],
                "indexes": [Index(fields=["owner", "code"], name="ledger_account_owner")],
                "pk_attr": "id",
                "table_description": "A code of the chart for one owner, in one state and income category (empty where they say nothing).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LedgerJournal",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("period", fields.CharField(max_length=7)),
                ("source_type", fields.CharField(max_length=40)),
                ("source_id", fields.CharField(max_length=100)),
                ("rule", fields.CharField(max_length=60)),
                ("step", fields.IntField()),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("booked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("note", fields.CharField(max_length=300)),
                ("posting_count", fields.IntField()),
                (
                    "reverses",
                    fields.OneToOneField(
                        "longchuan.LedgerJournal",
                        source_field="reverses_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("corrects_period", fields.CharField(null=True, max_length=7)),
                ("seq", fields.BigIntField(null=True)),
                ("prev_hash", fields.CharField(null=True, max_length=64)),
                ("hash", fields.CharField(null=True, max_length=64)),
            ],
            options={
                "table": "ledger_journal",
                "app": "longchuan",
                "unique_together": (("source_type", "source_id", "rule", "step"), ("period", "seq")),
                "constraints": [
                    CheckConstraint(check="posting_count >= 2", name="ledger_journal_posting_count"),
                    CheckConstraint(
                        check="(seq IS NULL) = (hash IS NULL) AND (hash IS NULL) = (prev_hash IS NULL)",
                        name="ledger_journal_sealed_whole",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One balanced change, made by one step of one source.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LedgerPosting",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "journal",
                    fields.ForeignKeyField(
                        "longchuan.LedgerJournal",
                        source_field="journal_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "longchuan.LedgerAccount",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("subject", fields.CharField(max_length=80)),
                ("rule", fields.CharField(max_length=60)),
                ("contribution", fields.CharField(max_length=80)),
                ("amount_fen", fields.BigIntField()),
            ],
            options={
                "table": "ledger_posting",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="amount_fen <> 0", name="ledger_posting_amount")],
                "indexes": [
                    Index(fields=["subject"], name="ledger_posting_subject"),
                    Index(fields=["account_id"], name="ledger_posting_account"),
                    Index(fields=["journal_id"], name="ledger_posting_journal"),
                ],
                "pk_attr": "id",
                "table_description": "One amount on one account, in fen: debit positive, credit negative, never zero.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LineBasis",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("line", fields.CharField(unique=True, max_length=80)),
                ("order_number", fields.CharField(db_index=True, max_length=40)),
                ("merchant", fields.CharField(max_length=32)),
                ("source", fields.CharField(null=True, max_length=80)),
                ("channel", fields.CharField(max_length=40)),
                ("product", fields.CharField(max_length=32)),
                ("title", fields.CharField(max_length=120)),
                ("quantity", fields.IntField()),
                ("net_fen", fields.BigIntField()),
                ("host_basis_points", fields.IntField()),
                ("paid_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("packed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("earned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("lots", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("rules", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("remaining_quantity", fields.IntField()),
                ("remaining_net_fen", fields.BigIntField()),
                ("refund_step", fields.IntField(default=0)),
            ],
            options={
                "table": "line_basis",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="remaining_net_fen BETWEEN 0 AND net_fen AND remaining_quantity BETWEEN 0 AND quantity",
                        name="line_basis_remaining",
                    )
                ],
                "pk_attr": "id",
                "table_description": "What a line's division is computed from: copied when it was paid, fixed when it was packed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LiveLease",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("holder", fields.CharField(max_length=26)),
                ("generation", fields.BigIntField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_lease",
                "app": "longchuan",
                "pk_attr": "name",
                "table_description": "The right to be the one supervisor. ``generation`` grows with every new holder and fences off the old",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LiveSession",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("title", fields.CharField(max_length=80)),
                ("host", fields.CharField(db_index=True, max_length=64)),
                ("merchant", fields.CharField(max_length=64)),
                (
                    "state",
                    fields.CharEnumField(
                        default=SessionState.SCHEDULED,
                        description="SCHEDULED: scheduled\nREADY: ready\nLIVE: live\nINTERRUPTED: interrupted\nENDED: ended\nREPLAY_READY: replay_ready\nCANCELLED: cancelled",
                        enum_type=SessionState,
                        max_length=16,
                    ),
                ),
                ("planned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("stream", fields.CharField(unique=True, max_length=26)),
                ("push_nonce", fields.CharField(null=True, max_length=26)),
                ("push_expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("push_bound_to", fields.CharField(null=True, max_length=64)),
                ("generation", fields.IntField(default=0)),
                ("epoch", fields.CharField(max_length=26)),
                ("last_offset", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("started_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("interrupted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("replay_ready_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_session",
                "app": "longchuan",
                "indexes": [Index(fields=["state", "planned_at"])],
                "pk_attr": "id",
                "table_description": "One broadcast: planned, on air, kept. ``host`` and ``merchant`` are opaque references of other rooms.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FeedMessage",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("offset", fields.BigIntField()),
                ("kind", fields.CharField(max_length=16)),
                ("payload", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("author", fields.CharField(null=True, max_length=120)),
                ("client_key", fields.CharField(null=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_feed_message",
                "app": "longchuan",
                "unique_together": (("session_id", "offset"), ("session_id", "author", "client_key")),
                "indexes": [Index(fields=["session_id", "author", "created_at"])],
                "pk_attr": "id",
                "table_description": "One durable event of a room. ``author`` is the opaque caller of a chat message, ``client_key`` its",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LiveRecording",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        unique=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("duration_ms", fields.BigIntField()),
                ("segments", fields.IntField()),
                (
                    "archive_state",
                    fields.CharEnumField(
                        default=ArchiveState.WAITING,
                        description="WAITING: waiting\nMAKING: making\nMADE: made\nFAILED: failed",
                        enum_type=ArchiveState,
                        max_length=12,
                    ),
                ),
                ("attempts", fields.IntField(default=0)),
                ("next_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("file_bytes", fields.BigIntField(null=True)),
                ("sha256", fields.CharField(null=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_recording",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "The kept pictures of an ended session and the file that is made of them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginFailure",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("subject_hash", fields.CharField(unique=True, max_length=64)),
                ("failures", fields.IntField()),
                ("last_failed_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("blocked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "login_failure",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="failures >= 0", name="login_failure_count")],
                "pk_attr": "id",
                "table_description": "Failed staff log-ins of one name or one address, kept as a SHA-256: people mistype secrets as names.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Lot",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="INTAKE: intake\nPACKED: packed", enum_type=LotKind, max_length=12
                    ),
                ),
                ("product", fields.CharField(max_length=32)),
                ("merchant", fields.CharField(max_length=32)),
                ("input_gram", fields.BigIntField()),
                ("bound_gram", fields.BigIntField(default=0)),
                ("made_by", fields.CharField(max_length=60)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sealed_by", fields.CharField(null=True, max_length=60)),
                ("sealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "lot",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="input_gram > 0", name="lot_input"),
                    CheckConstraint(check="bound_gram BETWEEN 0 AND input_gram", name="lot_bound"),
                    CheckConstraint(check="sealed_at IS NOT NULL OR bound_gram = 0", name="lot_sealed_before_bound"),
                ],
                "indexes": [Index(fields=["merchant", "product"], name="lot_merchant_product")],
                "pk_attr": "id",
                "table_description": "Goods of one product of one merchant, made of contributions; sealed once, then only taken from.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LineLot",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("line", fields.CharField(max_length=80)),
                (
                    "lot",
                    fields.ForeignKeyField(
                        "longchuan.Lot",
                        source_field="lot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("quantity", fields.IntField()),
                ("mass_gram", fields.BigIntField()),
                ("bound_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "line_lot",
                "app": "longchuan",
                "unique_together": (("line", "lot"),),
                "constraints": [CheckConstraint(check="quantity > 0 AND mass_gram > 0", name="line_lot_quantity")],
                "pk_attr": "id",
                "table_description": "What an order line took from a lot. ``line`` is an opaque reference; ``mass_gram`` is of all pieces.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Merchant",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                ("name", fields.CharField(max_length=60)),
                (
                    "licence_kind",
                    fields.CharEnumField(
                        description="COMPANY: company\nCOOPERATIVE: cooperative\nINDIVIDUAL: individual\nFAMILY_FARM: family_farm",
                        enum_type=LicenceKind,
                        max_length=12,
                    ),
                ),
                ("licence_number", fields.CharField(unique=True, max_length=40)),
                ("licence_from", fields.DateField()),
                ("licence_until", fields.DateField(null=True)),
                ("sub_mchid", fields.CharField(null=True, unique=True, max_length=10)),
                (
                    "township",
                    fields.ForeignKeyField(
                        "longchuan.Division",
                        source_field="township_id",
                        db_constraint=True,
                        to_field="code",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=MerchantState.APPLIED,
                        description="APPLIED: applied\nAPPROVED: approved\nSUSPENDED: suspended",
                        enum_type=MerchantState,
                        max_length=10,
                    ),
                ),
                ("applied_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("entered_by", fields.CharField(max_length=120)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(null=True, max_length=120)),
                ("suspension_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "merchant",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="licence_until IS NULL OR licence_until >= licence_from", name="merchant_licence_span"
                    ),
                    CheckConstraint(
                        check="state <> 'suspended' OR suspension_reason IS NOT NULL", name="merchant_suspension_reason"
                    ),
                ],
                "indexes": [Index(fields=["state", "id"], name="merchant_by_state")],
                "pk_attr": "id",
                "table_description": "A seller. ``sub_mchid`` is its own WeChat Pay number; none in direct mode (wechat reference 2.5).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Order",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("consumer", fields.CharField(max_length=32)),
                ("merchant", fields.CharField(max_length=32)),
                (
                    "state",
                    fields.CharEnumField(
                        default=OrderState.PENDING_PAYMENT,
                        description="PENDING_PAYMENT: pending_payment\nPAID: paid\nPACKED: packed\nSHIPPED: shipped\nRECEIVED: received\nCLOSED: closed",
                        enum_type=OrderState,
                        max_length=20,
                    ),
                ),
                ("channel", fields.CharField(max_length=32)),
                ("source", fields.CharField(null=True, max_length=64)),
                ("goods_fen", fields.BigIntField()),
                ("discount_fen", fields.BigIntField(default=0)),
                ("freight_fen", fields.BigIntField(default=0)),
                ("amount_fen", fields.BigIntField()),
                ("delivery", fields.BinaryField()),
                ("after_sales_window_s", fields.IntField()),
                ("placed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("paid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("packed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("shipped_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("carrier", fields.CharField(null=True, max_length=32)),
                ("waybill", fields.CharField(null=True, max_length=64)),
                ("received_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("earned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("close_reason", fields.CharField(null=True, max_length=40)),
            ],
            options={
                "table": "customer_order",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="goods_fen >= 0 AND freight_fen >= 0 AND discount_fen BETWEEN 0 AND goods_fen AND amount_fen = goods_fen - discount_fen + freight_fen AND amount_fen > 0",
                        name="ck_order_amounts",
                    )
                ],
                "indexes": [
                    Index(fields=["consumer", "id"], name="idx_order_consumer"),
                    Index(fields=["merchant", "state", "id"], name="idx_order_merchant"),
                    Index(fields=["source"], name="idx_order_source"),
                ],
                "pk_attr": "id",
                "table_description": "One purchase from one merchant. ``consumer`` and ``merchant`` are public numbers, ``source`` is opaque.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "order",
                    fields.ForeignKeyField(
                        "longchuan.Order",
                        source_field="order_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="PENDING_PAYMENT: pending_payment\nPAID: paid\nPACKED: packed\nSHIPPED: shipped\nRECEIVED: received\nCLOSED: closed",
                        enum_type=OrderState,
                        max_length=20,
                    ),
                ),
                ("actor", fields.CharField(max_length=64)),
                ("reason", fields.CharField(null=True, max_length=120)),
                ("happened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "order_event",
                "app": "longchuan",
                "indexes": [Index(fields=["order_id", "id"], name="idx_order_event_order")],
                "pk_attr": "id",
                "table_description": "One step of an order's life; replaying them gives the present state.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderLine",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "order",
                    fields.ForeignKeyField(
                        "longchuan.Order",
                        source_field="order_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("reference", fields.CharField(unique=True, max_length=40)),
                ("position", fields.SmallIntField()),
                ("sku", fields.CharField(max_length=40)),
                ("product", fields.CharField(max_length=40)),
                ("title", fields.CharField(max_length=120)),
                ("spec", fields.CharField(max_length=120)),
                ("image", fields.CharField(max_length=255)),
                ("marks", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("unit_price_fen", fields.BigIntField()),
                ("quantity", fields.IntField()),
                ("gross_fen", fields.BigIntField()),
                ("discount_fen", fields.BigIntField(default=0)),
                ("net_fen", fields.BigIntField()),
                ("host_commission_bp", fields.IntField(default=0)),
                ("mass_gram", fields.IntField()),
                ("return_policy", fields.CharField(max_length=32)),
                ("refunded_quantity", fields.IntField(default=0)),
                ("refunded_fen", fields.BigIntField(default=0)),
                ("refund_steps", fields.SmallIntField(default=0)),
            ],
            options={
                "table": "order_line",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="quantity > 0 AND gross_fen = unit_price_fen * quantity AND discount_fen BETWEEN 0 AND gross_fen AND net_fen = gross_fen - discount_fen",
                        name="ck_order_line_amounts",
                    ),
                    CheckConstraint(
                        check="refunded_quantity BETWEEN 0 AND quantity AND refunded_fen BETWEEN 0 AND net_fen",
                        name="ck_order_line_refunds",
                    ),
                ],
                "indexes": [Index(fields=["order_id"], name="idx_order_line_order")],
                "pk_attr": "id",
                "table_description": "One SKU of an order with everything copied. ``reference`` is the opaque name other rooms use.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AfterSalesCase",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                (
                    "line",
                    fields.ForeignKeyField(
                        "longchuan.OrderLine",
                        source_field="line_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=CaseState.REQUESTED,
                        description="REQUESTED: requested\nREFUNDING: refunding\nREFUNDED: refunded\nREFUSED: refused\nFAILED: failed",
                        enum_type=CaseState,
                        max_length=20,
                    ),
                ),
                ("quantity", fields.IntField()),
                ("amount_fen", fields.BigIntField()),
                ("freight_fen", fields.BigIntField(default=0)),
                ("reason", fields.CharField(max_length=80)),
                ("decision", fields.CharField(null=True, max_length=200)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refunded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "after_sales_case",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="quantity > 0 AND amount_fen >= 0", name="ck_case_amounts")],
                "indexes": [
                    PartialIndex(fields=["line_id"], name="idx_case_open", condition={"state": "requested"}),
                    Index(fields=["line_id", "id"], name="idx_case_line"),
                ],
                "pk_attr": "id",
                "table_description": "A buyer's claim on some pieces of one line. ``number`` is the refund number that goes to the payment.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxMessage",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("topic", fields.CharField(max_length=80)),
                ("subject", fields.CharField(max_length=80)),
                ("payload", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.IntField(default=0)),
                ("next_attempt_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_error", fields.CharField(null=True, max_length=300)),
                ("delivered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "outbox_message",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "One announced fact.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxReceipt",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("message_id", fields.BigIntField()),
                ("handler", fields.CharField(max_length=120)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "outbox_receipt",
                "app": "longchuan",
                "unique_together": (("message_id", "handler"),),
                "indexes": [Index(fields=["received_at"])],
                "pk_attr": "id",
                "table_description": "Proof that one handler has reacted to one message.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Payment",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("reference", fields.CharField(unique=True, max_length=64)),
                ("payee", fields.CharField(max_length=64)),
                ("sub_mchid", fields.CharField(null=True, max_length=32)),
                ("channel", fields.CharField(max_length=32)),
                ("payer_openid", fields.CharField(max_length=128)),
                ("amount_fen", fields.BigIntField()),
                ("description", fields.CharField(max_length=127)),
                (
                    "state",
                    fields.CharEnumField(
                        default=PaymentState.PENDING,
                        description="PENDING: pending\nCLOSING: closing\nCLOSED: closed\nSUCCEEDED: succeeded\nLATE: late\nHELD: held",
                        enum_type=PaymentState,
                        max_length=12,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("prepay_expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("prepay_claimed_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("prepay_id", fields.CharField(null=True, max_length=64)),
                ("prepaid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_query_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("queries", fields.IntField(default=0)),
                ("next_close_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closes", fields.IntField(default=0)),
                ("transaction_id", fields.CharField(null=True, unique=True, max_length=64)),
                ("captured_fen", fields.BigIntField(default=0)),
                ("captured_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("held_reason", fields.CharField(null=True, max_length=200)),
                ("refund_free_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payment",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="amount_fen > 0", name="payment_amount_positive"),
                    CheckConstraint(
                        check="(state IN ('succeeded', 'late')) = (transaction_id IS NOT NULL AND captured_fen > 0)",
                        name="payment_captured_has_transaction",
                    ),
                ],
                "indexes": [
                    PartialIndex(fields=["next_query_at"], condition={"state": "pending"}),
                    PartialIndex(fields=["expires_at"], condition={"state": "pending"}),
                    PartialIndex(fields=["next_close_at"], condition={"state": "closing"}),
                    Index(fields=["captured_at"]),
                ],
                "pk_attr": "id",
                "table_description": "One payment of one ``reference``; ``number`` is the channel's ``out_trade_no`` and never changes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PaymentNotice",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("notice_id", fields.CharField(unique=True, max_length=64)),
                ("body_hash", fields.BinaryField()),
                ("event_type", fields.CharField(max_length=64)),
                ("body", fields.BinaryField()),
                ("received_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("times", fields.IntField(default=1)),
                (
                    "outcome",
                    fields.CharEnumField(
                        default=NoticeOutcome.RECEIVED,
                        description="RECEIVED: received\nAPPLIED: applied\nIGNORED: ignored\nREFUSED: refused",
                        enum_type=NoticeOutcome,
                        max_length=12,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=80)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payment_notice",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "A notice as it came, sealed by the channel. Stored before anything is done with it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Payout",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                (
                    "household",
                    fields.ForeignKeyField(
                        "longchuan.Household",
                        source_field="household_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("merchant", fields.CharField(max_length=32)),
                ("amount_fen", fields.BigIntField()),
                ("bank_voucher", fields.CharField(max_length=80)),
                ("paid_on", fields.DateField()),
                ("recorded_by", fields.CharField(max_length=60)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payout",
                "app": "longchuan",
                "unique_together": (("merchant", "bank_voucher", "household"),),
                "constraints": [CheckConstraint(check="amount_fen > 0", name="payout_amount")],
                "pk_attr": "id",
                "table_description": "Money that a merchant's bank has paid to a household, with the voucher that proves it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Pin",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(max_length=64)),
                ("title", fields.CharField(max_length=120)),
                ("price_fen", fields.BigIntField()),
                ("pinned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("unpinned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("offset_ms", fields.BigIntField()),
                ("end_offset_ms", fields.BigIntField(null=True)),
            ],
            options={
                "table": "live_pin",
                "app": "longchuan",
                "constraints": [
                    UniqueConstraint(fields=("session_id",), name="live_one_pin", condition="unpinned_at IS NULL"),
                    CheckConstraint(check="price_fen > 0", name="live_pin_priced"),
                ],
                "pk_attr": "id",
                "table_description": "A product while the host explained it (讲解中). Offsets count in the replay; they are its chapters.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Product",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=24)),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "longchuan.Merchant",
                        source_field="merchant_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "township",
                    fields.ForeignKeyField(
                        "longchuan.Division",
                        source_field="township_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="code",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("title", fields.CharField(max_length=60)),
                ("subtitle", fields.CharField(default="", max_length=120)),
                ("description", fields.TextField(default="", unique=False)),
                ("image", fields.CharField(default="", max_length=300)),
                (
                    "return_policy",
                    fields.CharEnumField(
                        description="SEVEN_DAYS: seven_days\nSEVEN_DAYS_UNOPENED: seven_days_unopened\nNONE_FRESH: none_fresh\nNONE_CUSTOM: none_custom\nVOUCHER: voucher",
                        enum_type=ReturnPolicy,
                        max_length=24,
                    ),
                ),
                ("sale_policy", fields.CharField(max_length=24)),
                ("host_commission_bp", fields.IntField(default=0)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ProductState.DRAFT,
                        description="DRAFT: draft\nIN_REVIEW: in_review\nLISTED: listed\nDELISTED: delisted",
                        enum_type=ProductState,
                        max_length=10,
                    ),
                ),
                ("drafted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("drafted_by", fields.CharField(max_length=120)),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reviewed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reviewed_by", fields.CharField(null=True, max_length=120)),
                ("refusal_reason", fields.CharField(null=True, max_length=200)),
                ("listed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("delisted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("delisted_by", fields.CharField(null=True, max_length=120)),
                ("delisted_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "product",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="host_commission_bp BETWEEN 0 AND 5000", name="product_commission"),
                    CheckConstraint(check="state <> 'listed' OR listed_at IS NOT NULL", name="product_listed_at"),
                ],
                "indexes": [Index(fields=["state", "listed_at", "id"], name="product_shelf")],
                "pk_attr": "id",
                "table_description": "Something a merchant offers. The SKUs carry the prices.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PublicBrand",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=24)),
                ("name", fields.CharField(max_length=40)),
            ],
            options={
                "table": "public_brand",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "A brand that belongs to the county and that merchants may carry (domain reference B01).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BrandAuthorisation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                (
                    "brand",
                    fields.ForeignKeyField(
                        "longchuan.PublicBrand",
                        source_field="brand_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "product",
                    fields.ForeignKeyField(
                        "longchuan.Product",
                        source_field="product_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("document", fields.CharField(unique=True, max_length=60)),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField()),
                ("granted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("granted_by", fields.CharField(max_length=120)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.CharField(null=True, max_length=120)),
                ("revocation_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "brand_authorisation",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="valid_until >= valid_from", name="brand_authorisation_span")],
                "pk_attr": "id",
                "table_description": "The permission for one product of one merchant to carry the public brand, for a span of days.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecognisedProduct",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                (
                    "product",
                    fields.ForeignKeyField(
                        "longchuan.Product",
                        source_field="product_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("document", fields.CharField(unique=True, max_length=60)),
                ("recognised_by", fields.CharField(max_length=60)),
                ("directory_batch", fields.CharField(default="", max_length=40)),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField()),
                ("granted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("granted_by", fields.CharField(max_length=120)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.CharField(null=True, max_length=120)),
                ("revocation_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "recognised_product",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="valid_until >= valid_from", name="recognised_product_span")],
                "pk_attr": "id",
                "table_description": "The county's dated recognition of a product as a poverty product; names no household.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Refund",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("reference", fields.CharField(unique=True, max_length=64)),
                (
                    "payment",
                    fields.ForeignKeyField(
                        "longchuan.Payment",
                        source_field="payment_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("amount_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=80)),
                (
                    "state",
                    fields.CharEnumField(
                        default=RefundRowState.REQUESTED,
                        description="REQUESTED: requested\nSENT: sent\nPROCESSING: processing\nSUCCEEDED: succeeded\nABNORMAL: abnormal\nCLOSED: closed",
                        enum_type=RefundRowState,
                        max_length=12,
                    ),
                ),
                ("refund_id", fields.CharField(null=True, unique=True, max_length=64)),
                ("attempts", fields.IntField(default=0)),
                ("refusals", fields.IntField(default=0)),
                ("next_attempt_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("failure", fields.CharField(null=True, max_length=80)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payment_refund",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="amount_fen > 0", name="refund_amount_positive")],
                "indexes": [Index(fields=["payment_id"]), Index(fields=["next_attempt_at"])],
                "pk_attr": "id",
                "table_description": "One intent to give money back.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PaymentSettlement",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "line",
                    fields.OneToOneField(
                        "longchuan.BillLine",
                        source_field="line_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "payment",
                    fields.ForeignKeyField(
                        "longchuan.Payment",
                        source_field="payment_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "refund",
                    fields.ForeignKeyField(
                        "longchuan.Refund",
                        source_field="refund_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("gross_fen", fields.BigIntField()),
                ("fee_fen", fields.BigIntField()),
                ("settled_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "payment_settlement",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "A capture or a refund that the bill has confirmed, with the fee the channel kept or gave back.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RoomPresence",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("process", fields.CharField(max_length=26)),
                ("viewers", fields.IntField()),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_room_presence",
                "app": "longchuan",
                "unique_together": (("session_id", "process"),),
                "pk_attr": "id",
                "table_description": "How many sockets one process holds for a session. Rows that are not renewed do not count.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SalePolicy",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=24)),
                ("effective_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("payment_window_s", fields.IntField()),
                ("after_sales_window_s", fields.IntField()),
                ("refund_rule", fields.CharField(max_length=40)),
                ("source_document", fields.CharField(max_length=200)),
            ],
            options={
                "table": "sale_policy",
                "app": "longchuan",
                "unique_together": (("code", "effective_from"),),
                "constraints": [
                    CheckConstraint(
                        check="payment_window_s BETWEEN 10 AND 86400 AND after_sales_window_s BETWEEN 1 AND 7776000",
                        name="sale_policy_windows",
                    )
                ],
                "pk_attr": "id",
                "table_description": "How long a buyer may take to pay and to complain. Rows are dated; a product carries the code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ShelfItem",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(max_length=64)),
                ("position", fields.IntField()),
            ],
            options={
                "table": "live_shelf_item",
                "app": "longchuan",
                "unique_together": (("session_id", "code"),),
                "pk_attr": "id",
                "table_description": "A SKU that the session offers, by its code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Site",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=24)),
                ("name", fields.CharField(max_length=60)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="SERVICE: service\nLOGISTICS: logistics", enum_type=SiteKind, max_length=10
                    ),
                ),
                (
                    "level",
                    fields.CharEnumField(
                        description="CENTRE: centre\nSTATION: station\nPOINT: point", enum_type=SiteLevel, max_length=10
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=SiteState.PLANNED,
                        description="PLANNED: planned\nBUILT: built\nACCEPTED: accepted\nOPERATING: operating\nSUSPENDED: suspended",
                        enum_type=SiteState,
                        max_length=10,
                    ),
                ),
                (
                    "division",
                    fields.ForeignKeyField(
                        "longchuan.Division",
                        source_field="division_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="code",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "site",
                "app": "longchuan",
                "pk_attr": "id",
                "table_description": "A centre, station or point with an address in one division.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Sku",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=24)),
                (
                    "product",
                    fields.ForeignKeyField(
                        "longchuan.Product",
                        source_field="product_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("position", fields.IntField(default=0)),
                ("spec", fields.CharField(max_length=60)),
                ("price_fen", fields.BigIntField()),
                ("mass_gram", fields.IntField()),
                ("gtin", fields.CharField(null=True, max_length=14)),
                ("active", fields.BooleanField(default=True)),
                ("available", fields.BigIntField(default=0)),
                ("reserved", fields.BigIntField(default=0)),
                ("sold", fields.BigIntField(default=0)),
            ],
            options={
                "table": "sku",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="price_fen BETWEEN 1 AND 100000000", name="sku_price"),
                    CheckConstraint(check="mass_gram BETWEEN 0 AND 1000000", name="sku_mass"),
                    CheckConstraint(check="available >= 0 AND reserved >= 0 AND sold >= 0", name="sku_stock"),
                ],
                "pk_attr": "id",
                "table_description": "One thing that can be bought, with its price and its stock.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffAccount",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                ("login", fields.CharField(unique=True, max_length=40)),
                ("name", fields.CharField(max_length=40)),
                ("password_hash", fields.CharField(max_length=200)),
                ("password_set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.CharField(max_length=120)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_account",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="login = lower(login)", name="staff_account_login_lower")],
                "pk_attr": "id",
                "table_description": "A person who works with the console. The password is an argon2id hash.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RoleGrant",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "longchuan.StaffAccount",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "role",
                    fields.CharEnumField(
                        description="MERCHANT_CLERK: merchant_clerk\nHOST: host\nSTATION_KEEPER: station_keeper\nCOUNTY_OFFICER: county_officer\nPOVERTY_OFFICER: poverty_officer\nAUDITOR: auditor\nADMINISTRATOR: administrator",
                        enum_type=Role,
                        max_length=20,
                    ),
                ),
                (
                    "scope_kind",
                    fields.CharEnumField(
                        description="COUNTY: county\nMERCHANT: merchant\nTOWNSHIP: township",
                        enum_type=ScopeKind,
                        max_length=10,
                    ),
                ),
                ("scope", fields.CharField(default="", max_length=40)),
                ("granted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("granted_by", fields.CharField(max_length=120)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.CharField(null=True, max_length=120)),
            ],
            options={
                "table": "role_grant",
                "app": "longchuan",
                "constraints": [
                    UniqueConstraint(
                        fields=("staff_id", "role", "scope"), name="role_grant_once", condition="revoked_at IS NULL"
                    ),
                    CheckConstraint(check="(scope_kind = 'county') = (scope = '')", name="role_grant_scope_given"),
                ],
                "pk_attr": "id",
                "table_description": "One role of one member of staff. ``scope`` is a merchant number, a township code, or empty.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccountSession",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CONSUMER: consumer\nSTAFF: staff", enum_type=SessionKind, max_length=10
                    ),
                ),
                (
                    "consumer",
                    fields.ForeignKeyField(
                        "longchuan.ConsumerAccount",
                        source_field="consumer_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "grant",
                    fields.ForeignKeyField(
                        "longchuan.RoleGrant",
                        source_field="grant_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "account_session",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="(kind = 'consumer') = (consumer_id IS NOT NULL) AND (kind = 'staff') = (grant_id IS NOT NULL)",
                        name="account_session_owner",
                    )
                ],
                "indexes": [Index(fields=["expires_at"], name="account_session_expiry")],
                "pk_attr": "id",
                "table_description": "One log-in. The token itself is nowhere: the row holds its SHA-256.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StockMovement",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "sku",
                    fields.ForeignKeyField(
                        "longchuan.Sku",
                        source_field="sku_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="STOCKED: stocked\nRESERVED: reserved\nRELEASED: released\nSOLD: sold\nREVIVED: revived\nPUT_BACK: put_back",
                        enum_type=MovementKind,
                        max_length=10,
                    ),
                ),
                ("quantity", fields.IntField()),
                ("reference", fields.CharField(max_length=64)),
                ("moved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "stock_movement",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="quantity <> 0 AND (quantity > 0 OR kind = 'stocked')", name="stock_movement_quantity"
                    )
                ],
                "pk_attr": "id",
                "table_description": "One change of one SKU's stock; ``quantity`` is negative only when pieces are written off.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StockReservation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("reference", fields.CharField(max_length=64)),
                (
                    "sku",
                    fields.ForeignKeyField(
                        "longchuan.Sku",
                        source_field="sku_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("quantity", fields.IntField()),
                ("returned", fields.IntField(default=0)),
                (
                    "state",
                    fields.CharEnumField(
                        description="HELD: held\nSOLD: sold\nRELEASED: released",
                        enum_type=ReservationState,
                        max_length=10,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "stock_reservation",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(
                        check="quantity > 0 AND returned BETWEEN 0 AND quantity AND (returned = 0 OR state = 'sold')",
                        name="stock_reservation_quantities",
                    ),
                    UniqueConstraint(fields=("reference", "sku_id"), name="stock_reservation_once"),
                ],
                "pk_attr": "id",
                "table_description": "Pieces of one SKU set aside under an opaque reference; ``returned`` of them came back later.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StreamPublish",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "longchuan.LiveSession",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("generation", fields.IntField()),
                ("client", fields.CharField(max_length=32)),
                ("address", fields.CharField(max_length=64)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "live_stream_publish",
                "app": "longchuan",
                "unique_together": (("session_id", "generation"),),
                "constraints": [
                    UniqueConstraint(fields=("session_id",), name="live_one_publisher", condition="ended_at IS NULL")
                ],
                "pk_attr": "id",
                "table_description": "One connection of the host's encoder that was let in. ``client`` is the media server's number of it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Supplier",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("name", fields.CharField(max_length=60)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="FARMER: farmer\nCOOPERATIVE: cooperative\nCOMPANY: company",
                        enum_type=SupplierKind,
                        max_length=12,
                    ),
                ),
                ("township", fields.CharField(max_length=12)),
                ("merchant", fields.CharField(null=True, max_length=32)),
                ("entered_by", fields.CharField(max_length=60)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "supplier",
                "app": "longchuan",
                "indexes": [Index(fields=["township"], name="supplier_township")],
                "pk_attr": "id",
                "table_description": "Somebody who delivers goods.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Intake",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=32)),
                (
                    "supplier",
                    fields.ForeignKeyField(
                        "longchuan.Supplier",
                        source_field="supplier_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("merchant", fields.CharField(max_length=32)),
                ("product", fields.CharField(max_length=32)),
                ("mass_gram", fields.BigIntField()),
                ("grade", fields.CharField(max_length=20)),
                ("unit_price_fen", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                (
                    "mode",
                    fields.CharEnumField(
                        description="PAID_AT_SCALE: paid_at_scale\nCONSIGNMENT: consignment",
                        enum_type=IntakeMode,
                        max_length=16,
                    ),
                ),
                ("evidence", fields.CharField(max_length=200)),
                ("weighed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("paid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("taken_by", fields.CharField(max_length=60)),
                ("township", fields.CharField(max_length=12)),
                ("client_id", fields.CharField(max_length=64)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "intake",
                "app": "longchuan",
                "unique_together": (("taken_by", "client_id"),),
                "constraints": [
                    CheckConstraint(check="mass_gram > 0", name="intake_mass"),
                    CheckConstraint(check="unit_price_fen >= 0 AND amount_fen >= 0", name="intake_price"),
                    CheckConstraint(check="(mode = 'paid_at_scale') = (paid_at IS NOT NULL)", name="intake_paid"),
                    CheckConstraint(
                        check="mode <> 'paid_at_scale' OR (amount_fen > 0 AND evidence <> '')", name="intake_evidence"
                    ),
                ],
                "indexes": [Index(fields=["merchant", "product"], name="intake_merchant_product")],
                "pk_attr": "id",
                "table_description": "One delivery: weighed, graded, priced; append-only.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LotContribution",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "lot",
                    fields.ForeignKeyField(
                        "longchuan.Lot",
                        source_field="lot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "intake",
                    fields.OneToOneField(
                        "longchuan.Intake",
                        source_field="intake_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "supplier",
                    fields.ForeignKeyField(
                        "longchuan.Supplier",
                        source_field="supplier_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("mass_gram", fields.BigIntField()),
            ],
            options={
                "table": "lot_contribution",
                "app": "longchuan",
                "constraints": [CheckConstraint(check="mass_gram > 0", name="lot_contribution_mass")],
                "indexes": [Index(fields=["lot_id"], name="lot_contribution_lot")],
                "pk_attr": "id",
                "table_description": "What one intake gave to a lot: all of it, and to one lot alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SupplierLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("supplier", fields.CharField(max_length=32)),
                (
                    "household",
                    fields.ForeignKeyField(
                        "longchuan.Household",
                        source_field="household_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField(null=True)),
                ("document", fields.CharField(max_length=120)),
                ("linked_by", fields.CharField(max_length=60)),
                ("linked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "supplier_link",
                "app": "longchuan",
                "constraints": [
                    CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="supplier_link_span")
                ],
                "pk_attr": "id",
                "table_description": "That a supplier stood for a household, from a day on. Made by the poverty office alone.",
            },
            bases=["Model"],
        ),
    ]
