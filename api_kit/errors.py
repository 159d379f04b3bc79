"""Errors of the wire itself, before any room is asked."""

from typing import ClassVar

from kit.errors import DomainError, Invalid


class ContentInvalid(Invalid):
    """The body or the query does not have the documented shape.

    ``errors`` says for each place its ``pointer`` and, in English (``shape_words`` has it in Chinese), what is wrong.
    """

    code = "content_invalid"
    title = "请求内容不符合要求"
    title_en = "The request does not have the documented shape"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(errors=errors)
        self.errors = errors


class MemberTwice(ContentInvalid):
    """An object of the body names a member twice; ``errors`` says which one."""

    status: ClassVar[int] = 400
    code = "member_twice"
    title = "请求内容中同一项重复给出"
    title_en = "An object of the body names a member twice"


class MalformedJson(DomainError):
    """The body is not JSON in UTF-8."""

    status: ClassVar[int] = 400
    code = "malformed_json"
    title = "请求内容不是合法的 JSON"
    title_en = "The body is not valid JSON"


class ContentTooLarge(DomainError):
    """The body is larger than this route takes."""

    status: ClassVar[int] = 413
    code = "content_too_large"
    title = "请求内容过大"
    title_en = "The body is too large"


class ContentTypeUnsupported(DomainError):
    """The body is not ``application/json``."""

    status: ClassVar[int] = 415
    code = "content_type_unsupported"
    title = "请求内容类型不受支持"
    title_en = "The content type is not supported"


class SpreadsheetEmpty(Invalid):
    """The file has a header and no row below it: nothing is taken in, and nothing is counted as done."""

    code = "spreadsheet_empty"
    title = "表格只有表头，没有数据行"
    title_en = "The spreadsheet has a header and no rows"


class SpreadsheetRefused(Invalid):
    """The file is no spreadsheet that this system opens; ``reason`` says why.

    ``unreadable``, ``encoding``, ``old_format``, ``encrypted``, ``macros``, ``linked`` (something in it leads out
    of the workbook), ``xml_entities``, ``unfolds_too_far``, ``too_many_parts``, ``too_many_rows``,
    ``too_many_columns``, ``empty``, or ``header`` with ``unknown``, ``missing`` and ``doubled``. Of a template to be
    filled also ``no_references`` (its cells do not say where they are).
    """

    code = "spreadsheet_refused"
    title = "表格文件无法读取"
    title_en = "The spreadsheet cannot be read"
