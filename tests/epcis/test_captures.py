"""Events of others: handed in one by one or in files, by whom, once, marked as theirs, and declared wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from console_api.epcis import endpoints
from epcis.captures import MAX_EVENTS, Capturer, Captures
from epcis.contexts import CONTEXT
from epcis.declarations import Declaration, Declarations
from epcis.errors import CorrectionInvalid, EventDeclaredWrong, EventUnknown
from epcis.hashes import event_id, reference_id
from epcis.models import Behaviour
from epcis.queries import EventFilter, capture_job, events
from epcis.records import OwnEvents
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from tests.accounts.served import Served, served
from tests.epcis.test_own_events import SCHEMA, every, whole_life
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import Mall
from tests.products.shelf import approved_merchant
from tests.products.test_product_doors import clerk_of, keyed, officer

CAPTURE, EVENTS = "/v1/console/epcis/capture", "/v1/console/epcis/events"


def seen(serial: int, **changes: Any) -> dict[str, Any]:
    told = {
        "type": "ObjectEvent", "eventTime": "2025-11-20T09:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE", "bizStep": "receiving", "disposition": "in_progress",
        "epcList": [f"urn:epc:id:sgtin:4012345.011111.{serial}"], "partner:dock": "3",
    } | changes  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


SPACES = {"partner": "https://partner.example.com/epcis/"}


def filed(*told: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "@context": [CONTEXT, SPACES], "type": "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2025-11-20T10:00:00Z", "epcisBody": {"eventList": list(told)},
        }
    ).encode()  # fmt: skip


def alone(told: dict[str, Any]) -> bytes:
    return json.dumps(told | {"@context": [CONTEXT, SPACES]}).encode()


WHO = Capturer(merchant="M-A", partner="", by="staff:clerk")
PARTNER = Capturer(merchant="M-A", partner="示例物流公司", by="staff:clerk")


async def ids() -> list[str]:
    return [each["event_id"] for each in await rows("SELECT event_id FROM epcis_event ORDER BY id")]


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served(Captures(), Declarations(), OwnEvents("https://example.org"), also=(endpoints,)) as client:
        yield client


async def test_a_partners_file_is_taken_once_and_marked_as_theirs(doors: Served) -> None:
    http, merchant = doors.http, await approved_merchant()
    clerk, county = await clerk_of(doors, merchant, "clerk"), await officer(doors)
    foreign = await clerk_of(doors, await approved_merchant(2, "另一家合作社"), "foreign")
    file, ask = filed(seen(1), seen(2)), {"partner": "示例物流公司"}

    dry = await http.post(f"{CAPTURE}-checks", params=ask, headers=clerk, content=file)
    assert (dry.status_code, dry.json()["captured"], dry.json()["is_good"]) == (200, 2, True)
    assert await ids() == []

    taken = await http.post(CAPTURE, params=ask, headers=clerk, content=file)
    assert taken.status_code == 202, taken.text
    job = taken.json()
    assert (job["success"], job["running"], job["captured"], job["known"]) == (True, False, 2, 0)
    assert taken.headers["gs1-epcis-capture-limit"] == str(MAX_EVENTS)
    assert (await http.get(taken.headers["location"], headers=clerk)).json() == job
    again = await http.post(CAPTURE, params=ask, headers=clerk, content=file)
    assert again.json() == job
    assert (await http.get(CAPTURE, headers=county)).json()["jobs"] == [job]
    assert (await http.get(taken.headers["location"], headers=foreign)).json()["code"] == "epcis_capture_unknown"
    assert (await http.get(CAPTURE, headers=foreign)).json()["jobs"] == []

    answer = (await http.get(EVENTS, headers=clerk)).json()
    SCHEMA.validate(answer)
    told, records = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"], answer["longchuan:records"]
    assert [each["eventID"] for each in told] == [event_id(seen(n), SPACES) for n in (1, 2)]
    assert {(each["source"], each["partner"], each["capture"]) for each in records} == {
        ("partner", "示例物流公司", job["captureID"])
    }
    assert (await http.get(EVENTS, headers=foreign)).json()["longchuan:records"] == []
    for name in ("MATCH_anyEPCClass", "MATCH_anyEPC"):
        found = await http.get(EVENTS, headers=clerk, params={name: "https://x.cn/01/04012345111118/21/2"})
        assert [each["event_id"] for each in found.json()["longchuan:records"]] == [event_id(seen(2), SPACES)]


async def test_a_filter_takes_several_values_and_one_of_them_must_hold(doors: Served) -> None:
    """As the standard's query parameters take lists, with ``|`` between the values: twenty, none of them empty."""
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    places = {n: f"https://example.org/place/{n}" for n in (1, 2, 3)}
    told = [seen(n, readPoint={"id": place}, bizLocation={"id": place}) for n, place in places.items()]
    assert (await http.post(CAPTURE, headers=clerk, content=filed(*told))).json()["captured"] == 3
    ids = [event_id(each, SPACES) for each in told]
    goods = [f"https://x.cn/01/04012345111118/21/{n}" for n in (1, 2)]
    for name, values in (
        ("EQ_eventID", ids[:2]),
        ("EQ_readPoint", [places[1], places[2]]),
        ("EQ_bizLocation", [places[2], places[1], "urn:x:y"]),
        ("MATCH_anyEPC", goods),
        ("MATCH_anyEPCClass", goods),
    ):
        found = await http.get(EVENTS, headers=clerk, params={name: "|".join(values)})
        assert [each["event_id"] for each in found.json()["longchuan:records"]] == ids[:2], name
    for refused in ("shipping|", "|shipping", "shipping||receiving", "|".join(["shipping"] * 21), "Shipping|receiving"):
        assert (await http.get(EVENTS, headers=clerk, params={"EQ_bizStep": refused})).status_code == 422
    assert (await http.get(EVENTS, headers=clerk, params={"EQ_eventID": "|".join(ids * 7)})).status_code == 422


