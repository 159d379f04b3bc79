"""Documents, consents and switches, through the doors."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from accounts.consents import (
    Consents,
    LegalDocuments,
    demand_consents,
    document_in_force,
    missing_documents,
    switched_on,
)
from accounts.own_data_errors import ChangeTooSoon, ConsentMissing, ConsentOutdated, DocumentUnknown
from accounts.own_data_models import REQUIRED, DocumentKind
from kit.clock import utc_now
from kit.database import execute, scalar
from tests.accounts.people import MovingClock
from tests.accounts.served import Served, served
from tests.statements import counted_statements

K = DocumentKind


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


async def announce(clock: MovingClock, kind: K = K.PRIVACY_POLICY, days: float = 0) -> int:
    return await LegalDocuments(clock).announce(kind, "示例政策", "示例全文", clock() + timedelta(days=days), "staff:1")


@pytest.mark.usefixtures("database")
async def test_without_documents_nothing_is_missing() -> None:
    await demand_consents("C1")


@pytest.mark.usefixtures("database")
async def test_a_version_is_demanded_from_its_day_on_and_anew_after_a_change() -> None:
    clock = MovingClock(utc_now())
    consents = Consents(clock)
    assert await announce(clock, days=1) == 1
    await demand_consents("C1", clock())
    with pytest.raises(DocumentUnknown):
        await consents.give("C1", K.PRIVACY_POLICY, 1)
    clock.forward(timedelta(days=1))
    for kind in (K.MARKETING, K.PERSONALISATION):
        await announce(clock, kind)
    with counted_statements() as sent, pytest.raises(ConsentMissing) as refused:
        await demand_consents("C1", clock())
    assert len(sent) == 1
    assert refused.value.facts == {"documents": [{"kind": "privacy_policy", "version": 1}]}
    await consents.give("C1", K.PRIVACY_POLICY, 1)
    await consents.give("C1", K.PRIVACY_POLICY, 1)
    assert await scalar("SELECT count(*) FROM consumer_consent") == 1
    await demand_consents("C1", clock())
    with pytest.raises(ConsentMissing):
        await demand_consents("C2", clock())
    with pytest.raises(ChangeTooSoon):
        await announce(clock, days=6.9)
    assert await announce(clock, days=7) == 2
    clock.forward(timedelta(days=7))
    assert (await document_in_force(K.PRIVACY_POLICY, clock())).version == 2
    assert [m.version for m in await missing_documents("C1", clock())] == [2]
    with pytest.raises(ConsentOutdated):
        await consents.give("C1", K.PRIVACY_POLICY, 1)
    await consents.give("C1", K.PRIVACY_POLICY, 2)
    await demand_consents("C1", clock())
    await consents.withdraw("C1", K.PRIVACY_POLICY)
    with pytest.raises(ConsentMissing):
        await demand_consents("C1", clock())
    assert await scalar("SELECT string_agg(version || ':' || given, ' ' ORDER BY id) FROM consumer_consent") == (
        "1:true 2:true 2:false"
    )


@pytest.mark.usefixtures("database")
async def test_marketing_is_off_and_personalisation_can_be_switched_off() -> None:
    consents = Consents()
    assert (await switched_on(K.MARKETING, ["C1"]), await switched_on(K.PERSONALISATION, ["C1"])) == (set(), {"C1"})
    await consents.switch("C1", K.MARKETING, on=True)
    await consents.switch("C1", K.PERSONALISATION, on=False)
    assert (await switched_on(K.MARKETING, ["C1", "C2"]), await switched_on(K.PERSONALISATION, ["C1", "C2"])) == (
        {"C1"},
        {"C2"},
    )
    with counted_statements() as sent:
        assert await switched_on(K.MARKETING, []) == set()
    assert len(sent) == 1


@pytest.mark.usefixtures("database")
async def test_consents_and_documents_stay_as_they_were_written() -> None:
    clock = MovingClock(utc_now())
    await announce(clock)
    await Consents(clock).give("C1", K.PRIVACY_POLICY, 1)
    for change in ("UPDATE consumer_consent SET given = false", "DELETE FROM consumer_consent",
                   "UPDATE legal_document SET text = ''", "DELETE FROM legal_document"):  # fmt: skip
        with pytest.raises(BaseORMException, match=r"append-only|permission denied|must be owner"):
            await execute(change)
    with pytest.raises(BaseORMException, match="legal_document_announced"):
        await execute(
            "INSERT INTO legal_document (kind, version, title, text, effective_from, announced_at, announced_by)"
            " SELECT kind, 2, title, text, announced_at + interval '6 days', announced_at, announced_by"
            " FROM legal_document"
        )


async def test_the_doors_say_what_is_missing(doors: Served) -> None:
    http, consumer = doors.http, await doors.consumer("o1")

    async def log_in(n: int) -> Any:
        return (await http.post("/v1/miniapp/session", json={"code": f"login-o1#{n}"})).json()["missing_consents"]

    assert await log_in(1) == []
    for kind in REQUIRED:
        await announce(MovingClock(utc_now()), kind)
    wanted = [{"kind": kind.value, "version": 1} for kind in sorted(REQUIRED)]
    assert await log_in(2) == wanted
    listed = (await http.get("/v1/miniapp/legal-documents")).json()["documents"]
    assert {(d["kind"], d["in_force"]) for d in listed} == {(kind.value, True) for kind in REQUIRED}
    assert (await http.get("/v1/miniapp/legal-documents/privacy_policy")).json()["text"] == "示例全文"
    for unknown in ("marketing", "nothing"):
        answer = await http.get(f"/v1/miniapp/legal-documents/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "legal_document_unknown")
    mine = "/v1/miniapp/me/consents"
    agreed = await http.put(f"{mine}/privacy_policy", headers=consumer, json={"version": 1})
    assert agreed.status_code == 204
    assert (await http.patch("/v1/miniapp/me/switches", headers=consumer, json={"marketing": True})).status_code == 204
    shown = (await http.get(mine, headers=consumer)).json()
    assert shown["missing"] == [{"kind": "user_agreement", "version": 1}]
    given = {c["kind"]: c["given"] for c in shown["consents"]}
    switches = {"marketing": True, "personalisation": True}
    assert given == {"privacy_policy": True, "user_agreement": None, "referral_terms": None} | switches
    assert (await http.delete(f"{mine}/privacy_policy", headers=consumer)).status_code == 204
    assert await log_in(3) == wanted


async def test_personalisation_is_one_switch_at_every_door(doors: Served) -> None:
    """Fails when recommendations ask another column than the switches write: tried."""
    http, consumer = doors.http, await doors.consumer("o1")

    async def told() -> tuple[bool, bool]:
        mine = (await http.get("/v1/miniapp/me/consents", headers=consumer)).json()["consents"]
        (word,) = (each["given"] for each in mine if each["kind"] == "personalisation")
        return word, (await http.get("/v1/miniapp/me/personalisation", headers=consumer)).json()["enabled"]

    assert await told() == (True, True)
    await http.patch("/v1/miniapp/me/switches", headers=consumer, json={"personalisation": False})
    assert await told() == (False, False)
    await http.put("/v1/miniapp/me/personalisation", headers=consumer, json={"enabled": True})
    assert await told() == (True, True)
    await http.delete("/v1/miniapp/me/consents/personalisation", headers=consumer)
    assert await told() == (False, False)
