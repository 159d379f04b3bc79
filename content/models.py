"""Pictures and texts, and where each of them is on its way to being shown."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class PictureState(StrEnum):
    """Being stored; held until it is checked; waiting for a person; may be shown; may not; its files are gone."""

    INCOMING = "incoming"
    HELD = "held"
    IN_REVIEW = "in_review"
    PASSED = "passed"
    REFUSED = "refused"
    DROPPED = "dropped"


PICTURE_TRANSITIONS: dict[PictureState, frozenset[PictureState]] = {
    PictureState.INCOMING: frozenset(
        {PictureState.HELD, PictureState.IN_REVIEW, PictureState.PASSED, PictureState.DROPPED}
    ),
    PictureState.HELD: frozenset(
        {PictureState.PASSED, PictureState.IN_REVIEW, PictureState.REFUSED, PictureState.DROPPED}
    ),
    PictureState.IN_REVIEW: frozenset({PictureState.PASSED, PictureState.REFUSED, PictureState.DROPPED}),
    PictureState.PASSED: frozenset({PictureState.DROPPED}),
    PictureState.REFUSED: frozenset({PictureState.PASSED, PictureState.DROPPED}),
    PictureState.DROPPED: frozenset(),
}


class Picture(Model):
    """One picture that was handed in, as it was encoded anew.

    ``stem`` is the secret part of its files' keys, ``base_url`` the address below which they are served, empty for
    a private one. ``uploader`` and ``owner`` are opaque. ``openid`` is the author's as WeChat's check wants it.
    ``sha256`` is that of the bytes that came. One that was taken off says from what and when, and when it is looked at
    whether anything else still needs it.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=26, unique=True)
    stem = fields.CharField(max_length=60, unique=True)
    base_url = fields.CharField(max_length=200)
    uploader = fields.CharField(max_length=120)
    openid = fields.CharField(max_length=64, null=True)
    purpose = fields.CharField(max_length=20)
    state = fields.CharEnumField(PictureState, max_length=10)
    sha256 = fields.BinaryField()
    width = fields.IntField()
    height = fields.IntField()
    owner = fields.CharField(max_length=64, null=True)
    position = fields.SmallIntField(null=True)
    uploaded_at = fields.DatetimeField()
    attached_at = fields.DatetimeField(null=True)
    taken_from = fields.CharField(max_length=64, null=True)
    taken_off_at = fields.DatetimeField(null=True)
    collect_at = fields.DatetimeField(null=True)
    check_attempts = fields.SmallIntField(default=0)
    next_check_at = fields.DatetimeField(null=True)
    trace_id = fields.CharField(max_length=64, null=True, unique=True)
    label = fields.CharField(max_length=60, default="")
    judged_at = fields.DatetimeField(null=True)
    judged_by = fields.CharField(max_length=120, null=True)
    reason = fields.CharField(max_length=200, null=True)
    files_deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "picture"
        indexes = (
            Index(fields=("owner", "position"), name="picture_of_owner"),
            Index(fields=("uploader", "uploaded_at"), name="picture_of_uploader"),
        )
        constraints = (
            UniqueConstraint(
                fields=("uploader", "purpose", "sha256"),
                name="picture_same_bytes_once",
                condition="attached_at IS NULL AND state NOT IN ('incoming', 'dropped')",
            ),
            CheckConstraint(check="width > 0 AND height > 0", name="picture_size"),
            CheckConstraint(check="owner IS NULL OR attached_at IS NOT NULL", name="picture_attached"),
            CheckConstraint(
                check="(taken_off_at IS NULL) = (taken_from IS NULL) AND (taken_off_at IS NULL OR owner IS NULL)",
                name="picture_taken_off",
            ),
        )


class TextState(StrEnum):
    """Held until it is checked; waiting for a person; may be shown; may not."""

    HELD = "held"
    IN_REVIEW = "in_review"
    PASSED = "passed"
    REFUSED = "refused"


TEXT_TRANSITIONS: dict[TextState, frozenset[TextState]] = {
    TextState.HELD: frozenset({TextState.PASSED, TextState.IN_REVIEW, TextState.REFUSED}),
    TextState.IN_REVIEW: frozenset({TextState.PASSED, TextState.REFUSED}),
    TextState.PASSED: frozenset(),
    TextState.REFUSED: frozenset({TextState.PASSED}),
}


class ContentText(Model):
    """A text that somebody wrote, under what it belongs to. ``openid`` is the author's, null for staff."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=26, unique=True)
    subject = fields.CharField(max_length=64, unique=True)
    text = fields.TextField()
    openid = fields.CharField(max_length=64, null=True)
    scene = fields.SmallIntField()
    state = fields.CharEnumField(TextState, max_length=10)
    held_at = fields.DatetimeField()
    check_attempts = fields.SmallIntField(default=0)
    next_check_at = fields.DatetimeField(null=True)
    label = fields.CharField(max_length=60, default="")
    judged_at = fields.DatetimeField(null=True)
    judged_by = fields.CharField(max_length=120, null=True)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "content_text"
        constraints = (CheckConstraint(check="char_length(text) BETWEEN 1 AND 2000", name="content_text_length"),)


class ContentKeyword(Model):
    """A word that sends a text to a person, as the filter sees it."""

    id = fields.BigIntField(primary_key=True)
    word = fields.CharField(max_length=40, unique=True)
    added_by = fields.CharField(max_length=120)
    added_at = fields.DatetimeField()

    class Meta:
        table = "content_keyword"
