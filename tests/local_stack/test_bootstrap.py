"""``scripts/bootstrap`` on trees of its own, with locks that name no package (so no registry is asked)."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scripts.local_stack.product import ROOT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap", tmp_path / "scripts")
    for name in ("requirements.lock", "requirements-test.lock"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def bootstrap(tree: Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(tree / "scripts" / "bootstrap")], env={**os.environ, **more}, stderr=subprocess.PIPE, text=True
    )


def test_an_environment_left_half_made_is_made_anew_by_one_of_two_and_the_next_start_does_nothing(tree: Path) -> None:
    first = bootstrap(tree)
    while not (tree / ".venv/bin/python").exists():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert first.stderr is not None
    first.stderr.close()
    installed = tree / ".venv/installed-runtime.lock"
    assert not installed.exists()
    both = [bootstrap(tree), bootstrap(tree)]
    told = [it.communicate()[1] for it in both]
    assert [it.returncode for it in both] == [0, 0], told
    assert sum("[1/2]" in it for it in told) == 1
    assert not list((tree / ".state").iterdir())
    assert subprocess.run([tree / ".venv/bin/python", "-c", "import pip"], check=False).returncode == 0
    made_at = installed.stat().st_mtime_ns
    next_start = bootstrap(tree)
    assert next_start.communicate()[1] == ""
    assert next_start.returncode == 0
    assert installed.stat().st_mtime_ns == made_at


def test_a_machine_without_python_gets_one_clear_line(tree: Path) -> None:
    tools = tree / "bin"
    tools.mkdir()
    for name in ("sh", "cat", "mkdir", "mv", "rm", "cmp", "grep", "sleep", "dirname", "cp"):
        (tools / name).symlink_to(str(shutil.which(name)))
    lonely = bootstrap(tree, PATH=str(tools))
    told = lonely.communicate()[1]
    assert lonely.returncode == 1
    assert told.count("\n") == 1
    assert "no Python 3.11 or newer" in told
