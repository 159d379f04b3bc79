"""What is done about complaints: taken in with a clock, given to somebody, answered, closed, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.exceptions import IntegrityError

from accounts.queries import is_county_officer
from content.attaching import add_picture
from content.texts import Texts
from county.complaints.errors import (
    ClockTaken,
    ComplaintNotMovable,
    ComplaintsFull,
    ComplaintUnknown,
    NoProduct,
    RepliesWithoutPictures,
    SubjectInvalid,
)
from county.complaints.models import COMPLAINT_TRANSITIONS, ComplaintClock, ComplaintState, Origin
from county.complaints.pictures import note_pictures
from county.complaints.ports import SeenComplaint
from county.complaints.queries import Reader
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from merchants.errors import MerchantUnknown
from merchants.queries import merchant
from orders.queries import order_of
from payments.errors import OwnerUnknown
from payments.queries import payment_of_number
from products.dossiers import product_dossier
from products.errors import ProductUnknown
from products.service import Catalogue

MAX_OPEN_EACH = 20
REPLY_PICTURE = "complaint_reply"
WECHAT_PENDING, WECHAT_DONE = "PENDING", "PROCESSED"


@dataclass(frozen=True)
class Subject:
    """What a complaint is about; exactly one is named."""

    order: str | None = None
    product: str | None = None
    merchant: str | None = None


@dataclass(frozen=True)
class Complaints:
    """The use cases. ``by`` is the caller who is held to it; a reader sees and moves the own complaints alone."""

    cipher: FieldCipher
    catalogue: Catalogue
    clock: Clock = utc_now

    async def enter_clock(
        self, origin: Origin, valid_from: date, reply_hours: int, close_hours: int, source_document: str, by: str
    ) -> None:
        """From a day on, how long a reply and an end may take. Raises :class:`ClockTaken`."""
        try:
            async with transaction():
                await ComplaintClock.create(
                    origin=origin,
                    valid_from=valid_from,
                    reply_hours=reply_hours,
                    close_hours=close_hours,
                    source_document=source_document,
                    entered_at=self.clock(),
                    entered_by=by,
                )
        except IntegrityError:
            raise ClockTaken() from None

    async def complain(self, consumer: str, subject: Subject, problem: str, detail: str) -> str:
        """A consumer complains to the county; answers the number.

        Raises :class:`SubjectInvalid` for what does not exist or is not the consumer's, :class:`ComplaintsFull`.
        """
        seller, product = await self._subject(consumer, subject)
        now = self.clock()
        number = public_number(now, "CP")
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"complaint|{consumer}")
            waiting = "SELECT count(*) FROM complaint WHERE consumer = $1 AND state <> 'closed'"
            if await scalar(waiting, consumer) >= MAX_OPEN_EACH:
                raise ComplaintsFull(limit=MAX_OPEN_EACH)
            reply_due, close_due = await _due(Origin.MINIAPP, now)
            created = await row(
                "INSERT INTO complaint (number, origin, times, consumer, merchant, order_number, product, problem,"
                " detail, amount_fen, state, complained_at, reply_due_at, close_due_at)"
                " VALUES ($1, 'miniapp', 1, $2, $3, $4, $5, $6, $7, 0, 'received', $8, $9, $10) RETURNING id",
                number,
                consumer,
                seller,
                subject.order,
                product,
                problem,
                detail,
                now,
                reply_due,
                close_due,
            )
            assert created is not None
            await self.note(created["id"], "received", f"consumer:{consumer}", detail)
        return number

    async def _subject(self, consumer: str, subject: Subject) -> tuple[str, str | None]:
        """The merchant and the product of what is complained about."""
        if sum(each is not None for each in (subject.order, subject.product, subject.merchant)) != 1:
            raise SubjectInvalid()
        try:
            if subject.order is not None:
                order = await order_of("consumer", consumer, subject.order)
                if order is None:
                    raise SubjectInvalid()
                products = {line.product for line in order.lines}
                return order.merchant, products.pop() if len(products) == 1 else None
            if subject.product is not None:
                return (await product_dossier(subject.product)).merchant, subject.product
            return (await merchant(subject.merchant or "")).number, None
        except (MerchantUnknown, ProductUnknown):
            raise SubjectInvalid() from None

    async def take_over(self, seen: SeenComplaint) -> bool:
        """Keep a complaint of WeChat Pay, or what became of it there; answers whether anything changed."""
        async with transaction():
            known = await row("SELECT * FROM complaint WHERE external_id = $1 FOR UPDATE", seen.complaint_id)
            if known is None:
                return await self._begin(seen)
            await note_pictures(known["id"], seen.pictures, self.clock())
            if seen.times > known["times"]:
                reply_due, close_due = await _due(Origin.WECHAT_PAY, self.clock())
                await execute(
                    "UPDATE complaint SET times = $2, state = 'received', reply_due_at = $3, close_due_at = $4,"
                    " answered_at = NULL, closed_at = NULL WHERE id = $1",
                    known["id"],
                    seen.times,
                    reply_due,
                    close_due,
                )
                await self.note(known["id"], "again", "wechat_pay", seen.detail[:500])
                return True
            if seen.state == WECHAT_DONE and known["state"] != ComplaintState.CLOSED:
                await self.move(known["id"], ComplaintState.CLOSED, "closed", "wechat_pay", "")
                return True
            return False

    async def _begin(self, seen: SeenComplaint) -> bool:
        now = self.clock()
        number = public_number(now, "CP")
        payment = await payment_of_number(seen.payment_number)
        reply_due, close_due = await _due(Origin.WECHAT_PAY, seen.complained_at)
        created = await row(
            "INSERT INTO complaint (number, origin, external_id, external_mchid, times, merchant, order_number,"
            " problem, detail, amount_fen, phone_cipher, state, complained_at, reply_due_at, close_due_at)"
            " VALUES ($1, 'wechat_pay', $2, $3, $4, $5, $6, $7, $8, $9, $10, 'received', $11, $12, $13)"
            " ON CONFLICT (external_id) DO NOTHING RETURNING id",
            number,
            seen.complaint_id,
            seen.mchid,
            seen.times,
            payment.payee if payment else None,
            payment.reference if payment else None,
            seen.problem[:40],
            seen.detail[:500],
            seen.amount_fen,
            self.cipher.encrypt(seen.phone, phone_place(number)) if seen.phone else None,
            seen.complained_at,
            reply_due,
            close_due,
        )
        if created is None:
            return False
        await self.note(created["id"], "received", "wechat_pay", seen.detail[:500])
        await note_pictures(created["id"], seen.pictures, now)
        if seen.state == WECHAT_DONE:
            await self.move(created["id"], ComplaintState.CLOSED, "closed", "wechat_pay", "")
        return True

    async def assign(self, number: str, owner: str, by: str) -> None:
        """Give an open complaint to a county officer.

        Raises :class:`ComplaintUnknown`, :class:`ComplaintNotMovable`, :class:`OwnerUnknown`.
        """
        if not await is_county_officer(owner):
            raise OwnerUnknown()
        async with transaction():
            found = await self._open(number, Reader())
            await execute("UPDATE complaint SET owner = $2 WHERE id = $1", found["id"], owner)
            await self.note(found["id"], "assigned", by, owner)

    async def reply(self, number: str, reader: Reader, text: str, by: str, pictures: Sequence[str] = ()) -> None:
        """Answer the buyer, at WeChat Pay with pictures that were uploaded for it.

        Here a merchant's words are held until a person of the county has read them.

        There the state moves when it has arrived, and a reply with pictures waits until a person has passed them.
        Raises :class:`ComplaintUnknown`, :class:`ComplaintNotMovable`, :class:`RepliesWithoutPictures` and
        PictureNotUsable.
        """
        async with transaction():
            found = await self._open(number, reader)
            if found["origin"] == Origin.WECHAT_PAY:
                message = await self._say(found["id"], text, by, is_completion=False)
                for position, picture in enumerate(pictures):
                    await self._show(found, message, position, picture, by)
            elif pictures:
                raise RepliesWithoutPictures()
            else:
                step = await self.move(found["id"], ComplaintState.ANSWERED, "replied", by, text)
                if reader.merchant is not None:
                    await Texts(self.clock).hold(f"complaint:{number}:{step}", text, None)

    async def close(self, number: str, reason: str, by: str) -> None:
        """End a complaint with the reason. At WeChat Pay it ends when that has arrived there.

        Raises :class:`ComplaintUnknown`, :class:`ComplaintNotMovable`.
        """
        async with transaction():
            found = await self._open(number, Reader())
            if found["origin"] == Origin.WECHAT_PAY:
                await self._say(found["id"], reason, by, is_completion=True)
            else:
                await self.move(found["id"], ComplaintState.CLOSED, "closed", by, reason)

    async def take_down(self, number: str, product: str | None, reason: str, by: str) -> None:
        """Take the product off sale because of a complaint; the merchant reads why.

        Raises :class:`ComplaintUnknown`, :class:`NoProduct`, and the refusals of the catalogue.
        """
        async with transaction():
            found = await self._find(number, Reader())
            code = found["product"] or product
            if code is None or (product is not None and product != code):
                raise NoProduct()
            await self.catalogue.delist(code, reason, by, found["merchant"])
            await self.note(found["id"], "taken_down", by, f"{code}: {reason}"[:500])

    async def report(self, number: str, text: str, by: str) -> None:
        """Tell the merchant what the county found. Raises :class:`ComplaintUnknown`."""
        async with transaction():
            found = await self._find(number, Reader())
            await self.note(found["id"], "reported", by, text)

    async def move(self, complaint: int, to: ComplaintState, kind: str, by: str, text: str) -> int:
        """One step of the table, inside the caller's transaction; answers the step. Raises ComplaintNotMovable."""
        sources = [state.value for state, targets in COMPLAINT_TRANSITIONS.items() if to in targets]
        now = self.clock()
        moved = await scalar(
            "UPDATE complaint SET state = $2::text,"
            " answered_at = CASE WHEN $2::text = 'answered' THEN COALESCE(answered_at, $3) ELSE answered_at END,"
            " closed_at = CASE WHEN $2::text = 'closed' THEN $3::timestamptz END"
            " WHERE id = $1 AND state = ANY($4) RETURNING id",
            complaint,
            to.value,
            now,
            sources,
        )
        if moved is None:
            raise ComplaintNotMovable(to=to.value)
        return await self.note(complaint, kind, by, text)

    async def note(self, complaint: int, kind: str, by: str, text: str) -> int:
        """Add a step to the history; answers it."""
        step: int = await scalar(
            "INSERT INTO complaint_step (complaint_id, kind, at, by, text) VALUES ($1, $2, $3, $4, $5) RETURNING id",
            complaint,
            kind,
            self.clock(),
            by,
            text,
        )
        return step

    async def _show(self, complaint: Row, message: int, position: int, picture: str, by: str) -> None:
        """One picture of a reply; it goes with the complaint's words."""
        await add_picture(picture, by, REPLY_PICTURE, f"complaint_reply:{complaint['number']}", self.clock())
        await execute(
            "INSERT INTO complaint_reply_picture (message_id, position, picture) VALUES ($1, $2, $3)",
            message,
            position,
            picture,
        )

    async def _say(self, complaint: int, text: str, by: str, *, is_completion: bool) -> int:
        now = self.clock()
        message: int = await scalar(
            "INSERT INTO complaint_message (complaint_id, is_completion, text, by, state, attempts, next_attempt_at,"
            " created_at) VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $5) RETURNING id",
            complaint,
            is_completion,
            text,
            by,
            now,
        )
        return message

    async def _find(self, number: str, reader: Reader) -> Row:
        found = await row(
            "SELECT * FROM complaint WHERE number = $1 AND ($2::text IS NULL OR merchant = $2) FOR UPDATE",
            number,
            reader.merchant,
        )
        if found is None:
            raise ComplaintUnknown()
        return found

    async def _open(self, number: str, reader: Reader) -> Row:
        found = await self._find(number, reader)
        if found["state"] == ComplaintState.CLOSED:
            raise ComplaintNotMovable(state=found["state"])
        return found


WECHAT_PAY_HOURS = 24, 72
"""WeChat Pay's own clock, until the county enters another (wechat reference 2.3b, consumer complaints 2.0)."""


def phone_place(number: str) -> str:
    """What the sealed phone number of a complaint is bound to."""
    return f"complaint|phone|{number}"


async def _due(origin: Origin, begins_at: datetime) -> tuple[datetime | None, datetime | None]:
    """Until when a reply and an end are due under the clock of the day; None without one."""
    hours = WECHAT_PAY_HOURS if origin is Origin.WECHAT_PAY else None
    found = await row(
        "SELECT reply_hours, close_hours FROM complaint_clock WHERE origin = $1 AND valid_from <= $2"
        " ORDER BY valid_from DESC LIMIT 1",
        origin.value,
        china_day(begins_at),
    )
    if found is not None:
        hours = found["reply_hours"], found["close_hours"]
    if hours is None:
        return None, None
    return begins_at + timedelta(hours=hours[0]), begins_at + timedelta(hours=hours[1])
