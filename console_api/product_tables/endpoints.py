"""Merchants bring products in as a table and take them out as one; the history of a SKU's stock."""

import hashlib

from sanic.response import ResponseStream

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from api_kit.downloads import download
from api_kit.spreadsheets import CSV, XLSX, read_sheet, write_sheet
from api_kit.uploads import Upload
from console_api import door
from console_api.product_tables.schemas import (
    COLUMNS,
    TITLES,
    ExportQuery,
    ImportQuery,
    MovementsQuery,
    MovementsView,
    cells_of,
    file_name,
)
from kit.clock import china_day, utc_now
from products.imports import MAX_ROWS, ImportProblem, ImportReport, ImportRow, Imports, export_rows
from products.stock_history import stock_movements


@door.post("/product-imports", effect="resumable")
async def import_products(
    actor: MerchantClerk, query: ImportQuery, upload: Upload, key: IdempotencyKey, imports: Imports
) -> ImportReport:
    """批量导入商品与库存（XLSX 或 CSV，至多 500 行），可先试运行。

    逐行报告；有一处错误则全部不导入。同一文件只导入一次，重复提交得到第一次的报告。
    """
    sheet = await read_sheet(upload.content, COLUMNS, MAX_ROWS)
    if sheet.problems:
        told = [ImportProblem(p.row, p.column, p.detail) for p in sheet.problems]
        return ImportReport(
            number=None, dry_run=query.dry_run, row_count=len(sheet.rows) + len({p.row for p in told}), problems=told
        )
    table = []
    for each in sheet.rows:
        values = {"product": None, "article": None, "sku": None, "gtin": None, **each.values}
        values.pop("available", None)
        values["subtitle"] = values.get("subtitle") or ""
        values["stock_change"] = values.get("stock_change") or 0
        table.append(ImportRow(number=each.number, **values))
    digest = hashlib.sha256(upload.content).hexdigest()
    return await imports.bring_in(actor.merchant, table, digest, actor.caller, dry_run=query.dry_run)


@door.get("/product-exports")
async def export_products(actor: MerchantClerk, query: ExportQuery) -> ResponseStream:
    """导出全部商品与规格；改动后可原样导回。"""
    pieces = write_sheet(query.format, TITLES, (cells_of(found) async for found in export_rows(actor.merchant)))
    name = file_name(actor, china_day(utc_now()), query.format)
    return download(name, CSV if query.format == "csv" else XLSX, pieces)


@door.get("/skus/<code:str>/movements")
async def list_movements(
    actor: MerchantClerk | CountyOfficer | Auditor, code: str, query: MovementsQuery
) -> MovementsView:
    """规格的库存流水，最新在前。"""
    merchant = own_merchant(actor)
    return MovementsView(*await stock_movements(code, merchant, query.cursor, query.limit))
