"""A Chromium for the browser tests: named, on the PATH, Playwright's, or installed now. Never quietly
absent.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ASK = (
    "浏览器测试需要 Chromium / browser tests need a Chromium: sudo apt-get install chromium, "
    "or .venv/bin/playwright install chromium, or set CHROMIUM_PATH"
)


class ChromiumMissing(Exception):
    """There is no Chromium and none could be had; the message says what to type."""


def find_chromium() -> Path | None:
    """``CHROMIUM_PATH``, else the PATH, else what Playwright has downloaded earlier."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return Path(named)
    found = next((it for it in map(shutil.which, NAMES) if it), None)
    return Path(found) if found else _downloaded()


def require_chromium() -> Path:
    """Find one, or install one: as root through apt, else as Playwright's download. Raises
    :class:`ChromiumMissing`.
    """
    found = find_chromium()
    if found is None:
        print("安装 Chromium / installing Chromium for the browser tests", file=sys.stderr, flush=True)
        found = _through_apt() or _through_playwright()
    if found is None:
        raise ChromiumMissing(ASK)
    return found


def _through_apt() -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk")):
        argv = ["apt-get", "-q", *words]
        if subprocess.run(argv, env=environment, stdout=sys.stderr, check=False).returncode != 0:
            return None
    return find_chromium()


def _through_playwright() -> Path | None:
    argv = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(argv, stdout=sys.stderr, check=False)
    return _downloaded()


def _downloaded() -> Path | None:
    usual = Path.home() / ("Library/Caches/ms-playwright" if sys.platform == "darwin" else ".cache/ms-playwright")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", usual))
    found = sorted([*folder.glob("chromium-*/chrome-linux*/chrome"), *folder.glob("chromium-*/*/*/*/Chromium")])
    return found[-1] if found else None


def main() -> int:
    """Print the path of a Chromium; 1 and one line of advice when there is none."""
    try:
        print(require_chromium())
    except ChromiumMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
