"""A tar that is written and read in pieces is what any tar is."""

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from live.replays.packing import PackedFileChanged, packed, unpacked


async def test_what_is_packed_any_tar_opens_and_it_is_the_same_every_time(tmp_path: Path) -> None:
    contents = {"a.ts": b"x" * 1500, "b.ts": b"", "c.ts": bytes(range(256)) * 6}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [(f"in/{name}", tmp_path / name) for name in contents]
    whole = b"".join([piece async for piece in packed(files)])
    assert whole == b"".join([piece async for piece in packed(files)])
    with tarfile.open(fileobj=io.BytesIO(whole)) as opened:
        assert {each.name: opened.extractfile(each).read() for each in opened} == {  # type: ignore[union-attr]
            f"in/{name}": content for name, content in contents.items()
        }
    for size in (1, 511, 4096):

        async def cut(size: int = size) -> AsyncIterator[bytes]:
            for at in range(0, len(whole), size):
                yield whole[at : at + size]

        found: dict[str, bytes] = {}
        async for name, piece in unpacked(cut()):
            found[name] = found.get(name, b"") + piece
        assert found == {f"in/{name}": content for name, content in contents.items()}


async def test_a_file_that_shrinks_under_it_is_no_tar(tmp_path: Path) -> None:
    """Fails without the count: the tar would go on as if nothing was."""
    file = tmp_path / "a.ts"
    file.write_bytes(b"x" * 100)
    pieces = packed([("a.ts", file)])
    await anext(pieces)
    file.write_bytes(b"x")
    with pytest.raises(PackedFileChanged):
        _ = [piece async for piece in pieces]


async def test_what_is_no_tar_is_refused() -> None:
    async def noise() -> AsyncIterator[bytes]:
        yield b"x" * 512

    with pytest.raises(tarfile.TarError):
        _ = [each async for each in unpacked(noise())]
