"""docs/deploy.md says what a proxy has to pass on and which settings there are, whole."""

import re
from collections.abc import Iterator

from api_kit.doors import MAX_BODY_BYTES
from scripts.local_stack.product import ROOT, SETTINGS
from tests.doors.house import endpoints

PAGE = (ROOT / "docs" / "deploy.md").read_text()
MIB = 1024 * 1024
FROM_INSIDE = "/v1/webhook/media/"


def section(number: int) -> str:
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def passed_on() -> list[str]:
    """The paths of section 6, but for those that are to be refused."""
    lines = [line for line in section(6).split("\n- ") if not line.startswith("Refuse ")]
    return re.findall(r"`(/[^`*]*)`", "\n".join(lines))


def test_a_proxy_set_up_by_the_page_passes_every_route_on() -> None:
    """Fails for printed codes and the carrier's pushes without their paths: they were missing."""
    paths = tuple(passed_on())
    routes = [each.path for each in (*endpoints(), *endpoints(websocket=True))]
    assert [path for path in routes if not path.startswith((*paths, FROM_INSIDE))] == []
    assert not FROM_INSIDE.startswith(paths)


def bodies() -> Iterator[tuple[str, int]]:
    """Prefixes of section 6 with the most octets that may come there."""
    for mib, path in re.findall(r"(\d+) MiB for `(/[^`]+)`", section(6)):
        yield path, int(mib) * MIB


def test_a_proxy_set_up_by_the_page_passes_what_a_route_takes() -> None:
    """Fails for papers of hosts with more room for pictures alone: a photographed card got stuck."""
    large = {each.path: each.max_body_bytes for each in endpoints() if each.max_body_bytes > MAX_BODY_BYTES}
    assert large
    for path, most in large.items():
        assert most <= max((room for prefix, room in bodies() if path.startswith(prefix)), default=0), path


def test_the_local_stack_hands_every_setting_of_the_page_on() -> None:
    """Fails for a bucket of old evidence, which was dropped without a word."""
    rows = [line.split("|")[1] for line in section(2).split("\n") if line.startswith("| `")]
    named = {name for cell in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    made_here = {"LONGCHUAN_STATE_DIR"}  # --state-dir
    assert named - made_here - set(SETTINGS) == set()
