"""Everything one sandbox holds, built once at its start."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scripts.wechat_sandbox.faults import Faults
from scripts.wechat_sandbox.funds import Funds
from scripts.wechat_sandbox.journal import Journal
from scripts.wechat_sandbox.keys import Keys
from scripts.wechat_sandbox.records import (
    Combination,
    FundEntry,
    Notice,
    Order,
    Person,
    Refund,
    ShareReceiver,
    Split,
    SplitReturn,
    SubMerchant,
)
from scripts.wechat_sandbox.settings import Conditions, Settings
from scripts.wechat_sandbox.state import Book, Store

log = logging.getLogger("wechat_sandbox")

# The demo county names the same openids as its demo consumers.
DEMO_PEOPLE = (
    ("demo-openid-01", "示例·月亮", "10000000001"),
    ("demo-openid-02", "示例·阿昌", "10000000002"),
    ("demo-openid-03", "示例·小陇", "10000000003"),
    ("demo-openid-04", "示例·目瑙", "10000000004"),
    ("demo-openid-05", "示例·阿果", "10000000005"),
    ("demo-openid-06", "示例·岩温", "10000000006"),
    ("demo-openid-07", "示例·木兰", "10000000007"),
    ("demo-openid-08", "示例·小满", "10000000008"),
    ("demo-openid-09", "示例·稻花", "10000000009"),
    ("demo-openid-10", "示例·凤凰", "10000000010"),
    ("demo-openid-11", "示例·青禾", "10000000011"),
    ("demo-openid-12", "示例·晚霞", "10000000012"),
)


class SavedConditions(msgspec.Struct):
    """Members of the conditions that were changed at run time."""

    members: dict[str, Any]


class Timers:
    """Tasks and alarms of the process, ended together at its stop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._pausing: set[asyncio.Task[Any]] = set()
        self._hurry = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the requests; a failure is logged, never swallowed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Call ``act`` after so many real seconds."""

        async def wait() -> None:
            await self.pause(seconds)
            act()

        self.start(wait())

    async def pause(self, seconds: float) -> None:
        """Sleep so many real seconds, or until :meth:`hurry`."""
        task = asyncio.current_task()
        assert task is not None
        self._pausing.add(task)
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self._pausing.discard(task)

    async def hurry(self) -> None:
        """End every pause now; answers when those who paused are done."""
        pausing = list(self._pausing)
        self._hurry.set()
        self._hurry = asyncio.Event()
        await asyncio.gather(*pausing, return_exceptions=True)

    async def stop(self) -> None:
        """End whatever still waits."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a background task failed", exc_info=task.exception())


