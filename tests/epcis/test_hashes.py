"""The id of an event, held against what the authors of the algorithm have published."""

import json
from pathlib import Path

import pytest

from epcis.hashes import canonical_link, event_id, pre_hash

VECTORS = Path(__file__).parent / "vectors"
"""Documents and hashes of epcis-event-hash-generator (MIT, see LICENSE there)."""


@pytest.mark.parametrize(
    "name",
    ["ReferenceEventHashAlgorithm", "ReferenceEventHashAlgorithm2", "persistentDisposition", "ralfsChaosExample"],
)
def test_published_events_have_their_published_ids(name: str) -> None:
    document = json.loads((VECTORS / f"{name}.json").read_text())
    spaces = {k: v for each in document["@context"] if isinstance(each, dict) for k, v in each.items()}
    ids = [event_id(event, spaces) for event in document["epcisBody"]["eventList"]]
    assert ids == (VECTORS / f"{name}.hashes").read_text().split()


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
    ("urn", "link"),
    [
        ("urn:epc:id:sgtin:4012345.011111.9876", "01/04012345111118/21/9876"),
        ("urn:epc:class:lgtin:4012345.011111.AB1", "01/04012345111118/10/AB1"),
        ("urn:epc:id:sscc:4012345.0000000111", "00/040123450000001112"),
        ("urn:epc:id:sgln:4012345.00011.987", "414/4012345000115/254/987"),
        ("urn:epc:id:giai:4000001.111", "8004/4000001111"),
    ],
)
def test_urns_become_links(urn: str, link: str) -> None:
    assert canonical_link(urn) == f"https://id.gs1.org/{link}"
