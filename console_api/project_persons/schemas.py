"""The wire of holds upon people of the project and of their erasures."""

from api_kit.schemas import Input, View
from console_api.funds.schemas import Document, Number
from county.erasures import DuePerson, PersonErasureCard, PersonHoldCard
from poverty_alleviation.retention.models import ErasureGround


class DuePersonsView(View):
    """People whose time is over."""

    due: list[DuePerson]


class PersonHoldsView(View):
    """Holds, those that go on first."""

    holds: list[PersonHoldCard]


class PersonErasureInput(Input):
    """Whom, why, and by which paper."""

    person: Number
    ground: ErasureGround
    document: Document


class PersonErasuresView(View):
    """A page of erasures, newest first."""

    erasures: list[PersonErasureCard]
    next_cursor: str | None
