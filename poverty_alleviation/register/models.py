"""Members, accounts, yearly records and labels. Names and numbers are ciphertext; codes are all that leaves."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class Relation(StrEnum):
    """What somebody is to the head of the household (aab006); the words for it are labels."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    CHILD_IN_LAW = "child_in_law"
    GRANDCHILD = "grandchild"
    PARENT = "parent"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    OTHER = "other"


class Sex(StrEnum):
    """As the identity paper says."""

    MALE = "male"
    FEMALE = "female"


class LabelKind(StrEnum):
    """What a label is a word for."""

    OFFICE = "office"
    RELATION = "relation"
    ATTRIBUTE = "attribute"
    CAUSE = "cause"
    EXIT = "exit"
    MONITORED = "monitored"
    MEASURE = "measure"


class HouseholdMember(Model):
    """Days on which a person belongs to a household; whoever moves has a further row under the same ``code``.

    Of a minor there is the year of birth alone (domain reference 5, must 3), so that minors can be counted.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    is_minor = fields.BooleanField()
    birth_year = fields.SmallIntField()
    name_cipher = fields.BinaryField(null=True)
    id_number_cipher = fields.BinaryField(null=True)
    id_number_index = fields.BinaryField(null=True)
    phone_cipher = fields.BinaryField(null=True)
    phone_index = fields.BinaryField(null=True)
    health_cipher = fields.BinaryField(null=True)
    relation = fields.CharEnumField(Relation, max_length=16, null=True)
    sex = fields.CharEnumField(Sex, max_length=8, null=True)
    ethnic_group = fields.CharField(max_length=20, default="")
    education = fields.CharField(max_length=20, default="")
    schooling = fields.CharField(max_length=20, default="")
    skill = fields.CharField(max_length=20, default="")
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "household_member"
        indexes = (
            Index(fields=("household_id",), name="household_member_household"),
            Index(fields=("id_number_index",), name="household_member_id_number"),
            Index(fields=("phone_index",), name="household_member_phone"),
        )
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="household_member_span"),
            CheckConstraint(
                check="is_minor = (name_cipher IS NULL) AND is_minor = (relation IS NULL) AND (NOT is_minor OR"
                " num_nonnulls(id_number_cipher, id_number_index, phone_cipher, phone_index, health_cipher, sex) = 0"
                " AND concat(ethnic_group, education, schooling, skill) = '')",
                name="household_member_minor",
            ),
            CheckConstraint(
                check="(id_number_cipher IS NULL) = (id_number_index IS NULL)"
                " AND (phone_cipher IS NULL) = (phone_index IS NULL)",
                name="household_member_sealed",
            ),
        )


class HouseholdAccount(Model):
    """Days on which a household may be paid to a bank account, with the paper that says so.

    It is a member's, or a relative's who is no member: then the name is sealed and the relation is written.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    member = fields.CharField(max_length=40, null=True)
    holder_cipher = fields.BinaryField(null=True)
    holder_relation = fields.CharEnumField(Relation, max_length=16)
    bank = fields.CharField(max_length=60)
    number_cipher = fields.BinaryField()
    number_index = fields.BinaryField()
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "household_account"
        indexes = (Index(fields=("number_index",), name="household_account_number"),)
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="household_account_span"),
            CheckConstraint(check="(member IS NULL) <> (holder_cipher IS NULL)", name="household_account_holder"),
        )


class HouseholdWallet(Model):
    """That an adult member agreed to be paid by WeChat transfer, for the whole household, with the paper that says so.

    ``payee_cipher`` is the number of the member's own account as a buyer, sealed: nobody reads there who is a
    household. It may end once. A household has one at a time, and a WeChat account serves one household.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    member = fields.CharField(max_length=40)
    payee_cipher = fields.BinaryField()
    payee_index = fields.BinaryField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "household_wallet"
        constraints = (
            UniqueConstraint(fields=("household_id",), name="household_wallet_one", condition="ended_at IS NULL"),
            UniqueConstraint(fields=("payee_index",), name="household_wallet_payee", condition="ended_at IS NULL"),
            CheckConstraint(check="(ended_at IS NULL) = (ended_by IS NULL)", name="household_wallet_ended"),
        )


class HouseholdYear(Model):
    """What was recorded of a household for a year (aar040). Only added: of one year the newest row holds.

    ``list_number_index``: the number that a superior's list gives the household that year (aac001), as a blind index.
    """

    id = fields.BigIntField(primary_key=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    year = fields.SmallIntField()
    persons = fields.SmallIntField()
    attribute = fields.CharField(max_length=20, null=True)
    cause = fields.CharField(max_length=20, null=True)
    exit_mark = fields.CharField(max_length=20, null=True)
    monitored = fields.CharField(max_length=20, null=True)
    net_income_per_person_fen = fields.BigIntField(null=True)
    list_number_index = fields.BinaryField(null=True)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_year"
        indexes = (
            Index(fields=("household_id", "year"), name="household_year_of"),
            Index(fields=("list_number_index",), name="household_year_list_number"),
        )
        constraints = (
            CheckConstraint(check="year BETWEEN 2000 AND 2100 AND persons BETWEEN 1 AND 60", name="household_year_is"),
        )


class RegisterLabel(Model):
    """A word that an office uses for a code, from a day on. Names change; what they are for does not.

    Several words may mean one code: lists of superiors are read by all of them, and the oldest that holds is shown.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(LabelKind, max_length=12)
    code = fields.CharField(max_length=20)
    zh = fields.CharField(max_length=40)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "register_label"
        constraints = (
            UniqueConstraint(fields=("kind", "zh", "valid_from"), name="register_label_once"),
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="register_label_span"),
        )


