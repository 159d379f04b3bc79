"""The log of the books against the outbox: every fact that was delivered to them is noted once and says the same."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from kit.database import execute, rows, transaction
from poverty_alleviation.replay.books import FACTS

# Who bought is not noted, and which lines had lots is noted beside the fact.
_SAID = (
    "({} - '{{bound}}'::text[]) || CASE WHEN {} ? 'consumer' THEN jsonb_build_object('consumer', '') ELSE '{{}}' END"
)
_TOLD = (
    f"SELECT m.topic, {_SAID.format('m.payload', 'm.payload')} AS said, count(*) AS times FROM outbox_message m"
    " WHERE m.topic = ANY($1) AND (m.delivered_at IS NOT NULL OR EXISTS (SELECT 1 FROM outbox_receipt r"
    " WHERE r.message_id = m.id AND r.handler LIKE 'poverty\\_alleviation.%')) GROUP BY 1, 2"
)
_NOTED = (
    f"SELECT n.kind, {_SAID.format('n.body', 'n.body')} AS said, count(*) AS times FROM ledger_input n"
    " WHERE n.kind = ANY($1) GROUP BY 1, 2"
)
_OFF = (
    "SELECT coalesce(t.topic, n.kind) AS topic, coalesce(t.said, n.said)::text AS said,"
    f" coalesce(t.times, 0) AS told, coalesce(n.times, 0) AS noted FROM ({_TOLD}) AS t FULL JOIN ({_NOTED}) AS n"
    " ON (n.kind, n.said) = (t.topic, t.said) WHERE t.times IS DISTINCT FROM n.times"
)


class FactOff(NamedTuple):
    """A fact that the outbox told the books another number of times than their log has it."""

    topic: str
    said: str
    told: int
    noted: int

    def __str__(self) -> str:
        return (
            f"{self.topic} {self.said}: 发件箱 {self.told} 次，日志 {self.noted} 次"
            f" / {self.told} times in the outbox, {self.noted} in the log"
        )


async def facts_off() -> list[FactOff]:
    """The facts of which outbox and log do not say the same, by topic; both as one statement sees them.

    A fact on its way to the books is not in the log yet and is not compared.
    """
    async with transaction():
        await execute("SET LOCAL statement_timeout = 0")
        found = await rows(_OFF, sorted(FACTS))
    counted: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in ("told", "noted")}
    for each in found:
        fact = each["topic"], _as_read(each["topic"], each["said"])
        for name, counter in counted.items():
            counter[fact] += each[name]
    return list(_unlike(counted["told"], counted["noted"]))


def _unlike(told: Mapping[tuple[str, str], int], noted: Mapping[tuple[str, str], int]) -> Iterator[FactOff]:
    for topic, said in sorted({*told, *noted}):
        if told[topic, said] != noted[topic, said]:
            yield FactOff(topic, said, told[topic, said], noted[topic, said])


def _as_read(topic: str, said: str) -> str:
    """The fact as whoever reads it now: one that was written before it got another member says the same with it."""
    document: Any
    try:
        document = FACTS[topic].read(said)
    except msgspec.MsgspecError:
        document = msgspec.json.decode(said)
    return msgspec.json.encode(document, order="sorted").decode()
