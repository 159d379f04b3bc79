"""Hostile PDF files: taken as they are, or refused; never rendered here.

What could act when somebody opens it is looked for in the file as it is and in everything that it holds deflated,
wherever a stream may begin, so no broken frame hides a part; what cannot be looked into is refused. It takes its time:
from a request, do it in a thread.
"""

import re
import zlib
from dataclasses import dataclass

from kit.errors import Invalid

MAGIC = b"%PDF-1."
_MAX_STREAMS = 4_000
_MAX_INFLATED = 32 * 1024 * 1024
_MAX_READ = 64 * 1024 * 1024
_PIECE = 4 * 1024

_ACTIVE = re.compile(rb"/(JavaScript|Launch|RichMedia|SubmitForm|ImportData|GoToE|GoToR|XFA|Rendition|Movie|Sound)\b")
_FILES = re.compile(rb"/(EmbeddedFiles?|FileAttachment)\b")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_OTHER_FILTERS = re.compile(rb"/(ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL|Crypt)\b")
_HIDDEN = re.compile(rb"/ObjStm\b[^>]*/(DecodeParms|DP|F)\b|/(DecodeParms|DP|F)\b[^>]*/ObjStm\b")
_STREAM = re.compile(rb"stream\r?\n")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


class PdfRefused(Invalid):
    """``because``: not_a_pdf, too_large, encrypted, active, files, pages or unreadable."""

    code = "pdf_refused"
    title = "PDF 文件不符合要求"
    title_en = "The PDF file is not taken"


@dataclass(frozen=True)
class PdfLimits:
    """Bytes of a file, how many pages it has at most (None: any number), and whether other files may hang in it."""

    max_bytes: int
    max_pages: int | None = None
    with_files: bool = False


def check_pdf(raw: bytes, limits: PdfLimits) -> None:
    """Raises :class:`PdfRefused`."""
    if not raw.startswith(MAGIC) or b"%%EOF" not in raw[-2048:]:
        raise PdfRefused(because="not_a_pdf")
    if len(raw) > limits.max_bytes:
        raise PdfRefused(because="too_large")
    plain = _names(raw)
    if re.search(rb"/Encrypt\b", plain):
        raise PdfRefused(because="encrypted")
    holds_objects = re.search(rb"/ObjStm\b", plain)
    if holds_objects and (_OTHER_FILTERS.search(plain) or _HIDDEN.search(plain)):
        raise PdfRefused(because="unreadable")
    parts = [plain, *map(_names, _streams(raw))]
    if any(_ACTIVE.search(part) for part in parts):
        raise PdfRefused(because="active")
    if not limits.with_files and any(_FILES.search(part) for part in parts):
        raise PdfRefused(because="files")
    if limits.max_pages is not None and sum(len(_PAGE.findall(part)) for part in parts) > limits.max_pages:
        raise PdfRefused(because="pages")


def _names(raw: bytes) -> bytes:
    """With every ``#4A`` of a name read as its byte."""
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw)


def _streams(raw: bytes) -> list[bytes]:
    """What inflates behind each word "stream", as far as it does; PdfRefused for more than is looked into."""
    inflated, left, unread, view = [], _MAX_INFLATED, _MAX_READ, memoryview(raw)
    for count, begin in enumerate(_STREAM.finditer(raw)):
        part, read = _inflated(view[begin.end() : begin.end() + unread], left)
        left, unread = left - len(part), unread - read
        if count >= _MAX_STREAMS or left <= 0 or unread <= 0:
            raise PdfRefused(because="unreadable")
        inflated.append(part)
    return inflated


def _inflated(view: memoryview, most: int) -> tuple[bytes, int]:
    """What inflates, and how many bytes were read for it; piece by piece, so that nothing behind it is copied."""
    engine, found, read = zlib.decompressobj(), bytearray(), 0
    while read < len(view) and len(found) < most and not engine.eof:
        piece, before = view[read : read + _PIECE], engine.copy()
        read += len(piece)
        try:
            found += engine.decompress(piece, most - len(found))
        except zlib.error:
            found += _until_it_breaks(before, piece, most - len(found))
            break
    return bytes(found), read


def _until_it_breaks(engine: "zlib._Decompress", piece: memoryview, most: int) -> bytes:
    """What a reader shows of a piece with a fault in it."""
    found = bytearray()
    try:
        for at in range(len(piece)):
            found += engine.decompress(piece[at : at + 1], most - len(found))
            if len(found) >= most:
                break
    except zlib.error:
        pass
    return bytes(found)
