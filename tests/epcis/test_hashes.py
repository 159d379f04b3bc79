"""The id of an event, held against what the authors of the algorithm have published."""

import json
from pathlib import Path
from typing import Any

import pytest

from epcis.hashes import event_id, pre_hash, reference_id
from epcis.keys import canonical_link, key_holds

VECTORS = Path(__file__).parent / "vectors"
"""Documents and hashes of epcis-event-hash-generator (MIT, see LICENSE there)."""


DOCUMENTS = sorted(path.stem for path in VECTORS.glob("*.hashes"))
SAME = ("ReferenceEventHashAlgorithm", "ReferenceEventHashAlgorithm2", "persistentDisposition", "ralfsChaosExample",
        "TimeStampRoundOff", "epcisDocWithAllGS1Keys", "epcisDocWithSensorComponent", "epclist_normalisation",
        "epcisDocWithSensorDataObjectEvent")  # fmt: skip
"""Documents without the lists that the text of the standard and the reference implementation order differently."""


def spaces_of(holder: dict[str, Any]) -> dict[str, str]:
    context = holder.get("@context", [])
    return {k: v for each in context if isinstance(each, dict) for k, v in each.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_published_events_have_their_published_ids(name: str) -> None:
    document = json.loads((VECTORS / f"{name}.json").read_text())
    spaces = spaces_of(document)
    told = document["epcisBody"]["eventList"]
    published = (VECTORS / f"{name}.hashes").read_text().split()
    assert [reference_id(event, spaces | spaces_of(event)) for event in told] == published
    if name in SAME:
        assert [event_id(event, spaces | spaces_of(event)) for event in told] == published


def _event(**changes: object) -> dict[str, object]:
    return {
        "type": "ObjectEvent", "eventTime": "2026-11-27T10:00:00+08:00", "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress",
        "quantityList": [{"epcClass": "https://example.org/lot/1", "quantity": 10.5, "uom": "KGM"}],
    } | changes  # fmt: skip


def test_one_meaning_has_one_id() -> None:
    same = dict(reversed(_event().items())) | {
        "eventTime": "2026-11-27T02:00:00.000Z",
        "bizStep": "urn:epcglobal:cbv:bizstep:receiving",
        "disposition": "cbv:Disp-in_progress",
        "quantityList": [{"uom": "KGM", "quantity": "10.500", "epcClass": "https://example.org/lot/1"}],
        "eventID": "urn:uuid:0", "recordTime": "2026-11-28T00:00:00Z",
        "errorDeclaration": {"declarationTime": "2026-11-28T00:00:00Z", "reason": "incorrect_data"},
    }  # fmt: skip
    assert event_id(same) == event_id(_event())
    for changed in (
        _event(action="ADD"), _event(eventTimeZoneOffset="+00:00"), _event(eventTime="2026-11-27T10:00:00.001+08:00"),
        _event(quantityList=[{"epcClass": "https://example.org/lot/1", "quantity": 10.05, "uom": "KGM"}]),
    ):  # fmt: skip
        assert event_id(changed) != event_id(_event())


def test_parties_and_papers_stand_as_the_standard_words_it() -> None:
    told = _event(
        bizTransactionList=[{"type": "recadv", "bizTransaction": "https://example.org/b"}],
        sourceList=[{"type": "possessing_party", "source": "https://example.org/p"}],
    )
    assert pre_hash(told, {}).endswith(
        "disposition=https://ref.gs1.org/cbv/Disp-in_progress"
        "bizTransactionListbizTransaction=https://example.org/btype=https://ref.gs1.org/cbv/BTT-recadv"
        "sourceListsource=https://example.org/ptype=https://ref.gs1.org/cbv/SDT-possessing_party"
    )


@pytest.mark.parametrize(
    ("told", "link"),
    [
        ("urn:epc:id:sgtin:4012345.011111.9876", "01/04012345111118/21/9876"),
        ("urn:epc:id:sgtin:415056789012.0.987654", "01/04150567890128/21/987654"),
        ("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()", "01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29"),
        ("urn:epc:class:lgtin:4012345.011111.AB1", "01/04012345111118/10/AB1"),
        ("urn:epc:id:upui:1234567.098765.51qIgY", "01/01234567987651/235/51qIgY"),
        ("urn:epc:id:itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"),
        ("urn:epc:id:sscc:4012345.0000000111", "00/040123450000001112"),
        ("urn:epc:id:sgln:4012345.00011.987", "414/4012345000115/254/987"),
        ("urn:epc:id:sgln:4012345.00011.0", "414/4012345000115"),
        ("urn:epc:id:pgln:999999999999.", "417/9999999999994"),
        ("urn:epc:id:grai:4012345.00022.334455", "8003/04012345000221334455"),
        ("urn:epc:id:giai:4000001.111", "8004/4000001111"),
        ("urn:epc:id:gsrn:4012345.0000006765", "8018/401234500000067657"),
        ("urn:epc:id:gsrnp:4012345.0000000007", "8017/401234500000000074"),
        ("urn:epc:id:gdti:987659999999..9", "253/98765999999929"),
        ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", "8010/061414111111111111111-A%23%2F/8011/1234"),
        ("urn:epc:id:ginc:0614141.xyz47%2F11", "401/0614141xyz47%2F11"),
        ("urn:epc:id:gsin:4012345.222333444", "402/40123452223334442"),
        ("urn:epc:idpat:sgtin:4012345.012345.*", "01/04012345123456"),
        ("urn:epc:idpat:sgcn:4012345.22222.*", "255/4012345222227"),
        ("https://example.com/shop/01/09780345418913/22/2A/10/LOT1/21/765tz?11=221109", "01/09780345418913/21/765tz"),
        ("http://example.com/gtin/9780345418913/lot/1223", "01/09780345418913/10/1223"),
        ("https://id.gs1.org/414/4280000000002/254/12", "414/4280000000002/254/12"),
    ],
)
def test_a_key_has_one_canonical_link(told: str, link: str) -> None:
    assert canonical_link(told) == f"https://id.gs1.org/{link}"
    assert canonical_link(f"https://id.gs1.org/{link}") == f"https://id.gs1.org/{link}"


@pytest.mark.parametrize(
    "told",
    [
        "urn:epc:id:sgtin:4012345.11111.9876",  # one digit is missing
        "urn:epc:id:sgtin:4012345.011111",  # no serial
        "urn:epc:id:other:4012345.1",
        "https://example.com/trace/lot/L1",
        "https://example.com/01/0978034541891x",
        "https://example.com/01/09780345418913/99/x",
        "geo:22.5,101.9",
    ],
)
def test_what_is_no_key_stays_as_it_is(told: str) -> None:
    assert canonical_link(told) == told


def test_a_wrong_check_digit_is_seen() -> None:
    assert key_holds("https://example.com/01/09780345418913/10/A")
    assert not key_holds("https://example.com/01/09780345418914/10/A")
    assert not key_holds("https://example.com/01/09780345418913/21/A/10/B")
    assert not key_holds("urn:epc:id:sscc:4012345.1")
    assert key_holds("https://example.com/trace/lot/L1")
