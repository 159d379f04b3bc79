"""Whoever sends a wrong shape is told in Chinese what is wrong with it, and in English when they ask for it."""

import json
import re
from pathlib import Path

import httpx
import msgspec
import pytest

import api_kit
from api_kit.errors import ContentInvalid
from api_kit.mounting import read_body, read_query
from api_kit.shape_words import in_chinese
from tests.doors.house import House, endpoints, order_body
from tests.doors.problems import check_problem
from tests.doors.test_bad_input import place

CHINESE = re.compile("[一-鿿]")
WRONG: list[object] = [
    None,
    True,
    -1,
    10**25,
    1.5,
    "",
    "x" * 20_000,
    "2026-99-99",
    "2026-03-01T12:00:00",
    [],
    [1] * 5_000,
    [None],
    {},
]


class Sent:
    """As much of a request as the readers look at."""

    def __init__(self, body: bytes = b"", query: dict[str, list[str]] | None = None) -> None:
        self.headers = {"content-type": "application/json"}
        self.body = body
        self._query = query or {}

    def get_args(self, keep_blank_values: bool) -> dict[str, list[str]]:
        assert keep_blank_values
        return self._query


def refusals(shape: type[msgspec.Struct], *, in_query: bool) -> set[str]:
    """What is said about wrong values of each member of a shape, one after the other."""
    said: set[str] = set()
    decoder = msgspec.json.Decoder(shape)
    bodies: list[object] = [None, [], "x", {}, {"nobody_asked": 1}]
    members = [field.encode_name for field in msgspec.structs.fields(shape)]
    bodies += [{member: wrong} for member in members for wrong in WRONG]
    for body in bodies:
        try:
            if not in_query:
                read_body(Sent(json.dumps(body).encode()), decoder)  # type: ignore[arg-type]
            elif isinstance(body, dict):
                read_query(Sent(query={name: [str(value)] for name, value in body.items()}), shape)  # type: ignore[arg-type]
        except ContentInvalid as refusal:
            said.update(wrong["detail"] for wrong in refusal.errors)
    return said


def test_every_door_says_in_chinese_what_it_finds_wrong() -> None:
    """Fails when a sentence of ``shape_words`` is taken out: tried with the enum's and the regex's."""
    said: set[str] = set()
    for endpoint in endpoints():
        for shape, in_query in ((endpoint.body, False), (endpoint.query, True)):
            if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
                said |= refusals(shape, in_query=in_query)
    assert len(said) > 300
    assert {sentence for sentence in said if not CHINESE.search(in_chinese(sentence))} == set()


def test_every_sentence_of_the_readers_of_bodies_has_its_chinese() -> None:
    files = [Path(api_kit.__file__).parent / name for name in ("mounting.py", "uploads.py")]
    source = "".join(file.read_text() for file in files)
    sentences = re.findall(r'"detail": "([^"]+)"|_invalid\(f?"([^"]+)"\)', source)
    assert len(sentences) > 8
    for sentence in (one or other for one, other in sentences):
        assert CHINESE.search(in_chinese(sentence.replace("{name}", "purpose"))), sentence


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Expected `int`, got `str`", "应为整数，收到的是文本"),
        ("Expected `str | null`, got `int`", "应为文本或空值 null，收到的是整数"),
        ("Object missing required field `quarter`", "缺少必填项 quarter"),
        ("Expected `int` >= 1", "数值应 >= 1"),
        ("Expected `array` of length <= 50", "至多 50 项"),
        ("Invalid enum value 'x'", "没有这个取值：'x'"),
        ("something that nobody has said yet", "something that nobody has said yet"),
    ],
)
def test_sentences(sentence: str, words: str) -> None:
    assert in_chinese(sentence) == words


async def test_the_language_is_the_clients(house: House, http: httpx.AsyncClient) -> None:
    body = order_body(house.sku, amount_fen="1")
    told: dict[str, object] = {}
    for language in ("zh-CN", "en"):
        members = check_problem(await place(http, house, body, **{"accept-language": language}), 422, "content_invalid")
        (told[language],) = members["errors"]  # type: ignore[misc]
    assert told["zh-CN"] == {"pointer": "#/amount_fen", "detail": "应为整数或空值 null，收到的是文本"}
    assert told["en"] == {"pointer": "#/amount_fen", "detail": "Expected `int | null`, got `str`"}
