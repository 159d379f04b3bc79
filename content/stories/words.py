"""What no story may say: words of poverty, numbers by which somebody is found, names that may not be told."""

import re
from collections.abc import Collection

from content.stories.errors import StoryTextRefused
from content.texts import bare

WORDS = (
    "贫困", "贫穷", "穷困", "穷苦", "穷人", "建档立卡", "脱贫", "扶贫", "返贫", "致贫", "帮扶", "低保", "五保",
    "特困", "困难户", "监测户", "边缘户", "最低生活保障", "救济", "救助", "残疾", "大病",
)  # fmt: skip
"""The list of an installation that has none of its own (domain reference 5, must 2)."""

_DIGITS = str.maketrans("〇零一二三四五六七八九壹贰叁肆伍陆柒捌玖", "00123456789123456789")
_LONG_NUMBER = re.compile(r"\d{7}")
"""A telephone, an identity paper and a bank account have so many digits in a row; a year and a price have not."""


def refuse_text(text: str, words: Collection[str], names: Collection[str] = ()) -> None:
    """Raises :class:`StoryTextRefused`, which quotes nothing of the text but words of the list.

    Looked for as the filter sees a text: one width, one case, nothing between; Chinese numerals are digits.
    """
    seen = bare(text)
    found = [word for word in words if bare(word) in seen]
    reasons = ["word"] if found else []
    if _LONG_NUMBER.search(seen.translate(_DIGITS)):
        reasons.append("number")
    if any(bare(name) in seen for name in names):
        reasons.append("name")
    if reasons:
        raise StoryTextRefused(reasons=reasons, words=found)
