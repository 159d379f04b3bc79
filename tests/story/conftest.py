"""The whole system of ``scripts/run`` on a throw-away directory, for the stories of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local_stack.stack import LocalStack


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Everything, seeded, on kernel-chosen ports."""
    stack = LocalStack(Path(tmp_path_factory.mktemp("system")) / "state", usual_ports=False)
    stack.start(seed=True)
    yield stack
    stack.destroy()
