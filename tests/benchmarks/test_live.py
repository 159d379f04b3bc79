"""What the bench of the live centre measures with: a clock in the picture, and figures with goals."""

import pytest

from scripts.benchmarks.figures import Figure, percentile
from scripts.benchmarks.live.clock import BITS, WIDTH, age_ms, read, strip
from scripts.benchmarks.live.pictures import hls_begins, hls_behind


@pytest.mark.parametrize("at_ms", [0, 1, 1_795_447_733_123, 2**41 - 1])
def test_a_painted_clock_is_read_back(at_ms: int) -> None:
    row = strip(at_ms)[:WIDTH]
    blocks = row[:: WIDTH // BITS]
    stamp = read(blocks)
    assert stamp == at_ms % 2**32
    assert age_ms(stamp, at_ms + 250) == 250
    assert age_ms(stamp, at_ms - 3) == -3
    for spoilt in range(BITS):
        assert read(blocks[:spoilt] + bytes([255 - blocks[spoilt]]) + blocks[spoilt + 1 :]) is None


def test_a_figure_that_was_not_measured_meets_no_goal() -> None:
    assert Figure("a", 2.0, "s", 2).is_met
    assert not Figure("a", 2.1, "s", 2).is_met
    assert not Figure("a", float("nan"), "s", 2).is_met
    assert not Figure("a", 97.9, "%", 98, at_least=True).is_met
    assert Figure("a", float("nan")).is_met
    assert [percentile([3, 1, 2], share) for share in (0.0, 0.5, 0.99)] == [1, 2, 3]


def test_a_join_over_hls_is_counted_from_where_the_rooms_player_begins() -> None:
    """2.2 target durations before the end of the list, by the player's own source."""
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
    playlist = head + "".join(f"#EXTINF:{long_s},\n{name}.ts\n" for name, long_s in enumerate((1, 1.04, 1, 0.96), 1))
    assert hls_behind() == 2.2
    name, into_s = hls_begins(playlist, 2.2)
    assert (name, round(into_s, 2)) == ("2.ts", 0.8)
    assert hls_begins(playlist.replace("DURATION:1", "DURATION:3"), 2.2) == ("1.ts", 0.0)
