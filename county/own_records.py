"""What a consumer has complained about, and when the words are forgotten."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from content.own_records import forget_content_of, forget_texts_of, pictures_told
from county.complaints.queries import held_words
from county.complaints.service import phone_place
from kit.belongings import Part, Person, Told, told
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from orders.own_records import orders_of_person

BATCH = 200
_SAYS_SOMETHING = (
    "detail <> '' OR phone_cipher IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM complaint_picture p WHERE p.complaint_id = complaint.id)"
    " OR EXISTS (SELECT 1 FROM complaint_step s WHERE s.complaint_id = complaint.id AND s.text <> '')"
    " OR EXISTS (SELECT 1 FROM complaint_message m WHERE m.complaint_id = complaint.id AND m.text <> '')"
)
_OF = "(consumer = $1 OR order_number = ANY($2::text[]))"


async def personal_data(cipher: FieldCipher, person: Person) -> Told:
    """Complaints with their steps and what WeChat Pay sent with them: phone numbers, opened, and pictures."""
    orders = await orders_of_person(person.number)
    found = await told(
        'SELECT number, origin, order_number AS "order", product, problem, detail, state, complained_at, closed_at,'
        " (SELECT jsonb_agg(jsonb_build_object('kind', s.kind, 'at', s.at, 'text',"
        f" CASE WHEN {held_words('complaint')} THEN '' ELSE s.text END) ORDER BY s.id)"
        f" FROM complaint_step s WHERE s.complaint_id = complaint.id) AS steps FROM complaint WHERE {_OF} ORDER BY id",
        person.number,
        orders,
    )
    sealed = await rows(
        f"SELECT number, phone_cipher FROM complaint WHERE {_OF} AND phone_cipher IS NOT NULL", person.number, orders
    )
    phones = {s["number"]: s["phone_cipher"] for s in sealed}
    return {
        "complaints": [complaint | _phone(cipher, complaint["number"], phones) for complaint in found],
        "pictures": await pictures_told([f"complaint:{complaint['number']}" for complaint in found]),
    }


def _phone(cipher: FieldCipher, number: str, sealed: Mapping[str, object]) -> dict[str, object]:
    opener = RowOpener(cipher)
    phone = opener.open("phone", sealed.get(number), phone_place(number))
    return {"phone": phone, "unreadable": opener.unreadable}


async def came_with_complaint(consumer: str, picture: str) -> bool:
    """Whether a kept picture came with a complaint of this consumer."""
    return bool(
        await scalar(
            "SELECT 1 FROM complaint_picture p JOIN complaint ON complaint.id = p.complaint_id"
            f" WHERE {_OF} AND p.picture = $3 LIMIT 1",
            consumer,
            await orders_of_person(consumer),
            picture,
        )
    )


async def open_matters(person: Person) -> Mapping[str, int]:
    """Complaints without an end."""
    orders = await orders_of_person(person.number)
    return {
        "complaints": await scalar(
            f"SELECT count(*) FROM complaint WHERE {_OF} AND state <> 'closed'", person.number, orders
        )
    }


async def erase(person: Person) -> None:
    """Phone numbers go. Complaints stay under the number as records of trades."""
    await execute(
        f"UPDATE complaint SET phone_cipher = NULL WHERE {_OF} AND phone_cipher IS NOT NULL",
        person.number,
        await orders_of_person(person.number),
    )


def part(cipher: FieldCipher) -> Part:
    """This room's row of the table."""
    return Part("county", erase, partial(personal_data, cipher), open_matters)


async def forget_complaints(closed_before: datetime) -> int:
    """Of complaints that ended before a day, forget the words, the phone number and the pictures; answers how many."""
    forgotten = 0
    while some := await _forget_some(closed_before):
        forgotten += some
    return forgotten


async def _forget_some(closed_before: datetime) -> int:
    async with transaction():
        found = await row(
            "SELECT array_agg(id) AS ids, array_agg(number) AS numbers, array_agg('complaint:' || number) AS owners"
            " FROM (SELECT id, number"
            f" FROM complaint WHERE state = 'closed' AND closed_at < $1 AND ({_SAYS_SOMETHING})"
            " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) c",
            closed_before,
            BATCH,
        )
        ids = found["ids"] if found else None
        if found is None or not ids:
            return 0
        await forget_content_of(found["owners"] + [f"complaint_reply:{number}" for number in found["numbers"]])
        held = await rows(
            "SELECT 'complaint:' || c.number || ':' || s.id AS subject FROM complaint_step s"
            " JOIN complaint c ON c.id = s.complaint_id WHERE c.id = ANY($1::bigint[])",
            ids,
        )
        await forget_texts_of([each["subject"] for each in held])
        await execute("DELETE FROM complaint_picture WHERE complaint_id = ANY($1::bigint[])", ids)
        await execute(
            "DELETE FROM complaint_reply_picture WHERE message_id IN"
            " (SELECT id FROM complaint_message WHERE complaint_id = ANY($1::bigint[]))",
            ids,
        )
        await execute("UPDATE complaint SET detail = '', phone_cipher = NULL WHERE id = ANY($1::bigint[])", ids)
        await execute("UPDATE complaint_step SET text = '' WHERE complaint_id = ANY($1::bigint[]) AND text <> ''", ids)
        await execute("UPDATE complaint_message SET text = '' WHERE complaint_id = ANY($1::bigint[])", ids)
        return len(ids)
