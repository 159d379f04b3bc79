"""The lists of the shop window: filters, sorts and search, in one statement put together from constants alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from kit.clock import china_day, utc_now
from kit.database import Row, rows
from kit.paging import CursorInvalid, read_cursor, write_cursor
from products.catalogue_models import CertificateKind, ProductClass
from products.queries import BRANDED, MARKS, ON_SALE, RECOGNISED, marks_of
from products.search import ALL_MATCHES, MATCHES, guesses
from products.search_words import Search, corrected, search_of
from products.selling import AVAILABLE, HOLDS, IN_STOCK, PRICE_FROM

_LIMITS = (21, 51, 101)
"""LIMIT is written into the statement: the planner must know that only a page is wanted."""


class Sort(StrEnum):
    """The order of a list; relevance needs a text."""

    NEWEST = "newest"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    SALES = "sales"
    RELEVANCE = "relevance"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which products to list, and in which order; relevance when there is a text and nothing else is said."""

    text: str | None = None
    township: str | None = None
    category: str | None = None
    product_class: ProductClass | None = None
    mark: str | None = None
    certificate: CertificateKind | None = None
    price_from_fen: int | None = None
    price_to_fen: int | None = None
    in_stock: bool = False
    sort: Sort | None = None


class ProductCard(msgspec.Struct):
    """A product in a list: the lowest price of its SKUs now, and the marks that it may carry today.

    While ``on_offer`` a flash offer of one of its SKUs runs. What is booked by the day has the lowest price of its free
    days, and ``available`` are the places of all of them. ``sold`` is counted within a minute.
    """

    code: str
    title: str
    subtitle: str
    image: str
    merchant_name: str
    township: str
    township_name: str
    category: str
    product_class: str
    price_from_fen: int
    available: int
    on_offer: bool
    sold: int
    marks: list[str]


class _Key(msgspec.Struct, array_like=True):
    sort: Sort
    value: Annotated[int, msgspec.Meta(ge=0, le=10**16)]
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    guessed: bool


CARD = f"""e.product_id, e.listed_at, e.price_from_fen, e.sold, p.code, p.title, p.subtitle, p.image,
       m.name AS merchant_name, e.township, d.name AS township_name, g.code AS category, g.product_class,
       {PRICE_FROM} AS shown_fen, {AVAILABLE} AS available, e.on_offer,
       {BRANDED} AS branded, {RECOGNISED} AS recognised"""
SHELF = """catalogue_entry e
  JOIN product p ON p.id = e.product_id
  JOIN merchant m ON m.id = p.merchant_id
  JOIN division d ON d.code = p.township_id
  JOIN category g ON g.id = p.category_id"""

# What to sort by, and whether it goes down. The product's id ends every order, so no two rows are equal.
_ORDERS = {
    Sort.NEWEST: ("e.listed_at", "DESC"),
    Sort.PRICE_UP: ("e.price_from_fen", "ASC"),
    Sort.PRICE_DOWN: ("e.price_from_fen", "DESC"),
    Sort.SALES: ("e.sold", "DESC"),
    Sort.RELEVANCE: ("CASE strpos(w.title, {}) WHEN 0 THEN 1 WHEN 1 THEN 3 ELSE 2 END", "DESC"),
}
_CERTIFIED = (
    "EXISTS (SELECT 1 FROM product_certificate f WHERE f.product_id = p.id AND f.state = 'accepted'"
    " AND f.kind = {} AND $1 BETWEEN f.valid_from AND f.valid_until)"
)
_IN_CATEGORY = (
    "e.category_id = ANY (ARRAY(SELECT c.id FROM category c LEFT JOIN category a ON a.id = c.parent_id"
    " LEFT JOIN category r ON r.id = c.root_id WHERE {} IN (c.code, a.code, r.code)))"
)


async def product_cards(
    cursor: str | None = None, limit: int = 20, wanted: Wanted | None = None, now: datetime | None = None
) -> tuple[list[ProductCard], str | None]:
    """Products on sale, and the cursor of the next page. One query; three when a word looks mistyped.

    Raises :class:`kit.paging.CursorInvalid`, also for a cursor of another order.
    """
    wanted = wanted or Wanted()
    search = search_of(wanted.text) if wanted.text is not None else None
    if wanted.text is not None and search is None:
        return [], None
    sort = wanted.sort or (Sort.RELEVANCE if search else Sort.NEWEST)
    if sort is Sort.RELEVANCE and search is None:
        sort = Sort.NEWEST
    after = read_cursor(cursor, _Key) if cursor else None
    if after is not None and after.sort is not sort:
        raise CursorInvalid()
    moment, guessed = now or utc_now(), after is not None and after.guessed
    if search is not None and guessed:
        search = corrected(search, await guesses(search.letters))
    found = await _page(wanted, search, sort, after, limit, moment)
    if not found and search is not None and after is None and any(search.letters):
        words = await guesses(search.letters)
        if any(words):
            guessed = True
            found = await _page(wanted, corrected(search, words), sort, None, limit, moment)
    page = [card_of(r) for r in found[:limit]]
    if len(found) <= limit:
        return page, None
    last = found[limit - 1]
    return page, write_cursor(sort.value, _sort_value(sort, last), last["product_id"], guessed)


