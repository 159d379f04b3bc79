"""Contracts name real parties of one chain, and nothing of them holds before a second account has approved it."""

import asyncio
from datetime import date, timedelta

import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows, scalar
from ledger.errors import SecondPersonNeeded
from payments.events import PaymentSettled
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contract_cards import contract_card, contract_cards
from poverty_alleviation.contracts import RuleTerms
from poverty_alleviation.errors import (
    ContractInvalid,
    ContractNotMovable,
    PartyUnknown,
    RuleInvalid,
    RulePending,
    RuleUnknown,
)
from poverty_alleviation.mechanisms import MECHANISMS, Mechanism, Recognition
from poverty_alleviation.models import (
    CONTRACT_TRANSITIONS,
    RULE_TRANSITIONS,
    ChainTemplate,
    ContractState,
    RuleState,
)
from tests.poverty_alleviation.conftest import CHANNEL, OFFICER, SECOND, County, balances
from tests.poverty_alleviation.test_books_of_sales import announced, named
from tests.products.shelf import TOWNSHIP, VILLAGE, approved_merchant
from traceability.models import IntakeMode

ALL, REGISTERED = RuleScope.ALL_SUPPLIERS, RuleScope.REGISTERED_ONLY
PRODUCTION, TRANSFER = IncomeCategory.PRODUCTION, IncomeCategory.TRANSFER


