"""No answer about a household is kept with an idempotency claim, which lies beside the shop's (decision 0061)."""

import msgspec

from console_api import door
from server.app import load_doors

SAYS_NOTHING = frozenset(
    {
        "number", "rule", "version", "issued", "confirmed", "held", "paid", "failed", "dry_run", "row_count",
        "households_entered", "households_known", "members_entered", "members_known", "members_of_age",
        "members_not_listed", "incomes", "repeated", "problem_count", "problems", "stage",
    }
)  # fmt: skip
"""Members of an answer that may be kept: opaque numbers of ours, counts, problems, which name row and column, and how
far a file has come."""


def test_routes_of_the_poverty_office_keep_the_number_of_what_they_made() -> None:
    """Fails when a route answers a card of its own: tried with payouts."""
    load_doors()
    keyed = [e for e in door.endpoints if e.path.startswith(f"{door.prefix}/poverty/") and e.key_argument]
    assert len(keyed) > 5
    for endpoint in keyed:
        if endpoint.answer is None and endpoint.returns is not type(None):
            kept = {each.name for each in msgspec.structs.fields(endpoint.returns)}
            assert kept <= SAYS_NOTHING, f"{endpoint.name} keeps its answer: let it answer what it has Made"
