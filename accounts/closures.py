"""Closing an account: a time to think again, then erasure room by room (PIPL, article 47)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from accounts.actors import Consumer
from accounts.own_data_errors import ClosureBlocked, ClosureUnknown
from accounts.own_data_models import ClosureState
from kit.belongings import Part, Person
from kit.clock import Clock, utc_now
from kit.database import execute, row, scalar, transaction
from kit.numbers import public_number

CLAIMED_FOR = timedelta(minutes=5)
"""After this a worker that was killed is thought dead and another one begins anew."""
ASKED_AGAIN = timedelta(days=1)
"""A closure whose consumer has bought something meanwhile waits for that long."""


class ClosureView(msgspec.Struct, frozen=True):
    """The newest wish to close an account. Erasure begins after ``due_at`` unless it is revoked."""

    number: str
    state: ClosureState
    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Closures:
    """Moves closures by conditional UPDATE. The account's row is locked first, so log-in and erasure take turns."""

    parts: Sequence[Part]
    cooling_off: timedelta
    clock: Clock = utc_now

    async def ask(self, consumer: Consumer) -> ClosureView:
        """Begin the cooling-off; one that has begun is answered again.

        Raises :class:`ClosureBlocked` with the count of what is still open, by kind.
        """
        if reasons := await self._open_matters(Person(consumer.number, consumer.openid)):
            raise ClosureBlocked(reasons=reasons)
        now = self.clock()
        await execute(
            "INSERT INTO account_closure (number, consumer, state, asked_at, due_at) VALUES ($1, $2, 'cooling', $3, $4)"
            " ON CONFLICT (consumer) WHERE state IN ('cooling', 'erasing') DO NOTHING",
            public_number(now, "Z"),
            consumer.number,
            now,
            now + self.cooling_off,
        )
        return await self.show(consumer)

    async def show(self, consumer: Consumer) -> ClosureView:
        """The newest closure. Raises :class:`ClosureUnknown`."""
        found = await row(
            "SELECT number, state, asked_at, due_at FROM account_closure WHERE consumer = $1 ORDER BY id DESC LIMIT 1",
            consumer.number,
        )
        if found is None:
            raise ClosureUnknown()
        return msgspec.convert(found, ClosureView)

    async def revoke(self, consumer: Consumer) -> None:
        """Keep the account. Raises :class:`ClosureUnknown` when nothing is cooling off."""
        if not await revoke_cooling(consumer.number, self.clock()):
            raise ClosureUnknown()

    async def erase_due(self) -> int:
        """Erase accounts whose cooling-off has passed, and go on with those whose worker died; answers how many."""
        erased = 0
        while (consumer := await self._due()) is not None:
            erased += await self._erase(consumer)
        return erased

    async def _due(self) -> str | None:
        found = await scalar(
            "SELECT consumer FROM account_closure WHERE state IN ('cooling', 'erasing') AND due_at <= $1"
            " ORDER BY due_at LIMIT 1",
            self.clock(),
        )
        return None if found is None else str(found)

    async def _erase(self, consumer: str) -> bool:
        person = await self._claim(consumer)
        if person is None:
            return False
        for part in self.parts:
            await part.erase(person)
        return bool(
            await execute(
                "UPDATE account_closure SET state = 'erased', identity = NULL, ended_at = $2"
                " WHERE consumer = $1 AND state = 'erasing'",
                consumer,
                self.clock(),
            )
        )

    async def _claim(self, consumer: str) -> Person | None:
        """The committed claim. From the first one on no session holds; the identity is free when all is erased."""
        now = self.clock()
        async with transaction():
            account = await row(
                "SELECT id, openid FROM consumer_account WHERE number = $1 FOR UPDATE",
                consumer,
            )
            assert account is not None
            again = await row(
                "UPDATE account_closure SET due_at = $2 WHERE consumer = $1 AND state = 'erasing' AND due_at <= $3"
                " RETURNING identity",
                consumer,
                now + CLAIMED_FOR,
                now,
            )
            if again is not None:
                return Person(consumer, again["identity"])
            person = Person(consumer, account["openid"])
            if await self._open_matters(person):
                await execute(
                    "UPDATE account_closure SET due_at = $2 WHERE consumer = $1 AND state = 'cooling' AND due_at <= $3",
                    consumer,
                    now + ASKED_AGAIN,
                    now,
                )
                return None
            if not await execute(
                "UPDATE account_closure SET state = 'erasing', identity = $4, due_at = $2"
                " WHERE consumer = $1 AND state = 'cooling' AND due_at <= $3",
                consumer,
                now + CLAIMED_FOR,
                now,
                person.identity,
            ):
                return None
            await _leave_a_tombstone(account["id"], consumer, now)
        return person

    async def _open_matters(self, person: Person) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in self.parts:
            found |= {kind: count for kind, count in (await part.open_matters(person)).items() if count}
        return found


async def is_being_erased(identity: str) -> bool:
    """Whether rooms are still erasing what they know of an identity; one statement."""
    return bool(await scalar("SELECT 1 FROM account_closure WHERE state = 'erasing' AND identity = $1", identity))


async def revoke_cooling(consumer: str, now: datetime) -> bool:
    """Take back a closure that is cooling off; whether there was one."""
    return bool(
        await execute(
            "UPDATE account_closure SET state = 'revoked', ended_at = $2 WHERE consumer = $1 AND state = 'cooling'",
            consumer,
            now,
        )
    )


async def _leave_a_tombstone(id: int, consumer: str, now: datetime) -> None:
    await execute(
        "UPDATE consumer_account SET openid = $2, unionid = NULL, phone_cipher = NULL, phone_index = NULL,"
        " phone_bound_at = NULL, closed_at = $3 WHERE id = $1",
        id,
        f"closed:{consumer}",
        now,
    )
    await execute("UPDATE account_session SET revoked_at = $2 WHERE consumer_id = $1 AND revoked_at IS NULL", id, now)