@dataclass
class World:
    """One WeChat: its settings, its books and its clocks."""

    settings: Settings
    store: Store
    keys: Keys
    faults: Faults
    journal: Journal
    timers: Timers
    people: Book[Person]
    sub_merchants: Book[SubMerchant]
    orders: Book[Order]
    combinations: Book[Combination]
    refunds: Book[Refund]
    share_receivers: Book[ShareReceiver]
    splits: Book[Split]
    split_returns: Book[SplitReturn]
    notices: Book[Notice]
    funds: Funds
    saved_conditions: Book[SavedConditions]
    conditions: Conditions
    orders_by_prepay_id: dict[str, str] = field(default_factory=dict)
    combinations_by_prepay_id: dict[str, str] = field(default_factory=dict)
    orders_by_transaction_id: dict[str, str] = field(default_factory=dict)
    refunds_of_order: dict[str, list[str]] = field(default_factory=dict)

    def scaled(self, seconds: float) -> float:
        """A waiting time of WeChat in real seconds."""
        return seconds * self.conditions.clock_scale

    def change_conditions(self, members: dict[str, Any]) -> Conditions:
        """Change single members; raise ``msgspec.ValidationError`` and change nothing when one is wrong."""
        merged = {**msgspec.to_builtins(self.conditions), **members}
        self.conditions = msgspec.convert(merged, Conditions)
        saved = self.saved_conditions.get("now") or SavedConditions({})
        self.saved_conditions.put("now", SavedConditions({**saved.members, **members}))
        return self.conditions

    def refunds_for(self, out_trade_no: str) -> list[Refund]:
        """The refunds of an order, oldest first."""
        numbers = self.refunds_of_order.get(out_trade_no, [])
        return [refund for number in numbers if (refund := self.refunds.get(number)) is not None]

    def shared_of(self, out_trade_no: str) -> int:
        """What of an order is with receivers, or on its way to them, in fen."""
        numbers = {
            split.out_order_no: split.amount
            for split in self.splits
            if split.out_trade_no == out_trade_no and split.result != "CLOSED"
        }
        back = sum(r.amount for r in self.split_returns if r.out_order_no in numbers and r.result == "SUCCESS")
        return sum(numbers.values()) - back

    def frozen(self, account: str) -> int:
        """What of an account's money waits to be split, in fen."""
        waiting = [
            o for o in self.orders if o.account == account and o.is_shared and o.success_at and not o.unfrozen_at
        ]
        return sum(order.total - sum(r.refund for r in self.refunds_for(order.out_trade_no)) for order in waiting)

    def remember_order(self, order: Order) -> None:
        """Write an order and its indices."""
        self.orders.put(order.out_trade_no, order)
        self._index(order)

    def remember_combination(self, combination: Combination) -> None:
        """Write a combination and its index."""
        self.combinations.put(combination.combine_out_trade_no, combination)
        self._index_combination(combination)

    def parts_of(self, combination: Combination) -> list[Order]:
        """The sub-orders of a combination, in the order of the first call."""
        return [order for number in combination.parts if (order := self.orders.get(number)) is not None]

    def remember_refund(self, refund: Refund) -> None:
        """Write a refund and its index."""
        known = self.refunds_of_order.setdefault(refund.out_trade_no, [])
        if refund.out_refund_no not in known:
            known.append(refund.out_refund_no)
        self.refunds.put(refund.out_refund_no, refund)

    def _index(self, order: Order) -> None:
        for prepay_id in order.prepay_ids:
            self.orders_by_prepay_id[prepay_id] = order.out_trade_no
        if order.transaction_id:
            self.orders_by_transaction_id[order.transaction_id] = order.out_trade_no

    def _index_combination(self, combination: Combination) -> None:
        for prepay_id in combination.prepay_ids:
            self.combinations_by_prepay_id[prepay_id] = combination.combine_out_trade_no

    def build_indices(self) -> None:
        """Fill the indices from the books, once at the start."""
        for combination in self.combinations:
            self._index_combination(combination)
        for order in self.orders:
            self._index(order)
        for refund in sorted(self.refunds, key=lambda refund: refund.created_at):
            self.refunds_of_order.setdefault(refund.out_trade_no, []).append(refund.out_refund_no)


def build_world(settings: Settings) -> World:
    """Open the state directory and put everything together."""
    store = Store(settings.state_dir / "wechat.sqlite3")
    saved: Book[SavedConditions] = Book(store, "conditions", SavedConditions)
    changed = saved.get("now")
    conditions = settings.conditions
    if changed is not None:
        conditions = msgspec.convert({**msgspec.to_builtins(conditions), **changed.members}, Conditions)
    world = World(
        settings=settings,
        store=store,
        keys=Keys(
            store,
            merchant_public_key=settings.merchant_public_key_file,
            private_key=settings.private_key_file,
            public_key_id=settings.public_key_id,
            apiv3_key=settings.apiv3_key,
        ),
        faults=Faults(store),
        journal=Journal(),
        timers=Timers(),
        people=Book(store, "people", Person),
        sub_merchants=Book(store, "sub_merchants", SubMerchant),
        orders=Book(store, "orders", Order),
        combinations=Book(store, "combinations", Combination),
        refunds=Book(store, "refunds", Refund),
        share_receivers=Book(store, "share_receivers", ShareReceiver),
        splits=Book(store, "splits", Split),
        split_returns=Book(store, "split_returns", SplitReturn),
        notices=Book(store, "notices", Notice),
        funds=Funds(Book(store, "funds", FundEntry)),
        saved_conditions=saved,
        conditions=conditions,
    )
    for sub_mchid, name in settings.sub_mchids:
        if world.sub_merchants.get(sub_mchid) is None:
            world.sub_merchants.put(sub_mchid, SubMerchant(sub_mchid=sub_mchid, name=name))
    for openid, nickname, phone in DEMO_PEOPLE:
        if world.people.get(openid) is None:
            world.people.put(openid, Person(openid=openid, nickname=nickname, phone=phone))
    world.build_indices()
    return world
