"""The people in stories and their consents. Names are where they always were; codes are all that stands here."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class Naming(StrEnum):
    """How somebody may be called in public."""

    FULL = "full"
    SURNAME = "surname"
    NONE = "none"


class StoryPerson(Model):
    """Somebody in a story: a member of a household, or a farmer who delivers, by code."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    story = fields.CharField(max_length=32)
    member = fields.CharField(max_length=40, null=True)
    supplier = fields.CharField(max_length=32, null=True)
    entered_by = fields.CharField(max_length=60)
    entered_at = fields.DatetimeField()

    class Meta:
        table = "story_person"
        indexes = (
            Index(fields=("member",), name="story_person_member"),
            Index(fields=("supplier",), name="story_person_supplier"),
        )
        constraints = (
            UniqueConstraint(fields=("story", "member"), name="story_person_member_once"),
            UniqueConstraint(fields=("story", "supplier"), name="story_person_supplier_once"),
            CheckConstraint(check="num_nonnulls(member, supplier) = 1", name="story_person_one"),
        )


class StoryConsent(Model):
    """One signed paper: which story, where it may be told, how its person may be called, from and until when.

    ``guardian`` is the adult member who signs for a minor. ``surname_chars``: how much of the name is the surname.
    ``text_digest`` is the SHA-256 of the words that were agreed to. Of a person's consents the newest holds;
    ``valid_until`` is the first day on which it does not.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    person: fields.ForeignKeyRelation[StoryPerson] = fields.ForeignKeyField(
        "longchuan.StoryPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )
    guardian = fields.CharField(max_length=40, null=True)
    channels: fields.Field[list[str]] = fields.JSONField()
    naming = fields.CharEnumField(Naming, max_length=8)
    surname_chars = fields.SmallIntField(default=0)
    text_digest = fields.CharField(max_length=64)
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    withdrawn_by = fields.CharField(max_length=60, null=True)
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "story_consent"
        indexes = (Index(fields=("person_id",), name="story_consent_person"),)
        constraints = (
            CheckConstraint(check="valid_until > valid_from", name="story_consent_span"),
            CheckConstraint(check="(naming = 'surname') = (surname_chars > 0)", name="story_consent_surname"),
            CheckConstraint(check="guardian IS NULL OR naming = 'none'", name="story_consent_minor"),
            CheckConstraint(
                check="(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name="story_consent_withdrawn_whole"
            ),
        )
