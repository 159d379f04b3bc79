"""No member of an object is given twice, however the text spells it; what is right is never refused."""

import json
import random

import msgspec
import pytest

from api_kit.doubled_members import refuse_doubled
from api_kit.errors import MemberTwice


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"a":1,"a":1}', "#/a"),
        ('{"a":1,"a" :2}', "#/a"),
        ('{"a":1,"a"\n:\t{}}', "#/a"),
        ('{"a":1,"\\u0061":2}', "#/a"),
        ('{"a":1,"a":"\\u003ax"}', "#/a"),
        ('{"a":{"b":[1,2],"b":[]}}', "#/a/b"),
        ('[{},{"x":{"a/b~":1,"a/b~":2}}]', "#/1/x/a~1b~0"),
        ('{"":1,"":2}', "#/"),
        ('{"产品":1,"产品":2}', "#/产品"),
        ('{"a":{"deep":1},"b":":","a":null}', "#/a"),
        ('{"a":1,"a":' + "9" * 30 + "}", "#/a"),
    ],
)
def test_a_member_twice_is_refused_with_its_place(raw: str, pointer: str) -> None:
    with pytest.raises(MemberTwice) as refused:
        refuse_doubled(raw.encode())
    assert [each["pointer"] for each in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    "raw",
    ['[{"a":1},{"a":2}]', '{"a":{"a":{"a":1}}}', '{"a":":","b":"\\":\\":"}', '{"a":"a","A":"a"}', "[]", '":"', " { } "],
)
def test_the_same_name_in_two_objects_or_in_a_text_is_no_member_twice(raw: str) -> None:
    refuse_doubled(raw.encode())


def written(chance: random.Random, depth: int = 0) -> tuple[str, bool]:
    """A JSON text of awkward names and values, and whether an object of it names a member twice."""
    words = ['":', ":", ',"', "{", "a", "b", "", "\\", "\\u0061", "产", "\x7f", "\u2028", "/", '"']
    kind = chance.random()
    if depth > 3 or kind < 0.3:
        return json.dumps(chance.choice([*words, 1, -0.0, 2**70, None]), ensure_ascii=chance.random() < 0.3), False
    parts = [written(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind < 0.5:
        return "[" + ", ".join(text for text, _ in parts) + "]", any(twice for _, twice in parts)
    names = [chance.choice(words) for _ in parts]
    gap = chance.choice(["", " ", "\n"])
    members = (
        json.dumps(name, ensure_ascii=chance.random() < 0.3) + gap + ":" + text
        for name, (text, _) in zip(names, parts, strict=True)
    )
    return "{" + ",".join(members) + "}", len(set(names)) < len(names) or any(twice for _, twice in parts)


def test_counting_says_what_reading_pair_by_pair_says() -> None:
    chance, seen = random.Random(8259), set()
    for _ in range(20_000):
        text, twice = written(chance)
        msgspec.json.decode(text)
        try:
            refuse_doubled(text.encode())
        except MemberTwice:
            assert twice, text
        else:
            assert not twice, text
        seen.add((twice, "\\" in text))
    assert len(seen) == 4