class IncomeItem(StrEnum):
    """What of a year's income (AC07) may be left out by a rule; production stands against its cost and is never."""

    WAGE = "wage"
    PROPERTY = "property"
    FAMILY_PLANNING = "family_planning"
    LOW_INCOME_ALLOWANCE = "low_income_allowance"
    DESTITUTE_SUPPORT = "destitute_support"
    PENSION = "pension"
    ECOLOGICAL = "ecological"
    OTHER_TRANSFER = "other_transfer"


class HouseholdIncome(Model):
    """A household's income of a year, before it was helped or after (AC07); all in fen. Only added: the newest holds.

    Transfers may be told as one sum: then their six parts are all None.
    """

    id = fields.BigIntField(primary_key=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    year = fields.SmallIntField()
    persons = fields.SmallIntField()
    wage_fen = fields.BigIntField()
    production_fen = fields.BigIntField()
    property_fen = fields.BigIntField()
    transfer_fen = fields.BigIntField()
    family_planning_fen = fields.BigIntField(null=True)
    low_income_allowance_fen = fields.BigIntField(null=True)
    destitute_support_fen = fields.BigIntField(null=True)
    pension_fen = fields.BigIntField(null=True)
    ecological_fen = fields.BigIntField(null=True)
    other_transfer_fen = fields.BigIntField(null=True)
    total_fen = fields.BigIntField()
    production_cost_fen = fields.BigIntField()
    net_fen = fields.BigIntField()
    net_per_person_fen = fields.BigIntField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_income"
        indexes = (Index(fields=("household_id", "year"), name="household_income_of"),)
        constraints = (
            CheckConstraint(
                check="year BETWEEN 2000 AND 2100 AND persons BETWEEN 1 AND 60", name="household_income_year"
            ),
            CheckConstraint(
                check="least(wage_fen, production_fen, property_fen, transfer_fen, production_cost_fen,"
                " family_planning_fen, low_income_allowance_fen, destitute_support_fen, pension_fen, ecological_fen,"
                " other_transfer_fen) >= 0",
                name="household_income_sign",
            ),
            CheckConstraint(
                check="total_fen = wage_fen + production_fen + property_fen + transfer_fen"
                " AND net_fen = total_fen - production_cost_fen"
                " AND abs(net_per_person_fen * persons - net_fen) < persons",
                name="household_income_adds",
            ),
            CheckConstraint(
                check="num_nonnulls(family_planning_fen, low_income_allowance_fen, destitute_support_fen, pension_fen,"
                " ecological_fen, other_transfer_fen) IN (0, 6) AND (family_planning_fen IS NULL OR transfer_fen ="
                " family_planning_fen + low_income_allowance_fen + destitute_support_fen + pension_fen"
                " + ecological_fen + other_transfer_fen)",
                name="household_income_transfers",
            ),
        )


class IncomeItemRule(Model):
    """Whether an item counts as income in a year, by a document. Only added: of item and year the newest holds.

    Where there is no rule it counts.
    """

    id = fields.BigIntField(primary_key=True)
    item = fields.CharEnumField(IncomeItem, max_length=24)
    year = fields.SmallIntField()
    counted = fields.BooleanField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "income_item_rule"
        indexes = (Index(fields=("item", "year"), name="income_item_rule_of"),)


class RegisterImport(Model):
    """A superior's list that was brought in. Of the file its SHA-256 is kept, so that it is brought in once."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    layout = fields.CharField(max_length=8)
    year = fields.SmallIntField()
    document = fields.CharField(max_length=120)
    file_hash = fields.BinaryField()
    report: fields.Field[dict[str, object]] = fields.JSONField()
    imported_by = fields.CharField(max_length=60)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "register_import"
        constraints = (UniqueConstraint(fields=("file_hash",), name="register_import_once"),)
