"""Processes look through what they make and not through what they are made of."""

import gc
from collections.abc import Iterator

import pytest

from server.collecting import keep_what_stands

SOCKET, SOCKETS, OPEN = 42, 30_000, 200
"""Objects that one leaves when it is closed, how many come and go, and how many are there at once."""


@pytest.fixture
def standing() -> Iterator[None]:
    before = gc.get_threshold()
    keep_what_stands()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_stands_is_passed_by_and_what_comes_is_collected(standing: None) -> None:
    assert gc.get_freeze_count() > 1_000
    came: list[object] = []
    came.append(came)
    del came
    assert gc.collect() >= 1


def test_what_comes_and_goes_in_circles_does_not_pile_up(standing: None) -> None:
    """Fails with the thresholds that a process starts with: tried."""
    there: list[list[object]] = []
    most = 0
    for n in range(SOCKETS):
        circle: list[object] = [[] for _ in range(SOCKET)]
        circle.append(circle)
        there.append(circle)
        if len(there) > OPEN:
            there.pop(0)
        if n % 100 == 0:
            most = max(most, len(gc.get_objects()))
    assert most < 150_000