async def test_a_household_that_joins_late_and_every_rule_of_a_line(county: County) -> None:
    """A vector of our own: paid at the scale and on consignment, two channels, fees, a neighbour who joins on day two.

    Rules: A 12.00/kg to all, B 2 % to registered households, C 0.95 per piece to all, D 1.50 per order line to
    registered households, E 11.50/kg at the scale. Lot of 60 kg: H1 20 kg and N1 10 kg paid at the scale = 230.00 and
    115.00; N1 30 kg on consignment, so half of the lot shares in sales. On the first day N1 is nobody's: the 115.00
    stand on 2102.

    O1, first day, live in the mini-program: 3 jars of 500 g, net 109.70. A 1.5 kg × 1/2 × 12.00 = 9.00; C 3 × 0.95 ×
    1/2 = 1.425 -> 1.42; B and D nothing, nobody registered is inside; host 8 % = 8.776 -> 8.77; merchant 109.70 − 9.00
    − 1.42 − 8.77 = 90.51. Attributed to H1: 109.70 × 20/60 = 36.567 -> 36.57 (largest remainder).

    N1 joins on the second day. O2, then, at the display centre, no host: 2 jars, net 79.80. A 6.00, B 2 % of 39.90 =
    0.798 -> 0.79, C 0.95, D 1.50 × 1/2 = 0.75, all to the household: 8.49; merchant 71.31. Attributed: H1 26.60, N1
    53.20 (both deliveries).

    A jar of each goes back. O1 leaves 73.14: A 6.00, C 0.95, host 5.8512 -> 5.85, merchant 60.34; H1 24.38. O2 leaves
    39.90: A 3.00, B 0.399 -> 0.39, C 0.475 -> 0.47, D 0.75 whole, together 4.61; merchant 35.29; H1 13.30, N1 26.60.

    Bills at 0.60 %: O1 0.66 and −0.22, O2 0.48 and −0.24: bank 73.14 − 0.44 = 72.70 and 39.90 − 0.24 = 39.66.
    """
    await county.add_rule(RuleKind.PER_PIECE, 95, ALL)
    await county.add_rule(RuleKind.FIXED_LINE, 150, REGISTERED, TRANSFER)
    at_scale = await county.add_rule(RuleKind.PER_UNIT, 1150, ALL, recognition=Recognition.INTAKE_PAID)
    scale = IntakeMode.PAID_AT_SCALE
    intakes = [
        await county.take_in("H1", 20_000, scale, 1150),
        await county.take_in("N1", 10_000, scale, 1150),
        await county.take_in("N1", 30_000),
    ]
    lot = await county.lots.make(county.merchant, county.product, 60_000, intakes, "staff:clerk")
    await county.lots.seal(county.merchant, lot, "staff:clerk")
    await county.tell(*await announced())
    stamped = await rows("SELECT DISTINCT rule FROM ledger_posting WHERE rule <> ''")
    assert [each["rule"] for each in stamped] == [at_scale]

    await county.bind({lot: 3}, "O1")
    await county.tell(county.paid("O1"), county.packed("O1"), county.earned("O1"))
    county.now += timedelta(days=1)
    await county.register("N1", since=date(2026, 11, 24))
    parties = {"enterprise": [county.merchant], "cooperative": ["S-COOP"], "household": ["示例N1"]}
    await county.conclude(county.chain(parties=parties, document="示例补充协议1号"))
    await county.bind({lot: 2}, "O2")
    sold = county.paid("O2", net_fen=7_980, quantity=2, source=None, channel="display_centre")
    await county.tell(sold, county.packed("O2"), county.earned("O2"))
    bought = {
        ("1401", "M", ""): 34_500,
        ("2101", "H1", "paid"): -23_000,
        ("2102", "N1", "paid"): -11_500,
    }
    assert named(county, await balances()) == bought | {
        ("1101", "wechat", ""): 10_970,
        ("1101", "display_centre", ""): 7_980,
        ("2102", "N1", "earned"): -1_042,
        ("2101", "N1", "earned"): -849,
        ("2104", "live", "earned"): -877,
        ("2103", "M", "earned"): -(9_051 + 7_131),
        ("9101", "H1", "earned"): -(3_657 + 2_660),
        ("9101", "N1", "earned"): -5_320,
        ("9100", "M", ""): 3_657 + 2_660 + 5_320,
    }

    await county.tell(county.refunded(1, 2, 7_314), county.refunded(1, 1, 3_990, order="O2"))
    bills = (
        (CHANNEL, "O1", None, 10_970, 66),
        (CHANNEL, "O1", "F1", -3_656, -22),
        ("display_centre", "O2", None, 7_980, 48),
        ("display_centre", "O2", "F1", -3_990, -24),
    )
    for channel, order, refund, gross, fee in bills:
        settled = PaymentSettled(
            reference=order,
            number=f"pay-{order}",
            refund_reference=refund,
            payee=county.merchant,
            channel=channel,
            gross_fen=gross,
            fee_fen=fee,
            transaction_id=f"t-{order}",
            day=date(2026, 11, 25),
            occurred_at=county.now,
        )
        await county.tell(settled)
    left = bought | {
        ("1102", "wechat", ""): 7_270,
        ("5101", "wechat", ""): 44,
        ("1102", "display_centre", ""): 3_966,
        ("5101", "display_centre", ""): 24,
        ("2102", "N1", "earned"): -695,
        ("2101", "N1", "earned"): -461,
        ("2104", "live", "earned"): -585,
        ("2103", "M", "earned"): -(6_034 + 3_529),
        ("9101", "H1", "earned"): -(2_438 + 1_330),
        ("9101", "N1", "earned"): -2_660,
        ("9100", "M", ""): 2_438 + 1_330 + 2_660,
    }
    assert named(county, await balances()) == left
    await county.tell(county.refunded(2, 0, 0), county.refunded(2, 0, 0, order="O2"))
    money = {key: fen for key, fen in left.items() if key[0] in ("1102", "5101")}
    back = {("1101", "wechat", ""): -7_314, ("1101", "display_centre", ""): -3_990}
    assert named(county, await balances()) == bought | money | back


async def test_nothing_of_a_contract_divides_before_it_is_approved(county: County) -> None:
    """Fails when the books read rules of a draft: tried."""
    lot = await county.sealed_lot({"H1": 10_000})
    contracts, terms = county.contracts, county.chain(document="示例合同2号")
    county.contract = await contracts.draft(terms, OFFICER)
    await county.propose_rule(RuleKind.PER_PIECE, 100, ALL)
    await contracts.submit(county.contract)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed())
    assert named(county, await balances())["2101", "H1", "accrued"] == -(1_800 + 219)
    await contracts.decide(county.contract, SECOND, "", is_approved=True)
    await county.bind({lot: 3}, "O2")
    await county.tell(county.paid("O2"), county.packed("O2"))
    assert named(county, await balances())["2101", "H1", "accrued"] == -2 * (1_800 + 219) - 300