async def test_a_page_is_a_valid_document_and_leads_to_the_next(doors: Served) -> None:
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    place = {"id": "https://example.org/place?a=1&b=2"}
    file = filed(*(seen(n, readPoint=place, bizLocation=place) for n in range(1, 4)))
    assert (await http.post(CAPTURE, headers=clerk, content=file)).json()["captured"] == 3
    asked = {"EQ_readPoint": place["id"], "EQ_bizLocation": place["id"], "perPage": "2"}
    first = await http.get(EVENTS, headers=clerk, params=asked)
    SCHEMA.validate(first.json())
    assert first.json()["longchuan:nextPageToken"] is not None
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    last = await http.get(link[1:].partition(">")[0], headers=clerk)
    assert [len(each.json()["longchuan:records"]) for each in (first, last)] == [2, 1]
    assert "link" not in last.headers
    assert (await http.get(EVENTS, headers=clerk, params={"EQ_bizLocation": "urn:x:y"})).json()[
        "longchuan:records"
    ] == []


async def test_one_event_is_taken_and_read_at_its_address(doors: Served) -> None:
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    for _ in range(2):
        taken = await http.post(EVENTS, headers=clerk, content=alone(seen(1)))
        assert taken.status_code == 201, taken.text
    shown = (await http.get(taken.headers["location"], headers=clerk)).json()
    assert [each["event_id"] for each in shown["longchuan:records"]] == [taken.json()["eventID"]]
    assert shown["longchuan:records"][0]["source"] == "captured"
    refused = await http.post(EVENTS, headers=clerk, content=alone(seen(2, bizStep="transforming")))
    assert (refused.status_code, refused.json()["code"]) == (422, "epcis_events_refused")
    assert [(each["pointer"], each["code"]) for each in refused.json()["findings"]] == [("/bizStep", "word_unknown")]
    assert (await http.get(f"{EVENTS}/urn:x:none", headers=clerk)).json()["code"] == "epcis_event_unknown"


async def test_the_behaviour_says_what_one_fault_does_to_the_others(doors: Served) -> None:
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    file = filed(seen(1), seen(2, action="NO"), seen(3))

    async def capture(behaviour: str) -> httpx.Response:
        return await http.post(CAPTURE, headers=clerk | {"gs1-capture-error-behaviour": behaviour}, content=file)

    rolled = (await capture("rollback")).json()
    assert (rolled["success"], rolled["captured"], rolled["total"], await ids()) == (False, 0, 3, [])
    (error,) = rolled["errors"]
    assert (error["event"], error["pointer"], error["code"]) == (1, "/epcisBody/eventList/1/action", "action_wrong")
    assert error["sentence"]
    assert error["sentence_en"]
    went_on = (await capture("proceed")).json()
    assert (went_on["success"], went_on["captured"], went_on["errors"]) == (False, 2, rolled["errors"])
    repeated = (await capture("proceed")).json()
    assert (repeated["captured"], repeated["known"], len(await ids())) == (0, 2, 2)
    assert (await capture("sometimes")).json()["code"] == "epcis_behaviour_unknown"


