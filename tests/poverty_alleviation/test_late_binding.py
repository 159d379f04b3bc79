"""A line that was packed without a lot has its lots afterwards: the books end as if it had had them all along."""

import itertools
import random
from datetime import date, timedelta
from typing import Any

import pytest

from kit.database import rows
from kit.facts import Fact
from ledger.queries import unbalanced_journals
from poverty_alleviation.allocation import LINE_KINDS, IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contract_cards import contract_card
from poverty_alleviation.contracts import RuleTerms
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.payouts import due
from tests.poverty_alleviation.conftest import OFFICER, SOURCE, County, balances
from tests.poverty_alleviation.test_books_of_sales import SUGAR, named


async def test_the_worked_vector_bound_late_moves_exactly_from_2109(county: County) -> None:
    """Packed, shipped and earned without a lot, one jar refunded, then bound: the same figures as ever."""
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid(), county.packed(), county.earned(), county.refunded(1, 2, 7_314))
    assert named(county, await balances()) == {("1101", "wechat", ""): 7_314, ("2109", "M", ""): -7_314}
    await county.bind({lot: 2})
    assigned = county.assigned()
    await county.tell(assigned, assigned)
    assert named(county, await balances()) == {
        ("1101", "wechat", ""): 7_314,
        ("2101", "H1", "earned"): -581,
        ("2101", "H2", "earned"): -465,
        ("2102", "N1", "earned"): -300,
        ("2104", "live", "earned"): -585,
        ("2103", "M", "earned"): -5_383,
        ("9101", "H1", "earned"): -3_048,
        ("9101", "H2", "earned"): -2_438,
        ("9100", "M", ""): 5_486,
    }
    moved = await rows("SELECT id FROM ledger_journal WHERE source_type = 'orders.lots_assigned'")
    assert len(moved) == 1
    assert await unbalanced_journals() == 0
    await county.tell(county.refunded(2, 0, 0))
    assert await balances() == {}


async def test_links_statuses_and_rules_are_those_of_the_day_of_packing(county: County) -> None:
    """Three days on H1 is cancelled, H2 stands for nobody, N1 is registered, a rule has doubled: none of it counts."""
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid(), county.packed())
    county.now += timedelta(days=3)
    today = date(2026, 11, 26)
    await county.registry.decide("示例H1", AssistanceStatus.CANCELLED, today, "示例文件9号", OFFICER)
    await county.registry.unlink("示例H2", county.suppliers["H2"], today)
    await county.register("N1", since=today)
    (terms,) = [r for r in (await contract_card(county.contract)).rules if r.kind == "per_unit"]
    doubled = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind.PER_UNIT,
        rate=2400,
        scope=RuleScope.ALL_SUPPLIERS,
        category=IncomeCategory.PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=today,
    )
    await county.contracts.change_rule(county.contract, terms.rule, doubled, OFFICER)
    await county.approve_rule(terms.rule)
    await county.bind({lot: 3})
    await county.tell(county.assigned())
    found = named(county, await balances())
    assert [found["2101", name, "accrued"] for name in ("H1", "H2")] == [-872, -697]
    assert found["2102", "N1", "accrued"] == -450


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_the_facts_of_a_late_binding_may_come_in_any_order_and_again(
    county: County, order: tuple[int, ...]
) -> None:
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid())
    await county.bind({lot: 2})
    facts: list[Fact] = [county.packed(), county.earned(), county.refunded(1, 2, 7_314), county.assigned()]
    await county.tell(*(facts[i] for i in order), *(facts[i] for i in order))
    found = named(county, await balances())
    assert found["2101", "H1", "earned"] == -581
    assert found["2103", "M", "earned"] == -5_383
    assert ("2109", "M", "") not in found


async def test_packing_told_again_re_bases_nothing(county: County) -> None:
    """What is bound afterwards moves by its own fact, with its own moment and its reason on record."""
    lot = await county.sealed_lot(SUGAR)
    await county.tell(county.paid(), county.packed())
    await county.bind({lot: 3})
    await county.tell(county.packed(), county.packed())
    assert named(county, await balances())["2109", "M", ""] == -10_970
    await county.tell(county.assigned())
    assert ("2109", "M", "") not in named(county, await balances())


