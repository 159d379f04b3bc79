"""``scripts.checks.duplicates`` finds what two files say, and nothing where they only look alike."""

from scripts.checks.duplicates import LINES, repeated

BODY = [f"    total += price({n})" for n in range(LINES)]


def module(body: list[str], head: str = "") -> str:
    return "\n".join([head, "def add(", "    total: int", ") -> int:", '    """Adds."""', *body, "    return total"])


def test_the_same_lines_in_two_files_are_told_once() -> None:
    other = [line + "  # so" if n % 2 else f"\n{line}" for n, line in enumerate(BODY)]
    assert list(repeated({"a.py": module(BODY), "b.py": module(other, "import os")})) == [
        "b.py:7 says what a.py:6 says"
    ]


def test_fewer_lines_signatures_imports_and_docstrings_are_not_told() -> None:
    assert list(repeated({"a.py": module(BODY[1:] + BODY[:1]), "b.py": module(BODY)})) == []
    imports = "\n".join(f"import m{n}" for n in range(LINES + 1))
    text = '"""\n' + "\n".join(f"word {n}" for n in range(LINES + 1)) + '\n"""\n'
    assert list(repeated({"a.py": text + imports, "b.py": text + imports})) == []


def test_one_file_may_repeat_itself() -> None:
    assert list(repeated({"a.py": module(BODY + BODY)})) == []
