"""Divisions by their official statistical codes, and sites."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class DivisionLevel(StrEnum):
    """County, township (or state farm), village."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


CODE_LENGTH = {DivisionLevel.COUNTY: 6, DivisionLevel.TOWNSHIP: 9, DivisionLevel.VILLAGE: 12}


class Division(Model):
    """A part of the county; the code begins with the code of the part above it (domain reference 6.1)."""

    code = fields.CharField(max_length=12, primary_key=True)
    name = fields.CharField(max_length=60)
    level = fields.CharEnumField(DivisionLevel, max_length=10)
    parent: fields.ForeignKeyNullableRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )

    class Meta:
        table = "division"
        constraints = (
            CheckConstraint(check="(level = 'county') = (parent_id IS NULL)", name="division_has_parent"),
            CheckConstraint(
                check="length(code) = CASE level WHEN 'county' THEN 6 WHEN 'township' THEN 9 ELSE 12 END"
                " AND starts_with(code, COALESCE(parent_id, ''))",
                name="division_code_below_parent",
            ),
        )


class PoorVillage(Model):
    """That a village counts as a poor one (贫困村) by a paper, from a day on and until before a day; of no person."""

    id = fields.BigIntField(primary_key=True)
    village: fields.ForeignKeyRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT
    )
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "poor_village"
        constraints = (
            CheckConstraint(
                check="(valid_until IS NULL) = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)"
                " AND valid_until > valid_from",
                name="poor_village_span",
            ),
            UniqueConstraint(fields=("village_id",), name="poor_village_one_open", condition="valid_until IS NULL"),
        )


class SiteKind(StrEnum):
    """What a site is for; one building may hold several sites (domain reference T02, T03)."""

    SERVICE = "service"
    LOGISTICS = "logistics"


class SiteLevel(StrEnum):
    """The county's centre, a township's station, a village's point."""

    CENTRE = "centre"
    STATION = "station"
    POINT = "point"


class SiteState(StrEnum):
    """How far a site has come."""

    PLANNED = "planned"
    BUILT = "built"
    ACCEPTED = "accepted"
    OPERATING = "operating"
    SUSPENDED = "suspended"


class Site(Model):
    """A centre, station or point with an address in one division; ``operating_since`` is a day in China."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    name = fields.CharField(max_length=60)
    kind = fields.CharEnumField(SiteKind, max_length=10)
    level = fields.CharEnumField(SiteLevel, max_length=10)
    state = fields.CharEnumField(SiteState, max_length=10, default=SiteState.PLANNED)
    operating_since = fields.DateField(null=True)
    division: fields.ForeignKeyRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )

    class Meta:
        table = "site"
        constraints = (
            CheckConstraint(check="state <> 'operating' OR operating_since IS NOT NULL", name="site_operating_since"),
        )
