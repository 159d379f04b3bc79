"""Stories that are shown beside products and lots. Who is in one is not known here."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class StoryState(StrEnum):
    """Being written and agreed to; shown to everybody; gone for ever, words and pictures with it."""

    DRAFT = "draft"
    SHOWN = "shown"
    TAKEN_DOWN = "taken_down"


STORY_TRANSITIONS: dict[StoryState, frozenset[StoryState]] = {
    StoryState.DRAFT: frozenset({StoryState.SHOWN, StoryState.TAKEN_DOWN}),
    StoryState.SHOWN: frozenset({StoryState.TAKEN_DOWN}),
    StoryState.TAKEN_DOWN: frozenset(),
}


class StoryChannel(StrEnum):
    """Where a story is told: beside a product, behind a printed code, in a live room, on a leaflet."""

    PRODUCT_PAGE = "product_page"
    SCAN_PAGE = "scan_page"
    LIVE = "live"
    LEAFLET = "leaflet"


class TakenDownWhy(StrEnum):
    """Why nobody reads a story any more."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ERASED = "erased"
    OFFICE = "office"


class PublicStory(Model):
    """One story. Its text and pictures are held in this room under ``story:<number>`` and never change.

    ``subject`` is opaque: ``product:<code>``, or ``supplier:<number>`` of a farm or cooperative. ``names`` are those
    that may be said, as they may be said. It is shown in ``channels`` until ``shown_until``, and is never shown again
    once it was taken down.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    subject = fields.CharField(max_length=60)
    state = fields.CharEnumField(StoryState, max_length=10)
    channels: fields.Field[list[str]] = fields.JSONField(default=list)
    names: fields.Field[list[str]] = fields.JSONField(default=list)
    shown_until = fields.DatetimeField(null=True)
    written_by = fields.CharField(max_length=60)
    written_at = fields.DatetimeField()
    shown_by = fields.CharField(max_length=60, null=True)
    shown_at = fields.DatetimeField(null=True)
    taken_down_by = fields.CharField(max_length=60, null=True)
    taken_down_at = fields.DatetimeField(null=True)
    taken_down_why = fields.CharEnumField(TakenDownWhy, max_length=10, null=True)

    class Meta:
        table = "public_story"
        indexes = (Index(fields=("subject", "state"), name="public_story_subject"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(shown_by, shown_at, shown_until) IN (0, 3)"
                " AND (state <> 'shown' OR shown_at IS NOT NULL) AND (state <> 'draft' OR shown_at IS NULL)"
                " AND (state = 'taken_down') = (taken_down_at IS NOT NULL)"
                " AND num_nonnulls(taken_down_by, taken_down_at, taken_down_why) IN (0, 3)",
                name="public_story_whole",
            ),
            CheckConstraint(check="shown_by <> written_by", name="public_story_two_persons"),
            CheckConstraint(check="state <> 'taken_down' OR names = '[]'::jsonb", name="public_story_names_gone"),
        )
