"""PDF files from strangers: what could act, hide or swamp is refused, and what is a plain paper is taken."""

import time
import zlib

import pytest

from kit.pdf_files import PdfLimits, PdfRefused, check_pdf
from tests.orders.papers import plain_pdf, stream_of

MAX_BYTES = 1024 * 1024
LIMITS = PdfLimits(MAX_BYTES, max_pages=20)
PAGES = [b"8 0 obj << /Type/Page /Parent 2 0 R >> endobj"] * 20
SCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"
REFUSED = {
    "no pdf": (b"<html>%PDF-1.7 %%EOF</html>", "not_a_pdf"),
    "cut off": (plain_pdf()[:-7], "not_a_pdf"),
    "too large": (plain_pdf(b"%" + b"x" * MAX_BYTES), "too_large"),
    "encrypted": (plain_pdf(b"trailer << /Encrypt 5 0 R >>"), "encrypted"),
    "a script": (plain_pdf(b"4 0 obj " + SCRIPT), "active"),
    "a script, its name escaped": (plain_pdf(SCRIPT.replace(b"/JavaScript", b"/J#61vaScri#70t")), "active"),
    "a program": (plain_pdf(b"<< /S /Launch /F (cmd.exe) >>"), "active"),
    "a form that is sent": (plain_pdf(b"<< /S /SubmitForm /F (http://example.com) >>"), "active"),
    "a script among packed objects": (plain_pdf(stream_of(b"/Type /ObjStm /N 1 /First 4", b"4 0 " + SCRIPT)), "active"),
    "the same behind a frame that is not one": (
        plain_pdf(b"(stream\n", stream_of(b"/Type /ObjStm", b"4 0 " + SCRIPT), b"endstream)"), "active"
    ),
    "objects packed in another way": (
        plain_pdf(b"9 0 obj << /Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode] >>"), "unreadable"
    ),
    "objects behind a predictor": (
        plain_pdf(stream_of(b"/Type /ObjStm /DecodeParms << /Predictor 12 >>", b"x")), "unreadable"
    ),
    "a bomb": (plain_pdf(stream_of(b"", b"0" * 40_000_000)), "unreadable"),
    "a file inside": (plain_pdf(b"<< /Type /EmbeddedFile >>"), "files"),
    "a file inside, packed": (plain_pdf(stream_of(b"/Type /ObjStm", b"4 0 << /Subtype /FileAttachment >>")), "files"),
    "too many pages": (plain_pdf(*PAGES), "pages"),
    "too many streams": (plain_pdf(*[b"stream\n"] * 4_001), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_pdf_is_refused(name: str) -> None:
    raw, because = REFUSED[name]
    with pytest.raises(PdfRefused) as refused:
        check_pdf(raw, LIMITS)
    assert refused.value.facts == {"because": because}


def test_an_ordinary_pdf_is_taken() -> None:
    packed = stream_of(b"/Type /ObjStm /N 1 /First 4", b"4 0 << /Type /Font >>")
    signed = b"5 0 obj << /Type /Sig /Filter /Adobe.PPKLite >> endobj"
    for raw in (
        plain_pdf(),
        plain_pdf(packed, b"<< /URI (https://x) >>"),
        plain_pdf(signed, stream_of(b"", b"0 0 m 9 9 l S")),
    ):
        check_pdf(raw, LIMITS)


def test_files_inside_and_many_pages_are_taken_where_they_are_wanted() -> None:
    with_file = plain_pdf(b"<< /Names << /EmbeddedFiles 7 0 R >> >>")
    check_pdf(with_file, PdfLimits(MAX_BYTES, with_files=True))
    check_pdf(plain_pdf(*PAGES), PdfLimits(MAX_BYTES))


def test_a_stream_that_breaks_off_is_looked_into_as_far_as_it_goes() -> None:
    """Fails when what inflated before a fault is thrown away: tried. Readers show it all the same."""
    packer = zlib.compressobj()
    begun = packer.compress(b"4 0 " + SCRIPT) + packer.flush(zlib.Z_SYNC_FLUSH)
    broken = b"9 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + begun + b"\x07\nendstream\nendobj"
    with pytest.raises(PdfRefused) as refused:
        check_pdf(plain_pdf(broken), LIMITS)
    assert refused.value.facts == {"because": "active"}


def test_many_streams_of_a_large_file_are_looked_into_in_seconds() -> None:
    """Fails (minutes) when what stands behind a stream is copied for each: tried."""
    small = stream_of(b"", b"q Q")
    raw = plain_pdf(*[small] * 1_950, b"%" + b"x" * 4_000_000)
    began = time.process_time()
    check_pdf(raw, PdfLimits(8 * MAX_BYTES))
    assert time.process_time() - began < 20


def test_streams_that_lie_in_each_other_are_not_read_for_ever() -> None:
    """Empty blocks behind many heads: nothing comes out, and each reads all that follows."""
    # A stored block of nine bytes hides each next head from those before it.
    heads = b"stream\n\x78\x01\x00\x09\x00\xf6\xff" * 300 + b"123456789"
    empty = b"\x00\x00\x00\xff\xff" * 100_000
    began = time.process_time()
    with pytest.raises(PdfRefused) as refused:
        check_pdf(plain_pdf(heads + empty), LIMITS)
    assert refused.value.facts == {"because": "unreadable"}
    assert time.process_time() - began < 20
