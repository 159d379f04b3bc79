"""Entering divisions and sites."""

from dataclasses import dataclass
from datetime import date

from tortoise.exceptions import IntegrityError

from kit.clock import china_day, utc_now
from kit.database import execute, transaction
from places.errors import DivisionCodeInvalid, DivisionUnknown, SiteCodeTaken
from places.models import CODE_LENGTH, Division, DivisionLevel, Site, SiteKind, SiteLevel, SiteState


@dataclass(frozen=True)
class Places:
    """The register of places; the official lists come in as imports."""

    async def enter_division(self, code: str, name: str) -> None:
        """Enter a division or correct its name; the length of the code says its level.

        Raises :class:`DivisionCodeInvalid`, and :class:`DivisionUnknown` when the part above it is missing.
        """
        levels = {length: level for level, length in CODE_LENGTH.items()}
        level = levels.get(len(code)) if code.isascii() and code.isdigit() else None
        if level is None:
            raise DivisionCodeInvalid(division=code[:20])
        parent = None if level is DivisionLevel.COUNTY else code[:-3]
        if parent is not None and not await Division.exists(code=parent):
            raise DivisionUnknown(division=parent)
        await execute(
            "INSERT INTO division (code, name, level, parent_id) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name",
            code,
            name,
            level.value,
            parent,
        )

    async def enter_site(
        self,
        code: str,
        name: str,
        kind: SiteKind,
        level: SiteLevel,
        division: str,
        state: SiteState,
        since: date | None = None,
    ) -> None:
        """Enter a site; one that operates does so ``since`` a day, today when none is given.

        Raises :class:`DivisionUnknown` and :class:`SiteCodeTaken`.
        """
        if not await Division.exists(code=division):
            raise DivisionUnknown(division=division)
        try:
            async with transaction():
                await Site.create(
                    code=code,
                    name=name,
                    kind=kind,
                    level=level,
                    division_id=division,
                    state=state,
                    operating_since=since or (china_day(utc_now()) if state is SiteState.OPERATING else None),
                )
        except IntegrityError:
            raise SiteCodeTaken(site=code) from None
