"""Whether every pin has a hash and no lock file names a host."""

import re
import sys

from server.database import ROOT


def main() -> None:
    """Print what is wrong and end with 1, or end with 0."""
    problems = []
    for lock in sorted(ROOT.glob("requirements*.lock")):
        text = lock.read_text()
        if re.search(r"https?://|--index-url|--find-links", text):
            problems.append(f"{lock.name} names an address")
        for pin in re.findall(r"^[A-Za-z0-9][^\n]*==[^\n]*$", text, re.MULTILINE):
            block = text[text.index(pin) :].split("\n")[1:2]
            if not block or "--hash=sha256:" not in block[0]:
                problems.append(f"{lock.name}: no hash for {pin}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