async def test_who_wrote_a_part_of_it_may_not_approve_it(county: County) -> None:
    """By account, in the service and in the table; taking one's own draft back is a refusal."""
    contracts = county.contracts
    number = await contracts.draft(county.chain(), OFFICER)
    county.contract = number
    await county.propose_rule(RuleKind.PER_UNIT, 1000, ALL)
    terms = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind.PER_UNIT,
        rate=900,
        scope=ALL,
        category=PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=date(2026, 1, 1),
    )
    await contracts.add_rule(number, terms, SECOND)
    await contracts.submit(number)
    await contracts.submit(number)
    for maker in (OFFICER, SECOND):
        with pytest.raises(SecondPersonNeeded):
            await contracts.decide(number, maker, "", is_approved=True)
    for forged in (
        f"UPDATE benefit_contract SET state = 'approved', decided_by = '{OFFICER}', decided_at = now()",
        f"UPDATE benefit_rule SET state = 'approved', decided_by = '{OFFICER}', decided_at = now()",
    ):
        with pytest.raises(BaseORMException):
            await execute(f"{forged} WHERE state IN ('submitted', 'proposed') AND made_by = '{OFFICER}'")
    await contracts.decide(number, "staff:third", "示例", is_approved=True)
    await contracts.decide(number, "staff:third", "示例", is_approved=True)
    card = await contract_card(number)
    assert (card.state, card.decided_by, {rule.state for rule in card.rules}) == (
        "approved", "staff:third", {"approved"},
    )  # fmt: skip
    withdrawn = await contracts.draft(county.chain(), OFFICER)
    await contracts.decide(withdrawn, OFFICER, "示例撤回", is_approved=False)
    assert (await contract_card(withdrawn)).state == "refused"


@pytest.mark.parametrize("state", list(ContractState))
async def test_every_act_in_every_state_of_a_contract_goes_where_the_table_says(
    county: County, state: ContractState
) -> None:
    """Submission, approval, refusal, end; and rules may be written in a draft and under a contract that holds."""
    contracts, day = county.contracts, date(2026, 12, 31)

    async def reached(to: ContractState) -> str:
        number = await contracts.draft(county.chain(), OFFICER)
        if to is not ContractState.DRAFTED:
            await contracts.submit(number)
        if to in (ContractState.APPROVED, ContractState.ENDED, ContractState.REFUSED):
            await contracts.decide(number, SECOND, "", is_approved=to is not ContractState.REFUSED)
        if to is ContractState.ENDED:
            await contracts.end(number, day, "示例终止1号", OFFICER)
        return number

    async def act(number: str) -> None:
        if to is ContractState.SUBMITTED:
            await contracts.submit(number)
        elif to is ContractState.ENDED:
            await contracts.end(number, day, "示例终止1号", OFFICER)
        else:
            await contracts.decide(number, "staff:third", "", is_approved=to is ContractState.APPROVED)

    for to in set(ContractState) - {ContractState.DRAFTED}:
        number = await reached(state)
        if to in CONTRACT_TRANSITIONS[state] or (to is state and to in (ContractState.SUBMITTED, ContractState.ENDED)):
            await act(number)
            assert await scalar("SELECT state FROM benefit_contract WHERE number = $1", number) == to
        else:
            with pytest.raises(ContractNotMovable):
                await act(number)
    county.contract = await reached(state)
    if state in (ContractState.DRAFTED, ContractState.APPROVED):
        await county.propose_rule(RuleKind.PER_UNIT, 1, ALL)
    else:
        with pytest.raises(ContractNotMovable):
            await county.propose_rule(RuleKind.PER_UNIT, 1, ALL)


@pytest.mark.parametrize("state", list(RuleState))
async def test_every_decision_in_every_state_of_a_rule_goes_where_the_table_says(
    county: County, state: RuleState
) -> None:
    code = await county.propose_rule(RuleKind.PER_UNIT, 100, ALL)
    contracts, number = county.contracts, county.contract
    if state is not RuleState.PROPOSED:
        await contracts.decide_rule(number, code, SECOND, "", is_approved=state is RuleState.APPROVED)
    for to in (RuleState.REFUSED, RuleState.APPROVED):
        if to in RULE_TRANSITIONS[state]:
            with pytest.raises(SecondPersonNeeded):
                await contracts.decide_rule(number, code, OFFICER, "", is_approved=True)
        else:
            with pytest.raises(RuleUnknown):
                await contracts.decide_rule(number, code, SECOND, "", is_approved=to is RuleState.APPROVED)
    assert await scalar("SELECT state FROM benefit_rule WHERE code = $1", code) == state