async def test_what_is_bound_late_is_paid_out_with_the_next_list_and_refunded_as_ever(county: County) -> None:
    """H1 has been paid for one order when the other gets its lots; a refund after that payout is the reserve's."""
    lot = await county.sealed_lot(SUGAR)
    for order in ("O1", "O2"):
        await county.tell(county.paid(order))
    await county.bind({lot: 3}, "O1")
    for order in ("O1", "O2"):
        await county.tell(county.packed(order), county.earned(order))
    await county.payouts.record("示例H1", county.merchant, 872, "示例回单1", date(2026, 11, 24), OFFICER)
    await county.bind({lot: 3}, "O2")
    await county.tell(county.assigned("O2"))
    assert {owed.household: owed.amount_fen for owed in await due()} == {"示例H1": 872, "示例H2": 2 * 697}
    await county.payouts.record("示例H1", county.merchant, 872, "示例回单2", date(2026, 11, 25), OFFICER)
    await county.tell(county.refunded(1, 0, 0, order="O2", quantity=3), county.assigned("O2"))
    found = named(county, await balances())
    assert (found["2101", "H1", "paid"], found["2101", "H2", "earned"]) == (-2 * 872, -697)
    assert found["2107", "M", ""] == 872


@pytest.mark.parametrize("seed", range(16))
async def test_binding_at_any_moment_ends_in_the_books_of_binding_at_packing(county: County, seed: int) -> None:
    """Two lines live the same life; one has its lots at packing, the other at a random moment of it.

    Refunds go by threes, so that the pieces that are left can be taken from the two lots in the proportion that the
    earlier line took them in. Whatever happens after the binding happens to both.
    """
    dice = random.Random(seed)
    lots = [
        await county.sealed_lot({name: dice.randrange(20_000, 90_000) for name in names})
        for names in (("H1", "H2", "N1"), ("N1", "H1"))
    ]
    await county.add_rule(dice.choice(LINE_KINDS), dice.randrange(1, 900), dice.choice(list(RuleScope)))
    triples, net = dice.randrange(2, 5), dice.randrange(0, 40_000)
    source, mass = dice.choice([SOURCE, None]), dice.randrange(1, 700)
    for order in ("EARLY", "LATE"):
        await county.tell(county.paid(order, net_fen=net, quantity=triples * 3, source=source, mass_gram=mass))
    await county.bind({lots[0]: triples * 2, lots[1]: triples}, "EARLY", mass)
    await county.tell(county.packed("EARLY"), county.packed("LATE"))
    steps = ["earn", *["refund"] * dice.randrange(0, triples), "bind"]
    dice.shuffle(steps)
    refunds = 0
    for step in steps:
        if step == "bind":
            await county.bind({lots[0]: triples * 2, lots[1]: triples}, "LATE", mass)
            await county.tell(county.assigned("LATE"))
        elif step == "earn":
            await county.tell(county.earned("EARLY"), county.earned("LATE"))
        else:
            triples, net, refunds = triples - 1, dice.randrange(0, net + 1), refunds + 1
            for order in ("EARLY", "LATE"):
                await county.tell(county.refunded(refunds, triples * 3, net, order=order))
        assert await unbalanced_journals() == 0
    early, late = await standing("EARLY"), await standing("LATE")
    assert early
    assert late == early
    for order in ("EARLY", "LATE"):
        await county.tell(county.refunded(refunds + 1, 0, 0, order=order))
    assert await balances() == {}


async def standing(order: str) -> list[dict[str, Any]]:
    """What stands for a line by account, rule and contribution."""
    return await rows(
        "SELECT a.code, a.owner, a.state, a.category, p.rule, p.contribution, sum(p.amount_fen)::bigint AS fen"
        " FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id WHERE p.subject = $1"
        " GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(p.amount_fen) <> 0 ORDER BY 1, 2, 3, 4, 5, 6",
        f"{order}-1",
    )
