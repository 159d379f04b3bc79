"""What a merchant makes of its lots."""

import msgspec

from accounts.actors import MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.processing.schemas import (
    ProcessingQuery,
    RecipeInput,
    RecipesView,
    RecipeWrittenView,
    RunInput,
    RunsView,
)
from console_api.traceability.schemas import LotView
from traceability.lots import LotNotes
from traceability.processing.queries import recipes, runs
from traceability.processing.service import Processing, RecipeTerms, RunOutcome
from traceability.queries import lot


@door.post("/recipes")
async def write_recipe(
    actor: MerchantClerk, body: RecipeInput, key: IdempotencyKey, processing: Processing
) -> RecipeWrittenView:
    """登记加工工艺：投料产品、产出产品与最高得率；工艺不改，另有做法另行登记。"""
    terms = msgspec.convert(body, RecipeTerms, from_attributes=True)
    return RecipeWrittenView(await processing.write_recipe(actor.merchant, terms, actor.caller))


@door.get("/recipes")
async def list_recipes(actor: MerchantClerk, query: ProcessingQuery) -> RecipesView:
    """本商户的加工工艺，最新在前。"""
    return RecipesView(*await recipes(actor.merchant, query.cursor, query.limit))


@door.post("/process-runs")
async def finish_process_run(
    actor: MerchantClerk, body: RunInput, key: IdempotencyKey, processing: Processing
) -> LotView:
    """登记一次加工：从批次领料，产出一个已封存的新批次，供货份额按领料重量精确继承。"""
    outcome = msgspec.convert(body, RunOutcome, from_attributes=True)
    notes = msgspec.convert(body, LotNotes, from_attributes=True)
    number = await processing.finish(actor.merchant, outcome, notes, actor.caller)
    return LotView(*await lot(actor.merchant, number))


@door.get("/process-runs")
async def list_process_runs(actor: MerchantClerk, query: ProcessingQuery) -> RunsView:
    """本商户的加工记录与损耗，最新在前。"""
    return RunsView(*await runs(actor.merchant, query.cursor, query.limit))
