"""What was expected, what was found, and whether they are the same: a table a person can read."""

import sys
import time
import unicodedata
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One compared figure."""

    chapter: str
    what: str
    expected: str
    found: str
    holds: bool
    at_s: float


@dataclass
class Report:
    """Collects findings and prints each one as it comes."""

    findings: list[Finding] = field(default_factory=list)
    chapter_name: str = ""
    _began: float = field(default_factory=time.monotonic)

    def chapter(self, name: str) -> None:
        """Begin a chapter."""
        self.chapter_name = name
        print(f"\n{name}", flush=True)

    def say(self, line: str) -> None:
        """A line of progress."""
        print(f"  {self._elapsed():6.1f} s  {line}", flush=True)

    def check(self, what: str, expected: object, found: object) -> bool:
        """Compare for equality."""
        return self.that(what, found == expected, found, expected)

    def that(self, what: str, holds: bool, found: object, expected: object = "") -> bool:
        """Record whether something holds, with what was found."""
        finding = Finding(self.chapter_name, what, str(expected), str(found), holds, self._elapsed())
        self.findings.append(finding)
        mark = "✓" if holds else "✗"
        wanted = "" if holds or expected == "" else f"   应为 / expected {expected}"
        print(f"  {finding.at_s:6.1f} s  {mark} {_pad(what, 44)} {found}{wanted}", flush=True)
        return holds

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def close(self) -> int:
        """Print the sum; the exit code."""
        wrong = [finding for finding in self.findings if not finding.holds]
        print(f"\n共 {len(self.findings)} 项，{len(wrong)} 项不符，用时 {self._elapsed():.1f} 秒", flush=True)
        for finding in wrong:
            print(
                f"  ✗ {finding.chapter} · {finding.what}: {finding.found}（应为 {finding.expected}）", file=sys.stderr
            )
        return 1 if wrong else 0


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows under their heading, columns aligned also where Chinese stands."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        print("    " + "  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)))
        if index == 0:
            print("    " + "  ".join("─" * width for width in widths))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _pad(text: str, width: int) -> str:
    return text + " " * max(0, width - _width(text))
