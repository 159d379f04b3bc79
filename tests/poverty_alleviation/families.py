"""Families in the register of a test, and what changes in them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from poverty_alleviation.lineage.models import ChangeKind
from poverty_alleviation.lineage.moving import Plan
from poverty_alleviation.lineage.queries import change_card
from poverty_alleviation.lineage.service import ChangeDraft, HouseholdChanges
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import Relation
from tests.poverty_alleviation.conftest import OFFICER, SECOND, County
from tests.poverty_alleviation.test_register import members, number_of

SINCE, DAY = date(2020, 1, 1), date(2026, 11, 23)


PAPER = "示例分户文件1号"


HEADS = {"H1": number_of("19600101"), "H2": number_of("19650101")}


SON = MemberDraft(name="示例长子", id_number=number_of("19900101"), phone="10000000051", relation=Relation.CHILD)


WIFE = MemberDraft(name="示例配偶", birth_year=1962, relation=Relation.SPOUSE)


def changes(county: County) -> HouseholdChanges:
    return HouseholdChanges(county.registry.cipher, county.clock)


async def enter(county: County, household: str, draft: MemberDraft, since: date = SINCE) -> str:
    return await members(county).enter(f"示例{household}", draft, since, "示例户口簿", OFFICER)


async def family(county: County, household: str = "H1") -> dict[str, str]:
    """Head, wife, son and a child of a household, by who they are."""
    number = HEADS[household]
    head = MemberDraft(name=f"示例户主{household}", id_number=number, phone="10000000001", relation=Relation.HEAD)
    return {
        "head": await enter(county, household, head),
        "wife": await enter(county, household, WIFE),
        "son": await enter(
            county,
            household,
            msgspec.structs.replace(
                SON, id_number=number[:6] + number_of("19900101", 1 if household == "H1" else 2)[6:]
            ),
        ),
        "child": await enter(county, household, MemberDraft(birth_year=2015)),
    }


def draft(kind: ChangeKind, who: Mapping[str, Relation | None], **said: Any) -> ChangeDraft:
    plan = Plan(
        members=dict(who), **{name: said.pop(name) for name in ("suppliers", "agreements", "contracts") if name in said}
    )
    usual: dict[str, Any] = {"kind": kind, "household": "示例H1", "day": DAY, "document": PAPER}
    return ChangeDraft(plan=plan, **(usual | said))


async def carried_out(county: County, proposal: ChangeDraft) -> str:
    """Proposed by the officer, approved by another; answers the number."""
    number = await changes(county).propose(proposal, OFFICER)
    await changes(county).decide(number, SECOND, "示例核对无误", is_approved=True)
    return number


async def split(county: County, **said: Any) -> tuple[dict[str, str], str]:
    """The son and the child of H1 are a household of their own; answers the codes of members and of the household."""
    who = await family(county)
    moving = {who["son"]: Relation.HEAD, who["child"]: None}
    usual = {"status": AssistanceStatus.REGISTERED}
    number = await carried_out(county, draft(ChangeKind.SPLIT, moving, **(usual | said)))
    return who, str((await change_card(number)).other)


async def merged(county: County) -> tuple[dict[str, str], dict[str, str]]:
    """H2 is a part of H1."""
    ours, theirs = await family(county), await family(county, "H2")
    moving = {theirs["head"]: Relation.SIBLING, theirs["wife"]: Relation.OTHER, theirs["son"]: Relation.OTHER}
    proposal = draft(ChangeKind.MERGE, moving | {theirs["child"]: None}, household="示例H2", into="示例H1")
    await carried_out(county, proposal)
    return ours, theirs
