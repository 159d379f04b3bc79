"""The wire of freight templates, parcels, carriers and reports to WeChat."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from logistics.carriers import CarrierRecord
from logistics.reports import ReportRecord
from logistics.templates import FreightTemplateRecord

_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"

Region = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]([0-9]{2}){0,2}$(?!\n)")]
Regions = Annotated[list[Region], msgspec.Meta(max_length=400)]
Fee = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Units = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=60)]


class FreightRuleInput(Input, kw_only=True):
    """What is asked for in some regions; no regions means everywhere else. Fees in fen, units pieces or gram."""

    first: Units
    first_fen: Fee
    further: Units
    further_fen: Fee
    regions: Regions = []
    free_from_fen: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None
    free_from_pieces: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    days_from: Days = 1
    days_to: Days = 7


class FreightTemplateInput(Input, kw_only=True):
    """A freight template. A region is named by its first two, four or six digits; the longest name counts."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=_LINE)]
    unit: Literal["piece", "weight"]
    rules: Annotated[list[FreightRuleInput], msgspec.Meta(min_length=1, max_length=100)]
    not_served: Regions = []


class FreightTemplatesView(View):
    """The merchant's templates that are in use, oldest first."""

    templates: list[FreightTemplateRecord]


class CarriersView(View):
    """Every carrier, by code."""

    carriers: list[CarrierRecord]


class CarrierInput(Input, kw_only=True):
    """A carrier, and what WeChat and Kuaidi100 call it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=_LINE)]
    wechat_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$(?!\n)")]
    kuaidi100_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,40}$(?!\n)")]
    asks_phone: bool = False
    is_active: bool = True


class SenderInput(Input):
    """Who sends, as it is printed."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=_LINE)]
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")]
    address: Annotated[str, msgspec.Meta(min_length=4, max_length=200, pattern=_LINE)]


class CarrierAccountInput(Input):
    """The merchant's contract with a carrier. It is kept sealed and never shown again."""

    partner_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_LINE)]
    partner_key: Annotated[str, msgspec.Meta(max_length=200, pattern=_LINE)]
    sender: SenderInput


class CarrierAccountsView(View):
    """The carriers with which the merchant has a contract."""

    carriers: list[str]


class ReportsView(View):
    """Reports to WeChat that wait for a person, oldest first."""

    reports: list[ReportRecord]


class ReportDecision(Input):
    """Send it again, or leave it: it was settled at WeChat's own console."""

    decision: Literal["again", "dismiss"]
