"""The benchmark of the books: what it makes, what it says, and that it runs."""

import subprocess
import sys
from datetime import date

import pytest

from kit.clock import china_day
from scripts.benchmarks.books import Size, facts_of, paid_at
from scripts.benchmarks.ledger import Found, Rebuild, report
from scripts.benchmarks.posting import Window

SIZE = Size(lines=300, households=20, lots=30, window=100, first_month=date(2026, 8, 1))


def test_lines_come_in_the_order_of_their_days_a_third_in_each_month() -> None:
    days = [china_day(paid_at(SIZE, serial)) for serial in range(SIZE.lines)]
    assert days == sorted(days)
    assert [sum(day.month == month for day in days) for month in (8, 9, 10)] == [100, 100, 100]


def test_each_line_is_paid_packed_and_earned_once() -> None:
    paid, packed, earned = facts_of(SIZE, range(7, 12))
    lines = [line.line for fact in paid for line in fact.lines]
    assert lines == [line for fact in packed for line in fact.lines] == [line for fact in earned for line in fact.lines]
    assert len(set(lines)) == 5
    assert all(fact.amount_fen == sum(line.net_fen for line in fact.lines) for fact in paid)


def test_the_report_judges_by_the_goals() -> None:
    found = Found(
        rebuilds=[Rebuild(100, 2.0, 1.0), Rebuild(300, 6.6, 3.9)],
        is_rebuilt=False,
        journals=900,
        posting=[Window(9.0, 0.1, 9), Window(0.1, 0.02, 1000), Window(0.13, 0.01, 1210)],
        sealing_s=[0.3],
        close_s=61.0,
        close_lines=100,
    )
    found.reads_ms = {"statement, ever": [49.0, 49.0], "overview, ever": [201.0, 201.0], "reconciliation": [7.0, 7.0]}
    lines = report(SIZE, found)
    told = {line[:44].strip(): line[44:].split() for line in lines[1:]}
    assert told["journals per second, posting"] == ["98", "goal", "2000", "NOT", "met"]
    assert told["cost of the last 100 lines to the second"] == ["2.60", "goal", "1.2", "NOT", "met"]
    assert told["the same by the clock alone"] == ["1.30"]
    assert told["pages they touched to the second's"] == ["1.21", "goal", "1.2", "NOT", "met"]
    assert told["statement, ever, p99 ms"] == ["49.0", "goal", "50", "met"]
    assert told["overview, ever, p99 ms"][-2:] == ["NOT", "met"]
    assert told["reconciliation, p99 ms"] == ["7.0"]
    assert told["close of 100 lines, s"] == ["61.0", "goal", "60", "NOT", "met"]
    assert told["rebuild of 300 lines, s"] == ["6.6"]
    assert told["lines per second, rebuilding"] == ["45"]
    assert told["a line of 300 rebuilt to one of 100"] == ["1.10", "goal", "1.2", "met"]
    assert told["that line in seconds of CPU"] == ["1.30", "goal", "1.2", "NOT", "met"]
    assert told["rebuild, byte for byte"] == ["DIFFERS"]


@pytest.mark.whole
def test_a_form_still_shorter_runs_whole() -> None:
    words = [sys.executable, "-m", "scripts.benchmarks.ledger", "--lines", "60", "--households", "20", "--lots", "20"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "close of 20 lines, s" in done.stdout
    assert "rebuild, byte for byte" in done.stdout
    assert "DIFFERS" not in done.stdout
