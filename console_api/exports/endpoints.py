"""Exports: asked by one officer, approved by another, downloaded by who asked; and what superiors' templates hold."""

from sanic.response import HTTPResponse, raw

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from api_kit.spreadsheets import CSV, XLSX
from api_kit.uploads import FileBody
from api_kit.workbooks import SheetFiles
from console_api import door
from console_api.exports.schemas import (
    ExportDecision,
    ExportInput,
    ExportsQuery,
    ExportsView,
    ItemsView,
    LeakView,
    MappingInput,
    MappingMade,
    PreviewInput,
    TemplateQuery,
    TemplatesView,
)
from poverty_alleviation.exports.items import ITEMS
from poverty_alleviation.exports.marks import marks_in
from poverty_alleviation.exports.models import ExportFormat, ExportState
from poverty_alleviation.exports.queries import ExportCard, downloads_of_marks, export_card, export_cards
from poverty_alleviation.exports.service import OfficeExports
from poverty_alleviation.exports.templates import (
    ExportTemplates,
    TemplatePreview,
    TemplateShown,
    template_cards,
    template_shown,
)

MAX_LEAK_BYTES = 8 * 1024 * 1024


@door.post("/poverty/exports", answer=export_card)
async def ask_for_export(actor: PovertyOfficer, body: ExportInput, key: IdempotencyKey, exports: OfficeExports) -> Made:
    """申请导出：写明用途与依据文件；须另一人批准，一日内由申请人下载。"""
    return Made(await exports.ask(actor, body.request()))


@door.get("/poverty/exports")
async def list_exports(actor: PovertyOfficer | Auditor, query: ExportsQuery) -> ExportsView:
    """导出申请，最新在前。"""
    return ExportsView(*await export_cards(query.state, query.cursor, query.limit))


@door.get("/poverty/exports/<number:str>")
async def show_export(actor: PovertyOfficer | Auditor, number: str) -> ExportCard:
    """一项导出申请，不含文件内容。"""
    return await export_card(number)


@door.put("/poverty/exports/<number:str>/decision")
async def decide_export(actor: PovertyOfficer, number: str, body: ExportDecision, exports: OfficeExports) -> ExportCard:
    """批准（须另一人）或退回导出申请。"""
    await exports.decide(number, ExportState(body.state), body.note, actor.caller)
    return await export_card(number)


@door.post("/poverty/exports/<number:str>/downloads", status=200)
async def download_export(actor: PovertyOfficer, number: str, exports: OfficeExports) -> HTTPResponse:
    """下载导出文件：仅限申请人，一日内最多三次，先留访问记录再回答；每次下载带各自的隐藏标记。"""
    file = await exports.download(actor, number)
    headers = {"content-disposition": f'attachment; filename="{file.name}"', "cache-control": "no-store"}
    return raw(file.content, content_type=XLSX if file.format is ExportFormat.XLSX else CSV, headers=headers)


@door.post("/poverty/leaked-files", status=200, max_body_bytes=MAX_LEAK_BYTES)
async def find_leak(actor: PovertyOfficer | Auditor, file: FileBody) -> LeakView:
    """查明流出的文件或文字出自哪一次下载；文件本身不保存。"""
    return LeakView(await downloads_of_marks(marks_in(await SheetFiles().text_of(file.content))))


@door.get("/poverty/export-items")
async def list_export_items(actor: PovertyOfficer | Auditor) -> ItemsView:
    """模板可填写的项目目录。"""
    return ItemsView(list(ITEMS.values()))


@door.post("/poverty/export-templates")
async def take_export_template(
    actor: PovertyOfficer, query: TemplateQuery, file: FileBody, templates: ExportTemplates
) -> TemplateShown:
    """上传上级的 XLSX 模板：不得含宏、外部链接或取数公式；同一文件只存一份。"""
    return await template_shown(await templates.take(file.content, query.name, actor.caller))


@door.get("/poverty/export-templates")
async def list_export_templates(actor: PovertyOfficer | Auditor) -> TemplatesView:
    """模板清单，最新在前。"""
    return TemplatesView(await template_cards())


@door.get("/poverty/export-templates/<number:str>")
async def show_export_template(actor: PovertyOfficer | Auditor, number: str) -> TemplateShown:
    """一个模板及其最新映射。"""
    return await template_shown(number)


@door.post("/poverty/export-templates/<number:str>/mappings")
async def map_export_template(
    actor: PovertyOfficer, number: str, body: MappingInput, key: IdempotencyKey, templates: ExportTemplates
) -> MappingMade:
    """登记模板映射的新版本：单元格或一列单元格对应项目、地区、单位与小数位；公式与合并单元格不可填。"""
    return MappingMade(await templates.map(number, body.cells, actor.caller))


@door.post("/poverty/export-templates/<number:str>/previews", status=200)
async def preview_export_template(
    actor: PovertyOfficer, number: str, body: PreviewInput, templates: ExportTemplates
) -> TemplatePreview:
    """按最新映射试填一个季度：列出各汇总数与农户行数，不生成文件、不显示农户。"""
    return await templates.preview(number, body.quarter)
