"""Orders of other channels, by file: worked to the fen over two channels, whole or not at all, once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import pytest
import pytest_asyncio

import console_api.channels.endpoints
from api_kit.errors import SpreadsheetRefused
from api_kit.spreadsheets import write_sheet
from console_api.channels.endpoints import ChannelDesk
from kit.clock import CHINA, china_day
from kit.database import rows, scalar
from orders.channels.errors import ChannelFileRefused, RefundedElsewhere
from orders.channels.files import ImportedFile, Source
from orders.channels.models import FileKind, SalesChannel
from orders.channels.refunds import ChannelRefunds
from orders.channels.sales import ChannelSales
from orders.channels.settlements import ChannelSettlements, channel_standing
from orders.own_records import opened
from poverty_alleviation.reconciliation import ChannelReconciliation, reconciliation
from products.marks import Marks
from products.quotas import quota_differences
from tests.accounts.served import Served, served
from tests.orders.mall import Mall, stock_of, trade
from tests.products.test_mark_quotas import SPAN
from tests.products.test_product_doors import clerk_of, keyed

DOUYIN, PINDUODUO = SalesChannel.DOUYIN, SalesChannel.PINDUODUO
CLERK = "staff:clerk"
TITLES = {
    FileKind.ORDERS: "外部订单号,规格编码,件数,商品实收,运费,优惠,付款时间,收货人,收货电话,收货地址",
    FileKind.REFUNDS: "外部订单号,外部退款号,规格编码,件数,退款金额,运费,退款时间",
    FileKind.SETTLEMENTS: "外部订单号,到账金额,手续费,结算日期",
}
BUYER = "示例收货人,19900000001,示例市示例路 1 号"


def csv_of(kind: FileKind, lines: Sequence[str]) -> bytes:
    return "\n".join([TITLES[kind], *lines]).encode()


@dataclass
class Channels:
    """The merchant of a mall with its desk for files."""

    mall: Mall
    desk: ChannelDesk

    def ago(self, **span: float) -> str:
        """A moment in China before now, as a file says it."""
        return str((self.mall.watch() - timedelta(**span)).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"))

    def source(self, channel: SalesChannel, raw: bytes) -> Source:
        return Source(self.mall.merchant, channel, sha256(raw).digest(), CLERK)

    async def take(self, channel: SalesChannel, kind: FileKind, lines: Sequence[str]) -> ImportedFile:
        raw = csv_of(kind, lines)
        return await self.desk.take(self.source(channel, raw), kind, raw)

    async def faults(self, channel: SalesChannel, kind: FileKind, lines: Sequence[str]) -> list[tuple[int, str]]:
        """Row and column of what is wrong: the same at the dry run and at the import, which leaves nothing."""
        raw = csv_of(kind, lines)
        before = await everything()
        report = await self.desk.check(self.source(channel, raw), kind, raw)
        with pytest.raises(ChannelFileRefused):
            await self.desk.take(self.source(channel, raw), kind, raw)
        assert await everything() == before
        assert all(fault.detail for fault in report.faults)
        return [(fault.row, fault.column) for fault in report.faults]


async def everything() -> object:
    """All that a file may touch."""
    found = dict(await trade())
    for table in ("channel_import", "channel_order", "channel_refund", "channel_settlement", "ledger_posting"):
        found[table] = await rows(f"SELECT to_jsonb(t)::text AS r FROM {table} t ORDER BY id")
    return found


@pytest_asyncio.fixture
async def channels(mall: Mall) -> Channels:
    sales = ChannelSales(mall.stock, mall.life, mall.cipher, mall.watch)
    return Channels(mall, ChannelDesk(sales, ChannelRefunds(mall.stock, mall.watch), ChannelSettlements(mall.watch)))


async def order_of(external: str) -> str:
    return str(
        await scalar(
            "SELECT o.number FROM customer_order o JOIN channel_order c ON c.order_id = o.id"
            " WHERE c.external_number = $1",
            external,
        )
    )


async def books_of(channel: SalesChannel) -> ChannelReconciliation:
    """A channel's standing in the books, which are exact."""
    told = await reconciliation()
    assert told.is_exact, told
    return next(each for each in told.channels if each.channel == channel)


