"""What the parts of a workbook name of each other (ECMA-376 part 2), and which of its parts are sheets.

The file has passed ``spreadsheet_guard`` before: its parts are XML without a DTD. A part that is named and not there is
a KeyError, one that is no XML an error of expat.
"""

import posixpath
from collections.abc import Callable
from xml.parsers import expat

Read = Callable[[str], bytes]
"""The content of a part by its name."""
Related = dict[str, dict[str, str]]
"""Names of parts by kind (``worksheet``, ``styles``) and identifier."""

_TYPES = "/relationships/"


def elements(raw: bytes, name: str) -> list[dict[str, str]]:
    """The attributes of every element of a local name."""
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: (
        found.append(attributes) if tag.rpartition(":")[2] == name else None
    )
    parser.Parse(raw, True)
    return found


def related(read: Read, part: str) -> Related:
    """What a part names; '' is the file itself. Whoever leads out of the file leads to a part that is not there."""
    folder, name = posixpath.split(part)
    found: Related = {}
    for each in elements(read(posixpath.join(folder, "_rels", f"{name}.rels")), "Relationship"):
        target = each["Target"]
        path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found.setdefault(each["Type"].rpartition(_TYPES)[2], {})[each["Id"]] = path
    return found


def book_part(read: Read) -> str:
    """The part that lists the sheets."""
    (book,) = related(read, "")["officeDocument"].values()
    return book


def sheet_parts(read: Read, book: str, named: Related) -> dict[str, str]:
    """The worksheets of a book by their names, in its order; a sheet of another kind (a chart) is none of them."""
    worksheets = named.get("worksheet", {})
    return {
        each["name"]: worksheets[relation]
        for each in elements(read(book), "sheet")
        if (relation := _relation_of(each)) in worksheets
    }


def _relation_of(sheet: dict[str, str]) -> str:
    return next((value for name, value in sheet.items() if name.endswith(":id")), "")
