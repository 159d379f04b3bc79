"""The checker: never laxer than the official schema, and each fault named with its place."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from epcis import vocabulary
from epcis.checker import check_document, check_event
from epcis.contexts import CONTEXT
from epcis.findings import MAX_FINDINGS, REMARKS, SENTENCES
from epcis.reading import MAX_DEPTH, Unreadable, read_json
from tests.epcis.test_own_events import SCHEMA, document

VECTORS = Path(__file__).parent / "vectors"
LIST = "/epcisBody/eventList"
ODD = [
    None, "", 0, -1, 1.5, True, [], {}, "x", "a b", "http://", "urn:x", "http://h:x/", "é", "x:", "http://[::1",
    "foo:bar%zz", "2020-01-01", "2020-01-01T00:00:00", "2020-13-01T00:00:00Z", "2020-01-01T24:00:00Z",
    "2020-02-30T00:00:00Z", "2020-01-01T00:00:00+25:00", "+08:00", "+14:30", "transforming", "KGM", "kg",
    "urn:epcglobal:cbv:bizstep:x", "https://ns.gs1.org/cbv/x", "http://gs1.org/voc/T", ["a"], [1], {"a": 1}, {"id": 1},
    {"x:y": None}, "ADD", "DELETE", "OBSERVE", "cbv:x", "http://a^b", "http://a\\b", "//x", "a:#b#c", "http://a/%",
    "x://a@b@c", "x:[", "1x:y",
]  # fmt: skip


def _object_event(**changes: Any) -> dict[str, Any]:
    told = {
        "type": "ObjectEvent", "eventTime": "2026-11-27T10:00:00+08:00", "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress",
        "epcList": ["urn:epc:id:sscc:4012345.0000000111"],
    } | changes  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _faults(event: dict[str, Any], *more: dict[str, Any]) -> list[tuple[str, str]]:
    checked = check_document(document([event]) | {"@context": [CONTEXT, *more]}, 10)
    return [(each.code, each.pointer.removeprefix(f"{LIST}/0")) for each in checked.findings]


def test_the_words_are_those_of_the_schema() -> None:
    words = json.loads((VECTORS / "epcis-schema.json").read_text())["definitions"]
    for name, known in {
        "bizStep": vocabulary.BIZ_STEPS, "disposition": vocabulary.DISPOSITIONS, "component": vocabulary.COMPONENTS,
        "bizTransaction-type": vocabulary.TRANSACTIONS, "source-dest-type": vocabulary.PARTIES,
        "measurementType": vocabulary.MEASUREMENTS, "error-reason": vocabulary.REASONS,
        "sensorAlertType": vocabulary.ALERTS,
    }.items():  # fmt: skip
        assert known == set(words[name]["anyOf"][1]["enum"]), name
    assert all(steps <= vocabulary.BIZ_STEPS for steps in vocabulary.USUAL_STEPS.values())
    assert vocabulary.USUAL_STEPS.keys() <= vocabulary.DISPOSITIONS


def _published() -> list[dict[str, Any]]:
    found = []
    for path in sorted(VECTORS.glob("*.hashes")):
        told = json.loads(path.with_suffix(".json").read_text())
        for event in told["epcisBody"]["eventList"]:  # its published id names the other order of some lists
            event.pop("eventID", None)
        found.append(told)
    return found


def test_published_documents_are_accepted() -> None:
    faults = {each.code for told in _published() for each in check_document(told, 100).findings if each.blocks}
    # Keys of the examples that are none: a check digit that is wrong, a stale spelling.
    assert faults <= {"key_wrong", "word_old", "namespace_undeclared"}
    assert sum(len(check_document(told, 100).events) for told in _published()) > 20


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, each in below for place in _places(each, (*at, name)))]


def _damage(told: Any, dice: random.Random) -> None:
    place = dice.choice([each for each in _places(told) if each])
    holder = told
    for name in place[:-1]:
        holder = holder[name]
    chance = dice.random()
    if chance < 0.25:
        del holder[place[-1]]
    elif chance < 0.35 and isinstance(holder, dict):
        names = ["x", "ext1:a", "ilmd", "epcList", "action", "http://q/x", "type", "parentID", "a b", "é:x"]
        holder[dice.choice(names)] = dice.choice(ODD)
    elif chance < 0.4 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[0]))
    else:
        holder[place[-1]] = dice.choice(ODD)


@pytest.mark.parametrize("seed", range(4))
def test_what_the_schema_refuses_is_refused(seed: int) -> None:
    """Fails when ports in addresses are not looked at, or a context may be listed twice: both found by this."""
    dice, documents, accepted = random.Random(seed), _published(), 0
    for _ in range(1000):
        told = copy.deepcopy(dice.choice(documents))
        _damage(told, dice)
        checked = check_document(told, 100)
        if checked.total and not any(each.blocks for each in checked.findings):
            accepted += 1
            assert SCHEMA.is_valid(told), told
    assert accepted > 50


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"bizStep": "transforming"}, "word_unknown", "/bizStep"),
        ({"bizStep": "https://ref.gs1.org/cbv/BizStep-transforming"}, "word_unknown", "/bizStep"),
        ({"bizStep": "cbv:BizStep-transforming"}, "word_unknown", "/bizStep"),
        ({"bizStep": "cbv:Disp-active"}, "word_unknown", "/bizStep"),
        ({"bizStep": "urn:epcglobal:cbv:bizstep:receiving"}, "word_old", "/bizStep"),
        ({"bizStep": "mine:step"}, "namespace_undeclared", "/bizStep"),
        ({"disposition": "in_transport"}, "word_unknown", "/disposition"),
        ({"disposition": "retail_sold"}, "pair_unusual", "/disposition"),
        ({"mine:field": 1}, "namespace_undeclared", "/mine:field"),
        ({"field": 1}, "member_unknown", "/field"),
        ({"eventTime": "2026-11-27T10:00:00"}, "time_wrong", "/eventTime"),
        ({"eventTimeZoneOffset": None}, "member_missing", "/eventTimeZoneOffset"),
        ({"eventTimeZoneOffset": "+15:00"}, "offset_wrong", "/eventTimeZoneOffset"),
        ({"action": "CREATE"}, "action_wrong", "/action"),
        ({"type": "MagicEvent"}, "type_unknown", "/type"),
        ({"epcList": []}, "what_missing", ""),
        ({"epcList": ["https://example.com/01/09780345418914/10/A"]}, "key_wrong", "/epcList/0"),
        ({"epcList": ["urn:epc:id:sscc:4012345.0"]}, "key_wrong", "/epcList/0"),
        ({"epcList": ["urn:x:1", "urn:x:1"]}, "listed_twice", "/epcList"),
        ({"epcList": ["not one"]}, "address_wrong", "/epcList/0"),
        ({"quantityList": [{"epcClass": "urn:x:1", "quantity": "2"}]}, "kind_wrong", "/quantityList/0/quantity"),
        ({"quantityList": [{"epcClass": "urn:x:1", "quantity": 1.5}]}, "quantity_wrong", "/quantityList/0/quantity"),
        ({"quantityList": [{"epcClass": "urn:x:1", "quantity": 2, "uom": "kg"}]}, "unit_wrong", "/quantityList/0/uom"),
        ({"quantityList": [{"epcClass": "urn:x:1", "mass": 2}]}, "member_unknown", "/quantityList/0/mass"),
        ({"ilmd": {"gs1:x": "1"}}, "ilmd_without_add", "/ilmd"),
        ({"bizTransactionList": [{"type": "order", "bizTransaction": "urn:x:1"}]}, "word_unknown",
         "/bizTransactionList/0/type"),
        ({"sourceList": [{"type": "seller", "source": "urn:x:1"}]}, "word_unknown", "/sourceList/0/type"),
        ({"sensorElementList": [{"sensorReport": []}]}, "list_empty", "/sensorElementList/0/sensorReport"),
        ({"sensorElementList": [{"sensorReport": [{"type": "Heat"}]}]}, "word_unknown",
         "/sensorElementList/0/sensorReport/0/type"),
        ({"persistentDisposition": {"set": ["active"], "unset": ["active"]}}, "set_and_unset",
         "/persistentDisposition"),
        ({"errorDeclaration": {"reason": "incorrect_data"}}, "member_missing", "/errorDeclaration/declarationTime"),
        ({"eventID": "ni:///sha-256;00?ver=CBV2.0"}, "event_id_wrong", "/eventID"),
        ({"eventID": f"ni:///sha-256;{'0' * 64}?ver=CBV2.0"}, "event_id_wrong", "/eventID"),
        ({"eventID": "urn:x:" + "1" * 100}, "text_long", "/eventID"),
    ],
)  # fmt: skip
def test_each_fault_has_its_code_and_its_place(changes: dict[str, Any], code: str, at: str) -> None:
    assert _faults(_object_event()) == []
    assert (code, at) in _faults(_object_event(**changes))
    assert all(SENTENCES[code])


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"mine": "not an address"}, "address_wrong"),
        ({"cbv": "https://example.org/"}, "context_redefines"),
        ({"bizStep": "https://example.org/"}, "context_redefines"),
        ({"urn": "https://example.org/"}, "context_redefines"),
        ({"mine": {"@id": "https://example.org/"}}, "context_not_read"),
    ],
)
def test_a_context_declares_prefixes_and_nothing_else(declared: dict[str, Any], code: str) -> None:
    assert code in {each for each, _ in _faults(_object_event(), declared)}


def test_a_document_names_the_standards_context_and_no_other() -> None:
    told = document([_object_event()])
    for context, code in (([], "context_missing"), ([CONTEXT, "https://example.org/c.jsonld"], "context_not_read")):
        assert code in {each.code for each in check_document(told | {"@context": context}, 10).findings}
    assert [each.code for each in check_event(_object_event()).findings] == ["context_missing"]
    assert check_event(_object_event(**{"@context": CONTEXT})).findings == []


def test_own_members_with_a_declared_prefix_are_kept_and_bare_names_in_them_noted() -> None:
    mine = {"mine": "https://example.org/"}
    assert _faults(_object_event(**{"mine:field": {"mine:inner": 1}}), mine) == []
    assert _faults(_object_event(**{"mine:field": {"inner": 1}}), mine) == [("term_undeclared", "/mine:field/inner")]
    assert SENTENCES.keys() >= REMARKS


def test_findings_end_but_faulty_events_do_not_slip_through() -> None:
    told = document([_object_event(bizStep="no", disposition="no", action="no") for _ in range(400)])
    checked = check_document(told, 500)
    assert len(checked.findings) <= MAX_FINDINGS
    assert (checked.total, checked.events) == (400, [])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a": 1, "a": 2}', "member_twice"),
        (b'{"a": NaN}', "number_wrong"),
        (b'{"a": -Infinity}', "number_wrong"),
        (b'{"a": 1e999}', "number_wrong"),
        (b'{"a": 1e300}', "number_wrong"),
        (b'{"a": 1e-300}', "number_wrong"),
        (b'{"a": 9007199254740993}', "number_wrong"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "number_wrong"),
        (b'{"a": "\\u0000"}', "character_wrong"),
        (b'{"a": "\\ud800"}', "character_wrong"),
        (b'{"a": "' + b"x" * 2001 + b'"}', "text_long"),
        (b"[" * 200_000, "too_deep"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "too_deep"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": }', "not_json"),
        (b"", "not_json"),
    ],
)
def test_hostile_json_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(raw)
    assert refused.value.fault.code == code


@pytest.mark.parametrize("told", [None, 1, [], {}, {"type": "EPCISDocument"}, {"type": "EPCISQueryDocument"}])
def test_what_is_no_document_is_said_to_be_none(told: Any) -> None:
    assert [each.code for each in check_document(told, 10).findings] == ["not_a_document"]


_CHILDREN = {"type": "AggregationEvent", "epcList": None, "childEPCs": ["urn:x:1"], "parentID": "urn:x:2"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (_CHILDREN | {"action": "ADD"}, None),
        (_CHILDREN | {"action": "ADD", "parentID": None}, "parent_missing"),
        (_CHILDREN | {"childEPCs": []}, "what_missing"),
        (_CHILDREN | {"type": "AssociationEvent", "parentID": None}, "member_missing"),
        ({"type": "TransactionEvent", "bizTransactionList": []}, "list_empty"),
        ({"type": "TransactionEvent"}, "member_missing"),
        ({"type": "TransformationEvent", "epcList": None, "action": None, "inputEPCList": ["urn:x:1"]}, "what_missing"),
        ({"type": "TransformationEvent", "epcList": None, "action": None, "inputEPCList": ["urn:x:1"],
          "transformationID": "urn:x:2"}, None),
    ],
)  # fmt: skip
def test_every_type_says_what_it_is_about(changes: dict[str, Any], code: str | None) -> None:
    assert [each for each, _ in _faults(_object_event(**changes))] == ([] if code is None else [code])
