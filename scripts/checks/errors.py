"""Writes ``docs/errors.md``: every error code of the API with its status, both titles and its reason."""

import importlib
import inspect

from api_kit import errors as wire
from kit.errors import DomainError
from server.database import ROOT

HEAD = """# 错误代码 · Error codes

Every refusal is `application/problem+json` (RFC 9457) with these members: `type`, `title` (in the language of
`Accept-Language`, Chinese by default), `status`, `code`, `request_id`, and the facts of the case. Branch on `code`.
This page is written by `scripts/python -m scripts.checks.errors`.

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


if __name__ == "__main__":
    (ROOT / "docs" / "errors.md").write_text(table())
