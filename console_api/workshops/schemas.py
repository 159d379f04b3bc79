"""The wire of workshops."""

from datetime import date

from api_kit.schemas import Input, View
from console_api.household_statements.schemas import QuarterText
from console_api.poverty_alleviation.schemas import Code, Cursor, Document, Limit, Text
from poverty_alleviation.help.workshops import WorkshopCard


class WorkshopInput(Input):
    """Where it stands, who runs it, and what idle house or land it uses, by which lease and which paper."""

    name: Text
    site: Code
    operator: Code
    asset: Text
    lease_document: Document
    document: Document
    valid_from: date
    valid_until: date | None = None


class WorkshopRegistered(View):
    """Its number."""

    number: str


class WorkshopEndInput(Input):
    """The first day on which it is none any more."""

    valid_until: date


class WorkshopsQuery(Input):
    """People and wages of which quarter, and which page."""

    quarter: QuarterText
    cursor: Cursor | None = None
    limit: Limit = 20


class WorkshopsView(View):
    """A page of workshops, the last registered first."""

    workshops: list[WorkshopCard]
    next_cursor: str | None
