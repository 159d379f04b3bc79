"""The wire of changes of households."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.poverty_alleviation.schemas import Code, Cursor, Document, Number
from poverty_alleviation.lineage.models import ChangeKind, ChangeState
from poverty_alleviation.lineage.moving import Plan
from poverty_alleviation.lineage.queries import ChangeCard
from poverty_alleviation.lineage.service import ChangeDraft
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.register.models import Relation

Many = msgspec.Meta(max_length=200)


class ChangeInput(Input):
    """A split, a merger or a change of head, from a day on, by a document.

    ``members`` names whom it is about by their codes, each with the relation to the new head: of a split those who
    leave, of a merger everybody (``into``: the household that takes them in), of a change of head everybody of age.
    null: a minor, or the former head who belongs to the household no more. ``suppliers``, ``agreements`` and
    ``contracts`` are what a split gives the new household; ``status`` is what the document says of it.
    """

    kind: ChangeKind
    household: Code
    day: date
    document: Document
    members: Annotated[dict[Code, Relation | None], msgspec.Meta(min_length=1, max_length=60)]
    into: Code | None = None
    status: AssistanceStatus | None = None
    suppliers: Annotated[list[Number], Many] = []
    agreements: Annotated[list[Number], Many] = []
    contracts: Annotated[list[Number], Many] = []

    def draft(self) -> ChangeDraft:
        """As the room takes it."""
        plan = Plan(
            members=self.members, suppliers=self.suppliers, agreements=self.agreements, contracts=self.contracts
        )
        return ChangeDraft(
            kind=self.kind,
            household=self.household,
            day=self.day,
            document=self.document,
            plan=plan,
            into=self.into,
            status=self.status,
        )


class ChangeProposed(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class ChangesQuery(Input):
    """Which changes, and which page."""

    state: ChangeState | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class ChangesView(View):
    """A page of changes, newest first."""

    changes: list[ChangeCard]
    next_cursor: str | None
