"""GS1 Digital Link: what is read, what is refused, and one spelling for one thing (domain reference 3.3)."""

import pytest
from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kit import gs1
from kit.gs1 import DigitalLink, NotDigitalLink, check_digit, digital_link, gtin_holds, is_restricted, read_digital_link

BASE = "https://id.example.cn"
GTIN = "09520000000011"
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def text_of(most: int) -> st.SearchStrategy[str]:
    return st.text(CSET82, min_size=1, max_size=most)


GTINS = st.from_regex("[0-9]{13}", fullmatch=True).map(lambda digits: _ascii(digits) + check_digit(_ascii(digits)))


def _ascii(digits: str) -> str:
    return "".join(str(int(digit)) for digit in digits)


@st.composite
def links(draw: st.DrawFn) -> DigitalLink:
    """Any link of a GTIN with a lot, a serial and attributes."""
    names = draw(
        st.sampled_from([(), ("22",), ("10",), ("21",), ("22", "10"), ("10", "21"), ("22", "10", "21"), ("235",)])
    )
    qualifiers = [(name, draw(text_of(28 if name == "235" else 20))) for name in names]
    attributes = draw(st.dictionaries(st.sampled_from(["240", "91", "3103", "17", "11"]), st.just(""), max_size=3))
    forms = {
        "240": text_of(30),
        "91": text_of(90),
        "3103": st.just("000195"),
        "17": st.just("261231"),
        "11": st.just("261100"),
    }
    return digital_link("01", draw(GTINS), qualifiers, [(name, draw(forms[name])) for name in attributes])


@given(links(), st.sampled_from([BASE, "http://a.example:8443/some/stem", "https://a.example/01/x"]))
@settings(max_examples=300, deadline=None)
def test_what_is_built_is_read_again(link: DigitalLink, base: str) -> None:
    uri = link.uri(base)
    assert read_digital_link(uri) == link
    assert read_digital_link(uri).uri(base) == uri
    assert not set(uri) & set(' "<>{}\\^`|')


@given(links())
@settings(max_examples=200, deadline=None)
def test_another_reader_finds_the_same(link: DigitalLink) -> None:
    """biip knows no 235 and takes ``+`` in a query as we do; where it is right we agree."""
    assume("235" not in [name for name, _ in link.qualifiers])
    read = GS1DigitalLinkURI.parse(link.uri(BASE)).element_strings
    ours = {link.key: link.value, **dict(link.qualifiers), **dict(link.attributes)}
    assert {element.ai.ai: element.value for element in read} == ours


