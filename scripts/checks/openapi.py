"""Whether ``docs/openapi.json`` is what the doors declare. ``--write`` brings it up to date."""

import sys

import msgspec

from server.app import openapi_document
from server.database import ROOT

FILE = ROOT / "docs" / "openapi.json"


def main() -> None:
    """Compare, or write."""
    wanted = msgspec.json.format(msgspec.json.encode(openapi_document()), indent=1) + b"\n"
    if "--write" in sys.argv:
        FILE.write_bytes(wanted)
    elif not FILE.exists() or FILE.read_bytes() != wanted:
        sys.exit("docs/openapi.json is behind the doors: run  scripts/python -m scripts.checks.openapi --write")


if __name__ == "__main__":
    main()
