"""Subscribe messages: noted once for a moment, a reference and a person, sent by a worker while there is a consent.

None is sent twice. A row is claimed and a consent taken in one committed step, then WeChat is called, then the answer
is recorded. A call whose outcome nobody knows is not repeated: a lost message is a smaller evil than two (wechat
reference 2.8).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from messages.errors import TemplateFieldsInvalid
from messages.events import SubscriptionAnswered
from messages.models import MessageMoment, MessageState
from messages.ports import NotSentNow, NotWanted, SendRefused, SubscribeSender

VALUES: dict[MessageMoment, frozenset[str]] = {
    MessageMoment.ORDER_SHIPPED: frozenset({"number", "goods", "carrier", "waybill", "at"}),
    MessageMoment.REFUND_ARRIVED: frozenset({"number", "goods", "amount", "at"}),
    MessageMoment.LATE_MONEY_RETURNED: frozenset({"number", "goods", "amount", "at"}),
    MessageMoment.ORDER_EXPIRING: frozenset({"number", "goods", "amount", "at"}),
    MessageMoment.COUPON_EXPIRING: frozenset({"number", "goods", "at"}),
    MessageMoment.GROUP_FORMED: frozenset({"number", "goods", "amount", "at"}),
    MessageMoment.GROUP_FAILED: frozenset({"number", "goods", "amount", "at"}),
    MessageMoment.PICKUP_READY: frozenset({"number", "goods", "amount", "at", "place"}),
    MessageMoment.PICKUP_REMINDED: frozenset({"number", "goods", "amount", "at", "place"}),
    MessageMoment.LIVE_STARTED: frozenset({"number", "title", "at", "status"}),
    MessageMoment.LIVE_CALLED_OFF: frozenset({"number", "title", "at", "status"}),
}
"""What we can tell at each moment."""

BATCH = 20
MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(minutes=2)
ANSWER_WITHIN = timedelta(minutes=5)
_FIELD = re.compile(
    r"(thing|character_string|number|letter|symbol|phrase|name|phone_number|car_number|amount|time|date)[0-9]{1,2}"
)


class TemplateRecord(msgspec.Struct, frozen=True):
    """A moment's template. ``fields_by_name`` maps WeChat's field names to the names of our values."""

    moment: MessageMoment
    template: str
    page: str
    fields_by_name: dict[str, str]
    active: bool


@dataclass(frozen=True)
class Outgoing:
    """Notes and sends messages, and counts consents."""

    sender: SubscribeSender
    clock: Clock = utc_now

    async def set_template(self, given: TemplateRecord, by: str) -> None:
        """This is a moment's template from now on. Raises :class:`TemplateFieldsInvalid`."""
        unknown = [v for v in given.fields_by_name.values() if v not in VALUES[given.moment]]
        if unknown or not given.fields_by_name or not all(_FIELD.fullmatch(f) for f in given.fields_by_name):
            raise TemplateFieldsInvalid(known_values=sorted(VALUES[given.moment]))
        await row(
            "INSERT INTO message_template (moment, template, page, fields_by_name, active, set_by, set_at)"
            " VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7) ON CONFLICT (moment) DO UPDATE SET template = $2, page = $3,"
            " fields_by_name = $4::jsonb, active = $5, set_by = $6, set_at = $7 RETURNING id",
            given.moment.value,
            given.template,
            given.page,
            msgspec.json.encode(given.fields_by_name).decode(),
            given.active,
            by,
            self.clock(),
        )

    async def note_all(self, moment: MessageMoment, notes: Sequence[tuple[str, str, Mapping[str, str]]]) -> None:
        """There is something to tell: references, openids and values. One statement.

        The same moment, reference and openid again is the same message.
        """
        await execute(
            "INSERT INTO subscribe_message (moment, reference, openid, contents, state, attempts, next_attempt_at,"
            " noted_at) SELECT $1, n.reference, n.openid, n.contents, 'waiting', 0, $5, $5"
            " FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS n (reference, openid, contents)"
            " ON CONFLICT (moment, reference, openid) DO NOTHING",
            moment.value,
            [reference for reference, _, _ in notes],
            [openid for _, openid, _ in notes],
            [msgspec.json.encode(dict(contents)).decode() for _, _, contents in notes],
            self.clock(),
        )

    async def record_answer(self, answered: SubscriptionAnswered) -> None:
        """A person tapped "allow" for one more message, or turned a template off. Joins the caller's transaction."""
        if answered.accepted and answered.is_popup:
            await row(
                'INSERT INTO message_consent AS c (openid, template, "left") VALUES ($1, $2, 1)'
                ' ON CONFLICT (openid, template) DO UPDATE SET "left" = LEAST(c."left" + 1, 100) RETURNING id',
                answered.openid,
                answered.template,
            )
        elif not answered.accepted and not answered.is_popup:
            await _no_more(answered.openid, answered.template)

    async def send_due(self) -> int:
        """Send what waits; answers how many were tried."""
        for done in range(BATCH):
            message = await self._claim()
            if message is None:
                return done
            if message["template"] is not None:
                await self._send(message)
        return BATCH

    async def _claim(self) -> Row | None:
        """One message, committed as being sent with a consent taken; without one it is not wanted."""
        now = self.clock()
        async with transaction():
            message = await row(
                "SELECT m.id, m.reference, m.openid, m.contents::text AS contents, m.attempts, t.template, t.page,"
                " t.fields_by_name::text AS names FROM subscribe_message m"
                " LEFT JOIN message_template t ON t.moment = m.moment AND t.active"
                " WHERE m.state = 'waiting' AND m.next_attempt_at <= $1 ORDER BY m.next_attempt_at, m.id LIMIT 1"
                " FOR UPDATE OF m SKIP LOCKED",
                now,
            )
            if message is None:
                return None
            taken = message["template"] and await row(
                'UPDATE message_consent SET "left" = "left" - 1 WHERE openid = $1 AND template = $2 AND "left" > 0'
                " RETURNING id",
                message["openid"],
                message["template"],
            )
            await execute(
                "UPDATE subscribe_message SET state = $2, attempts = attempts + 1, next_attempt_at = $3 WHERE id = $1",
                message["id"],
                MessageState.SENDING.value if taken else MessageState.UNWANTED.value,
                now + ANSWER_WITHIN,
            )
        return message if taken else {**message, "template": None}

    async def _send(self, message: Row) -> None:
        contents = msgspec.json.decode(message["contents"], type=dict[str, str])
        names = msgspec.json.decode(message["names"], type=dict[str, str])
        values = {name: contents.get(ours, "") for name, ours in names.items()}
        page = message["page"].replace("{reference}", message["reference"])
        try:
            await self.sender.send(message["openid"], message["template"], page, values)
        except NotWanted:
            async with transaction():
                await _no_more(message["openid"], message["template"])
                await self._ended(message, MessageState.UNWANTED, 43101)
        except SendRefused as refused:
            await self._ended(message, MessageState.REFUSED, refused.errcode)
        except NotSentNow:
            await self._later(message)
        else:
            await self._ended(message, MessageState.SENT, 0)

    async def _ended(self, message: Row, state: MessageState, errcode: int) -> None:
        await execute(
            "UPDATE subscribe_message SET state = $2, errcode = $3, sent_at = $4 WHERE id = $1 AND state = 'sending'",
            message["id"],
            state.value,
            errcode,
            self.clock() if state is MessageState.SENT else None,
        )

    async def _later(self, message: Row) -> None:
        """The consent goes back, and the message waits, unless it has been tried often enough."""
        over = message["attempts"] + 1 >= MAX_ATTEMPTS
        async with transaction():
            await execute(
                'UPDATE message_consent SET "left" = LEAST("left" + 1, 100) WHERE openid = $1 AND template = $2',
                message["openid"],
                message["template"],
            )
            await execute(
                "UPDATE subscribe_message SET state = $2, next_attempt_at = $3 WHERE id = $1 AND state = 'sending'",
                message["id"],
                MessageState.UNKNOWN.value if over else MessageState.WAITING.value,
                self.clock() + RETRY_AFTER,
            )

    async def give_up(self) -> int:
        """What was being sent when its worker died is not sent again; answers how many."""
        return await execute(
            "UPDATE subscribe_message SET state = 'unknown' WHERE state = 'sending' AND next_attempt_at <= $1",
            self.clock(),
        )


async def _no_more(openid: str, template: str) -> None:
    await execute('UPDATE message_consent SET "left" = 0 WHERE openid = $1 AND template = $2', openid, template)


async def templates(active_only: bool) -> list[TemplateRecord]:
    """The templates by moment; one statement."""
    found = await rows(
        "SELECT moment, template, page, fields_by_name::text AS names, active FROM message_template"
        " WHERE active OR NOT $1 ORDER BY moment",
        active_only,
    )
    return [
        TemplateRecord(
            MessageMoment(t["moment"]),
            t["template"],
            t["page"],
            msgspec.json.decode(t["names"], type=dict[str, str]),
            t["active"],
        )
        for t in found
    ]


async def forget_old_messages(now: datetime) -> int:
    """Delete what was noted half a year ago; answers how many."""
    return await execute("DELETE FROM subscribe_message WHERE noted_at < $1", now - timedelta(days=180))
