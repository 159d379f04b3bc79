"""Ports: the usual one when free, another when not, the same one again next time."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local_stack import ports
from scripts.local_stack.ports import choose_ports, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens for the length of the test."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    yield server.getsockname()[1]
    server.close()


def test_a_taken_usual_port_is_replaced_and_said(tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ports.USUAL, "api", taken)
    said: list[str] = []
    chosen = choose_ports(["api"], tmp_path / "ports.json", say=said.append)
    assert chosen["api"] != taken
    assert is_free(chosen["api"])
    assert len(said) == 1
    assert str(taken) in said[0]
    assert str(chosen["api"]) in said[0]


def test_a_free_usual_port_is_used_without_a_word(tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    monkeypatch.setitem(ports.USUAL, "api", free)
    said: list[str] = []
    assert choose_ports(["api"], tmp_path / "ports.json", say=said.append) == {"api": free}
    assert said == []


def test_the_second_start_uses_the_ports_of_the_first(tmp_path: Path) -> None:
    names = list(ports.USUAL)
    first = choose_ports(names, tmp_path / "ports.json", usual=False)
    assert choose_ports(names, tmp_path / "ports.json", usual=False) == first
    assert len(set(first.values())) == len(names)
    assert not set(first.values()) & set(ports.USUAL.values())


def test_a_remembered_port_that_is_taken_meanwhile_is_left(tmp_path: Path, taken: int) -> None:
    remembered = tmp_path / "ports.json"
    remembered.write_text(json.dumps({"redis": taken}))
    said: list[str] = []
    chosen = choose_ports(["redis"], remembered, usual=False, say=said.append)
    assert chosen["redis"] != taken
    assert len(said) == 1
    assert json.loads(remembered.read_text()) == chosen


def test_a_given_port_is_not_questioned(tmp_path: Path, taken: int) -> None:
    assert choose_ports(["api"], tmp_path / "ports.json", fixed={"api": taken}) == {"api": taken}


def test_a_spoilt_memory_is_forgotten(tmp_path: Path) -> None:
    remembered = tmp_path / "ports.json"
    remembered.write_text('{"api": ')
    assert is_free(choose_ports(["api"], remembered, usual=False)["api"])
