"""Freight is exact to the fen, never negative, never falls when more is sent, and knows no order of lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.errors import FreightTermsInvalid, RegionInvalid, RegionNotServed
from logistics.freight import FreightItem, FreightRule, FreightTerms, freight_of
from logistics.templates import check_terms

DEHONG, YUNNAN, BEIJING = "533124", "530102", "110105"


def rule(first_fen: int = 800, further_fen: int = 200, **more: object) -> FreightRule:
    described: dict[str, object] = {"first": 1, "further": 1, **more}
    return FreightRule(first_fen=first_fen, further_fen=further_fen, **described)  # type: ignore[arg-type]


def terms(
    *rules: FreightRule, template: str = "F1", unit: str = "piece", not_served: tuple[str, ...] = ()
) -> FreightTerms:
    return FreightTerms(template=template, version=1, unit=unit, rules=rules, not_served=not_served)  # type: ignore[arg-type]


def item(
    reference: str = "1", template: str = "F1", quantity: int = 1, mass: int = 500, goods: int = 1000
) -> FreightItem:
    return FreightItem(
        reference=reference, template=template, quantity=quantity, mass_gram=mass, goods_fen=goods * quantity
    )


def test_goods_without_a_template_are_sent_for_nothing() -> None:
    quote = freight_of([item(template=""), item("2", template="")], {}, DEHONG)
    assert (quote.fen, quote.shares, quote.terms) == (0, {"1": 0, "2": 0}, {})


@pytest.mark.parametrize(("pieces", "fen"), [(1, 800), (2, 800), (3, 1000), (4, 1000), (5, 1200)])
def test_pieces_begun_are_rounded_up(pieces: int, fen: int) -> None:
    known = {"F1": terms(rule(first=2, further=2))}
    assert freight_of([item(quantity=pieces)], known, DEHONG).fen == fen


@pytest.mark.parametrize(("gram", "fen"), [(0, 800), (1, 800), (1000, 800), (1001, 1000), (1500, 1000), (1501, 1200)])
def test_gram_begun_are_rounded_up(gram: int, fen: int) -> None:
    known = {"F1": terms(rule(first=1000, further=500), unit="weight")}
    assert freight_of([item(mass=gram)], known, DEHONG).fen == fen


def test_the_longest_prefix_of_the_region_counts() -> None:
    known = terms(
        rule(100), rule(200, regions=("53",)), rule(300, regions=("5331",)), rule(400, regions=("533124",)),
        not_served=("5301", "65"),
    )  # fmt: skip
    fees = {r: known.rule_for(r).first_fen for r in (BEIJING, "532301", "533103", DEHONG)}  # type: ignore[union-attr]
    assert list(fees.values()) == [100, 200, 300, 400]
    assert known.rule_for(YUNNAN) is None
    assert known.rule_for("650102") is None
    within = terms(rule(100), rule(900, regions=("6501",)), not_served=("65",))
    assert within.rule_for("650102") is not None, "a longer name inside a region that is not served is served"
    only_here = terms(rule(regions=("53",)))
    assert only_here.rule_for(BEIJING) is None, "without a rule for everywhere else the rest is not served"


def test_what_is_not_sent_there_is_named_line_by_line() -> None:
    known = {"F1": terms(rule(), not_served=("11",)), "F2": terms(rule(), template="F2")}
    with pytest.raises(RegionNotServed) as refused:
        freight_of([item("a"), item("b"), item("c", "F2"), item("d", "")], known, BEIJING)
    assert refused.value.facts["references"] == ["a", "b"]


@pytest.mark.parametrize("region", ["", "53", "5331", "53312", "5331240", "530000", "033124", "53312x", "５３３１２４"])
def test_a_region_is_six_digits_below_a_province(region: str) -> None:
    with pytest.raises(RegionInvalid):
        freight_of([item()], {"F1": terms(rule())}, region)


def test_sending_is_free_from_an_amount_or_from_pieces_on() -> None:
    by_amount = {"F1": terms(rule(free_from_fen=3000))}
    assert [freight_of([item(quantity=n)], by_amount, DEHONG).fen for n in (1, 2, 3)] == [800, 1000, 0]
    by_pieces = {"F1": terms(rule(free_from_pieces=2))}
    assert [freight_of([item(quantity=n)], by_pieces, DEHONG).fen for n in (1, 2)] == [800, 0]
    lines = [item("1", goods=1000), item("2", goods=2000)]
    assert freight_of(lines, by_amount, DEHONG).fen == 0, "the goods of one template count together"


def test_of_several_templates_the_dearest_first_units_are_paid_once() -> None:
    known = {
        "F1": terms(rule(800, 200)),
        "F2": terms(rule(1000, 300), template="F2"),
        "F3": terms(rule(500, 500, free_from_pieces=1), template="F3"),
    }
    quote = freight_of([item("a", "F1", 2), item("b", "F2", 2), item("c", "F3", 5)], known, DEHONG)
    assert quote.shares == {"a": 400, "b": 1300, "c": 0}
    assert quote.fen == 1700
    assert quote.terms == {"a": "F1@1", "b": "F2@1", "c": "F3@1"}


@pytest.mark.parametrize(
    ("rules", "not_served"),
    [
        ([], ()),
        ([rule(), rule()], ()),
        ([rule(regions=("53", "53"))], ()),
        ([rule(regions=("53",)), rule(regions=("53",))], ()),
        ([rule(regions=("53",))], ("53",)),
        ([rule(days_from=5, days_to=2)], ()),
    ],
)
def test_terms_that_contradict_themselves_are_refused(rules: list[FreightRule], not_served: tuple[str, ...]) -> None:
    with pytest.raises(FreightTermsInvalid):
        check_terms(rules, not_served)


fee = st.integers(0, 1_000_000)
unit = st.integers(1, 5_000)
a_rule = st.builds(FreightRule, first=unit, first_fen=fee, further=unit, further_fen=fee)
a_free_rule = st.builds(
    FreightRule, first=unit, first_fen=fee, further=unit, further_fen=fee,
    free_from_fen=st.none() | st.integers(0, 100_000), free_from_pieces=st.none() | st.integers(1, 20),
)  # fmt: skip


def templates(rules: st.SearchStrategy[FreightRule]) -> st.SearchStrategy[dict[str, FreightTerms]]:
    """Three templates that count in either unit."""
    return st.tuples(*(st.tuples(rules, st.sampled_from(["piece", "weight"])) for _ in range(3))).map(
        lambda found: {f"F{n}": terms(r, template=f"F{n}", unit=u) for n, (r, u) in enumerate(found)}
    )


items = st.lists(
    st.tuples(st.sampled_from(["", "F0", "F1", "F2"]), st.integers(1, 999), st.integers(0, 20_000), fee),
    min_size=1, max_size=8,
).map(lambda found: [item(f"L{n}", t, q, m, g) for n, (t, q, m, g) in enumerate(found)])  # fmt: skip


@given(items, templates(a_free_rule))
def test_shares_add_up_to_the_fen_and_are_never_negative(
    lines: list[FreightItem], known: dict[str, FreightTerms]
) -> None:
    quote = freight_of(lines, known, DEHONG)
    assert quote.shares.keys() == {line.reference for line in lines}
    assert sum(quote.shares.values()) == quote.fen >= 0
    assert all(share >= 0 for share in quote.shares.values())
    assert all(quote.shares[line.reference] == 0 for line in lines if not line.template)


@given(items, templates(a_free_rule), st.randoms())
def test_the_order_of_the_lines_changes_nothing(
    lines: list[FreightItem], known: dict[str, FreightTerms], random: object
) -> None:
    mixed = list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert freight_of(mixed, known, DEHONG) == freight_of(lines, known, DEHONG)


@given(items, templates(a_rule), st.integers(0, 7), st.integers(1, 500))
def test_freight_never_falls_when_more_is_sent(
    lines: list[FreightItem], known: dict[str, FreightTerms], which: int, more: int
) -> None:
    """Below the thresholds of free sending, which are the one way in which more costs less."""
    before = freight_of(lines, known, DEHONG)
    grown = lines[which % len(lines)]
    lines[which % len(lines)] = item(grown.reference, grown.template, grown.quantity + more, grown.mass_gram)
    assert freight_of(lines, known, DEHONG).fen >= before.fen


@given(items, templates(a_rule))
def test_together_never_costs_more_than_template_by_template(
    lines: list[FreightItem], known: dict[str, FreightTerms]
) -> None:
    apart = sum(freight_of([each for each in lines if each.template == code], known, DEHONG).fen for code in known)
    assert freight_of(lines, known, DEHONG).fen <= apart
