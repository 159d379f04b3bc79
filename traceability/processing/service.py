"""Writing recipes, and running them."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from products.dossiers import product_dossier
from traceability.errors import (
    LotOfAnotherProduct,
    LotUnknown,
    RecipeInvalid,
    RecipeUnknown,
    RunInvalid,
    YieldExceeded,
)
from traceability.events import LotWasSealed, ProcessRunFinished
from traceability.lots import LotNotes, Lots
from traceability.models import LotKind
from traceability.processing.models import ProcessRun, Recipe
from traceability.processing.shares import Consumed, inherited
from traceability.queries import weights_of
from traceability.service import MAX_GRAM

BASIS_POINTS = 10_000
MAX_YIELD_BP = 100_000
MAX_INPUTS = 50


class RecipeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipe says: at most ``max_yield_bp`` of the mass of ``inputs`` comes out as ``product``."""

    product: str
    inputs: list[str]
    max_yield_bp: int
    document: str


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run: gram taken by lot, gram that came out, and when."""

    recipe: str
    inputs: dict[str, int]
    output_gram: int
    finished_at: datetime


@dataclass(frozen=True)
class Processing:
    """A merchant's recipes and runs."""

    clock: Clock = utc_now

    async def write_recipe(self, merchant: str, terms: RecipeTerms, by: str) -> str:
        """Put a recipe on record; answers its number. Raises :class:`RecipeInvalid` and ProductUnknown."""
        inputs = sorted(set(terms.inputs))
        if not 0 < len(inputs) <= MAX_INPUTS or not 0 < terms.max_yield_bp <= MAX_YIELD_BP:
            raise RecipeInvalid()
        for product in [terms.product, *inputs]:
            await product_dossier(product, merchant)
        recipe = await Recipe.create(
            number=public_number(self.clock(), "R"),
            merchant=merchant,
            product=terms.product,
            inputs=inputs,
            max_yield_bp=terms.max_yield_bp,
            document=terms.document,
            made_by=by,
            made_at=self.clock(),
        )
        return recipe.number

    async def finish(self, merchant: str, outcome: RunOutcome, notes: LotNotes, by: str) -> str:
        """Write down a finished run and the sealed lot that it made, whose number it answers.

        What was consumed leaves its lots as what lines take does, and never more than they have. The new lot inherits
        their shares by the mass that was consumed of each, exactly; a loss changes no proportion. Raises
        :class:`RecipeUnknown`, :class:`RunInvalid`, :class:`YieldExceeded`, :class:`LotInvalid` and the refusals of
        :meth:`Lots.take`.
        """
        if (
            not 0 < len(outcome.inputs) <= MAX_INPUTS
            or any(not 0 < gram <= MAX_GRAM for gram in outcome.inputs.values())
            or outcome.finished_at > self.clock()
        ):
            raise RunInvalid()
        async with transaction():
            recipe = await row(
                "SELECT id, product, inputs::text AS inputs, max_yield_bp FROM recipe"
                " WHERE number = $1 AND merchant = $2",
                outcome.recipe,
                merchant,
            )
            if recipe is None:
                raise RecipeUnknown(recipe=outcome.recipe)
            most = sum(outcome.inputs.values()) * recipe["max_yield_bp"] // BASIS_POINTS
            if outcome.output_gram > most:
                raise YieldExceeded(output_gram=outcome.output_gram, most_gram=most)
            taken = await self._take(merchant, recipe, outcome)
            lots = Lots(self.clock)
            number = await lots.make(merchant, recipe["product"], outcome.output_gram, (), by, LotKind.PROCESSED, notes)
            lot_id = await scalar("SELECT id FROM lot WHERE number = $1", number)
            await self._inherit(lot_id, taken)
            await self._write(lot_id, recipe, taken, outcome, by)
            await self._seal(lot_id, number, merchant, recipe["product"], outcome, by)
        return number

    async def _take(self, merchant: str, recipe: Row, outcome: RunOutcome) -> dict[int, int]:
        """Gram taken by lot id; lots are taken from in the order of their numbers."""
        found = await rows(
            "SELECT number, product FROM lot WHERE merchant = $1 AND number = ANY($2)", merchant, list(outcome.inputs)
        )
        products = {lot["number"]: lot["product"] for lot in found}
        allowed = msgspec.json.decode(recipe["inputs"], type=frozenset[str])
        lots, taken = Lots(self.clock), dict[int, int]()
        await lots.hold(merchant, outcome.inputs)
        for number, gram in sorted(outcome.inputs.items()):
            if number not in products:
                raise LotUnknown(lot=number)
            if products[number] not in allowed:
                raise LotOfAnotherProduct(lot=number)
            taken[await lots.take(number, products[number], merchant, gram, 1, outcome.finished_at)] = gram
        return taken

    async def _inherit(self, lot_id: int, taken: dict[int, int]) -> None:
        weights = await weights_of(list(taken))
        shares = inherited([Consumed(gram, weights[parent]) for parent, gram in taken.items()])
        await execute(
            "INSERT INTO inherited_share (lot_id, intake_id, supplier_id, weight)"
            " SELECT $1, i.id, i.supplier_id, w.weight::numeric"
            " FROM unnest($2::bigint[], $3::text[]) AS w(intake, weight) JOIN intake i ON i.id = w.intake",
            lot_id,
            list(shares),
            [str(weight) for weight in shares.values()],
        )

    async def _write(self, lot_id: int, recipe: Row, taken: dict[int, int], outcome: RunOutcome, by: str) -> None:
        run = await ProcessRun.create(
            number=public_number(self.clock(), "B"),
            recipe_id=recipe["id"],
            lot_id=lot_id,
            finished_at=outcome.finished_at,
            made_by=by,
            made_at=self.clock(),
        )
        await execute(
            "INSERT INTO process_input (run_id, lot_id, mass_gram)"
            " SELECT $1, * FROM unnest($2::bigint[], $3::bigint[])",
            run.id,
            list(taken),
            list(taken.values()),
        )

    async def _seal(self, lot_id: int, number: str, merchant: str, product: str, outcome: RunOutcome, by: str) -> None:
        now = self.clock()
        await execute("UPDATE lot SET sealed_at = $2, sealed_by = $3 WHERE id = $1", lot_id, now, by)
        await announce(
            LotWasSealed(lot=number, merchant=merchant, product=product, input_gram=outcome.output_gram, sealed_at=now)
        )
        await announce(
            ProcessRunFinished(
                lot=number,
                merchant=merchant,
                product=product,
                inputs=outcome.inputs,
                output_gram=outcome.output_gram,
                finished_at=outcome.finished_at,
            )
        )
