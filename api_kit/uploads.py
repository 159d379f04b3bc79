"""Files in ``multipart/form-data``: one as ``wx.uploadFile`` sends it, or several, each a part with a file name, beside
some short texts.

Parsed by hand and strictly: a body of ten megabytes may hold millions of boundaries or header lines, which a general
parser would turn into work for the event loop.
"""

import re

import msgspec

from api_kit.errors import ContentInvalid, ContentTypeUnsupported

MAX_UPLOAD_BYTES = 10 * 1024 * 1024 + 4096
"""A file of 10 MiB with its frame; what an installation takes is set below that."""

MAX_PARTS = 10
MAX_HEAD_BYTES = 1024
MAX_TEXT_BYTES = 1024

_FORM = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?\s*(?:;|$)')
_NAME = re.compile(r'[;\s]name="([^"\r\n]{1,60})"')


class Upload(msgspec.Struct, frozen=True):
    """The file's bytes and the texts beside it; the name that the client gives the file is not looked at."""

    content: bytes
    texts: dict[str, str]

    @property
    def files(self) -> tuple[bytes, ...]:
        """The one file."""
        return (self.content,)


class Uploads(msgspec.Struct, frozen=True):
    """The bytes of several files in their order, and the texts beside them."""

    contents: tuple[bytes, ...]
    texts: dict[str, str]

    @property
    def files(self) -> tuple[bytes, ...]:
        """All of them."""
        return self.contents


class FileBody(msgspec.Struct, frozen=True):
    """A file alone: the whole body, or the one file of a form."""

    content: bytes

    @property
    def files(self) -> tuple[bytes, ...]:
        """The one file."""
        return (self.content,)


def read_file(content_type: str, body: bytes) -> FileBody:
    """The file of a body. Raises ContentInvalid where a form is malformed."""
    return FileBody(read_upload(content_type, body).content if content_type.lower().startswith(_FORM) else body)


def read_upload(content_type: str, body: bytes) -> Upload:
    """The one file of a multipart body. Raises ContentTypeUnsupported and ContentInvalid."""
    found = read_uploads(content_type, body)
    if len(found.contents) != 1:
        raise _invalid("exactly one file is expected")
    return Upload(found.contents[0], found.texts)


def read_uploads(content_type: str, body: bytes) -> Uploads:
    """One file or several of a multipart body. Raises ContentTypeUnsupported and ContentInvalid."""
    boundary = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith(_FORM) or boundary is None:
        raise ContentTypeUnsupported(content_type=content_type[:80])
    delimiter = b"\r\n--" + boundary.group(1).encode()
    framed = b"\r\n" + body
    if framed.count(delimiter) > MAX_PARTS + 1:
        raise _invalid("too many parts")
    first, *parts = framed.split(delimiter)
    if first or len(parts) < 2 or not parts.pop().startswith(b"--"):
        raise _invalid("not closed by its boundary")
    files, texts = [], {}
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        name, is_file = _read_head(head)
        if is_file:
            files.append(content)
        elif len(content) > MAX_TEXT_BYTES or name in texts:
            raise _invalid(f"{name}: too long or given twice")
        else:
            texts[name] = _text(content, name)
    if not files:
        raise _invalid("a file is expected")
    return Uploads(tuple(files), texts)


def _read_head(head: bytes) -> tuple[str, bool]:
    text = head[: MAX_HEAD_BYTES + 1].decode("utf-8", "replace")
    disposition = next((h for h in text.split("\r\n") if h.lower().startswith("content-disposition:")), "")
    name = _NAME.search(disposition)
    if len(head) > MAX_HEAD_BYTES or name is None:
        raise _invalid("a part without a name")
    return name.group(1), "filename" in disposition


def _text(content: bytes, name: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise _invalid(f"{name}: not UTF-8") from None
    if "\0" in text:
        raise _invalid(f"{name}: holds the character U+0000")
    return text


def _invalid(detail: str) -> ContentInvalid:
    return ContentInvalid(errors=[{"pointer": "#", "detail": detail}])
