"""One sandbox process for the module, one listener for the test."""

from collections.abc import Iterator

import pytest

from tests.wechat_sandbox.listener import Listener
from tests.wechat_sandbox.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox that the whole run shares."""
    process = SandboxProcess(tmp_path_factory.mktemp("wechat"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> Iterator[SandboxProcess]:
    """The shared sandbox with no fault in force and the usual conditions."""
    usual = sandbox_process.control("GET", "/settings")
    yield sandbox_process
    sandbox_process.control("DELETE", "/faults")
    sandbox_process.control("POST", "/standstills")
    sandbox_process.control("PATCH", "/settings", usual)


@pytest.fixture
def own_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox for one test that stops and starts it."""
    process = SandboxProcess(tmp_path_factory.mktemp("wechat"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A merchant that answers 204."""
    made = Listener()
    made.start()
    yield made
    made.stop()
