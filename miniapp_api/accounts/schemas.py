"""The wire of a consumer's account."""

from datetime import datetime
from typing import Annotated

import msgspec

from accounts.consents import MissingDocument
from api_kit.schemas import Input, View

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class CodeInput(Input):
    """A single-use code that WeChat gave to the mini-program."""

    code: Code


class ConsumerView(View):
    """The own account. The phone number is masked; one that is damaged is null and named in ``unreadable``."""

    number: str
    phone_masked: str | None
    created_at: datetime
    unreadable: list[str]


class SessionView(View):
    """A session that has just begun. The token is shown here and never again.

    ``missing_consents`` are documents to agree to before an order is placed.
    """

    token: str
    expires_at: datetime
    consumer: ConsumerView
    missing_consents: list[MissingDocument]
