"""Why an export or a template is refused."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted


class OfficeExportUnknown(NotFound):
    """No such export."""

    code = "office_export_unknown"
    title = "导出申请不存在"
    title_en = "No such export"


class ExportInvalid(Invalid):
    """``field`` does not go with this kind of export."""

    code = "export_invalid"
    title = "导出申请内容不相符"
    title_en = "The members of the export do not go together"


class ExportStands(Conflict):
    """The export cannot go there from ``state``."""

    code = "export_stands"
    title = "导出申请当前状态不允许此操作"
    title_en = "The export does not allow this now"


class ExportNotYours(NotPermitted):
    """Whoever asked for an export downloads it, and nobody else."""

    code = "export_not_yours"
    title = "只有申请人可以下载"
    title_en = "Only who asked for an export downloads it"


class ExportExpired(Conflict):
    """A file is answered within a day of being made, three times at most; then it is destroyed."""

    code = "export_expired"
    title = "导出文件已过期或下载次数已满"
    title_en = "The export has expired or was downloaded too often"


class TooManyExportRows(Conflict):
    """More rows than an export may have (``most``): take one township after the other."""

    code = "export_too_large"
    title = "导出行数超过上限"
    title_en = "The export has too many rows"


class RowsDoNotFit(Conflict):
    """The quarter has more households than the template has rows for."""

    code = "export_rows_do_not_fit"
    title = "模板的行数放不下本季度的农户"
    title_en = "The template has too few rows"


class TemplateUnknown(NotFound):
    """No such template, or no mapping of it."""

    code = "export_template_unknown"
    title = "模板或其映射不存在"
    title_en = "No such template or mapping"


class MappingRefused(Invalid):
    """Cells cannot be filled like this; ``problems`` names each with its sheet, cell and why.

    ``sheet``, ``cell``, ``formula`` and ``merged`` are of the place, ``item``, ``area``, ``unit`` and ``range`` of what
    should stand there, ``overlap`` of both.
    """

    code = "export_mapping_refused"
    title = "模板映射不合要求"
    title_en = "The mapping cannot be used"
