"""The quote adds up to the fen, whatever is in it, and what is shown is what is charged and stored."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.database import rows
from logistics.errors import RegionNotServed
from logistics.freight import FreightRule, FreightTerms
from orders.errors import AmountTooLarge, QuoteChanged
from orders.queries import order_of
from orders.quotes import CheckoutLine, Expectation, Quote, quote_of
from products.queries import SkuOffer
from products.terms import AfterSalesTerms
from promotions.coupons import CouponTerms
from promotions.errors import CouponNotUsable, CouponsNotStackable
from tests.orders.mall import ADDRESS, Mall, openid_of
from tests.products.shelf import approved_merchant, listed_product
from tests.promotions.shop import claimed_coupon, terms_of

DEHONG, BEIJING = "533124", "110101"


def offer(n: int, merchant: str = "M1", price_fen: int = 1000, **other: object) -> SkuOffer:
    members: dict[str, object] = {
        "sku": f"K{n}", "product": f"P{n}", "merchant": merchant, "merchant_name": merchant, "sub_mchid": merchant,
        "commission_bp": 0,
        "title": "红糖", "spec": "500 g", "image": "", "unit_price_fen": price_fen, "listed": True, "available": 9,
        "marks": (), "payment_window_s": 1800, "after_sales_window_s": 60, "after_sales_terms": AfterSalesTerms(),
        "refund_rule": "x", "host_commission_bp": 0, "mass_gram": 500, "return_policy": "seven_days",
        "list_price_fen": price_fen, "offer": None, "limit_per_buyer": None, "ships_from": None,
        "freight_template": "", "needs_confirmation": False, "category": "", "product_class": "", **other,
    }  # fmt: skip
    known = {name: members[name] for name in SkuOffer.__struct_fields__ if name in members}
    return SkuOffer(**known)  # type: ignore[arg-type]


def freight(code: str, first_fen: int, further_fen: int, free_from_fen: int | None = None) -> FreightTerms:
    rule = FreightRule(first=1, first_fen=first_fen, further=1, further_fen=further_fen, free_from_fen=free_from_fen)
    return FreightTerms(template=code, version=1, unit="piece", rules=(rule,), not_served=("11",))


def check_sums(quote: Quote) -> None:
    """0 <= discount <= gross on every line, paid = goods - discounts + freight, and everything adds up."""
    for order in quote.orders:
        for line in order.lines:
            assert line.gross_fen == line.unit_price_fen * line.quantity
            assert line.discount_fen == sum(line.discounts.values())
            assert all(fen > 0 for fen in line.discounts.values())
            assert 0 <= line.discount_fen <= line.gross_fen
            assert line.net_fen == line.gross_fen - line.discount_fen
            assert line.freight_fen >= 0
        assert order.goods_fen == sum(line.gross_fen for line in order.lines)
        assert order.discount_fen == sum(line.discount_fen for line in order.lines)
        assert order.freight_fen == sum(line.freight_fen for line in order.lines)
        assert order.amount_fen == order.goods_fen - order.discount_fen + order.freight_fen
        assert order.amount_fen >= 1, "WeChat Pay takes no payment of nothing"
    for name in ("goods_fen", "discount_fen", "freight_fen", "amount_fen"):
        assert getattr(quote, name) == sum(getattr(order, name) for order in quote.orders)


@st.composite
def baskets(
    draw: st.DrawFn,
) -> tuple[list[CheckoutLine], dict[str, SkuOffer], list[CouponTerms], dict[str, FreightTerms]]:
    lines, offers = [], {}
    for n in range(draw(st.integers(1, 8))):
        merchant = draw(st.sampled_from(["M1", "M2", "M3"]))
        template = draw(st.sampled_from(["", f"{merchant}-A", f"{merchant}-B"]))
        found = offer(n, merchant, draw(st.integers(1, 40_000)), freight_template=template)
        offers[found.sku] = found
        lines.append(CheckoutLine(found.sku, draw(st.integers(1, 50))))
    terms = {
        code: freight(code, draw(st.integers(0, 3000)), draw(st.integers(0, 900)), draw(st.sampled_from([None, 9900])))
        for code in {each.freight_template for each in offers.values()} - {""}
    }
    coupons = []
    for n, issuer in enumerate(draw(st.sets(st.sampled_from([None, *{o.merchant for o in offers.values()}])))):
        off = draw(st.one_of(st.integers(1, 500_000), st.just(0)))
        percent = {"off_bp": draw(st.integers(1, 9999)), "cap_fen": draw(st.integers(1, 10**8))} if not off else {}
        coupons.append(terms_of(f"Q{n}", issuer, off_fen=off, **percent))
    return lines, offers, coupons, terms


@settings(max_examples=150, deadline=None)
@given(basket=baskets())
def test_any_mix_of_lines_merchants_coupons_and_freight_adds_up_to_the_fen(
    basket: tuple[list[CheckoutLine], dict[str, SkuOffer], list[CouponTerms], dict[str, FreightTerms]],
) -> None:
    lines, offers, coupons, terms = basket
    try:
        quote = quote_of(lines, offers, coupons, terms, DEHONG)
    except (CouponNotUsable, AmountTooLarge):
        return
    check_sums(quote)
    assert sorted(line.sku for order in quote.orders for line in order.lines) == sorted(offers)
    turned = quote_of(lines[::-1], offers, coupons[::-1], terms, DEHONG)
    assert (turned.digest, turned.amount_fen) == (quote.digest, quote.amount_fen), (
        "the order of the request is no price"
    )


def test_an_order_that_coupons_have_made_free_costs_one_fen() -> None:
    offers = {o.sku: o for o in (offer(1, price_fen=700), offer(2, price_fen=300), offer(3, "M2", 500))}
    lines = [CheckoutLine(sku, 1) for sku in offers]
    quote = quote_of(lines, offers, [terms_of("Q1", "M1", off_fen=1000)], {}, DEHONG)
    check_sums(quote)
    assert [order.amount_fen for order in quote.orders] == [1, 500]
    everything = quote_of(lines, offers, [terms_of("Q2", off_fen=5000)], {}, DEHONG)
    assert [order.amount_fen for order in everything.orders] == [1, 1]


def test_free_sending_counts_what_the_goods_cost_after_coupons() -> None:
    terms = {"F": freight("F", 800, 100, free_from_fen=2000)}
    offers = {"K1": offer(1, price_fen=2000, freight_template="F")}
    lines = [CheckoutLine("K1", 1)]
    assert quote_of(lines, offers, [], terms, DEHONG).freight_fen == 0
    lowered = quote_of(lines, offers, [terms_of(off_fen=1)], terms, DEHONG)
    assert (lowered.freight_fen, lowered.amount_fen) == (800, 2799)
    assert lowered.orders[0].lines[0].freight_terms == "F@1"
    with pytest.raises(RegionNotServed) as refused:
        quote_of(lines, offers, [], terms, BEIJING)
    assert refused.value.facts["references"] == ["K1"]


def test_coupons_that_take_nothing_or_do_not_stack_are_refused() -> None:
    offers = {"K1": offer(1)}
    lines = [CheckoutLine("K1", 1)]
    with pytest.raises(CouponNotUsable):
        quote_of(lines, offers, [terms_of(off_fen=100, threshold_fen=1001)], {}, DEHONG)
    with pytest.raises(CouponsNotStackable):
        quote_of(lines, offers, [terms_of("Q1", off_fen=1), terms_of("Q2", off_fen=1)], {}, DEHONG)


def test_without_the_buyers_tick_seven_days_hold() -> None:
    """Domain reference 5: an exception that is not the law's own needs the buyer's word at the purchase."""
    offers = {"K1": offer(1, return_policy="seven_days_unopened", needs_confirmation=True)}
    for confirmed, policy in ((False, "seven_days"), (True, "seven_days_unopened")):
        quote = quote_of([CheckoutLine("K1", 1, confirmed=confirmed)], offers, [], {}, DEHONG)
        assert quote.orders[0].lines[0].return_policy == policy


async def test_what_is_shown_is_charged_and_stored(mall: Mall) -> None:
    other = await approved_merchant(2, "另一家合作社")
    _, (foreign,) = await listed_product(other)
    county, own = await claimed_coupon(), await claimed_coupon(merchant=mall.merchant, off_fen=1_000)
    lines = [CheckoutLine(mall.skus[0], 4), CheckoutLine(foreign, 2)]
    shown = await mall.checkout.quote("C1", lines, [county, own], DEHONG)
    check_sums(shown)
    assert shown.discount_fen == 3_000
    with pytest.raises(QuoteChanged) as refused:
        await mall.checkout.place("C1", openid_of("C1"), lines, [county], ADDRESS, Expectation(digest=shown.digest))
    assert refused.value.facts["quote"]["discount_fen"] == 2_000  # type: ignore[index]
    placed = await mall.checkout.place(
        "C1", openid_of("C1"), lines, [county, own], ADDRESS, Expectation(shown.amount_fen, shown.digest)
    )
    assert placed.amount_fen == shown.amount_fen
    stored = [await order_of("consumer", "C1", order.number) for order in placed.orders]
    kept = [
        (line.sku, line.gross_fen, line.discount_fen, line.net_fen, line.freight_fen)
        for order in stored
        if order is not None
        for line in order.lines
    ]
    assert kept == [
        (line.sku, line.gross_fen, line.discount_fen, line.net_fen, line.freight_fen)
        for order in shown.orders
        for line in order.lines
    ]
    payments = await rows("SELECT amount_fen FROM payment WHERE bundle = $1 ORDER BY id", placed.number)
    assert [payment["amount_fen"] for payment in payments] == [order.amount_fen for order in shown.orders]
    shares = await rows("SELECT line, sum(discount_fen)::bigint AS fen FROM coupon_share GROUP BY 1")
    told = {line.reference: line.discount_fen for order in placed.orders for line in order.lines}
    assert {share["line"]: share["fen"] for share in shares} == told
    assert msgspec.json.encode(shown), "a quote travels"
