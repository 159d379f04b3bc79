"""The outbox: a fact is written in the transaction that made it true, and delivered at least once.

Each reaction stores a receipt ``(message, handler)`` in its own transaction, so its effect is exactly once
(reliability reference 6.1). Ids commit out of order, so delivery asks for what is undelivered, never for what is
newer. The bell after a commit only wakes the dispatcher; a sweep finds the message all the same.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from tortoise import fields
from tortoise.indexes import Index

from kit.clock import Clock, utc_now
from kit.database import after_commit, execute, in_open_transaction, rows, scalar, transaction
from kit.facts import Fact, fact_type
from kit.models import Model

CHANNEL = "outbox"
RING_APART_S = 0.5
"""A process rings no more often: whom a bell wakes stays awake for longer than this."""
RETRY_SECONDS = (1, 2, 5, 10, 30, 60)
BATCH = 200


class OutboxMessage(Model):
    """One announced fact."""

    id = fields.BigIntField(primary_key=True)
    topic = fields.CharField(max_length=80)
    subject = fields.CharField(max_length=80)
    payload: fields.Field[dict[str, object]] = fields.JSONField()
    created_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField()
    last_error = fields.CharField(max_length=300, null=True)
    delivered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbox_message"


class OutboxReceipt(Model):
    """Proof that one handler has reacted to one message."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField()
    handler = fields.CharField(max_length=120)
    received_at = fields.DatetimeField()

    class Meta:
        table = "outbox_receipt"
        unique_together = (("message_id", "handler"),)
        indexes = (Index(fields=("received_at",)),)


class Undelivered(msgspec.Struct, frozen=True):
    """A fact that not everybody has reacted to."""

    id: int
    topic: str


async def undelivered(before: datetime, limit: int) -> list[Undelivered]:
    """Facts announced before a moment that are still on their way, oldest first."""
    found = await rows(
        "SELECT id, topic FROM outbox_message WHERE delivered_at IS NULL AND created_at < $1 ORDER BY id LIMIT $2",
        before,
        limit,
    )
    return [msgspec.convert(each, Undelivered) for each in found]


async def announce(*facts: Fact) -> None:
    """Write the facts, in this order, to the outbox of the open transaction; one statement for all of them.

    It is a programming error to call this outside a transaction.
    """
    names = ", ".join(type(fact).__name__ for fact in facts)
    if not in_open_transaction():
        raise RuntimeError(f"{names} was announced outside a transaction")
    now = utc_now()
    await execute(
        "INSERT INTO outbox_message (topic, subject, payload, created_at, attempts, next_attempt_at)"
        " SELECT topic, subject, payload::jsonb, $4, 0, $4 FROM unnest($1::text[], $2::text[], $3::text[])"
        " WITH ORDINALITY AS fact (topic, subject, payload, position) ORDER BY position",
        [fact.topic for fact in facts],
        [fact.key for fact in facts],
        [msgspec.json.encode(fact).decode() for fact in facts],
        now,
    )
    after_commit(_BELL.ring)


class _Bell:
    """Tells the dispatcher that there is something to deliver.

    After the commit, because NOTIFY in a transaction makes all commits of the database wait for one another.
    """

    def __init__(self) -> None:
        self._rung_at = -RING_APART_S

    async def ring(self) -> None:
        """Ring, unless this process has just done so."""
        now = time.monotonic()
        if now - self._rung_at >= RING_APART_S:
            self._rung_at = now
            await execute(f"SELECT pg_notify('{CHANNEL}', '')")


_BELL = _Bell()


@dataclass(frozen=True)
class Reaction:
    """One row of the subscription table: ``react`` is called with each fact of ``fact`` in its own transaction.

    ``react_many``, where there is one, has the same effect for several facts of different subjects, in one transaction;
    when it fails each of them goes to ``react``.
    """

    fact: type[Fact]
    name: str
    react: Callable[[Fact], Awaitable[None]]
    react_many: Callable[[Sequence[Fact]], Awaitable[None]] | None = None


class _Due(msgspec.Struct, frozen=True):
    """A message whose time has come."""

    id: int
    topic: str
    subject: str
    payload: str
    attempts: int


