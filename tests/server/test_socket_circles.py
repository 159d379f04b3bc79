"""A socket that is closed is gone without a collection of garbage."""

import subprocess
import sys

import pytest

from server.database import ROOT
from tests.server.closing_sockets import CLIENT, SERVER, TOO_BIG


@pytest.mark.parametrize("ending", [CLIENT, TOO_BIG, SERVER])
def test_closed_sockets_leave_nothing_in_circles(ending: str) -> None:
    """Fails when Sanic's part of HTTP is not let go of, or a socket keeps what listens to it: tried."""
    words = [sys.executable, "-m", "tests.server.closing_sockets", ending]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "left 0", done.stdout + done.stderr
