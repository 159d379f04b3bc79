"""Whether two files of the product say the same nine lines. Imports, signatures and texts do not count."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from server.database import ROOT

LINES = 9


def said(source: str) -> list[tuple[int, str]]:
    """The lines of a module that do something, with their numbers; a line of brackets alone is none."""
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped |= set(range(node.lineno, node.body[0].lineno))
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (is_text or isinstance(node, ast.Import | ast.ImportFrom)):
            skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    found = ((number, line.split("#", 1)[0].strip()) for number, line in enumerate(source.splitlines(), 1))
    return [(number, line) for number, line in found if number not in skipped and any(c.isalnum() for c in line)]


def repeated(sources: dict[str, str]) -> Iterator[str]:
    """Where a file says what another one has said, a sentence for each such place."""
    first: dict[tuple[str, ...], tuple[str, int]] = {}
    for name, source in sources.items():
        lines, until = said(source), -1
        for at in range(len(lines) - LINES + 1):
            window = tuple(line for _, line in lines[at : at + LINES])
            other, number = first.setdefault(window, (name, lines[at][0]))
            if other != name and at > until:
                until = at + LINES
                yield f"{name}:{lines[at][0]} says what {other}:{number} says"


def product() -> list[Path]:
    """The modules that are kept in the repository, without those of the tests and of the history."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [Path(name) for name in listed.stdout.splitlines()]
    return [path for path in paths if path.parts[0] not in ("tests", "migrations")]


def main() -> None:
    """Print what is said twice and end with 1, or end with 0."""
    problems = list(repeated({str(path): (ROOT / path).read_text() for path in product()}))
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
