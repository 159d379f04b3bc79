"""Freight comes back by rule: whole, by the line's share, or not at all; never more than was paid."""

from typing import Any

import pytest

from orders.cases.models import Cause
from orders.cases.rules import Item, items_of, share_fen
from orders.errors import NothingToRefund


def line(number: int, **differing: int) -> dict[str, Any]:
    """A line of three pieces for 100 fen with a freight share of 10 fen."""
    return {
        "id": number, "reference": f"L{number}", "quantity": 3, "net_fen": 100, "freight_fen": 10,
        "refunded_quantity": 0, "refunded_fen": 0, "refunded_freight_fen": 0, "kept_fen": 0,
        "held_quantity": 0, "held_fen": 0, "held_freight_fen": 0, **differing,
    }  # fmt: skip


def test_an_unshipped_order_given_up_whole_has_all_its_freight_back() -> None:
    found = items_of("paid", [line(1), line(2)], {"L1": 3, "L2": 3}, Cause.CHANGED_MIND)
    assert found == [Item(1, 3, 100, 10), Item(2, 3, 100, 10)]


def test_the_last_pieces_of_an_unshipped_order_take_the_freight_of_lines_that_went_before() -> None:
    gone = line(1, refunded_quantity=3, refunded_fen=100)
    found = items_of("packed", [gone, line(2)], {"L2": 3}, Cause.CHANGED_MIND)
    assert found == [Item(1, 0, 0, 10), Item(2, 3, 100, 10)]


def test_a_part_has_its_share_when_the_seller_is_to_blame_and_none_for_a_change_of_mind() -> None:
    for state in ("paid", "received"):
        assert items_of(state, [line(1), line(2)], {"L1": 2}, Cause.QUALITY) == [Item(1, 2, 66, 6)]
        assert items_of(state, [line(1), line(2)], {"L1": 2}, Cause.CHANGED_MIND) == [Item(1, 2, 66, 0)]


def test_after_shipment_the_whole_order_for_a_change_of_mind_has_no_freight_back() -> None:
    assert items_of("received", [line(1)], {"L1": 3}, Cause.CHANGED_MIND) == [Item(1, 3, 100, 0)]


def test_what_others_hold_or_have_is_not_given_twice() -> None:
    held = line(1, refunded_quantity=1, refunded_fen=33, refunded_freight_fen=3, held_quantity=1, held_fen=33,
                held_freight_fen=3)  # fmt: skip
    assert items_of("received", [held], {"L1": 1}, Cause.QUALITY) == [Item(1, 1, 34, 4)]
    with pytest.raises(NothingToRefund):
        items_of("received", [held], {"L1": 2}, Cause.QUALITY)


def test_the_last_pieces_take_the_rest() -> None:
    assert (share_fen(100, 1, 3), share_fen(67, 1, 2), share_fen(34, 1, 1), share_fen(5, 0, 0)) == (33, 33, 34, 5)
