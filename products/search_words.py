"""Chinese goods found by word, by pinyin, by initials, and by what lies between: pure functions of texts.

A product is kept under single characters and pairs of them, under its Latin words and numbers, and under the pinyin of
every character and of every two that follow one another, each once in full and once as its first letter: 红糖 is
``hongtang``, ``hongt``, ``htang`` and ``ht``. A character with several readings is kept under all of them. What a
consumer types is cut the same way, so both sides meet in equal words and the index needs no dictionary.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

MAX_QUERY_CHARS = 60
MAX_RUNS = 8
MAX_LETTERS = 24
MAX_READINGS = 3
MAX_SPELLINGS = 4
MAX_SYLLABLES = 8
FUZZY_LETTERS = 4
"""A shorter word has too many neighbours to guess what was meant."""

_RUNS = re.compile(r"[㐀-䶿一-鿿]+|[a-z]+|[0-9]+")

_SYLLABLES = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bong bu ca cai can cang cao ce cei
cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou
cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die din ding diu dong dou du duan dui dun duo
e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan
guang gui gun guo ha hai han hang hao he hei hen heng hm hng hong hou hu hua huai huan huang hui hun huo ji jia jian
jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang
kui kun kuo la lai lan lang lao le lei len leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo
lve m ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu n na nai nan nang nao ne nei nen
neng ng ni nia nian niang niao nie nin ning niu nong nou nu nuan nun nuo nve o ou pa pai pan pang pao pei pen peng pi
pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren
reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng
shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti
tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wong wu xi xia xian xiang xiao xie xin
xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei
zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi
zong zou zu zuan zui zun zuo
"""
SYLLABLES = frozenset(_SYLLABLES.split())
"""Every syllable of Mandarin without its tone; ü is written v, as keyboards do. A test compares it to pypinyin's."""


class Words(msgspec.Struct, frozen=True):
    """What a product is kept under; ``spelled`` are the Latin words among them that a person may mistype."""

    all: list[str]
    spelled: list[str]


class Search(msgspec.Struct, frozen=True):
    """What was asked for: ``runs`` are alternatives of which each must hold, as tsquery text of quoted words."""

    folded: str
    runs: list[str]
    letters: list[str]
    """The runs that are long Latin words, by their place in ``runs``; empty where a run is none."""

    @property
    def tsquery(self) -> str:
        """All runs together."""
        return " & ".join(self.runs)


def fold(text: str) -> str:
    """One spelling of what looks alike: full width, case, compatibility forms."""
    return unicodedata.normalize("NFKC", text).lower()


def words_of(texts: Iterable[str]) -> Words:
    """The words of a product's texts.

    The first call of a process reads pypinyin's dictionaries, which takes 55 MB and a quarter of a second; whoever only
    searches does without.
    """
    found: set[str] = set()
    spelled: set[str] = set()
    for text in texts:
        for run in _RUNS.findall(fold(text)):
            if run[0] < "\u3400":
                found.add(run[:60])
                if len(run) >= FUZZY_LETTERS and run.isalpha():
                    spelled.add(run[:60])
            else:
                found.update(run)
                found.update(run[i : i + 2] for i in range(len(run) - 1))
                _add_pinyin(run, found, spelled)
    return Words(sorted(found | spelled), sorted(spelled))


def _add_pinyin(run: str, found: set[str], spelled: set[str]) -> None:
    from pypinyin import Style, lazy_pinyin

    usual = lazy_pinyin(run, style=Style.NORMAL)
    if len(usual) != len(run):  # a character that nobody can read
        return
    readings = [_readings(char, usual[i]) for i, char in enumerate(run)]
    for i, here in enumerate(readings):
        found.update(form for reading in here for form in (reading, reading[0]))
        following = readings[i + 1] if i + 1 < len(readings) else []
        found.update(a + b for x in here for y in following for a in (x, x[0]) for b in (y, y[0]))
        for length in (2, 3, 4):
            if i + length <= len(usual):
                spelled.add("".join(usual[i : i + length])[:60])
    if len(usual) <= MAX_SYLLABLES:
        spelled.add("".join(usual)[:60])


@lru_cache(20_000)
def _readings(char: str, usual: str) -> list[str]:
    from pypinyin import Style, pinyin

    others = pinyin(char, style=Style.NORMAL, heteronym=True)[0]
    return list(dict.fromkeys([usual, *others]))[:MAX_READINGS]


def search_of(text: str) -> Search | None:
    """What a consumer typed, or None when nothing of it can be searched for."""
    folded = fold(text[:MAX_QUERY_CHARS]).strip()
    runs, letters = [], []
    for run in _RUNS.findall(folded)[:MAX_RUNS]:
        runs.append(_han(run) if run[0] >= "\u3400" else _latin(run[:MAX_LETTERS]))
        letters.append(run[:MAX_LETTERS] if run.isascii() and run.isalpha() and len(run) >= FUZZY_LETTERS else "")
    return Search(folded, runs, letters) if runs else None


def corrected(search: Search, guesses: Sequence[Sequence[str]]) -> Search:
    """The search with each mistyped run replaced by words that exist."""
    runs = [
        _any_of([_quoted(word) for word in guess]) if guess else run
        for run, guess in zip(search.runs, guesses, strict=True)
    ]
    return msgspec.structs.replace(search, runs=runs)


def _quoted(word: str, prefix: bool = False) -> str:
    """A word in a tsquery. Words are cut by ``_RUNS``: letters, digits and Han characters, nothing to escape."""
    return f"'{word}':*" if prefix else f"'{word}'"


def _any_of(alternatives: Iterable[str]) -> str:
    return "(" + " | ".join(dict.fromkeys(alternatives)) + ")"


def _han(run: str) -> str:
    if len(run) == 1:
        return _quoted(run)
    return "(" + " & ".join(_quoted(run[i : i + 2]) for i in range(len(run) - 1)) + ")"


def _latin(run: str) -> str:
    """A Latin word, the beginning of one, or pinyin cut in every likely way."""
    alternatives = [_quoted(run, prefix=len(run) > 1)]
    if run.isalpha():
        for pieces in spellings(run):
            pairs = [_quoted(a + b) for a, b in pairwise(pieces)]
            if pairs:
                alternatives.append("(" + " & ".join(pairs) + ")")
    return _any_of(alternatives)


def spellings(run: str) -> list[list[str]]:
    """Some ways to read letters as syllables and first letters, the longest pieces first."""
    found: list[list[str]] = []

    def cut(rest: str, pieces: list[str]) -> None:
        if len(found) >= MAX_SPELLINGS:
            return
        if not rest:
            found.append(pieces)
            return
        for piece in _pieces(rest):
            cut(rest[len(piece) :], [*pieces, piece])

    cut(run, [])
    return found


def _pieces(rest: str) -> Iterator[str]:
    for length in range(min(6, len(rest)), 1, -1):
        if rest[:length] in SYLLABLES:
            yield rest[:length]
    yield rest[0]
