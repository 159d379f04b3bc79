"""What this room knows about a consumer, and when it forgets where goods went and what was said about them."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec

from content.own_records import forget_content_of
from kit.belongings import MAX_ROWS, Part, Person, Told, told
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from logistics.own_records import forget_receivers
from orders.cases.models import FINAL
from orders.cases.words import words_of
from orders.gifts import forget_gifts
from orders.invoices.service import sealed_place as invoice_place
from orders.placements import Delivery, sealed_place

BATCH = 200

_ORDERS = """
SELECT o.number, t.number AS trade, o.merchant, o.state, o.goods_fen, o.discount_fen, o.freight_fen, o.amount_fen,
       o.placed_at, o.paid_at, o.shipped_at, o.carrier, o.waybill, o.received_at, o.closed_at, o.close_reason,
       (SELECT jsonb_agg(jsonb_build_object('line', l.reference, 'title', l.title, 'spec', l.spec, 'source',
               l.source, 'source_offset_ms', l.source_offset_ms, 'quantity', l.quantity, 'unit_price_fen',
               l.unit_price_fen, 'discount_fen', l.discount_fen, 'net_fen', l.net_fen,
               'freight_fen', l.freight_fen, 'refunded_quantity', l.refunded_quantity, 'refunded_fen', l.refunded_fen)
               ORDER BY l.position) FROM order_line l WHERE l.order_id = o.id) AS lines
  FROM customer_order o JOIN trade t ON t.id = o.trade_id WHERE o.consumer = $1 ORDER BY o.id"""
_CASES = """
SELECT c.number, o.number AS "order", c.kind, c.cause, c.state, c.quantity, c.amount_fen, c.freight_fen, c.reason,
       substring(c.decision from '^[a-z_]+(?::[0-9A-Za-z-]+)?: (.*)$') AS decision, c.decided_at, c.return_carrier,
       c.return_waybill, c.requested_at, c.refunded_at,
       (SELECT jsonb_agg(jsonb_build_object('event', e.event, 'state', e.state, 'note', e.note, 'happened_at',
               e.happened_at) ORDER BY e.id) FROM after_sales_event e WHERE e.case_id = c.id) AS events
  FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id WHERE o.consumer = $1 ORDER BY c.id"""


async def personal_data(cipher: FieldCipher, person: Person) -> Told:
    """Orders with their lines and where they went, cases, and the cart. What does not open is named and left out."""
    orders = await told(_ORDERS, person.number)
    sealed = await rows(
        f"SELECT number, delivery FROM customer_order WHERE consumer = $1 ORDER BY id LIMIT {MAX_ROWS}", person.number
    )
    kept = {each["number"]: each["delivery"] for each in sealed}
    for order in orders:
        order |= _told(cipher, "delivery", kept.get(order["number"]), sealed_place(order["number"]))
    return {
        "orders": orders,
        "cases": await told(_CASES, person.number),
        "pickups": await told(
            'SELECT o.number AS "order", p.site, p.state, p.ready_at, p.ended_at FROM order_pickup p'
            " JOIN customer_order o ON o.id = p.order_id WHERE o.consumer = $1 ORDER BY p.id",
            person.number,
        ),
        "gifts": await told(
            'SELECT o.number AS "order", g.hides_price, (SELECT t.text FROM content_text t'
            " WHERE t.subject = 'gift:' || o.number LIMIT 1) AS message FROM order_gift g"
            " JOIN customer_order o ON o.id = g.order_id WHERE o.consumer = $1 ORDER BY g.id",
            person.number,
        ),
        "invoices": await _invoices(cipher, person),
        "cart": await told(
            "SELECT sku, quantity, selected, seen_price_fen, check_in, check_out, put_at"
            " FROM cart_line WHERE consumer = $1 ORDER BY id",
            person.number,
        ),
    }


async def _invoices(cipher: FieldCipher, person: Person) -> list[dict[str, object]]:
    """Requests for invoices, with whom they were made out to as long as it is kept."""
    found = await rows(
        'SELECT r.number, o.number AS "order", r.kind, r.amount_fen, r.state, r.requested_at::text, r.invoice_number,'
        " r.reason, r.sealed FROM invoice_request r JOIN customer_order o ON o.id = r.order_id WHERE r.consumer = $1"
        f" ORDER BY r.id LIMIT {MAX_ROWS}",
        person.number,
    )
    for each in found:
        each |= _told(cipher, "made_out_to", each.pop("sealed"), invoice_place(each["number"]))
    return found


def _told(cipher: FieldCipher, name: str, sealed: object, place: str) -> dict[str, object]:
    """A sealed member of a record, opened, or None when it is forgotten or does not open; then it is named."""
    opener = RowOpener(cipher)
    text = opener.open(name, sealed, place)
    return {name: msgspec.json.decode(text) if text else None, "unreadable": opener.unreadable}


async def orders_of_person(consumer: str) -> list[str]:
    """The numbers of every order of a consumer; one statement."""
    return [each["number"] for each in await rows("SELECT number FROM customer_order WHERE consumer = $1", consumer)]


def opened(cipher: FieldCipher, number: str, sealed: bytes) -> Delivery | None:
    """Where an order went; None when that has been forgotten."""
    if not sealed:
        return None
    return msgspec.json.decode(cipher.decrypt(sealed, sealed_place(number)), type=Delivery)


async def open_matters(person: Person) -> Mapping[str, int]:
    """Orders that are under way or may still be complained about, cases without an end, invoices not answered."""
    return {
        "invoices": await scalar(
            "SELECT count(*) FROM invoice_request WHERE consumer = $1 AND state = 'requested'", person.number
        ),
        "orders": await scalar(
            "SELECT count(*) FROM customer_order WHERE consumer = $1 AND state <> 'closed' AND earned_at IS NULL",
            person.number,
        ),
        "cases": await scalar(
            "SELECT count(*) FROM after_sales_case c JOIN customer_order o ON o.id = c.order_id"
            f" WHERE o.consumer = $1 AND c.state NOT IN {FINAL}",
            person.number,
        ),
    }


async def erase(person: Person) -> None:
    """Cart and gifts go. Orders are trade records and stay under the number (e-commerce law, article 31)."""
    await execute("DELETE FROM cart_line WHERE consumer = $1", person.number)
    async with transaction():
        given = await rows(
            "SELECT o.number FROM order_gift g JOIN customer_order o ON o.id = g.order_id WHERE o.consumer = $1",
            person.number,
        )
        await forget_gifts([each["number"] for each in given])


def part(cipher: FieldCipher) -> Part:
    """This room's row of the table."""
    return Part("orders", erase, partial(personal_data, cipher), open_matters)


