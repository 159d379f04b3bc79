"""A product's description: a little HTML, cleaned when it is written, so that every reader may show it as it is."""

import nh3

_TAGS = {
    "p", "br", "h3", "h4", "strong", "em", "u", "s", "ul", "ol", "li", "blockquote",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}


def clean(text: str) -> str:
    """The text with an allowed tag here and there; no address, style, script, frame or image survives.

    Pictures stand in the product's list of pictures, never in its text. Source: commerce reference R13.
    """
    return nh3.clean(text, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), strip_comments=True)