async def _page(
    wanted: Wanted, search: Search | None, sort: Sort, after: _Key | None, limit: int, moment: datetime
) -> list[Row]:
    """Up to ``limit + 1`` rows or a few more. No text of a client becomes part of the statement."""
    parameters: list[object] = [china_day(moment), moment]

    def given(value: object, kind: str) -> str:
        parameters.append(value)
        return f"${len(parameters)}::{kind}"

    conditions, rank, scored = [HOLDS, ON_SALE], "", ""
    if search is not None:
        folded = given(search.folded, "text")
        words = given(search.tsquery, "tsquery")
        # A filter may leave little of what is newest, so with one every match counts.
        matches = ALL_MATCHES if msgspec.structs.replace(wanted, text=None, sort=None) != Wanted() else MATCHES
        scored = matches.format(rank=_ORDERS[Sort.RELEVANCE][0].format(folded), words=words)
        if sort is not Sort.RELEVANCE:
            scored = (
                f"SELECT e.product_id, {_ORDERS[sort][0]} AS rank FROM ({scored}) m"
                f" JOIN catalogue_entry e ON e.product_id = m.product_id AND {HOLDS}"
            )
        rank = "w.rank"
        conditions.append("e.product_id = w.product_id")
    conditions += _filters(wanted, given)
    key, direction = (rank or _ORDERS[sort][0], _ORDERS[sort][1])
    if after is not None:
        value, kind = _cursor_value(sort, after.value)
        beyond = "<" if direction == "DESC" else ">"
        conditions.append(f"({key}, e.product_id) {beyond} ({given(value, kind)}, {given(after.id, 'bigint')})")
    rows_wanted = next(size for size in _LIMITS if size > limit)
    page = f"SELECT {CARD}, {rank or 0} AS rank FROM {SHELF} WHERE {' AND '.join(conditions)}"
    if scored:
        # One after the other in their order, until the page is full; LIMIT 1 keeps the planner from joining them all.
        page = (
            f"SELECT z.* FROM ({scored} ORDER BY 2 {direction}, 1 {direction}) w CROSS JOIN LATERAL ({page} LIMIT 1) z"
        )
        order = f"w.rank {direction}, w.product_id {direction}"
    else:
        order = f"{key} {direction}, e.product_id {direction}"
    return await rows(f"{page} ORDER BY {order} LIMIT {rows_wanted}", *parameters)


def _filters(wanted: Wanted, given: Callable[[object, str], str]) -> list[str]:
    """What a list is narrowed to, as conditions over values that are ``given``."""
    conditions = []
    if wanted.township is not None:
        conditions.append(f"e.township = {given(wanted.township, 'text')}")
    if wanted.category is not None:
        conditions.append(_IN_CATEGORY.format(given(wanted.category, "text")))
    if wanted.product_class is not None:
        conditions.append(f"g.product_class = {given(wanted.product_class.value, 'text')}")
    if wanted.mark is not None:
        conditions.append(MARKS[wanted.mark])
    if wanted.certificate is not None:
        conditions.append(_CERTIFIED.format(given(wanted.certificate.value, "text")))
    if wanted.price_from_fen is not None:
        conditions.append(f"e.price_from_fen >= {given(wanted.price_from_fen, 'bigint')}")
    if wanted.price_to_fen is not None:
        conditions.append(f"e.price_from_fen <= {given(wanted.price_to_fen, 'bigint')}")
    if wanted.in_stock:
        conditions.append(IN_STOCK)
    return conditions


def card_of(found: Row) -> ProductCard:
    """A row of :data:`CARD` as a card."""
    return ProductCard(
        found["code"],
        found["title"],
        found["subtitle"],
        found["image"],
        found["merchant_name"],
        found["township"],
        found["township_name"],
        found["category"],
        found["product_class"],
        found["shown_fen"],
        found["available"],
        found["on_offer"],
        found["sold"],
        marks_of(found["branded"], found["recognised"]),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _sort_value(sort: Sort, last: Row) -> int:
    if sort is Sort.NEWEST:
        return int((last["listed_at"] - _EPOCH) // timedelta(microseconds=1))
    column = {Sort.SALES: "sold", Sort.RELEVANCE: "rank"}.get(sort, "price_from_fen")
    return int(last[column])


def _cursor_value(sort: Sort, value: int) -> tuple[Any, str]:
    if sort is Sort.NEWEST:
        return _EPOCH + timedelta(microseconds=value), "timestamptz"
    return value, "bigint"