async def test_two_channels_from_sale_to_payout_to_the_fen(channels: Channels) -> None:
    """Sale, packing, parcel, receipt, earning, a refund and the payout: the books are 0 fen off at every step.

    Ten times each file afterwards changes nothing, nor does the same content in other bytes.
    """
    mall, (sku,) = channels.mall, channels.mall.skus
    _, (other,) = await mall.another_product()
    files: list[tuple[SalesChannel, FileKind, list[str]]] = [
        (DOUYIN, FileKind.ORDERS, [
            f"D-1,{sku},3,113.05,8,6.65,{(paid := channels.ago(hours=3))},{BUYER}",
            f"D-1,{other},1,15,,,{paid},{BUYER}",
        ]),
        (PINDUODUO, FileKind.ORDERS, [f"P-1,{sku},2,79.79,,,{paid},{BUYER}"]),
    ]  # fmt: skip
    for channel, kind, lines in files:
        taken = await channels.take(channel, kind, lines)
        assert (taken.row_count, taken.recorded, taken.known) == (len(lines), 1, 0)
    await mall.deliver()
    assert await stock_of(sku) == (95, 0, 5)
    assert [await scalar(f"SELECT count(*) FROM {table}") for table in ("payment", "shipping_report")] == [0, 0]
    assert (await books_of(DOUYIN)).in_transit_fen == 11305 + 800 + 1500
    assert (await books_of(PINDUODUO)).in_transit_fen == 7979

    number = await order_of("D-1")
    line = f"{number}-1"
    lot = await mall.sealed_lot(1500)
    await mall.fulfilment.pack(mall.merchant, number, {line: {lot: 3}}, CLERK)
    await mall.shipping.ship(mall.merchant, number, "SF", "SF0000000001", CLERK)
    await mall.deliver()
    mall.watch.forward(days=11)
    assert await mall.receipts.receive_due() == 1
    mall.watch.forward(days=8)
    assert await mall.life.earn_due() == 1
    await mall.deliver()
    assert await scalar("SELECT count(*) FROM shipping_report") == 0

    # One of three pieces: 11305 // 3 of the stored share, and two yuan of the freight.
    files.append((DOUYIN, FileKind.REFUNDS, [f"D-1,R-1,{sku},1,,2,{channels.ago(hours=1)}"]))
    await channels.take(*files[-1])
    await mall.deliver()
    assert (await books_of(DOUYIN)).booked_refunded_fen == 3768 + 200

    today = china_day(mall.watch()).isoformat()
    files.append((DOUYIN, FileKind.SETTLEMENTS, [f"D-1,94.00,2.36,{today}"]))
    files.append((PINDUODUO, FileKind.SETTLEMENTS, [f"P-1,78.00,1.79,{today}"]))
    for each in files[-2:]:
        await channels.take(*each)
    await mall.deliver()
    standing = await channel_standing(mall.merchant, DOUYIN, None, 10)
    assert [(each.external, each.difference_fen) for each in standing.differences] == [("D-1", 1)]
    assert (await books_of(DOUYIN)).in_transit_fen == 1
    yesterday = (china_day(mall.watch()) - timedelta(days=1)).isoformat()
    files.append((DOUYIN, FileKind.SETTLEMENTS, [f"D-1,0.01,0,{yesterday}"]))
    await channels.take(*files[-1])
    await mall.deliver()
    told = await books_of(DOUYIN)
    assert (told.in_transit_fen, told.bank_fen, told.fees_fen, told.settled_gross_fen) == (0, 9401, 236, 9637)
    fees = (
        "SELECT channel, sum(amount_fen)::bigint AS fen FROM settlement_entry WHERE kind = 'fee' GROUP BY 1 ORDER BY 1"
    )
    assert await rows(fees) == [{"channel": "douyin", "fen": -236}, {"channel": "pinduoduo", "fen": -179}]
    told = await books_of(PINDUODUO)
    assert (told.in_transit_fen, told.bank_fen, told.fees_fen) == (0, 7800, 179)
    assert (await channel_standing(mall.merchant, DOUYIN, None, 10)).difference_fen == 0

    before = await everything()
    for _ in range(10):
        for each in files:
            await channels.take(*each)
    await mall.deliver()
    assert await everything() == before
    again = [await channels.take(channel, kind, [*lines, ""]) for channel, kind, lines in files]
    assert [each.recorded for each in again] == [0] * len(files)
    assert {**before, "channel_import": None} == {**await everything(), "channel_import": None}  # type: ignore[dict-item]