async def test_a_file_that_cannot_be_read_says_why(doors: Served) -> None:
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    too_many = filed(*[seen(n) for n in range(MAX_EVENTS + 1)])
    for raw, code in (
        (b"[" * 100_000, "too_deep"), (b'{"a":1,"a":1}', "member_twice"), (b"{}", "not_a_document"),
        (b'{"a":NaN}', "number_wrong"), (too_many, "too_many_events"), (filed(), "no_events"),
    ):  # fmt: skip
        refused = await http.post(CAPTURE, headers=clerk, content=raw)
        assert (refused.status_code, refused.json()["findings"][0]["code"]) == (422, code)
    assert (await http.post(CAPTURE, headers=clerk, content=b" " * (1024 * 1024 + 1))).status_code == 413
    assert await scalar("SELECT count(*) FROM epcis_capture") == 0


async def test_an_id_that_a_sender_gives_is_that_of_the_content(database: str) -> None:
    paper = {"bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:1"}]}
    for serial, by in ((1, event_id), (2, reference_id)):  # the text of the standard, and what most senders compute
        told = seen(serial, **paper)
        job = await Captures().take_document(WHO, filed(told | {"eventID": by(told, SPACES)}), Behaviour.ROLLBACK)
        assert job.success
    false = seen(3) | {"eventID": event_id(seen(4), SPACES)}
    job = await Captures().take_document(WHO, filed(false), Behaviour.ROLLBACK)
    assert [(each.code, each.told) for each in job.findings] == [("event_id_wrong", event_id(seen(3), SPACES))]


async def test_what_has_not_happened_yet_is_no_event(doors: Served) -> None:
    """A clock may be an hour ahead."""
    http, clerk = doors.http, await clerk_of(doors, await approved_merchant(), "clerk")
    ahead = (utc_now() + timedelta(hours=2)).isoformat(timespec="seconds")
    hasty = seen(1, eventTime=(utc_now() + timedelta(minutes=50)).isoformat(timespec="seconds"))
    refused = await http.post(EVENTS, headers=clerk, content=alone(seen(2, eventTime=ahead)))
    assert [(each["pointer"], each["code"], each["told"]) for each in refused.json()["findings"]] == [
        ("/eventTime", "time_ahead", ahead)
    ]
    assert (await http.post(EVENTS, headers=clerk, content=alone(hasty))).status_code == 201
    file = filed(seen(3), seen(4, eventTime=ahead))
    rolled = (await http.post(CAPTURE, headers=clerk, content=file)).json()
    assert (rolled["captured"], rolled["errors"][0]["pointer"]) == (0, "/epcisBody/eventList/1/eventTime")
    assert await ids() == [event_id(hasty, SPACES)]


async def test_an_id_belongs_to_one_event(database: str) -> None:
    mine = {"eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8"}
    captures = Captures()
    assert (await captures.take_document(WHO, filed(seen(1) | mine), Behaviour.ROLLBACK)).captured == 1
    other = await captures.take_document(PARTNER, filed(seen(2) | mine), Behaviour.ROLLBACK)
    assert [each.code for each in other.findings] == ["event_id_taken"]
    both = await captures.take_document(WHO, filed(seen(3), seen(3), seen(1) | mine), Behaviour.ROLLBACK)
    assert (both.success, both.captured, both.known) == (True, 1, 1)
    assert [each.code for each in both.findings] == ["event_twice"]


async def test_files_that_come_at_once_are_taken_once(database: str) -> None:
    """Fails when the files of a merchant are not taken one after the other: tried, the job's row refuses the second."""
    file = filed(*[seen(n) for n in range(20)])
    jobs = await asyncio.gather(*[Captures().take_document(WHO, file, Behaviour.ROLLBACK) for _ in range(5)])
    assert len({job.number for job in jobs}) == 1
    assert len(await ids()) == 20


async def test_the_houses_own_events_come_back_as_known_and_cannot_be_forestalled(mall: Mall) -> None:  # noqa: F811
    await whole_life(mall)
    own = await every()
    clerk = Capturer(merchant=mall.merchant, partner="", by="staff:clerk")
    job = await Captures().take_document(clerk, filed(*own), Behaviour.ROLLBACK)
    assert (job.success, job.captured, job.known) == (True, 0, len(own))
    stranger = Capturer(merchant="M-other", partner="", by="staff:clerk")
    assert (await Captures().take_document(stranger, filed(*own), Behaviour.ROLLBACK)).captured == len(own)
    before = await rows("SELECT number, bound_gram FROM lot ORDER BY number")
    await mall.deliver()
    assert await rows("SELECT number, bound_gram FROM lot ORDER BY number") == before
    house, _, _ = await events(mall.merchant, EventFilter(), None, 100)
    assert house == own