async def test_a_refused_version_leaves_the_one_before_it_as_it_was(county: County) -> None:
    """And while it waits there is no other; the next version has the next number."""
    code = (await county.add_rule(RuleKind.PER_PIECE, 100, ALL)).removesuffix("-1")
    (standing,) = [r for r in (await contract_card(county.contract)).rules if r.rule == code]
    terms = RuleTerms(
        mechanism=Mechanism.CONSIGNMENT,
        kind=RuleKind.PER_PIECE,
        rate=200,
        scope=ALL,
        category=PRODUCTION,
        recognition=Recognition.ORDER_COMPLETED,
        valid_from=date(2026, 6, 1),
    )
    contracts = county.contracts
    await contracts.change_rule(county.contract, code, terms, OFFICER)
    with pytest.raises(RulePending):
        await contracts.change_rule(county.contract, code, terms, SECOND)
    await contracts.decide_rule(county.contract, code, OFFICER, "示例撤回", is_approved=False)
    assert await contracts.change_rule(county.contract, code, terms, OFFICER) == (code, 3)
    await county.approve_rule(code)
    first, refused, third = [r for r in (await contract_card(county.contract)).rules if r.rule == code]
    assert (first.valid_from, first.valid_until) == (standing.valid_from, date(2026, 6, 1))
    assert (refused.state, third.state, third.rate, third.valid_until) == ("refused", "approved", 200, None)


async def test_two_decisions_of_one_contract_at_once_are_one(county: County) -> None:
    number = await county.contracts.draft(county.chain(), OFFICER)
    await county.contracts.submit(number)
    acts = (county.contracts.decide(number, SECOND, "", is_approved=approved) for approved in (True, False))
    answers = await asyncio.gather(*acts, return_exceptions=True)
    assert [type(each) for each in answers if each is not None] == [ContractNotMovable]


async def test_an_end_leaves_alone_what_was_packed_under_the_contract(county: County) -> None:
    """Tomorrow at the earliest; from then on its rules divide nothing."""
    contracts = county.contracts
    for day in (date(2026, 11, 23), date(2025, 12, 31)):
        with pytest.raises(ContractInvalid):
            await contracts.end(county.contract, day, "示例终止1号", OFFICER)
    lot = await county.sealed_lot({"H1": 10_000})
    await contracts.end(county.contract, date(2026, 11, 24), "示例终止1号", OFFICER)
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed())
    county.now += timedelta(days=1)
    await county.tell(county.refunded(1, 2, 7_314))
    assert named(county, await balances())["2101", "H1", "accrued"] == -(1_200 + 146)
    await county.bind({lot: 3}, "O2")
    await county.tell(county.paid("O2"), county.packed("O2"))
    assert named(county, await balances())["2103", "M", "accrued"] == -(7_314 - 1_200 - 146 - 585) - (10_970 - 877)


async def test_a_contract_names_a_real_party_for_each_role_of_its_chain(county: County) -> None:
    """Sites in the county's chain, traders in the other, households that are entered; and nobody twice."""
    for code, level, division in (
        ("S1", SiteLevel.CENTRE, "533124"),
        ("S2", SiteLevel.STATION, TOWNSHIP),
        ("S3", SiteLevel.POINT, VILLAGE),
    ):
        await Places().enter_site(code, "示例站", SiteKind.SERVICE, level, division, SiteState.OPERATING)
    households, centre = ["示例H1"], ChainTemplate.CENTRE_STATION_HOUSEHOLD
    good = {"centre": ["S1"], "station": ["S2", "S3"], "household": households}
    number = await county.conclude(county.chain(template=centre, parties=good))
    assert (await contract_card(number)).parties == good
    assert [card.number for card in await contract_cards(household="示例H1")] == [number, county.contract]
    assert [card.number for card in await contract_cards(household="示例H2")] == [county.contract]
    trade = {"enterprise": [county.merchant], "cooperative": ["S-COOP"], "household": households}
    other = await approved_merchant(2, "示例合作社二")
    for parties, refusal in (
        ({}, ContractInvalid),
        (trade, ContractInvalid),
        (good | {"household": []}, ContractInvalid),
        (good | {"station": ["S1"]}, ContractInvalid),
        (good | {"centre": ["S2"], "station": ["S3"]}, PartyUnknown),
        (good | {"centre": ["示例中心"]}, PartyUnknown),
        (good | {"household": ["示例H1", "示例H9"]}, PartyUnknown),
    ):
        with pytest.raises(refusal):
            await county.contracts.draft(county.chain(template=centre, parties=parties), OFFICER)
    for parties, refusal in (
        (trade | {"cooperative": [county.suppliers["H1"]]}, PartyUnknown),
        (trade | {"enterprise": ["S-COOP"], "cooperative": [county.merchant]}, PartyUnknown),
        (trade | {"enterprise": [other]}, ContractInvalid),
        (trade | {"cooperative": [county.merchant]}, ContractInvalid),
        (trade | {"household": [county.merchant]}, ContractInvalid),
    ):
        with pytest.raises(refusal):
            await county.contracts.draft(county.chain(parties=parties), OFFICER)
    await county.contracts.draft(county.chain(parties=trade | {"cooperative": [other]}), OFFICER)