async def test_one_bad_row_and_nothing_is_taken_in(channels: Channels) -> None:
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    _, (foreign,) = await channels.mall.another_product()
    merchant, channels.mall.merchant = channels.mall.merchant, "M2"
    good = f"D-1,{sku},1,39.90,,,{paid},{BUYER}"
    assert await channels.faults(DOUYIN, FileKind.ORDERS, [good]) == [(2, "规格编码")]  # another merchant's goods
    channels.mall.merchant = merchant
    bad = {
        f"D-2,{sku},0,39.90,,,{paid},{BUYER}": "件数",
        f"D-2,NOBODY,1,39.90,,,{paid},{BUYER}": "规格编码",
        f"D-2,{sku},1,0,0,,{paid},{BUYER}": "商品实收",
        f"D-2,{sku},1,1e3,,,{paid},{BUYER}": "商品实收",
        f"D-2,{sku},1,39.90,,,2999-01-01 00:00:00,{BUYER}": "付款时间",
        f"=1+1,{sku},1,39.90,,,{paid},{BUYER}": "外部订单号",
        f"D-1,{sku},1,39.90,,,{paid},{BUYER}": "规格编码",  # twice in one order
        f"D-1,{foreign},1,39.90,,,{paid},别人,19900000001,示例市示例路 1 号": "收货人",
    }
    for row, column in bad.items():
        assert await channels.faults(DOUYIN, FileKind.ORDERS, [good, row]) == [(3, column)], row
    await channels.take(DOUYIN, FileKind.ORDERS, [good])
    changed = good.replace("39.90", "39.80")
    assert await channels.faults(DOUYIN, FileKind.ORDERS, [changed]) == [(2, "外部订单号")]
    assert (await channels.take(PINDUODUO, FileKind.ORDERS, [good])).recorded == 1  # another channel's number


