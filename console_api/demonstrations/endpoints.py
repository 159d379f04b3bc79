"""Demonstration enterprises and households: proposed by one account of the poverty office, decided by another."""

import msgspec

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.corrections.schemas import DecisionInput
from console_api.demonstrations.schemas import (
    DemonstrationEndInput,
    DemonstrationInput,
    DemonstrationProposed,
    DemonstrationsQuery,
    DemonstrationsView,
)
from kit.clock import china_day, utc_now
from poverty_alleviation.help.demonstrations import (
    DemonstrationDraft,
    Demonstrations,
    demonstration_counts,
    demonstrations,
)


@door.post("/poverty/demonstrations")
async def propose_demonstration(
    actor: PovertyOfficer, body: DemonstrationInput, key: IdempotencyKey, register: Demonstrations
) -> DemonstrationProposed:
    """提名示范企业或示范户；须另一账号审核。"""
    draft = msgspec.convert(body, DemonstrationDraft, from_attributes=True)
    return DemonstrationProposed(await register.propose(draft, actor.caller))


@door.get("/poverty/demonstrations")
async def list_demonstrations(actor: PovertyOfficer | Auditor, query: DemonstrationsQuery) -> DemonstrationsView:
    """示范企业与示范户名录，及某日数量。"""
    counts = await demonstration_counts(query.day or china_day(utc_now()))
    return DemonstrationsView(await demonstrations(), counts)


@door.put("/poverty/demonstrations/<number:str>/decision", status=204)
async def decide_demonstration(
    actor: PovertyOfficer, number: str, body: DecisionInput, register: Demonstrations
) -> None:
    """审核示范提名；提名人不得自批，只能撤回。"""
    await register.decide(number, actor.caller, body.note, is_approved=body.is_approved)


@door.put("/poverty/demonstrations/<number:str>/end", status=204)
async def end_demonstration(
    actor: PovertyOfficer, number: str, body: DemonstrationEndInput, register: Demonstrations
) -> None:
    """自某日起不再是示范。"""
    await register.end(number, body.valid_until, actor.caller)
