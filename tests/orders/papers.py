"""PDF files made by hand, tame and not."""

import zlib


def plain_pdf(*parts: bytes) -> bytes:
    """One empty page, and whatever else is put in."""
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    pages = b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
    pages += b"3 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n"
    return head + pages + b"\n".join(parts) + b"\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def stream_of(members: bytes, content: bytes) -> bytes:
    """An object with a deflated stream."""
    packed = zlib.compress(content)
    return b"9 0 obj\n<< %s /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj" % (
        members, len(packed), packed,
    )  # fmt: skip
