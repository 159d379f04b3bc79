"""Keeps the words of every product in step with its texts."""

import asyncio

from kit.database import execute, joined, row, rows
from products.search_words import fold, words_of

GENERATION = 512
"""So many products, by their ids, have a word in common: by it an index finds the newest of any number of matches."""

MOST_SCORED = 1000
ENOUGH = 200

# A word that fits a great part of the catalogue is looked for among the newest first; only when few are found there,
# among all. Whatever it fits, no more than the newest generations and a thousand others are scored.
MATCHES = f"""
WITH recent AS MATERIALIZED (
  SELECT w.product_id, {{rank}} AS rank FROM search_entry w WHERE w.words @@ ({{words}} && (
         SELECT string_agg(quote_literal('~' || g), ' | ') FROM (SELECT max(product_id) / {GENERATION} AS top
           FROM search_entry) t CROSS JOIN LATERAL generate_series(GREATEST(t.top - 1, 0), t.top) g)::tsquery)
   LIMIT {MOST_SCORED + GENERATION}),
others AS MATERIALIZED (
  SELECT w.product_id, {{rank}} AS rank FROM search_entry w
   WHERE (SELECT count(*) FROM recent) < {ENOUGH} AND w.words @@ {{words}} LIMIT {MOST_SCORED})
SELECT * FROM recent UNION SELECT * FROM others"""
ALL_MATCHES = "SELECT w.product_id, {rank} AS rank FROM search_entry w WHERE w.words @@ {words}"

_TEXTS = """
SELECT p.id, p.title, concat_ws(chr(31), p.title, p.subtitle, c.name, a.name, m.name, d.name, (
       SELECT string_agg(s.spec, chr(31) ORDER BY s.position, s.id) FROM sku s WHERE s.product_id = p.id AND s.active))
       AS source
  FROM product p
  JOIN merchant m ON m.id = p.merchant_id
  JOIN division d ON d.code = p.township_id
  LEFT JOIN category c ON c.id = p.category_id
  LEFT JOIN category a ON a.id = c.parent_id"""


async def index_product(product_id: int) -> None:
    """Write the words of a product, in the transaction that changes its texts."""
    found = await row(f"{_TEXTS} WHERE p.id = $1", product_id)
    if found is not None:
        await _write(found["id"], found["title"], found["source"])


async def index_again(limit: int = 500) -> int:
    """Products whose merchant, category or township is called otherwise by now; answers how many were written."""
    found = await rows(
        f"SELECT t.* FROM ({_TEXTS}) t LEFT JOIN search_entry e ON e.product_id = t.id"
        " WHERE e.source IS DISTINCT FROM t.source ORDER BY t.id LIMIT $1",
        limit,
    )
    for each in found:
        await _write(each["id"], each["title"], each["source"])
    return len(found)


async def _write(product_id: int, title: str, source: str) -> None:
    words = await asyncio.to_thread(words_of, source.split("\x1f"))
    async with joined():
        await execute(
            "INSERT INTO search_entry (product_id, source, title, words)"
            " VALUES ($1, $2, $3, array_to_tsvector($4::text[]))"
            " ON CONFLICT (product_id) DO UPDATE SET source = excluded.source, title = excluded.title,"
            " words = excluded.words",
            product_id,
            source,
            fold(title)[:120],
            [*words.all, f"~{product_id // GENERATION}"],
        )
        # In the order of the words: two writers with words in common never wait for each other in a circle.
        await execute(
            "INSERT INTO search_word (word) SELECT w FROM unnest($1::text[]) w"
            " WHERE NOT EXISTS (SELECT 1 FROM search_word k WHERE k.word = w) ORDER BY w ON CONFLICT DO NOTHING",
            words.spelled,
        )


async def guesses(letters: list[str]) -> list[list[str]]:
    """For each mistyped word the known ones that look most like it, at most five. One query."""
    found = await rows(
        "SELECT q.place, w.word FROM unnest($1::text[]) WITH ORDINALITY q (typed, place) CROSS JOIN LATERAL ("
        " SELECT word FROM search_word WHERE typed <> '' AND word % typed"
        " ORDER BY similarity(word, typed) DESC, word LIMIT 5) w",
        letters,
    )
    guessed: list[list[str]] = [[] for _ in letters]
    for each in found:
        guessed[each["place"] - 1].append(each["word"])
    return guessed
