"""What buyers write in their cases, as the content room keeps it: held until it has passed."""

from collections.abc import Mapping

import msgspec

from content.models import TextState
from content.texts import HeldText, texts_of
from orders.cases.queries import CaseDossier, CasePage, CaseStep, CaseSummary
from orders.models import CaseState


def words_of(case: str) -> dict[str, str]:
    """Step -> the subject of the words in it: the claim itself, and each way to bring it before the county."""
    subjects = {"request": f"case:{case}"}
    return subjects | {state: f"case:{case}:{state}" for state in (CaseState.ESCALATED, CaseState.RETURN_ESCALATED)}


async def page_for_others(page: CasePage) -> CasePage:
    """A page of cases for somebody else than their buyers: words that have not passed are None. One statement."""
    held = await texts_of([f"case:{case.number}" for case in page.cases])
    return CasePage([_case(case, held) for case in page.cases], page.next)


async def dossier_for_others(dossier: CaseDossier) -> CaseDossier:
    """The same for one case with its steps."""
    held = await texts_of(list(words_of(dossier.case.number).values()))
    steps = [_step(dossier.case.number, step, held) for step in dossier.steps]
    return CaseDossier(_case(dossier.case, held), steps)


def _case(case: CaseSummary, held: Mapping[str, HeldText]) -> CaseSummary:
    return case if _may_be_shown(f"case:{case.number}", held) else msgspec.structs.replace(case, reason=None)


def _step(number: str, step: CaseStep, held: Mapping[str, HeldText]) -> CaseStep:
    subject = words_of(number).get("request" if step.event == "request" else step.state, "")
    if step.event not in ("request", "escalate") or _may_be_shown(subject, held):
        return step
    return msgspec.structs.replace(step, note=None)


def _may_be_shown(subject: str, held: Mapping[str, HeldText]) -> bool:
    """What no buyer has written was never held."""
    return subject not in held or held[subject].state is TextState.PASSED
