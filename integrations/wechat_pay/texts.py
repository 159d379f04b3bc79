"""Text that WeChat Pay accepts: UTF-8 characters of one to three bytes, cut to a length in characters."""


def clean_text(text: str, *, max_chars: int) -> str:
    """``text`` without control characters, lone surrogates and four-byte characters (most emoji), cut to
    ``max_chars``.

    White space runs become one blank. The joiner and the variation selectors that belong to emoji go too.
    Source: wechat reference 2.2 ("1-3-byte chars only").
    """
    kept = "".join(char if _is_plain(char) else " " if char.isspace() else "" for char in text)
    return " ".join(kept.split())[:max_chars].rstrip()


def _is_plain(char: str) -> bool:
    point = ord(char)
    if point < 0x20 or 0x7F <= point < 0xA0:
        return False
    if 0xD800 <= point <= 0xDFFF or point > 0xFFFF:
        return False
    return point != 0x200D and not 0xFE00 <= point <= 0xFE0F
