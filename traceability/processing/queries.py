"""Reads of recipes and runs: one SQL statement each."""

from datetime import datetime

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class RecipeCard(msgspec.Struct, frozen=True):
    """A recipe."""

    number: str
    product: str
    inputs: list[str]
    max_yield_bp: int
    document: str
    made_at: datetime


class RunCard(msgspec.Struct, frozen=True):
    """A run: gram taken by lot, the lot it made, and what was lost (less than nothing where something was added)."""

    number: str
    recipe: str
    lot: str
    inputs: dict[str, int]
    output_gram: int
    loss_gram: int
    finished_at: datetime


async def recipes(merchant: str, cursor: str | None, limit: int) -> tuple[list[RecipeCard], str | None]:
    """A merchant's recipes, newest first."""
    found, following = await _page(
        "SELECT id, number, product, inputs::text AS inputs, max_yield_bp, document, made_at FROM recipe"
        " WHERE merchant = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [msgspec.convert(each, RecipeCard) for each in found], following


async def runs(merchant: str, cursor: str | None, limit: int) -> tuple[list[RunCard], str | None]:
    """A merchant's runs, newest first."""
    found, following = await _page(
        "SELECT u.id, u.number, r.number AS recipe, l.number AS lot, l.input_gram AS output_gram,"
        " i.gram - l.input_gram AS loss_gram, u.finished_at, i.inputs FROM process_run u"
        " JOIN recipe r ON r.id = u.recipe_id JOIN lot l ON l.id = u.lot_id,"
        " LATERAL (SELECT jsonb_object_agg(f.number, p.mass_gram)::text AS inputs, sum(p.mass_gram)::bigint AS gram"
        " FROM process_input p JOIN lot f ON f.id = p.lot_id WHERE p.run_id = u.id) i"
        " WHERE r.merchant = $1 AND u.id < $2 ORDER BY u.id DESC LIMIT $3",
        merchant,
        cursor,
        limit,
    )
    return [msgspec.convert(each, RunCard) for each in found], following


async def _page(
    statement: str, merchant: str, cursor: str | None, limit: int
) -> tuple[list[dict[str, object]], str | None]:
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(statement, merchant, before, limit + 1)
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [{**each, "inputs": msgspec.json.decode(each["inputs"])} for each in found[:limit]], following
