"""A clock that survives an encoder: milliseconds as forty black and white blocks along the upper edge of a picture.

32 bits of Unix milliseconds and 8 check bits, so a picture that the encoder has spoilt is not read as another time.
"""

import zlib

WIDTH, HEIGHT, RATE = 1280, 720, 25
BITS = 40
BLOCK = WIDTH // BITS
STRIP_ROWS = 64
_WRAP = 1 << 32
_BLACK, _WHITE = bytes([16]) * BLOCK, bytes([235]) * BLOCK


def strip(at_ms: int) -> bytes:
    """The upper 64 rows of a grey picture that was taken at a moment."""
    stamp = at_ms % _WRAP
    word = stamp << 8 | _check(stamp)
    row = b"".join(_WHITE if word >> bit & 1 else _BLACK for bit in reversed(range(BITS)))
    return row * STRIP_ROWS


FILTER = f"crop={WIDTH}:{STRIP_ROWS // 2}:0:{STRIP_ROWS // 4},scale={BITS}:1:flags=area,format=gray"
"""What makes one octet of each block (ffmpeg's filters)."""


def read(blocks: bytes) -> int | None:
    """The stamp of a picture out of its forty octets, or None when it cannot be read."""
    word = 0
    for each in blocks:
        word = word << 1 | (each > 125)
    stamp, check = word >> 8, word & 0xFF
    return stamp if check == _check(stamp) else None


def age_ms(stamp: int, now_ms: int) -> int:
    """How long ago a stamp was painted; stamps go round every 49 days."""
    return (now_ms - stamp + _WRAP // 2) % _WRAP - _WRAP // 2


def _check(stamp: int) -> int:
    return zlib.crc32(stamp.to_bytes(4, "big")) & 0xFF
