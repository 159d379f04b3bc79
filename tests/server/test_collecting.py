"""Processes look through what they make and not through what they are made of."""

import gc

from server.collecting import keep_what_stands


def test_what_stands_is_passed_by_and_what_comes_is_collected() -> None:
    keep_what_stands()
    try:
        assert gc.get_freeze_count() > 1_000
        came: list[object] = []
        came.append(came)
        del came
        assert gc.collect() >= 1
    finally:
        gc.unfreeze()
