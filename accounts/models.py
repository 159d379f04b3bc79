"""Consumers, staff, their roles and sessions, failed log-ins, and the record of who read what."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from accounts.roles import Role, ScopeKind
from kit.models import Model


class ConsumerAccount(Model):
    """A buyer. The identity is unique per mini-program; the phone number is encrypted, with a blind index."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True)
    phone_cipher = fields.BinaryField(null=True)
    phone_index = fields.BinaryField(null=True)
    phone_bound_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    last_login_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "consumer_account"
        unique_together = (("appid", "openid"),)
        indexes = (Index(fields=("phone_index",), name="consumer_account_phone"),)
        constraints = (
            CheckConstraint(
                check="(phone_cipher IS NULL) = (phone_index IS NULL)", name="consumer_account_phone_indexed"
            ),
        )


class StaffAccount(Model):
    """A person who works with the console. The password is an argon2id hash."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    login = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=40)
    password_hash = fields.CharField(max_length=200)
    password_set_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=120)
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff_account"
        constraints = (CheckConstraint(check="login = lower(login)", name="staff_account_login_lower"),)


class RoleGrant(Model):
    """One role of one member of staff. ``scope`` is a merchant number, a township code, or empty.

    ``duties`` limits a merchant's clerk, separated by spaces; empty means no limit.
    """

    id = fields.BigIntField(primary_key=True)
    staff: fields.ForeignKeyRelation[StaffAccount] = fields.ForeignKeyField(
        "longchuan.StaffAccount", related_name=False, on_delete=OnDelete.RESTRICT
    )
    role = fields.CharEnumField(Role, max_length=20)
    scope_kind = fields.CharEnumField(ScopeKind, max_length=10)
    scope = fields.CharField(max_length=40, default="")
    duties = fields.CharField(max_length=60, default="")
    granted_at = fields.DatetimeField()
    granted_by = fields.CharField(max_length=120)
    revoked_at = fields.DatetimeField(null=True)
    revoked_by = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "role_grant"
        constraints = (
            UniqueConstraint(
                fields=("staff_id", "role", "scope"), name="role_grant_once", condition="revoked_at IS NULL"
            ),
            CheckConstraint(check="(scope_kind = 'county') = (scope = '')", name="role_grant_scope_given"),
        )


class ClerkInvitation(Model):
    """A place among the clerks of one scope, for whoever has the code. The row holds the code's SHA-256."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    code_hash = fields.CharField(max_length=64, unique=True)
    scope = fields.CharField(max_length=40)
    duties = fields.CharField(max_length=60, default="")
    invited_at = fields.DatetimeField()
    invited_by = fields.CharField(max_length=120)
    expires_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    accepted_by = fields.CharField(max_length=24, null=True)
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "clerk_invitation"
        indexes = (Index(fields=("scope", "id"), name="clerk_invitation_scope"),)
        constraints = (
            CheckConstraint(
                check="(accepted_at IS NULL) = (accepted_by IS NULL) AND (accepted_at IS NULL OR withdrawn_at IS NULL)",
                name="clerk_invitation_end",
            ),
        )


class SessionKind(StrEnum):
    """Whose session it is."""

    CONSUMER = "consumer"
    STAFF = "staff"


class AccountSession(Model):
    """One log-in. The token itself is nowhere: the row holds its SHA-256."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    kind = fields.CharEnumField(SessionKind, max_length=10)
    consumer: fields.ForeignKeyNullableRelation[ConsumerAccount] = fields.ForeignKeyField(
        "longchuan.ConsumerAccount", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    grant: fields.ForeignKeyNullableRelation[RoleGrant] = fields.ForeignKeyField(
        "longchuan.RoleGrant", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    created_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "account_session"
        indexes = (Index(fields=("expires_at",), name="account_session_expiry"),)
        constraints = (
            CheckConstraint(
                check="(kind = 'consumer') = (consumer_id IS NOT NULL) AND (kind = 'staff') = (grant_id IS NOT NULL)",
                name="account_session_owner",
            ),
        )


class LoginFailure(Model):
    """Failed staff log-ins of one name or one address, kept as a SHA-256: people mistype secrets as names."""

    id = fields.BigIntField(primary_key=True)
    subject_hash = fields.CharField(max_length=64, unique=True)
    failures = fields.IntField()
    last_failed_at = fields.DatetimeField(db_index=True)
    blocked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "login_failure"
        constraints = (CheckConstraint(check="failures >= 0", name="login_failure_count"),)


class AccessLog(Model):
    """Who read which personal fields of whom, when and why. Rows are only ever added (``guards.sql``).

    ``document`` is the paper or case that a look at masked fields was asked for; other reads have none. ``chain``,
    ``seq`` and the hashes are given by the database when a row is added (:mod:`accounts.access_chain`).
    """

    id = fields.BigIntField(primary_key=True)
    actor = fields.CharField(max_length=120)
    acting_as = fields.CharField(max_length=40)
    purpose = fields.CharField(max_length=200)
    subject = fields.CharField(max_length=120)
    document = fields.CharField(max_length=120, null=True)
    fields_read: fields.Field[list[str]] = fields.JSONField()
    at = fields.DatetimeField()
    chain = fields.SmallIntField()
    seq = fields.BigIntField()
    prev_hash = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "access_log"
        unique_together = (("chain", "seq"),)
        indexes = (
            Index(fields=("subject", "at"), name="access_log_subject"),
            Index(fields=("actor", "at"), name="access_log_actor"),
        )


class AccessAlarm(Model):
    """That somebody has looked at as many people within an hour as anybody may; evidence, like the log itself."""

    id = fields.BigIntField(primary_key=True)
    actor = fields.CharField(max_length=120)
    views = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        table = "access_alarm"