async def test_what_is_not_there_is_not_sold(channels: Channels) -> None:
    """Row by row at the dry run, and under the lock when two files want the last pieces.

    Fails when ``Stock.lock`` no longer locks and reservations no longer ask for what is left.
    """
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    wanted = [f"D-{n},{sku},40,1596,,,{paid},{BUYER}" for n in range(3)]
    assert await channels.faults(DOUYIN, FileKind.ORDERS, wanted) == [(4, "件数")]
    several = await asyncio.gather(
        *(channels.take(DOUYIN, FileKind.ORDERS, [f"E-{n},{sku},60,2394,,,{paid},{BUYER}"]) for n in range(4)),
        *(channels.take(PINDUODUO, FileKind.ORDERS, [f"E-{n},{sku},60,2394,,,{paid},{BUYER}"]) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in several) == ["ChannelFileRefused"] * 7 + ["ImportedFile"]
    assert await stock_of(sku) == (40, 0, 60)


async def test_the_same_file_from_five_hands_at_once_is_one_import(channels: Channels) -> None:
    """Fails when ``hold`` is taken out of ``ChannelSales.take``."""
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    line = f"D-1,{sku},2,79.80,,,{paid},{BUYER}"
    taken = await asyncio.gather(*(channels.take(DOUYIN, FileKind.ORDERS, [line]) for _ in range(5)))
    assert len({each.number for each in taken}) == 1
    assert await stock_of(sku) == (98, 0, 2)


async def test_never_more_goes_back_than_was_paid(channels: Channels) -> None:
    """Pieces, money and freight each have their end; unsent pieces are on sale again."""
    (sku,), now = channels.mall.skus, channels.ago(minutes=1)
    sold = f"D-1,{sku},3,100,8,,{channels.ago(hours=1)},{BUYER}"
    await channels.take(DOUYIN, FileKind.ORDERS, [sold])
    bad = {
        f"D-9,R-1,{sku},1,,,{now}": "外部订单号",
        f"D-1,R-1,NOBODY,1,,,{now}": "规格编码",
        f"D-1,R-1,{sku},4,,,{now}": "件数",
        f"D-1,R-1,{sku},0,100.01,,{now}": "退款金额",
        f"D-1,R-1,{sku},3,99.99,,{now}": "退款金额",
        f"D-1,R-1,{sku},0,,,{now}": "退款金额",
        f"D-1,R-1,{sku},1,,8.01,{now}": "运费",
        f"D-1,R-1,{sku},1,,,{channels.ago(days=2)}": "退款时间",
    }
    for row, column in bad.items():
        assert await channels.faults(DOUYIN, FileKind.REFUNDS, [row]) == [(2, column)], row
    over = [f"D-1,R-{n},{sku},0,60,,{now}" for n in range(2)]
    assert await channels.faults(DOUYIN, FileKind.REFUNDS, over) == [(3, "退款金额")]
    await channels.take(DOUYIN, FileKind.REFUNDS, [f"D-1,R-{n},{sku},1,,,{now}" for n in range(2)])
    await channels.take(DOUYIN, FileKind.REFUNDS, [f"D-1,R-2,{sku},1,,8,{now}"])
    await channels.mall.deliver()
    assert await rows("SELECT refunded_fen, refunded_freight_fen FROM order_line") == [
        {"refunded_fen": 10_000, "refunded_freight_fen": 800}
    ]
    assert await scalar("SELECT state FROM customer_order") == "closed"
    assert await stock_of(sku) == (100, 0, 0)
    assert (await books_of(DOUYIN)).in_transit_fen == 0


async def test_a_hostile_file_is_refused_whole(channels: Channels) -> None:
    for raw in (b"", b"PK\x03\x04 no workbook", b"\xff\x00\xfe" * 99, b"a,b\n1,2\n", b"\n" * 20_000):
        for kind in FileKind:
            with pytest.raises(SpreadsheetRefused):
                await channels.desk.take(channels.source(DOUYIN, raw), kind, raw)
    too_long = [f"D-{n},1,0,2026-01-01" for n in range(501)]
    with pytest.raises(SpreadsheetRefused):
        await channels.take(DOUYIN, FileKind.SETTLEMENTS, too_long)
    assert await scalar("SELECT count(*) FROM channel_import") == 0


@pytest_asyncio.fixture
async def doors(channels: Channels) -> AsyncIterator[Served]:
    async with served(channels.desk, also=[console_api.channels.endpoints]) as client:
        yield client


async def test_a_clerk_hands_in_a_workbook(channels: Channels, doors: Served) -> None:
    """The merchant is the clerk's own; a formula is no amount; the address is sealed."""
    clerk = await clerk_of(doors, channels.mall.merchant, "clerk")
    stranger = await clerk_of(doors, "M2", "stranger")
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)

    async def workbook(price: str) -> bytes:
        async def lines() -> AsyncIterator[list[str]]:
            yield f"D-1,{sku},1,{price},,,{paid},{BUYER}".split(",")

        titles = TITLES[FileKind.ORDERS].split(",")
        return b"".join([piece async for piece in write_sheet("xlsx", titles, lines())])

    path, good = "/v1/console/channel-imports/douyin/orders", await workbook("39.90")
    wrong = await doors.http.post(path, headers=keyed(clerk, "k0"), content=await workbook("=39+1"))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "channel_file_refused"), wrong.text
    assert [(each["row"], each["column"]) for each in wrong.json()["faults"]] == [(2, "商品实收")]
    checked = await doors.http.post(path.replace("imports", "import-checks"), headers=clerk, content=good)
    assert (checked.status_code, checked.json()["recorded"]) == (200, 1), checked.text
    foreign = await doors.http.post(path, headers=keyed(stranger, "k1"), content=good)
    assert foreign.json()["code"] == "channel_file_refused"
    for key in ("k1", "k1", "k2"):
        taken = await doors.http.post(path, headers=keyed(clerk, key), content=good)
        assert (taken.status_code, taken.json()["recorded"]) == (201, 1), taken.text
    for strange in ("taobao/orders", "douyin/wishes"):
        reply = await doors.http.post(
            f"/v1/console/channel-imports/{strange}", headers=keyed(clerk, "k3"), content=good
        )
        assert (reply.status_code, reply.json()["code"]) == (404, "channel_unknown")
    listed = await doors.http.get("/v1/console/channel-imports?channel=douyin", headers=clerk)
    assert [each["kind"] for each in listed.json()["items"]] == ["orders"]
    assert (await doors.http.get("/v1/console/channel-imports?channel=douyin", headers=stranger)).json()["items"] == []
    standing = await doors.http.get("/v1/console/channel-standing?channel=douyin&merchant=x", headers=clerk)
    assert standing.json()["difference_fen"] == 3990
    sealed = await rows("SELECT delivery FROM customer_order")
    assert b"19900000001" not in bytes(sealed[0]["delivery"])


