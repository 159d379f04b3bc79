"""What every page has: one small style, no script, nothing from anywhere else, and every text escaped."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

MAX_PAGE_BYTES = 30_000
_STYLE = (
    "body{margin:0 auto;max-width:36rem;padding:0 1rem 3rem;font:16px/1.6 sans-serif;color:#222;background:#fff}"
    "h1{font-size:1.35rem;margin:1rem 0 .2rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem;border-bottom:1px solid #ddd}"
    "dl{margin:0;display:grid;grid-template-columns:6.5em 1fr;gap:.2rem .6rem}dt{color:#666}dd{margin:0;"
    "overflow-wrap:anywhere}ul{margin:.3rem 0;padding-left:1.2rem}p{margin:.4rem 0;overflow-wrap:anywhere}"
    ".m{display:inline-block;background:#1b6e3c;color:#fff;padding:0 .5rem;border-radius:.3rem}"
    ".w{background:#fff4d6;padding:.5rem .7rem;border-radius:.3rem}"
    ".b{display:block;text-align:center;padding:.6rem;margin:.8rem 0;border-radius:.4rem;background:#1b6e3c;"
    "color:#fff;text-decoration:none}button.b{width:100%;border:0;font:inherit}input,select,textarea{font:inherit;"
    "font-size:1.2rem;max-width:100%;box-sizing:border-box}textarea{width:100%}label.t{display:block;font-size:1.2rem;"
    "padding:.5rem 0;border-bottom:1px solid #eee}label.t input{width:1.5rem;height:1.5rem;margin-right:.6rem}"
    ".c{background:#fff;color:#a33;border:1px solid #a33}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "content-language": "zh-CN",
}
CONTENT_TYPE = "text/html; charset=utf-8"
_PREFIXES = ("/s/", "/p/", "/h/", "/c/", "/r/", "/rooms/", "/01/")


def is_page(path: str) -> bool:
    """Whether a person's browser waits for what is at this path, and not a program."""
    return path.startswith(_PREFIXES)


def page(title: str, *parts: str) -> str:
    """A whole document. ``parts`` are HTML already."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="format-detection" content="telephone=no">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; ``kind`` is a class of the style."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Names with their values; those that are not known are left out."""
    return "<dl>" + "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in pairs if v) + "</dl>"


def listed(texts: Iterable[str]) -> str:
    """A list of texts."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def button(text: str, address: str, kind: str = "b") -> str:
    """A link that looks like one; ``address`` is ours and never what somebody has typed."""
    return f'<a class="{escape(kind)}" href="{escape(address)}">{escape(text)}</a>'


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""


def refusal_page(status: int, title: str) -> str:
    """Why there is nothing to be read here."""
    advice = (
        "二维码可能已停用，也可能并非由本平台印制。请核对包装，谨防假冒；来路不明的，可拨打 12315 投诉举报。"
        if status == 404
        else "请稍后重新扫码。"
    )
    return page(title, heading(title, 1), paragraph(advice, "w"))
