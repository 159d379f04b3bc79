"""The bench that prints a village says what it prints."""

from scripts.benchmarks.papers import Printed, measure, report, shown


async def test_a_small_village_is_printed_beside_a_timer() -> None:
    found = await measure(3)
    assert found.octets > 10_000
    assert found.late_before_ms
    assert found.late_meanwhile_ms
    assert shown(0).text.claims != shown(1).text.claims


def test_the_report_has_every_figure() -> None:
    late = [float(each) for each in range(1, 101)]
    said = report(500, Printed(6.0, 5.0, 2 * 2**20, late, late))
    assert said[0] == "500 statements, 2.0 MiB"
    assert "5.0 s of CPU, 10.0 ms each" in said[1]
    assert "before 50.5 and 100.0 ms" in said[2]
