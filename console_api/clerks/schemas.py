"""The wire of clerks."""

from typing import Annotated

import msgspec

from accounts.clerks import Clerk, Invitation
from accounts.roles import Duty
from api_kit.schemas import Input, View
from console_api.accounts.schemas import Password, Text

Duties = Annotated[list[Duty], msgspec.Meta(max_length=3)]


class DutiesInput(Input):
    """To what a clerk is limited; an empty list makes a lead clerk."""

    duties: Duties


class AcceptanceInput(Input):
    """The code of an invitation, and the account that it makes."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
    login: Text
    name: Text
    password: Password


class AcceptedView(View):
    """The account that was made; it logs in with its name and password."""

    number: str
    login: str


class ClerksView(View):
    """The clerks of one merchant and the invitations that nobody has used yet."""

    clerks: list[Clerk]
    invitations: list[Invitation]
