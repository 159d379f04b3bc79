"""Sheets of labels: three by eight on A4, with lines to cut along; a browser prints them as they are."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from kit.qr_codes import inline_qr_code
from scans.errors import SheetTooLarge
from scans.labels import LabelRecord

MAX_CELLS = 480
_STYLE = (
    "@page{size:A4;margin:0}body{margin:0;font:8.5pt/1.3 sans-serif}"
    "section{width:210mm;height:297mm;display:grid;grid-template-columns:repeat(3,70mm);"
    "grid-template-rows:repeat(8,37mm);break-after:page}"
    "div{outline:.1mm dashed #999;padding:3mm;display:flex;gap:2mm;overflow:hidden;box-sizing:border-box}"
    "svg{width:29mm;height:29mm;flex:none}p{margin:0;overflow-wrap:anywhere}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"
PER_PAGE = 24


def sheet(labels: Sequence[LabelRecord], copies: int) -> str:
    """The document; each label ``copies`` times. Raises SheetTooLarge above :data:`MAX_CELLS` in all."""
    if len(labels) * copies > MAX_CELLS:
        raise SheetTooLarge(most=MAX_CELLS)
    cells = [cell for label in labels for cell in [_cell(label)] * copies]
    pages = ["".join(cells[at : at + PER_PAGE]) for at in range(0, len(cells), PER_PAGE)]
    body = "".join(f"<section>{cells_of_page}</section>" for cells_of_page in pages)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>溯源标签</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _cell(label: LabelRecord) -> str:
    serial = f"<br>序号 {escape(label.serial)}" if label.serial is not None else ""
    return (
        f"<div>{inline_qr_code(label.link)}<p><b>{escape(label.title)}</b><br>{escape(label.spec)}"
        f"<br>批次 {escape(label.lot)}{serial}<br>扫码查看溯源信息</p></div>"
    )
