"""Whether ``docs/errors.md`` says every error code with its status, titles and reason. ``--write`` updates it."""

import importlib
import inspect
import sys

from api_kit import errors as wire
from kit.errors import DomainError
from server.database import ROOT

FILE = ROOT / "docs" / "errors.md"

HEAD = """# 错误代码 · Error codes

Every refusal is `application/problem+json` (RFC 9457) with these members: `type`, `title` (in the language of
`Accept-Language`, Chinese by default), `status`, `code`, `request_id`, and the facts of the case. Branch on `code`.
This page is written by `scripts/python -m scripts.checks.errors --write`.

| code | status | 标题 | title | when |
|---|---|---|---|---|
"""


def table() -> str:
    """The page."""
    for path in sorted(ROOT.glob("*/**/errors.py")):
        if path.relative_to(ROOT).parts[0] not in (".venv", "scripts", "tests"):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    importlib.import_module("server.app").load_doors()
    assert wire
    found: dict[str, type[DomainError]] = {}
    queue = list(DomainError.__subclasses__())
    while queue:
        current = queue.pop()
        queue += current.__subclasses__()
        if current.__module__ != "kit.errors" or current.code in (
            "not_authenticated",
            "not_permitted",
            "unavailable",
        ):
            found[current.code] = current
    lines = [
        f"| `{code}` | {error.status} | {error.title} | {error.title_en} | {' '.join(inspect.getdoc(error).split())} |"  # type: ignore[union-attr]
        for code, error in sorted(found.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Compare, or write."""
    wanted = table()
    if "--write" in sys.argv:
        FILE.write_text(wanted)
    elif not FILE.exists() or FILE.read_text() != wanted:
        sys.exit("docs/errors.md is behind the errors: run  scripts/python -m scripts.checks.errors --write")


if __name__ == "__main__":
    main()
