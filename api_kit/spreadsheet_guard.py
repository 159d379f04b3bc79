"""What a spreadsheet file must not be, judged before any library opens it.

An XLSX is a ZIP of XML. It can unfold to gigabytes, hold entities that grow without end or name files of this machine,
carry macros, or say one size and have another. Nothing is extracted to disk, no entity is ever resolved, and every part
is walked once by an expat that stops at the first DOCTYPE.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers import expat

from api_kit.errors import SpreadsheetRefused

MAX_ENTRIES = 256
MAX_UNFOLDED_BYTES = 32 * 1024 * 1024
MAX_RATIO = 200
MAX_DEPTH = 32
_SMALL = 64 * 1024  # below this a high ratio is only a short text
_BLOCK = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Parts that run something: VBA, Excel 4 macro sheets, ActiveX, embedded files; and those that lead to other workbooks.
_ACTIVE = ("vbaproject", "macrosheets/", "dialogsheets/", "activex/", "embeddings/", "customui/")
_LINKS = "externallinks/"


def is_workbook(raw: bytes) -> bool:
    """Whether the first bytes are those of a ZIP. Raises :class:`SpreadsheetRefused` for XLS and encrypted files."""
    if raw.startswith(_OLE):
        raise SpreadsheetRefused(reason="old_format")
    return raw.startswith(b"PK\x03\x04")


def check_workbook(raw: bytes) -> None:
    """Raises :class:`SpreadsheetRefused` for every workbook that is no plain table."""
    with _unreadable(), zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = archive.infolist()
        _check_parts(parts, len(raw))
        unfolded = 0
        for part in parts:
            unfolded += _walk(archive, part, MAX_UNFOLDED_BYTES - unfolded)


@contextmanager
def _unreadable() -> Iterator[None]:
    """What zipfile and zlib raise for a broken archive is one refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise SpreadsheetRefused(reason="unreadable") from error
    except (RuntimeError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise SpreadsheetRefused(reason="unreadable") from error


def _check_parts(parts: list[zipfile.ZipInfo], size: int) -> None:
    names = [part.filename.lower() for part in parts]
    if len(parts) > MAX_ENTRIES:
        raise SpreadsheetRefused(reason="too_many_parts")
    if any(part.flag_bits & 0x1 for part in parts):
        raise SpreadsheetRefused(reason="encrypted")
    if any(word in name for name in names for word in _ACTIVE):
        raise SpreadsheetRefused(reason="macros")
    if any(_LINKS in name for name in names):
        raise SpreadsheetRefused(reason="linked")
    # Two names in one place, or parts that overlap, are how a small archive says one thing to two readers.
    if len(set(names)) < len(names) or sum(part.compress_size for part in parts) > size:
        raise SpreadsheetRefused(reason="unreadable")
    if any(part.file_size > _SMALL and part.file_size > MAX_RATIO * max(part.compress_size, 1) for part in parts):
        raise SpreadsheetRefused(reason="unfolds_too_far")
    if sum(part.file_size for part in parts) > MAX_UNFOLDED_BYTES:
        raise SpreadsheetRefused(reason="unfolds_too_far")
    if "[content_types].xml" not in names or not any(name.startswith("xl/worksheets/") for name in names):
        raise SpreadsheetRefused(reason="unreadable")


def _walk(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Unfold a part block by block, its XML without a DOCTYPE; answers its real size."""
    is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    parser = _strict_parser() if is_xml else None
    seen = 0
    with archive.open(part) as opened:
        while block := opened.read(_BLOCK):
            seen += len(block)
            if seen > left:
                raise SpreadsheetRefused(reason="unfolds_too_far")
            if part.filename == "[Content_Types].xml" and b"macroEnabled" in block:
                raise SpreadsheetRefused(reason="macros")
            if parser is not None:
                _feed(parser, block, final=False)
    if parser is not None:
        _feed(parser, b"", final=True)
    return seen


def _feed(parser: expat.XMLParserType, block: bytes, *, final: bool) -> None:
    try:
        parser.Parse(block, final)
    except expat.ExpatError as error:
        raise SpreadsheetRefused(reason="unreadable") from error


def _strict_parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    depth = 0

    def doctype(*_: object) -> None:
        raise SpreadsheetRefused(reason="xml_entities")

    def opened(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise SpreadsheetRefused(reason="unreadable")

    def closed(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    return parser
