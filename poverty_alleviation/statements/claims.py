"""What a statement says of claims on a household: what was claimed, what was set off, and what is left, step by step.

What was set off is no income and stands in no total (decision 0063).
"""

from collections import defaultdict
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from kit.database import rows
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.statements.quarters import months_of, quarter_span


class ClaimStepKind(StrEnum):
    """What happened to a claim. ``carried_over``: nothing yet, so much was left of it when the quarter began."""

    CARRIED_OVER = "carried_over"
    CLAIMED = "claimed"
    SET_OFF = "set_off"
    TAKEN_BACK = "taken_back"


class ClaimStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a claim, in fen; ``left_fen`` is what the household owes of it after that.

    ``taken_back``: the claim was wrong, and what had been set off is due to the household again.
    """

    claim: str
    fault: ClawbackFault
    kind: ClaimStepKind
    day: date
    amount_fen: int
    left_fen: int


_MOVES = """
SELECT h.code AS household, c.number AS claim, c.fault, coalesce(o.source_type, j.source_type) AS about,
       j.reverses_id IS NOT NULL AS is_taken_back, j.period, (j.booked_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
       sum(p.amount_fen)::bigint AS amount_fen
  FROM clawback c
  JOIN household h ON h.id = c.household_id
  JOIN ledger_account a ON a.owner = h.code AND a.code = '2101' AND a.state = 'clawback'
  JOIN ledger_posting p ON p.account_id = a.id
  JOIN ledger_journal j ON j.id = p.journal_id
  LEFT JOIN ledger_journal o ON o.id = j.reverses_id
 WHERE h.township = $1 AND h.village = $2 AND j.period <= $3
   AND split_part(coalesce(o.source_id, j.source_id), ':', 1) = c.number
 GROUP BY h.id, c.id, j.id, o.id ORDER BY h.code, c.id, j.period, j.id"""


async def village_claims(township: str, village: str, quarter: str) -> dict[str, list[ClaimStep]]:
    """The steps of a quarter's months by household, claim after claim; a claim of which nothing was left is over.

    The caller holds the vault. Raises ``QuarterInvalid``.
    """
    months, (first, _) = months_of(quarter), quarter_span(quarter)
    by_claim: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for move in await rows(_MOVES, township, village, months[-1]):
        by_claim[move["household"], move["claim"]].append(move)
    steps: dict[str, list[ClaimStep]] = defaultdict(list)
    for (household, _), moves in by_claim.items():
        steps[household] += _steps(moves, first)
    return {household: of for household, of in steps.items() if of}


def _steps(moves: list[dict[str, Any]], first: date) -> list[ClaimStep]:
    """The steps of one claim from the first day of a quarter on."""
    earlier = [move for move in moves if move["period"] < first.isoformat()[:7]]
    left = sum(move["amount_fen"] for move in earlier)
    of = {"claim": moves[0]["claim"], "fault": moves[0]["fault"]}
    told = [of | {"kind": "carried_over", "day": first, "amount_fen": left, "left_fen": left}] if left else []
    for move in moves[len(earlier) :]:
        left += move["amount_fen"]
        if (kind := _KINDS.get((move["about"], move["is_taken_back"]))) is not None:
            told.append(
                of | {"kind": kind, "day": move["day"], "amount_fen": abs(move["amount_fen"]), "left_fen": left}
            )
    return [msgspec.convert(each, ClaimStep) for each in told]


# What was set off comes back in the same correction as its claim, before it: the claim's own reversal tells of both.
_KINDS = {
    (CLAWBACK, False): ClaimStepKind.CLAIMED,
    (CLAWBACK_OFFSET, False): ClaimStepKind.SET_OFF,
    (CLAWBACK, True): ClaimStepKind.TAKEN_BACK,
}
