"""What a channel's file tells, row by row, and the keeping of a file: whole, once, one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from kit.clock import Clock
from kit.database import execute, row, scalar
from kit.numbers import public_number
from orders.channels.errors import ChannelFileRefused
from orders.channels.models import FileKind, SalesChannel

MAX_ROWS = 500
"""Rows in one file: their stock is locked together, and every buyer of it waits for the last one."""

MAX_FAULTS = 200

TITLES = {
    "external": "外部订单号",
    "refund": "外部退款号",
    "sku": "规格编码",
    "quantity": "件数",
    "paid_fen": "商品实收",
    "amount_fen": "退款金额",
    "freight_fen": "运费",
    "discount_fen": "优惠",
    "paid_at": "付款时间",
    "refunded_at": "退款时间",
    "recipient": "收货人",
    "phone": "收货电话",
    "address": "收货地址",
    "region": "地区代码",
    "paid_out_fen": "到账金额",
    "fee_fen": "手续费",
    "day": "结算日期",
}
"""What each member of a row is called in the first row of a file."""


class SaleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order of a channel; ``row`` is where it stands in the file. Fen.

    ``paid_fen`` is what the goods of the line brought, all pieces together, after ``discount_fen``. ``region`` has six
    digits (GB/T 2260), or is empty where the channel does not tell it: then the address is asked.
    """

    row: int
    external: str
    sku: str
    quantity: int
    paid_fen: int
    freight_fen: int
    discount_fen: int
    paid_at: datetime
    recipient: str
    phone: str
    address: str
    region: str = ""


class RefundRow(msgspec.Struct, frozen=True, kw_only=True):
    """Some pieces, or some money, of one line that went back. Without an amount it is the share of the pieces."""

    row: int
    external: str
    refund: str
    sku: str
    quantity: int
    amount_fen: int | None
    freight_fen: int
    refunded_at: datetime


class SettlementRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel paid out for one order on one day, and kept. Both may be negative."""

    row: int
    external: str
    paid_out_fen: int
    fee_fen: int
    day: date


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in a row; ``column`` is its title."""

    row: int
    column: str
    detail: str


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a file comes to: things it would record, things that are known already, and what is wrong with it.

    ``warnings`` keep nothing from being recorded.
    """

    recorded: int
    known: int
    faults: list[Fault]
    warnings: list[Fault]


class ImportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was taken in. Of ``without_region`` orders neither file nor address told the region."""

    number: str
    channel: SalesChannel
    kind: FileKind
    row_count: int
    recorded: int
    known: int
    without_region: int
    imported_by: str
    imported_at: datetime


@dataclass(frozen=True)
class Source:
    """Whose file of which channel, the SHA-256 of its bytes, and who hands it in."""

    merchant: str
    channel: SalesChannel
    digest: bytes
    actor: str


@dataclass
class Findings:
    """What is found while a file is judged."""

    recorded: int = 0
    known: int = 0
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def add(self, row: int, name: str, detail: str) -> None:
        """Note what is wrong with a member of a row."""
        self.faults.append(Fault(row, TITLES[name], detail))

    def warn(self, row: int, name: str, detail: str) -> None:
        """Note what is missing in a row that is taken in all the same."""
        self.warnings.append(Fault(row, TITLES[name], detail))

    def report(self) -> FileReport:
        """In the order of the rows."""
        told = sorted(self.faults, key=lambda fault: fault.row)[:MAX_FAULTS]
        return FileReport(recorded=self.recorded, known=self.known, faults=told, warnings=self.warnings[:MAX_FAULTS])

    def refuse_if_wrong(self) -> None:
        """Raises :class:`ChannelFileRefused` with all that is wrong."""
        if self.faults:
            raise ChannelFileRefused(faults=msgspec.to_builtins(self.report().faults), count=len(self.faults))


async def hold(source: Source) -> None:
    """Files of one merchant's channel wait for each other until the transaction ends."""
    lock = f"channel|{source.merchant}|{source.channel.value}"
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", lock)


async def known_file(source: Source, kind: FileKind) -> ImportedFile | None:
    """The file when its very bytes were taken in before."""
    found = await row(
        "SELECT number, channel, kind, row_count, recorded, known, without_region, imported_by, imported_at"
        " FROM channel_import"
        " WHERE merchant = $1 AND channel = $2 AND kind = $3 AND digest = $4",
        source.merchant,
        source.channel.value,
        kind.value,
        source.digest,
    )
    return msgspec.convert(found, ImportedFile) if found else None


async def keep_file(
    source: Source, kind: FileKind, told: Sequence[object], found: Findings, clock: Clock
) -> tuple[int, ImportedFile]:
    """Note a file that is taken in; answers its row's id too. The caller holds the channel."""
    now = clock()
    kept = ImportedFile(
        number=public_number(now, "F"),
        channel=source.channel,
        kind=kind,
        row_count=len(told),
        recorded=found.recorded,
        known=found.known,
        without_region=len(found.warnings),
        imported_by=source.actor,
        imported_at=now,
    )
    row_id = await scalar(
        "INSERT INTO channel_import (number, merchant, channel, kind, digest, row_count, recorded, known,"
        " without_region, imported_by, imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        kept.number,
        source.merchant,
        source.channel.value,
        kind.value,
        source.digest,
        kept.row_count,
        kept.recorded,
        kept.known,
        kept.without_region,
        source.actor,
        now,
    )
    return int(row_id), kept
