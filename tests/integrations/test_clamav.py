"""Files that come in are shown to a clamd that speaks the real protocol; without its word none is taken."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sanic import Sanic

from api_kit.doors import Door
from api_kit.mounting import mount
from api_kit.uploads import FileBody, Upload, Uploads
from integrations.clamav.scanner import ClamAvScanner, is_clamd_address
from kit.file_scanning import FileHarmful, FileNotScanned, FileScanner
from server.problems import problem_for
from tests.integrations.clamd_twin import EICAR, ClamdTwin, clamd_on
from tests.servers import free_port

HARMLESS = b"aac001,aac029\r\n" * 20_000
"""Of several chunks."""


@pytest.fixture(params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"tcp://127.0.0.1:{free_port()}" if request.param == "tcp" else f"unix://{tmp_path / 'clamd.ctl'}"


async def test_a_file_is_scanned_whole_and_what_is_found_is_named(address: str) -> None:
    twin, scanner = ClamdTwin(), ClamAvScanner(address, 5)
    async with clamd_on(address, twin):
        await scanner.check(HARMLESS)
        await scanner.check(b"")
        for harmful in (EICAR, HARMLESS + EICAR):
            with pytest.raises(FileHarmful) as refused:
                await scanner.check(harmful)
            assert refused.value.facts == {"signature": "Eicar-Test-Signature"}
    assert twin.scanned == [len(HARMLESS), 0, len(EICAR), len(HARMLESS) + len(EICAR)]


async def test_without_a_result_no_file_is_taken(address: str) -> None:
    """Nobody there, no reply in time, a file that the daemon does not read to its end, and one that hangs up."""
    twin, scanner = ClamdTwin(), ClamAvScanner(address, 0.3)
    with pytest.raises(FileNotScanned):
        await scanner.check(HARMLESS)
    async with clamd_on(address, twin):
        twin.delay_s = 2
        with pytest.raises(FileNotScanned):
            await scanner.check(b"harmless")
        twin.delay_s, twin.longest = 0, 1000
        with pytest.raises(FileNotScanned):
            await scanner.check(HARMLESS)


async def test_a_daemon_that_hangs_up_or_says_too_much_is_no_result() -> None:
    for answer in (b"", b"stream: OK", b"x" * 100_000):

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes = answer) -> None:
            await reader.readuntil(bytes(4))
            writer.write(said)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", port := free_port())
        async with server:
            with pytest.raises(FileNotScanned):
                await ClamAvScanner(f"tcp://127.0.0.1:{port}", 2).check(b"harmless")


@pytest_asyncio.fixture
async def taken() -> list[int]:
    return []


@pytest_asyncio.fixture
async def scanned(taken: list[int]) -> AsyncIterator[tuple[httpx.AsyncClient, str, ClamdTwin]]:
    """A door that takes files in each of the three ways, with a scanner whose daemon is not started yet."""
    door, address = Door("scanned", "/v1/scanned", "Files"), f"tcp://127.0.0.1:{free_port()}"

    @door.post("/one", public=True, status=204)
    async def take_one(upload: Upload) -> None:
        taken.append(len(upload.content))

    @door.post("/several", public=True, status=204)
    async def take_several(uploads: Uploads) -> None:
        taken.append(sum(map(len, uploads.contents)))

    @door.post("/alone", public=True, status=204)
    async def take_alone(file: FileBody) -> None:
        taken.append(len(file.content))

    app: Sanic[Any, Any] = Sanic("scanned", configure_logging=False)
    Sanic.test_mode = True  # else Sanic rewrites its own methods, which works once per process
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]

    async def nobody(_: object) -> None:
        return None

    mount(app, door, {FileScanner: ClamAvScanner(address, 5)}, nobody)
    server = await app.create_server("127.0.0.1", port := free_port(), return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()  # type: ignore[no-untyped-call]
    await server.start_serving()  # type: ignore[no-untyped-call]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/v1/scanned", trust_env=False) as http:
        yield http, address, ClamdTwin()
    await server.close()  # type: ignore[no-untyped-call]
    Sanic._app_registry.clear()


async def test_every_way_by_which_a_file_comes_in_is_scanned(
    scanned: tuple[httpx.AsyncClient, str, ClamdTwin], taken: list[int]
) -> None:
    """Fails for a way that is not: tried with each of the three."""
    http, address, twin = scanned

    async def send(raw: bytes) -> list[tuple[int, str]]:
        answers = [
            await http.post("/one", files={"file": ("a", raw)}),
            await http.post("/several", files=[("file", ("a", b"harmless")), ("file", ("b", raw))]),
            await http.post("/alone", content=raw, headers={"content-type": "text/csv"}),
            await http.post("/alone", files={"file": ("a", raw)}),
        ]
        return [(each.status_code, each.json()["code"] if each.content else "") for each in answers]

    assert await send(b"harmless") == [(503, "file_not_scanned")] * 4
    async with clamd_on(address, twin):
        assert await send(EICAR) == [(422, "file_harmful")] * 4
        assert taken == []
        assert await send(b"harmless") == [(204, "")] * 4
    assert taken == [8, 16, 8, 8]


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("tcp://clamd:3310", True),
        ("tcp://[::1]:3310", True),
        ("unix:///run/clamav/clamd.ctl", True),
        ("clamd:3310", False),
        ("tcp://clamd", False),
        ("tcp://clamd:0", False),
        ("tcp://clamd:99999", False),
        ("unix://relative", False),
        ("http://clamd:3310", False),
    ],
)
def test_an_address_of_a_clamd(address: str, is_one: bool) -> None:
    assert is_clamd_address(address) is is_one