async def forget_deliveries(ended_before: datetime) -> int:
    """Of orders that ended before a day, forget where they went and what was written in their cases.

    Whoever bought: retention is over for everybody. Answers how many orders; a repetition finds none of them.
    """
    forgotten = 0
    while ids := await _forget_some(ended_before):
        forgotten += ids
    return forgotten


async def _forget_some(ended_before: datetime) -> int:
    async with transaction():
        found = await row(
            "SELECT array_agg(id) AS ids FROM (SELECT id FROM customer_order WHERE delivery <> ''"
            " AND COALESCE(earned_at, CASE WHEN state = 'closed' THEN closed_at END) < $1"
            f" AND NOT EXISTS (SELECT 1 FROM after_sales_case c WHERE c.order_id = customer_order.id"
            f" AND c.state NOT IN {FINAL}) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) o",
            ended_before,
            BATCH,
        )
        ids = found["ids"] if found else None
        if not ids:
            return 0
        shown = await rows("SELECT number FROM after_sales_case WHERE order_id = ANY($1::bigint[])", ids)
        await forget_content_of([subject for case in shown for subject in words_of(case["number"]).values()])
        found = await row("SELECT array_agg(number) AS numbers FROM customer_order WHERE id = ANY($1::bigint[])", ids)
        assert found is not None
        await forget_receivers(found["numbers"])
        await forget_gifts(found["numbers"])
        await execute(
            "UPDATE customer_order SET delivery = '', address_mark = NULL, device_mark = NULL"
            " WHERE id = ANY($1::bigint[])",
            ids,
        )
        cases = "SELECT id FROM after_sales_case WHERE order_id = ANY($1::bigint[])"
        await execute(f"UPDATE after_sales_event SET note = NULL WHERE note IS NOT NULL AND case_id IN ({cases})", ids)
        await execute(
            "UPDATE after_sales_case SET reason = '', decision = NULL, return_address = NULL"
            " WHERE order_id = ANY($1::bigint[])",
            ids,
        )
        await execute(
            "UPDATE invoice_request SET sealed = '', reason = CASE WHEN reason IS NOT NULL THEN '' END"
            " WHERE order_id = ANY($1::bigint[])",
            ids,
        )
        await execute(
            "UPDATE invoice_file SET sealed = '' WHERE request_id IN ("
            "SELECT id FROM invoice_request WHERE order_id = ANY($1::bigint[]))",
            ids,
        )
        return len(ids)
