"""Who may see which masked field of a household for which purpose: one table, and a record before every look.

Whatever shows a name, a number, a phone, an account or a state of health in clear text asks :func:`noted_view` first,
in the transaction in which it reads (decision 0061; reliability reference 5, attacks 62 to 67).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.actors import Auditor, PovertyOfficer
from accounts.service import AccessLogs
from kit.actors import Actor
from poverty_alleviation.errors import ViewNotPermitted


class ViewingPurpose(StrEnum):
    """What a masked field of a household is looked at for."""

    VISIT = "visit"
    IDENTITY_CHECK = "identity_check"
    PAYOUT = "payout"
    HEALTH_MEASURE = "health_measure"
    STATEMENT = "statement"
    OWN_REQUEST = "own_request"
    SUPERIOR_REPORT = "superior_report"
    AUDIT_REQUEST = "audit_request"
    PUBLICATION = "publication"
    EVIDENCE = "evidence"


EVERYTHING = frozenset({"name", "id_number", "phone", "health", "account_number"})
"""Of one household. What an export shows of many is ``sums``, ``household_figures`` and ``name``."""

MAY_SEE: Mapping[tuple[type[Actor], ViewingPurpose], frozenset[str]] = {
    (PovertyOfficer, ViewingPurpose.VISIT): frozenset({"name", "phone"}),
    (PovertyOfficer, ViewingPurpose.IDENTITY_CHECK): frozenset({"name", "id_number"}),
    (PovertyOfficer, ViewingPurpose.PAYOUT): frozenset({"name", "account_number"}),
    (PovertyOfficer, ViewingPurpose.HEALTH_MEASURE): frozenset({"name", "health"}),
    (PovertyOfficer, ViewingPurpose.STATEMENT): frozenset({"name"}),
    # The household asks what is kept of it (PIPL, article 45).
    (PovertyOfficer, ViewingPurpose.OWN_REQUEST): EVERYTHING | {"picture"},
    (PovertyOfficer, ViewingPurpose.SUPERIOR_REPORT): frozenset({"sums", "household_figures", "name"}),
    (PovertyOfficer, ViewingPurpose.AUDIT_REQUEST): frozenset({"sums", "household_figures"}),
    (PovertyOfficer, ViewingPurpose.PUBLICATION): frozenset({"sums"}),
    (PovertyOfficer, ViewingPurpose.EVIDENCE): frozenset({"picture"}),
    (Auditor, ViewingPurpose.EVIDENCE): frozenset({"picture"}),
}
"""Role and purpose -> fields. What does not stand here nobody sees."""


PICTURE = "picture"
"""What a look at a photograph or paper is on record as."""


def evidence_subject(number: str) -> str:
    """What a look at a photograph or paper is on record under."""
    return f"evidence:{number}"


@dataclass(frozen=True)
class Viewing:
    """Why somebody looks: a purpose of the table, and the paper or case that asks for it. It goes on record."""

    purpose: ViewingPurpose
    document: str


async def noted_view(
    logs: AccessLogs, actor: Actor, viewing: Viewing, subject: str, wanted: Sequence[str]
) -> frozenset[str]:
    """The fields of ``wanted`` that the purpose opens; the look at them is on record when this returns.

    Raises :class:`ViewNotPermitted` when it opens none, TooManyViews.
    """
    allowed = MAY_SEE.get((type(actor), viewing.purpose), frozenset())
    fields = [name for name in wanted if name in allowed]
    if not fields:
        raise ViewNotPermitted(purpose=viewing.purpose)
    await logs.record_view(actor, viewing.purpose, subject, fields, viewing.document)
    return frozenset(fields)