@dataclass(frozen=True)
class Delivery:
    """Delivers what is due. One runs at a time (the dispatcher holds a session lock)."""

    reactions: tuple[Reaction, ...]
    clock: Clock = utc_now
    failed: Callable[[str, str, BaseException], None] = lambda topic, handler, error: None

    async def deliver_due(self) -> int:
        """Deliver one batch; answers how many messages were tried.

        A message that failed holds back the later messages of its subject, so order is kept per subject.
        """
        now = self.clock()
        due = await rows(
            "SELECT id, topic, subject, payload::text AS payload, attempts FROM outbox_message m"
            " WHERE delivered_at IS NULL AND next_attempt_at <= $1 AND NOT EXISTS ("
            "   SELECT 1 FROM outbox_message earlier WHERE earlier.delivered_at IS NULL"
            "   AND earlier.subject = m.subject AND earlier.id < m.id AND earlier.next_attempt_at > $1)"
            f" ORDER BY id LIMIT {BATCH}",
            now,
        )
        held: set[str] = set()
        for together in self._together([msgspec.convert(each, _Due) for each in due]):
            waiting = [message for message in together if message.subject not in held]
            done = await self._deliver_many(waiting) if len(waiting) > 1 else frozenset[tuple[int, str]]()
            for message in waiting:
                if not await self._deliver(message, done):
                    held.add(message.subject)
        return len(due)

    def _together(self, due: Sequence[_Due]) -> Iterator[list[_Due]]:
        """The messages one by one, those of one topic together where somebody takes many.

        No two of a subject are ever together, and those of a subject stay in their order; between subjects there is
        none to keep.
        """
        taken = {reaction.fact.topic for reaction in self.reactions if reaction.react_many}
        earlier: Counter[str] = Counter()
        turns: dict[tuple[int, str | int], list[_Due]] = defaultdict(list)
        for message in due:
            turn = earlier[message.subject]
            earlier[message.subject] += 1
            turns[turn, message.topic if message.topic in taken else message.id].append(message)
        for key in sorted(turns, key=lambda key: (key[0], turns[key][0].id)):
            yield turns[key]

    async def _deliver_many(self, messages: Sequence[_Due]) -> frozenset[tuple[int, str]]:
        """Let who takes many take these, of one topic; answers which messages which handlers are done with."""
        done: set[tuple[int, str]] = set()
        for reaction in self.reactions:
            if reaction.react_many is None or reaction.fact.topic != messages[0].topic:
                continue
            try:
                facts = {message.id: _read(message.topic, message.payload) for message in messages}
                async with transaction():
                    fresh = await self._receive(list(facts), reaction.name)
                    if fresh:
                        await reaction.react_many([facts[each] for each in fresh])
            except Exception:
                continue  # whose fault it is, each of them alone will tell
            done |= {(message, reaction.name) for message in facts}
        return frozenset(done)

    async def _deliver(self, message: _Due, done: frozenset[tuple[int, str]]) -> bool:
        """Whether every reaction to the message has taken effect. One that fails keeps no other from its own."""
        try:
            fact = _read(message.topic, message.payload)
        except Exception as error:
            self.failed(message.topic, "read", error)
            await self._postpone(message, _told("read", error))
            return False
        failures = []
        for reaction in self.reactions:
            if reaction.fact is not type(fact) or (message.id, reaction.name) in done:
                continue
            try:
                async with transaction():
                    if await self._receive([message.id], reaction.name):
                        await reaction.react(fact)
            except Exception as error:
                self.failed(message.topic, reaction.name, error)
                failures.append(_told(reaction.name, error))
        if failures:
            await self._postpone(message, "; ".join(failures))
            return False
        await execute("UPDATE outbox_message SET delivered_at = $2 WHERE id = $1", message.id, self.clock())
        return True

    async def _receive(self, messages: Sequence[int], handler: str) -> list[int]:
        """Those that the handler has not had before, in order."""
        fresh = await rows(
            "INSERT INTO outbox_receipt (message_id, handler, received_at)"
            " SELECT m, $2, $3 FROM unnest($1::bigint[]) AS m ORDER BY m ON CONFLICT DO NOTHING RETURNING message_id",
            messages,
            handler,
            self.clock(),
        )
        return sorted(each["message_id"] for each in fresh)

    async def _postpone(self, message: _Due, error: str) -> None:
        wait = RETRY_SECONDS[min(message.attempts, len(RETRY_SECONDS) - 1)]
        await execute(
            "UPDATE outbox_message SET attempts = attempts + 1, next_attempt_at = $2, last_error = $3 WHERE id = $1",
            message.id,
            self.clock() + timedelta(seconds=wait),
            error[:300],
        )


def _read(topic: str, payload: str) -> Fact:
    """The fact of a message. A topic that nobody declares is a newer writer's, and waits for a newer reader."""
    kind = fact_type(topic)
    if kind is None:
        raise LookupError("no room that is loaded declares this topic")
    return kind.read(payload)


def _told(handler: str, error: BaseException) -> str:
    """A failure in one line: what follows in PostgreSQL's messages quotes the row, which may name somebody."""
    lines = str(error).replace("\0", "").splitlines()
    return f"{handler}: {type(error).__name__}: {lines[0] if lines else ''}"


async def oldest_undelivered_at() -> datetime | None:
    """When the oldest undelivered fact was announced: the age that pages somebody."""
    found: datetime | None = await scalar("SELECT min(created_at) FROM outbox_message WHERE delivered_at IS NULL")
    return found