async def test_an_event_is_declared_wrong_and_not_edited(mall: Mall) -> None:  # noqa: F811
    await whole_life(mall)
    own = await every()
    wrong = own[0]["eventID"]
    right = await Captures().take_event(Capturer(merchant=mall.merchant, partner="", by="staff:x"), alone(seen(7)))
    declare = Declarations().declare
    told = Declaration(reason="incorrect_data", corrective_event_ids=[right])
    for event, corrective, refusal in (
        (wrong, ["urn:x:none"], CorrectionInvalid), (wrong, [wrong], CorrectionInvalid),
        ("urn:x:none", [], EventUnknown),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await declare(
                mall.merchant, event, Declaration(reason="did_not_occur", corrective_event_ids=corrective), "staff:x"
            )
    with pytest.raises(EventUnknown):
        await declare("M-other", wrong, told, "staff:x")
    await declare(mall.merchant, wrong, told, "staff:x")
    with pytest.raises(EventDeclaredWrong):
        await declare(None, wrong, told, "staff:y")

    found, records, _ = await events(mall.merchant, EventFilter(event_ids=[wrong]), None, 10)
    assert [each.is_declaration for each in records] == [False, True]
    assert found[0] == own[0]
    assert records[0].corrected_by == [right]
    assert records[0].declared_wrong_at is not None
    declaration = found[1].pop("errorDeclaration")
    assert found[1] == found[0]  # the same event, and so the same id
    assert (declaration["reason"], declaration["correctiveEventIDs"]) == ("incorrect_data", [right])
    others = [each for each in (await events(mall.merchant, EventFilter(), None, 100))[1] if each.event_id != wrong]
    assert all(each.declared_wrong_at is None for each in others)
    only, _, _ = await events(mall.merchant, EventFilter(declarations=True), None, 10)
    assert [each["eventID"] for each in only] == [wrong]


async def test_a_partner_declares_its_own_events_wrong_and_nobody_elses(database: str) -> None:
    captures = Captures()
    declared = {"errorDeclaration": {"declarationTime": "2025-11-21T00:00:00Z", "reason": "did_not_occur"}}
    await captures.take_document(PARTNER, filed(seen(1)), Behaviour.ROLLBACK)
    foreign = await captures.take_document(WHO, filed(seen(1, **declared)), Behaviour.ROLLBACK)
    assert [each.code for each in foreign.findings] == ["declared_foreign"]
    theirs = await captures.take_document(PARTNER, filed(seen(1, **declared)), Behaviour.ROLLBACK)
    assert (theirs.success, theirs.captured, theirs.findings) == (True, 1, [])
    early = await captures.take_document(PARTNER, filed(seen(2, **declared)), Behaviour.ROLLBACK)
    assert [(each.code, each.blocks) for each in early.findings] == [("declared_unknown", False)]
    _, records, _ = await events("M-A", EventFilter(event_ids=[event_id(seen(1), SPACES)]), None, 10)
    assert [each.declared_wrong_at is not None for each in records] == [True, False]


async def test_the_county_keeps_what_it_hands_in_and_auditors_read_it(doors: Served) -> None:
    http, county = doors.http, await officer(doors)
    clerk = await clerk_of(doors, await approved_merchant(), "clerk")
    taken = await http.post(EVENTS, headers=county, content=alone(seen(1)))
    wrong = quote(taken.json()["eventID"], safe="")
    path = f"{EVENTS}/{wrong}/error-declaration"
    refused = await http.post(path, headers=keyed(clerk, "k1"), json={"reason": "did_not_occur"})
    assert refused.json()["code"] == "epcis_event_unknown"
    done = [await http.post(path, headers=keyed(county, "k1"), json={"reason": "did_not_occur"}) for _ in range(2)]
    assert [each.status_code for each in done] == [201, 201]
    assert len(done[0].json()["longchuan:records"]) == 2
    twice = await http.post(path, headers=keyed(county, "k2"), json={"reason": "incorrect_data"})
    assert (twice.status_code, twice.json()["code"]) == (409, "epcis_event_declared_wrong")


async def test_a_job_is_not_rewritten(database: str) -> None:
    job = await Captures().take_document(WHO, filed(seen(1)), Behaviour.ROLLBACK)
    with pytest.raises(BaseORMException):
        await execute("UPDATE epcis_capture SET success = false")
    assert await capture_job("M-A", job.number) == job
