"""Households split, merge and change their head by two persons; what was earned stays where it was earned."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from accounts.service import AccessLogs
from payments.events import PaymentSettled
from poverty_alleviation.allocation import RuleKind, RuleScope
from poverty_alleviation.contract_cards import contract_card, contract_cards
from poverty_alleviation.errors import HouseholdMerged, PartyUnknown
from poverty_alleviation.help.responsible import HelperDraft, Helpers
from poverty_alleviation.households import Identity
from poverty_alleviation.income.agreements import agreement_cards
from poverty_alleviation.income.cards import income_sheet
from poverty_alleviation.income.errors import SheetInvalid
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.lineage.models import ChangeKind
from poverty_alleviation.lineage.queries import change_card
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.office.detectors import carried_for_little, status_ended
from poverty_alleviation.office.rollups import Dimension, roll_up
from poverty_alleviation.payout_runs.models import LineState, RunState
from poverty_alleviation.payout_runs.queries import run_shown
from poverty_alleviation.queries import Figure, drill_down, figures, statement, totals
from poverty_alleviation.register.accounts import AccountDraft
from poverty_alleviation.register.members import MemberDraft
from poverty_alleviation.register.models import Relation
from poverty_alleviation.register.wallets import wallet_cards
from poverty_alleviation.vault import household_rights
from tests.poverty_alleviation.conftest import CHANNEL, NOW, OFFICER, SOURCE, County, balances
from tests.poverty_alleviation.families import (
    DAY,
    HEADS,
    PAPER,
    SINCE,
    SON,
    WIFE,
    carried_out,
    changes,
    draft,
    enter,
    family,
    merged,
    split,
)
from tests.poverty_alleviation.test_books_of_sales import announced, named
from tests.poverty_alleviation.test_figures import sold
from tests.poverty_alleviation.test_payout_runs import runs_of
from tests.poverty_alleviation.test_period_income import agreed, payment, sheets
from tests.poverty_alleviation.test_register import CARD, accounts, members
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.superuser import as_superuser
from traceability.models import IntakeMode


async def test_goods_paid_at_the_scale_before_and_after_a_split(county: County) -> None:
    """A second vector, by hand: two suppliers of one household, a split between them, two channels, fees, a refund.

    H1 has the suppliers H1 and SON. On 21 November at 11.50/kg: H1 20 kg = 230.00, SON 10 kg = 115.00, N1 30 kg =
    345.00; lot A of 60 kg. Income of household H1 345.00, 2102.N1 345.00. On the 22nd O1 is packed (live): 2 x 39.90 =
    79.80 of A: sales of H1 (20 + 10) of 60 = 39.90.
    On the 23rd the son is a household of his own and takes the supplier SON along. That day SON delivers 8 kg = 92.00
    (income of the new household) and H1 4 kg at 12.00 = 48.00; lot B of 12 kg. On the 24th are packed O2 (display
    centre, no live), 1 x 39.90 of the old lot A: H1 20 of 60 = 13.30, new 10 of 60 = 6.65, N1 19.95; and O3 (live),
    3 x 39.90 = 119.70 of B: H1 4 of 12 = 39.90, new 8 of 12 = 79.80.
    One jar of O1 goes back: what is left of it is 39.90, H1's sales of it 19.95, none of it ever the new household's.
    Sales: H1 19.95 + 13.30 + 39.90 = 73.15; new 6.65 + 79.80 = 86.45; together 159.60, which is what one household
    would have had: 19.95 + 19.95 + 119.70. Income: H1 345.00 + 48.00 = 393.00, new 92.00; together 485.00.
    Host 8 %: O1 3.192 -> 3.19, O3 9.576 -> 9.57. Merchant: 36.71 + 39.90 + 110.13 = 186.74. Bills at 0.60 %: O1 +79.80
    fee 0.48 and -39.90 fee -0.24, O3 119.70 fee 0.72: bank 158.64, fees 0.96; O2 39.90 fee 0.24: bank 39.66.
    """
    await county.add_rule(RuleKind.PER_UNIT, 1150, RuleScope.REGISTERED_ONLY, recognition=Recognition.INTAKE_PAID)
    await county.enter_supplier("SON")
    await county.registry.link("示例H1", "S-SON", SINCE, "示例文件3号", OFFICER)
    county.now = NOW - timedelta(days=1)
    lots = {}
    for lot, kilos in (
        ("A", {"H1": (20, 1150), "SON": (10, 1150), "N1": (30, 1150)}),
        ("B", {"SON": (8, 1150), "H1": (4, 1200)}),
    ):
        intakes = [
            await county.take_in(name, mass * 1000, IntakeMode.PAID_AT_SCALE, price)
            for name, (mass, price) in kilos.items()
        ]
        mass = sum(mass for mass, _ in kilos.values()) * 1000
        lots[lot] = await county.lots.make(county.merchant, county.product, mass, intakes, "staff:clerk")
        await county.lots.seal(county.merchant, lots[lot], "staff:clerk")
        if lot == "A":
            await county.tell(*await announced())
            await sold_of(county, "O1", lots["A"], 2, SOURCE, CHANNEL)
            county.now = NOW + timedelta(days=1)
            _, new = await split(county, suppliers=["S-SON"])
            county.households["NEW"] = new
    await county.tell(*await announced())
    await sold_of(county, "O2", lots["A"], 1, None, "display_centre")
    await sold_of(county, "O3", lots["B"], 3, SOURCE, CHANNEL)
    await county.tell(county.refunded(1, 1, 3_990))
    for channel, order, refund, gross, fee in (
        (CHANNEL, "O1", None, 7_980, 48),
        (CHANNEL, "O1", "F1", -3_990, -24),
        ("display_centre", "O2", None, 3_990, 24),
        (CHANNEL, "O3", None, 11_970, 72),
    ):
        await county.tell(settled(county, channel, order, refund, gross, fee))
    assert named(county, await balances()) == {
        ("1401", "M", ""): 69_000 + 9_200 + 4_800,
        ("2101", "H1", "paid"): -39_300,
        ("2101", "NEW", "paid"): -9_200,
        ("2102", "N1", "paid"): -34_500,
        ("1102", "wechat", ""): 15_864,
        ("5101", "wechat", ""): 96,
        ("1102", "display_centre", ""): 3_966,
        ("5101", "display_centre", ""): 24,
        ("2104", "live", "earned"): -1_276,
        ("2103", "M", "earned"): -18_674,
        ("9101", "H1", "earned"): -7_315,
        ("9101", "NEW", "earned"): -8_645,
        ("9100", "M", ""): 15_960,
    }
    sums = totals(await figures())
    assert (sums.households, sums.attributed_sales_fen, sums.income_paid_fen) == (2, 15_960, 48_500)
    for code, sales, income in (("示例H1", 7_315, 39_300), (new, 8_645, 9_200)):
        shown, parts = await statement(code), await drill_down(code, Figure.ATTRIBUTED_SALES)
        assert (shown.figures.attributed_sales_fen, shown.figures.income_paid_fen) == (sales, income)
        assert parts.total_fen == sum(part.amount_fen for part in parts.parts) == sales
        assert [(step.kind, step.day, step.household, step.other) for step in shown.lineage] == [
            ("split", DAY, "示例H1", new)
        ]
        assert parts.lineage == shown.lineage
    county_wide = await roll_up(Dimension.COUNTY)
    assert (county_wide.total.carried, county_wide.total.attributed_sales.fen) == (2, 15_960)


async def sold_of(county: County, order: str, lot: str, pieces: int, source: str | None, channel: str) -> None:
    await county.bind({lot: pieces}, order)
    paid = county.paid(order, net_fen=3_990 * pieces, quantity=pieces, source=source, channel=channel)
    await county.tell(paid, county.packed(order), county.earned(order))


def settled(county: County, channel: str, order: str, refund: str | None, gross: int, fee: int) -> PaymentSettled:
    return PaymentSettled(
        reference=order,
        number=f"pay-{order}",
        refund_reference=refund,
        payee=county.merchant,
        channel=channel,
        gross_fen=gross,
        fee_fen=fee,
        transaction_id=f"t-{order}",
        day=date(2026, 11, 24),
        occurred_at=NOW,
    )


async def test_a_split_takes_along_what_belongs_to_whoever_leaves(county: County) -> None:
    """His account, his work and the lease that the paper names go over; the rest stays, and so does all history."""
    who = await family(county)
    own = AccountDraft(bank="示例银行", number=CARD, holder_relation=Relation.CHILD, member=who["son"])
    fathers = AccountDraft(
        bank="示例银行", number="6200000000000321", holder_relation=Relation.HEAD, member=who["head"]
    )
    for each in (own, fathers):
        await accounts(county).enter("示例H1", each, SINCE, PAPER, OFFICER)
    await as_superuser(
        "INSERT INTO household.household_wallet (code, household_id, member, payee_cipher, payee_index, document,"
        f" recorded_by, recorded_at) SELECT 'W1', id, '{who['son']}', ''::bytea, ''::bytea, 'x', 'x', now()"
        " FROM household.household WHERE code = '示例H1'"
    )
    work = await agreed(county, "H1", kind=AgreementKind.EMPLOYMENT, member=who["son"])
    lease = await agreed(
        county, "H1", kind=AgreementKind.LEASE, rent_fen=9_000, every_months=3, valid_until=date(2027, 8, 15)
    )
    shares = await agreed(county, "H1", kind=AgreementKind.SHARE, shares=5)
    moving = {who["son"]: Relation.HEAD, who["child"]: None}
    number = await carried_out(county, draft(ChangeKind.SPLIT, moving, agreements=[lease], contracts=[county.contract]))
    new = str((await change_card(number)).other)
    assert [(m.code, m.relation, m.valid_from, m.valid_until) for m in await members(county).cards(new)] == [
        (who["son"], "head", DAY, None),
        (who["child"], None, DAY, None),
    ]
    assert {m.code: m.valid_until for m in await members(county).cards("示例H1")} == {
        who["head"]: None, who["wife"]: None, who["son"]: DAY, who["child"]: DAY
    }  # fmt: skip
    assert await accounts(county).is_own_account(new, CARD, DAY)
    assert not await accounts(county).is_own_account("示例H1", CARD, DAY)
    assert await accounts(county).is_own_account("示例H1", CARD, DAY - timedelta(days=1))
    assert await accounts(county).is_own_account("示例H1", "6200000000000321", DAY)
    assert [wallet.ended_at is not None for wallet in await wallet_cards("示例H1")] == [True]
    (card,) = await accounts(county).cards(new)
    assert (card.number_masked, card.holder_relation) == ("620*********0123", "head")
    held = {(a.kind, a.number): a.valid_until for a in await agreement_cards("示例H1", None)}
    assert held == {("employment", work): DAY, ("lease", lease): DAY, ("share", shares): None}
    theirs = await agreement_cards(new, None)
    assert {a.kind: (a.valid_from, a.valid_until, a.recorded_by) for a in theirs} == {
        "employment": (DAY, None, OFFICER),
        "lease": (DAY, date(2027, 8, 15), OFFICER),
    }
    # The rent is due in November, the month in which the lease went over, to whom it let first; in February to the new.
    county.now = datetime(2027, 3, 1, 7, 30, tzinfo=UTC)
    new_lease = next(a.number for a in theirs if a.kind == "lease")
    for period, taken, refused in (("2026-11", lease, new_lease), ("2027-02", new_lease, lease)):
        paid = payment(county, period=period, paid_on=date(2027, 3, 1))
        with pytest.raises(SheetInvalid):
            await sheets(county).propose_rents(paid, [refused], OFFICER)
        sheet = await income_sheet(await sheets(county).propose_rents(paid, [taken], OFFICER))
        assert [line.amount_fen for line in sheet.lines] == [9_000]
    with pytest.raises(SheetInvalid):
        await sheets(county).propose_rents(
            payment(county, period="2026-12", paid_on=date(2027, 3, 1)), [new_lease], OFFICER
        )
    bound = await contract_card(county.contract)
    assert [(s.party, s.successor, s.valid_from) for s in bound.successions] == [("示例H1", new, DAY)]
    assert [c.number for c in await contract_cards(household=new)] == [county.contract]
    register = await county.registry.card(new)
    assert (register.status, register.name_masked, register.village) == (
        None,
        "示***",
        (await county.registry.card("示例H1")).village,
    )
    assert await county.registry.of_id_number(str(SON.id_number)) == new


async def test_a_merged_household_keeps_its_past_and_counts_once(county: County) -> None:
    await sold(county)  # H1 is owed 8.72, H2 6.97
    await county.registry.link("示例H2", "S-COOP", SINCE, "示例文件5号", OFFICER)
    county.now = NOW + timedelta(days=3)
    day = date(2026, 11, 25)
    assert totals(await figures()).households == 2
    ours, theirs = await family(county), await family(county, "H2")
    mine = AccountDraft(bank="示例银行", number=CARD, holder_relation=Relation.HEAD, member=theirs["head"])
    relative = AccountDraft(
        bank="示例银行", number="6200000000000321", holder_relation=Relation.OTHER, holder_name="示例亲戚"
    )
    for each in (mine, relative):
        await accounts(county).enter("示例H2", each, SINCE, PAPER, OFFICER)
    moving = {theirs["head"]: Relation.SIBLING, theirs["wife"]: Relation.OTHER, theirs["son"]: Relation.OTHER}
    help_of = Helpers(county.registry.cipher, AccessLogs(county.clock), county.clock)
    helper = await help_of.enter(
        HelperDraft(name="示例干部", phone="10000000061", unit="示例单位", post="示例"), OFFICER
    )
    await help_of.assign("示例H2", helper, SINCE, PAPER, OFFICER)
    proposal = draft(ChangeKind.MERGE, moving | {theirs["child"]: None}, household="示例H2", into="示例H1", day=day)
    await carried_out(county, proposal)

    was = {each.household: each for each in await figures()}
    assert (was["示例H2"].counted_as, was["示例H2"].income_earned_fen) == ("示例H1", 697)
    assert (was["示例H1"].counted_as, was["示例H1"].income_earned_fen) == ("示例H1", 872)
    assert totals(list(was.values())).households == 1
    assert totals(await figures(until=day)).households == 2  # the day before it were two
    assert totals(await figures(until=day + timedelta(days=1))).households == 1
    by_village = await roll_up(Dimension.VILLAGE)
    assert by_village.total.carried == 1
    assert by_village.total.attributed_sales.fen == sum(each.attributed_sales_fen for each in was.values())
    card = await county.registry.card("示例H2")
    assert [(s.status, s.valid_from, s.valid_until) for s in card.statuses] == [
        ("registered", SINCE, day),
        ("cancelled", day, None),
    ]
    assert {(s.supplier, s.valid_until) for s in card.suppliers} == {("S-H2", day), ("S-COOP", day)}
    assert [each.valid_until for each in card.helpers] == [day]
    assert card.lineage == (await county.registry.card("示例H1")).lineage
    assert {m.code for m in await members(county).cards("示例H1") if m.valid_until is None} == {
        *ours.values(), *theirs.values()
    }  # fmt: skip
    async with household_rights():
        assert await status_ended(day, {}) == []

    # What H2 is owed is paid to the family's account, under H2; the relative's paper is over.
    runs = runs_of(county)
    number = await runs.draft(county.merchant, OFFICER)
    lines = {
        line.household: (line.state, line.amount_fen, line.is_own_account) for line in (await run_shown(number)).items
    }
    assert lines == {"示例H1": (LineState.READY, 872, True), "示例H2": (LineState.READY, 697, True)}
    await runs.decide(number, RunState.DISCARDED, "", OFFICER)
    await county.payouts.record("示例H2", county.merchant, 697, "回单2", day, OFFICER)
    assert (await statement("示例H2")).figures.income_paid_fen == 697

    # What comes now is H1's, also from goods that H2 delivered before.
    county.now = NOW + timedelta(days=4)
    await sold(county, "O2")
    found = named(county, await balances())
    assert found["2101", "H1", "earned"] == -(872 + 872 + 697)
    assert ("2101", "H2", "earned") not in found
    for refused in (
        county.registry.link("示例H2", "S-N1", day, PAPER, OFFICER),
        county.registry.decide("示例H2", AssistanceStatus.REGISTERED, date(2026, 12, 1), PAPER, OFFICER),
        enter(county, "H2", WIFE, day),
        accounts(county).enter("示例H2", mine, day, PAPER, OFFICER),
        agreed(county, "H2", kind=AgreementKind.SHARE, shares=1),
        help_of.assign("示例H2", helper, day, PAPER, OFFICER),
        changes(county).propose(draft(ChangeKind.MERGE, {ours["head"]: Relation.OTHER}, into="示例H2"), OFFICER),
    ):
        with pytest.raises(HouseholdMerged):
            await refused
    with pytest.raises(PartyUnknown):
        await county.contracts.draft(county.chain(), OFFICER)


async def test_a_dividend_of_a_merged_household_is_paid_to_the_one_it_merged_into(county: County) -> None:
    await agreed(county, "H2", kind=AgreementKind.SHARE, shares=1)
    county.now = NOW + timedelta(days=20)
    paid = payment(county, period="2026-12", paid_on=date(2026, 12, 10))
    number = await sheets(county).propose_dividends(paid, date(2026, 11, 22), 5_000, OFFICER)
    await merged(county)
    await sheets(county).decide(number, "staff:third", "", is_approved=True)
    assert named(county, await balances())["2101", "H1", "paid"] == -5_000
    (moved,) = [a for a in await agreement_cards("示例H1", None) if a.kind is AgreementKind.SHARE]
    assert (moved.valid_from, moved.shares) == (DAY, 1)


async def test_two_carried_for_little_that_merged_are_one(county: County) -> None:
    """8.72 and 6.97 in one quarter: each below the floor of 12.00, together above it."""
    await sold(county)
    for name, fen in (("H1", 872), ("H2", 697)):
        await county.payouts.record(f"示例{name}", county.merchant, fen, f"回单{name}", DAY, OFFICER)
    async with household_rights():
        found = await carried_for_little(date(2027, 1, 5), {"carried_floor_fen": 1_200})
        assert {each.facts["household"] for each in found} == {"示例H1", "示例H2"}
        await merged(county)
        assert await carried_for_little(date(2027, 1, 5), {"carried_floor_fen": 1_200}) == []
        (both,) = await carried_for_little(date(2027, 1, 5), {"carried_floor_fen": 1_600})
        assert (both.facts["household"], both.facts["income_paid_fen"]) == ("示例H1", 1_569)


async def test_a_household_that_changes_its_head_is_entered_under_the_new_one(county: County) -> None:
    code = await county.registry.enter(Identity(name="示例户主", id_number=HEADS["H1"]), TOWNSHIP, VILLAGE, OFFICER)
    county.households["H8"] = code
    await county.registry.decide(code, AssistanceStatus.REGISTERED, SINCE, PAPER, OFFICER)
    head = await members(county).enter(
        code, MemberDraft(name="示例户主", id_number=HEADS["H1"], relation=Relation.HEAD), SINCE, PAPER, OFFICER
    )
    wife = await members(county).enter(code, WIFE, SINCE, PAPER, OFFICER)
    son = await members(county).enter(code, SON, SINCE, PAPER, OFFICER)
    account = AccountDraft(bank="示例银行", number=CARD, holder_relation=Relation.HEAD, member=head)
    await accounts(county).enter(code, account, SINCE, PAPER, OFFICER)
    new = {son: Relation.HEAD, wife: Relation.PARENT, head: None}
    await carried_out(county, draft(ChangeKind.HEAD, new, household=code))
    assert await county.registry.of_id_number(str(SON.id_number)) == code
    assert await county.registry.of_id_number(HEADS["H1"]) is None
    card = await county.registry.card(code)
    assert (card.phone_masked, card.status) == ("100****0051", "registered")
    assert [(step.kind, step.day, step.other) for step in card.lineage] == [("head", DAY, None)]
    assert {(m.code, m.relation, m.valid_from, m.valid_until) for m in await members(county).cards(code)} == {
        (head, "head", SINCE, DAY), (wife, "spouse", SINCE, DAY), (son, "child", SINCE, DAY),
        (wife, "parent", DAY, None), (son, "head", DAY, None),
    }  # fmt: skip
    assert not await accounts(county).is_own_account(code, CARD, DAY)
    assert await accounts(county).is_own_account(code, CARD, DAY - timedelta(days=1))
    # Who was a head may head another household later, as anybody may.
    assert await county.registry.enter(Identity(name="示例户主", id_number=HEADS["H1"]), TOWNSHIP, VILLAGE, OFFICER)


async def test_who_headed_a_merged_household_may_head_another_one(county: County) -> None:
    await family(county)
    code = await county.registry.enter(Identity(name="示例户主", id_number=HEADS["H2"]), TOWNSHIP, VILLAGE, OFFICER)
    head = MemberDraft(name="示例户主", id_number=HEADS["H2"], relation=Relation.HEAD)
    member = await members(county).enter(code, head, SINCE, PAPER, OFFICER)
    await carried_out(
        county,
        draft(ChangeKind.MERGE, {member: Relation.SIBLING}, household=code, into="示例H1", day=date(2026, 11, 2)),
    )
    number = await carried_out(county, draft(ChangeKind.SPLIT, {member: Relation.HEAD}))
    new = str((await change_card(number)).other)
    assert await county.registry.of_id_number(HEADS["H2"]) == new
    assert [(step.kind, step.household, step.other) for step in (await county.registry.card("示例H1")).lineage] == [
        ("merge", code, "示例H1"),
        ("split", "示例H1", new),
    ]
    async with household_rights():
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="merge once"):
            await as_superuser("UPDATE household.household SET merged_on = '2026-11-03' WHERE merged_on IS NOT NULL")
