"""What a process does before it serves anybody."""

import json
import subprocess
import sys

from server.database import ROOT

LATER = {"fpdf", "fontTools", "pypinyin"}
"""Large, and needed by none but whoever makes a paper or writes what a product is found by."""

_START = """
import gc, json, sys
import server.app
print(json.dumps([sum(each["collections"] for each in gc.get_stats()), sorted(sys.modules)]))
"""


def test_it_hardly_looks_for_garbage_and_reads_no_dictionary() -> None:
    """Fails, tried by hand, with Python's own thresholds (500 collections) and for each of the three."""
    command = [sys.executable, "-c", _START]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    collections, modules = json.loads(done.stdout)
    assert collections < 100
    assert LATER & set(modules) == set()
