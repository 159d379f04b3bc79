"""Twenty failures of other malls, R1 to R20 of the commerce reference: each is a test somewhere that bears its name."""

import re

import pytest

from server.database import ROOT


def named() -> set[int]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= {int(n) for n in re.findall(r"def test_r(\d{1,2})_", path.read_text())}
        found |= {int(n) for n in re.findall(r"^test_r(\d{2})_", path.name)}
    return found


@pytest.mark.parametrize("number", range(1, 21))
def test_every_regression_is_a_named_test(number: int) -> None:
    assert number in named()
