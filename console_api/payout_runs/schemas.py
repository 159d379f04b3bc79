"""The wire of payout runs, and the columns of what goes to the bank and comes back."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from api_kit.spreadsheets import Column, Format, day, fen_of_yuan, matching, one_of
from kit.paging import MAX_PAGE
from poverty_alleviation.payout_runs.models import PayoutWay, RunState
from poverty_alleviation.payout_runs.queries import RunCard

_NOTE = r"^[^\x00-\x1f\x7f]*$(?!\n)"
_Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]

TITLES = ("流水号", "收款人姓名", "收款账号", "开户行", "金额（元）", "用途")
PURPOSE = "助农货款"

RESULT_COLUMNS = (
    Column("reference", "流水号", matching(r"R[0-9A-Z]{18}-[0-9]{1,4}")),
    Column("amount_fen", "金额（元）", fen_of_yuan(1, 100_000_000_00)),
    Column("is_paid", "结果", one_of({"成功": True, "失败": False})),
    Column("voucher", "回单号", required=False, max_chars=80),
    Column("paid_on", "付款日期", day, required=False),
    Column("reason", "失败原因", required=False),
)


class RunInput(Input):
    """Whose list, and who carries it out: the bank, or WeChat for those who have agreed to it."""

    merchant: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Z]+$(?!\n)")]
    way: PayoutWay = PayoutWay.BANK


class RunDrafted(View):
    """The run's number."""

    number: str


class RunsQuery(Input):
    """A page of runs."""

    state: RunState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class RunsView(View):
    """Runs, newest first; ``next_cursor`` is null at the end."""

    items: list[RunCard]
    next_cursor: str | None


class LineDecision(Input):
    """The account that a stopped line is paid to all the same, or null to take the line out; and why."""

    reason: _Reason
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=26, pattern=r"^[0-9A-Z]+$(?!\n)")] | None = None


class RunDecision(Input):
    """``approved`` or ``discarded``."""

    state: Literal["approved", "discarded"]
    note: Annotated[str, msgspec.Meta(max_length=200, pattern=_NOTE)] = ""


class ExportInput(Input):
    """The kind of file."""

    format: Format = "xlsx"


class LineResult(Input):
    """What the bank says of one line: paid with voucher and day, or why not."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000_00)]
    is_paid: bool
    voucher: Annotated[str, msgspec.Meta(max_length=80, pattern=_NOTE)] = ""
    paid_on: date | None = None
    reason: Annotated[str, msgspec.Meta(max_length=200, pattern=_NOTE)] = ""