@given(GTINS, st.integers(0, 13), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_one_wrong_digit_is_always_found(gtin: str, place: int, more: int) -> None:
    wrong = gtin[:place] + str((int(gtin[place]) + more) % 10) + gtin[place + 1 :]
    assert gtin_holds(gtin)
    assert not gtin_holds(wrong)
    with pytest.raises(NotDigitalLink):
        read_digital_link(f"{BASE}/01/{wrong}")
    assert GS1DigitalLinkURI.parse(f"{BASE}/01/{wrong}"), (
        "biip lets it pass (domain reference 3.4), so it is no judge of this"
    )


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for uri in (text, f"{BASE}/01/{GTIN}/10/{text}", f"{BASE}/01/{GTIN}?{text}"):
        try:
            found = read_digital_link(uri)
        except NotDigitalLink:
            continue
        assert read_digital_link(found.uri(BASE)) == found


@pytest.mark.parametrize(
    ("uri", "key", "qualifiers", "attributes"),
    [
        (f"{BASE}/01/{GTIN}", GTIN, (), ()),
        (f"HTTPS://id.example.cn/01/{GTIN}/22/2A/10/ABC%2F123/21/12%2B", GTIN,
         (("22", "2A"), ("10", "ABC/123"), ("21", "12+")), ()),
        (f"{BASE}/01/{GTIN}/10/A+B", GTIN, (("10", "A+B"),), ()),
        (f"{BASE}/01/{GTIN}/235/TPX", GTIN, (("235", "TPX"),), ()),
        (f"{BASE}/01/{GTIN}?3103=000195&17=261231&linkType=gs1:pip&flag", GTIN, (),
         (("17", "261231"), ("3103", "000195"))),
        (f"{BASE}/01/{GTIN}?10=X#part", None, (), ()),
        (f"{BASE}/01/{GTIN}#part", GTIN, (), ()),
        (f"{BASE}/01/00/01/{GTIN}", GTIN, (), ()),
        (f"{BASE}/00/106141412345678908", "106141412345678908", (), ()),
        (f"{BASE}/8013/1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2K", (), ()),
        (f"{BASE}/8003/0{GTIN[1:]}ABC", f"0{GTIN[1:]}ABC", (), ()),
        (f"{BASE}/8006/{GTIN}0203/10/L", f"{GTIN}0203", (("10", "L"),), ()),
    ],
)  # fmt: skip
def test_what_the_rules_allow(uri: str, key: str | None, qualifiers: object, attributes: object) -> None:
    if key is None:
        with pytest.raises(NotDigitalLink):
            read_digital_link(uri)
        return
    found = read_digital_link(uri)
    assert (found.value, found.qualifiers, found.attributes) == (key, qualifiers, attributes)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        f"ftp://id.example.cn/01/{GTIN}",
        f"Https://id.example.cn/01/{GTIN}",
        f"https:///01/{GTIN}",
        f"https://me@id.example.cn/01/{GTIN}",
        f"{BASE}/01/9520000000011",  # thirteen digits
        f"{BASE}/01/09520000000012",  # check digit
        f"{BASE}/gtin/{GTIN}",
        f"{BASE}/01/{GTIN}/",
        f"{BASE}/01/{GTIN}/10",
        f"{BASE}/01/{GTIN}/10/A/22/B",  # order
        f"{BASE}/01/{GTIN}/21/A/10/B",
        f"{BASE}/01/{GTIN}/22/A/235/B",  # one sequence or the other
        f"{BASE}/01/{GTIN}/10/A/10/B",
        f"{BASE}/01/{GTIN}/10/A?10=B",
        f"{BASE}/01/{GTIN}?17=261231&17=261231",
        f"{BASE}/01/{GTIN}/11/261231",  # an attribute in the path
        f"{BASE}/01/{GTIN}?21=A",  # a qualifier in the query
        f"{BASE}/01/{GTIN}?00=106141412345678908",
        f"{BASE}/01/{GTIN}?9999=1",  # no such identifier
        f"{BASE}/01/{GTIN}?17=261331",
        f"{BASE}/01/{GTIN}?240=A+B",  # + is a space in the query, and no value has a space
        f"{BASE}/01/{GTIN}/10/A%20B",
        f"{BASE}/01/{GTIN}/10/A%2",
        f"{BASE}/01/{GTIN}/10/A%GG",
        f"{BASE}/01/{GTIN}/10/" + "A" * 21,
        f"{BASE}/01/{GTIN}/10/%E6%89%B9",
        f"{BASE}/01/{GTIN}/10/批",
        f"{BASE}/01/{GTIN}/10/A%00",
        f"{BASE}/01/{GTIN}\n",
        f"{BASE}/01/{GTIN}/10/" + "A" * 3000,
        f"{BASE}/8013/1987654Ad4X4bL5ttr2310c3K",
        f"{BASE}/8006/{GTIN}0302",
        f"{BASE}/8004/ABCDE",
        f"{BASE}/8010/1234/8011/012",
        *(f"{BASE}/01/{GTIN}/10/A{character}B" for character in '<>{}\\^`"| '),
    ],
)
def test_what_is_refused(uri: str) -> None:
    with pytest.raises(NotDigitalLink):
        read_digital_link(uri)


def test_where_another_reader_is_wrong() -> None:
    """biip takes the last of two values, ignores what it does not know and fills up short numbers; we do not follow."""
    for wrong in (f"{BASE}/01/{GTIN}?17=261231&17=270101", f"{BASE}/01/9520000000011", f"{BASE}/01/{GTIN}?9999=1"):
        assert GS1DigitalLinkURI.parse(wrong)
        with pytest.raises(NotDigitalLink):
            read_digital_link(wrong)
    with pytest.raises(ParseError):
        GS1DigitalLinkURI.parse(f"HTTPX://x/01/{GTIN}")


def test_check_digits_and_what_is_only_internal() -> None:
    assert [check_digit(digits) for digits in ("0952000000001", "629104150021", "0614141123452"[:-1])] == [
        "1",
        "3",
        "2",
    ]
    assert not gtin_holds("9520000000011")
    assert not gtin_holds("0952000000001１")
    for gtin, internal in (
        (GTIN, False), ("06901234567892", False), ("02012345678900", True), ("00212345678901", True),
        ("00412345678901", True), ("02912345678900", True),
    ):  # fmt: skip
        assert is_restricted(gtin) is internal, gtin


def test_every_form_is_readable() -> None:
    assert set(gs1._KEYS) <= set(gs1._forms())
    assert len(gs1._forms()) > 450