async def test_a_shortage_of_another_channels_order_is_refunded_there(channels: Channels) -> None:
    """It says so, and leaves nothing behind."""
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    await channels.take(DOUYIN, FileKind.ORDERS, [f"D-1,{sku},2,79.80,,,{paid},{BUYER}"])
    await channels.mall.deliver()
    number, before = await order_of("D-1"), await everything()
    with pytest.raises(RefundedElsewhere) as refused:
        await channels.mall.shortages.report(channels.mall.merchant, number, f"{number}-1", 1, "缺货", CLERK)
    assert refused.value.facts == {"channel": "douyin"}
    assert await everything() == before


async def test_the_region_comes_with_the_file_where_the_channel_tells_it(channels: Channels) -> None:
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    titles = TITLES[FileKind.ORDERS] + ",地区代码"

    async def region_of(external: str, cell: str) -> str:
        raw = f"{titles}\n{external},{sku},1,39.90,,,{paid},{BUYER},{cell}".encode()
        await channels.desk.take(channels.source(DOUYIN, raw), FileKind.ORDERS, raw)
        sealed = await scalar(
            "SELECT delivery FROM customer_order WHERE number = $1", number := await order_of(external)
        )
        delivery = opened(channels.mall.cipher, number, bytes(sealed))
        assert delivery is not None
        return delivery.region

    assert await region_of("D-1", "533124") == "533124"
    assert await region_of("D-2", "") == ""
    assert await scalar("SELECT without_region FROM channel_import ORDER BY id DESC LIMIT 1") == 1
    for wrong in ("530000", "53312", "陇川县"):
        raw = f"{titles}\nD-3,{sku},1,39.90,,,{paid},{BUYER},{wrong}".encode()
        with pytest.raises(ChannelFileRefused) as refused:
            await channels.desk.take(channels.source(DOUYIN, raw), FileKind.ORDERS, raw)
        assert refused.value.facts["faults"][0]["column"] == "地区代码"  # type: ignore[index]


async def test_without_a_region_the_address_is_asked_and_a_doubt_is_told(channels: Channels) -> None:
    """Fails when the address is not asked; an order that is known stays the same order: tried."""
    (sku,), paid = channels.mall.skus, channels.ago(hours=1)
    here = f"D-1,{sku},1,39.90,,,{paid},示例收货人,19900000001,云南省德宏州陇川县章凤镇示例路 1 号"
    lines = [here, f"D-2,{sku},1,39.90,,,{paid},{BUYER}"]
    raw = csv_of(FileKind.ORDERS, lines)
    checked = await channels.desk.check(channels.source(DOUYIN, raw), FileKind.ORDERS, raw)
    assert (checked.recorded, checked.faults) == (2, [])
    assert [(each.row, each.column) for each in checked.warnings] == [(3, "地区代码")]
    kept = await channels.take(DOUYIN, FileKind.ORDERS, lines)
    assert (kept.recorded, kept.without_region) == (2, 1)
    assert await channels.take(DOUYIN, FileKind.ORDERS, lines) == kept
    for external, region in (("D-1", "533124"), ("D-2", "")):
        number = await order_of(external)
        sealed = await scalar("SELECT delivery FROM customer_order WHERE number = $1", number)
        delivery = opened(channels.mall.cipher, number, bytes(sealed))
        assert delivery is not None
        assert delivery.region == region
    again = await channels.take(DOUYIN, FileKind.ORDERS, [here])
    assert (again.recorded, again.known, again.without_region) == (0, 1, 0)


async def test_beyond_the_brands_quota_a_line_sold_elsewhere_does_not_carry_it(channels: Channels) -> None:
    (sku,), paid, marks = channels.mall.skus, channels.ago(hours=1), Marks()
    await marks.enter_brand("longchuan", "示例品牌")
    await marks.authorise("longchuan", channels.mall.product, "DEMO-B-1", SPAN, "staff:officer", quota_pieces=3)
    lines = [f"D-{n},{sku},2,79.80,,,{paid},{BUYER}" for n in (1, 2)] + [f"D-3,{sku},1,39.90,,,{paid},{BUYER}"]
    await channels.take(DOUYIN, FileKind.ORDERS, lines)
    carried = await rows("SELECT quantity, marks::text AS marks FROM order_line ORDER BY id")
    assert [(line["quantity"], "public_brand" in line["marks"]) for line in carried] == [
        (2, True),
        (2, False),
        (1, True),
    ]
    assert await quota_differences() == []
    assert await scalar("SELECT used_pieces FROM brand_authorisation") == 3