@pytest.mark.parametrize("mechanism", list(Mechanism))
async def test_a_rule_says_nothing_that_its_mechanism_does_not_know(county: County, mechanism: Mechanism) -> None:
    """Domain reference 2.4: every kind, event and category besides the listed ones is refused."""
    way, accepted = MECHANISMS[mechanism], 0
    for kind in RuleKind:
        lowest = 1 if kind not in (RuleKind.WAGE, RuleKind.DIVIDEND, RuleKind.LEASE, RuleKind.SERVICE) else 0
        for recognition in (*Recognition, None):
            for category in (*IncomeCategory, None):
                terms = (kind, lowest, REGISTERED, category, recognition)
                fits = kind in way.recognised and way.recognised[kind] is recognition
                if fits and category in (way.categories or {None}):
                    await county.propose_rule(*terms, mechanism=mechanism)
                    accepted += 1
                else:
                    with pytest.raises(RuleInvalid):
                        await county.propose_rule(*terms, mechanism=mechanism)
    assert accepted == len(way.recognised) * max(len(way.categories), 1)
    card = await contract_card(county.contract)
    assert {rule.is_direct for rule in card.rules if rule.mechanism is mechanism} == {way.is_direct}


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0},
        {"rate": 10_001, "kind": RuleKind.PCT_NET},
        {"rate": 10_000_001},
        {"rate": 1, "kind": RuleKind.WAGE, "mechanism": Mechanism.WORK, "recognition": Recognition.PERIOD_PAID,
         "category": IncomeCategory.WAGE, "scope": REGISTERED},
        {"kind": RuleKind.MARGIN_RETURN, "mechanism": Mechanism.RETURN, "recognition": Recognition.PERIOD_PAID},
        {"valid_until": date(2026, 1, 1)},
    ],
)  # fmt: skip
async def test_a_rule_that_makes_no_sense_is_refused(county: County, wrong: dict[str, object]) -> None:
    """Rates out of bounds, a rate where records say the amounts, a period's rule for others than households."""
    terms: dict[str, object] = {
        "mechanism": Mechanism.CONSIGNMENT,
        "kind": RuleKind.PER_UNIT,
        "rate": 100,
        "scope": ALL,
        "category": PRODUCTION,
        "recognition": Recognition.ORDER_COMPLETED,
        "valid_from": date(2026, 1, 1),
    } | wrong
    with pytest.raises(RuleInvalid):
        await county.contracts.add_rule(county.contract, RuleTerms(**terms), OFFICER)  # type: ignore[arg-type]


async def test_a_sum_per_line_is_divided_among_its_lots(county: County) -> None:
    """By pieces, to the fen."""
    await county.add_rule(RuleKind.FIXED_LINE, 100, ALL)
    first, second = await county.sealed_lot({"H1": 10_000}), await county.sealed_lot({"N1": 10_000})
    await county.bind({first: 2, second: 1})
    await county.tell(county.paid(), county.packed())
    found = named(county, await balances())
    # A: 1 kg and 0.5 kg; B: 2 % of the 73.13 and 0; the line's 1.00 by pieces 0.67 and 0.33.
    assert (found["2101", "H1", "accrued"], found["2102", "N1", "accrued"]) == (-(1_200 + 146 + 67), -(600 + 33))
