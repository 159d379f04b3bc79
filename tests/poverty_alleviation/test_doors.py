"""The console over HTTP with real sessions: who may ask, what goes in, what comes out."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
import pytest_asyncio
from sanic import Sanic

import console_api.benefit_contracts.endpoints
import console_api.demonstrations.endpoints
import console_api.ledger.endpoints
import console_api.period_income.endpoints
import console_api.poverty_alleviation.endpoints
import console_api.register.endpoints
import console_api.register_imports.endpoints
import console_api.traceability.endpoints  # noqa: F401 - importing adds the routes to the door
from accounts.models import RoleGrant
from accounts.roles import Role
from accounts.service import AccessLogs, Sessions
from accounts.staff import GrantedRole, StaffAccounts
from api_kit.doors import Door, Endpoint
from api_kit.mounting import mount
from console_api import door
from kit.database import rows, scalar
from ledger.jobs import seal_journals
from ledger.service import Sealer
from poverty_alleviation.register.accounts import BankAccounts
from poverty_alleviation.register.imports import RegisterImports
from poverty_alleviation.register.incomes import Incomes
from poverty_alleviation.register.labels import RegisterLabels
from poverty_alleviation.register.members import Members
from poverty_alleviation.register.years import Years
from poverty_alleviation.vault import household_rights
from server.authentication import authenticator
from server.problems import problem_for
from tests.accounts.people import PASSWORD, quick_passwords
from tests.poverty_alleviation.conftest import County
from tests.poverty_alleviation.test_figures import captured
from tests.products.shelf import TOWNSHIP, VILLAGE
from tests.servers import free_port
from traceability.lots import Lots
from traceability.service import Intakes, Suppliers

CHECK = {"purpose": "identity_check", "document": "示例核查 1 号"}
OWN = ("/poverty/", "/ledger/", "/suppliers", "/intakes", "/intake-batches", "/lots")


@dataclass
class Console:
    """The console on a port, with one person for each role."""

    http: httpx.AsyncClient
    tokens: dict[Role, str]
    endpoints: Sequence[Endpoint]
    """What is mounted; the rest of the door stands in tests/doors/test_roles.py."""

    keys: int = 0

    async def ask(self, role: Role, method: str, path: str, body: object = None, **query: Any) -> httpx.Response:
        self.keys += 1
        headers = {"authorization": f"Bearer {self.tokens[role]}", "idempotency-key": f"key-{self.keys}"}
        return await self.http.request(method, f"/v1/console{path}", headers=headers, json=body, params=query or None)


@pytest_asyncio.fixture
async def console(county: County) -> AsyncIterator[Console]:
    only = Door("console", door.prefix, door.title)
    port = free_port()
    app: Sanic[Any, Any] = Sanic(f"console{port}", configure_logging=False)
    Sanic.test_mode = True  # else Sanic rewrites its own methods, which works once per process
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]
    offered = (
        Suppliers(),
        Intakes(),
        Lots(),
        county.registry,
        Members(county.registry.cipher, AccessLogs(), county.clock),
        BankAccounts(county.registry.cipher, AccessLogs(), county.clock),
        Years(county.clock),
        Incomes(county.clock),
        RegisterImports(county.registry.cipher, county.clock),
        RegisterLabels(county.clock),
        county.contracts,
        county.payouts,
        county.close,
        AccessLogs(),
    )
    services = {type(service): service for service in offered}
    ours = [e for e in door.endpoints if e.path.removeprefix(door.prefix).startswith(OWN)]
    only.endpoints = [e for e in ours if set(e.services.values()) <= set(services)]
    mount(app, only, services, authenticator(Sessions()))
    server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()  # type: ignore[no-untyped-call]
    await server.start_serving()  # type: ignore[no-untyped-call]
    scopes = {Role.MERCHANT_CLERK: county.merchant, Role.STATION_KEEPER: TOWNSHIP}
    tokens = {}
    for role in Role:
        held = (GrantedRole(role, scopes.get(role, "")),)
        login = f"demo.{role.value.replace('_', '.')}"
        await StaffAccounts(quick_passwords()).create(login, "示例", PASSWORD, held, "staff:test")
        grant = await RoleGrant.get(role=role)
        tokens[role] = (await Sessions().open_for_grant(grant.id)).token
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield Console(http, tokens, only.endpoints)
    await server.close()  # type: ignore[no-untyped-call]
    for connection in server.connections:
        connection.abort()
    Sanic._app_registry.clear()


def intake(county: County, **changes: object) -> dict[str, object]:
    return {
        "client_id": "phone-00000001",
        "supplier": county.suppliers["H1"],
        "merchant": county.merchant,
        "product": county.product,
        "mass_gram": 10_000,
        "grade": "一级",
        "unit_price_fen": 1_200,
        "mode": "consignment",
        "weighed_at": "2026-11-20T08:00:00+08:00",
    } | changes


async def test_a_batch_from_a_phone_that_was_offline_is_answered_row_by_row(county: County, console: Console) -> None:
    """Each wrong row is answered by its own refusal, the others are taken, and all of it may come again.

    Fails when one row's refusal ends the batch: tried.
    """
    rows_of_batch = [
        intake(county),
        intake(county, client_id="phone-00000002", supplier="S404"),
        intake(county, client_id="phone-00000003", mode="paid_at_scale"),
        intake(county, client_id="phone-00000004", mass_gram=0),
        intake(county, client_id="phone-00000005", weighed_at="yesterday"),
        intake(county, client_id="phone-00000006", mode="barter"),
        intake(county, client_id="short"),
        intake(county),
        intake(county, mass_gram=9_999),
        intake(county, client_id="phone-00000007", mass_gram=10**30),
        intake(county, client_id="phone-00000008", mode="paid_at_scale", evidence="示例收购单1"),
    ]
    expected = [
        None,
        "supplier_unknown",
        "intake_invalid",
        "intake_invalid",
        "intake_invalid",
        "intake_invalid",
        "intake_invalid",
        None,
        "client_id_reused",
        "intake_invalid",
        None,
    ]
    first = await console.ask(Role.STATION_KEEPER, "POST", "/intake-batches", {"rows": rows_of_batch})
    assert first.status_code == 200, first.text
    answers = first.json()["rows"]
    assert [answer["code"] for answer in answers] == expected
    assert [answer["client_id"] for answer in answers] == [row["client_id"] for row in rows_of_batch]
    assert answers[0]["intake"] == answers[7]["intake"]
    assert answers[2]["facts"] == {"members": ["evidence"]}
    assert answers[3]["facts"] == {"members": ["mass_gram"], "because": "数值应 >= 1"}
    assert answers[4]["facts"]["because"].startswith("时间应写作")
    assert await scalar("SELECT count(*) FROM intake") == 2
    again = await console.ask(Role.STATION_KEEPER, "POST", "/intake-batches", {"rows": rows_of_batch})
    assert again.json() == first.json()
    assert await scalar("SELECT count(*) FROM outbox_message WHERE topic LIKE 'traceability.intake%'") == 3
    for rows_wrong in ([], [intake(county)] * 201):
        refused = await console.ask(Role.STATION_KEEPER, "POST", "/intake-batches", {"rows": rows_wrong})
        assert refused.status_code == 422


async def test_batches_that_cross_each_other_are_taken_once(county: County, console: Console) -> None:
    """Three devices of one keeper send the same forty rows in other orders at the same moment."""
    batch = [intake(county, client_id=f"phone-{n:08}", mass_gram=1_000 + n) for n in range(40)]
    orders = [batch, batch[::-1], batch[20:] + batch[:20]]
    answers = await asyncio.gather(
        *(console.ask(Role.STATION_KEEPER, "POST", "/intake-batches", {"rows": each}) for each in orders)
    )
    numbers = [{row["client_id"]: row["intake"]["number"] for row in answer.json()["rows"]} for answer in answers]
    assert numbers[0] == numbers[1] == numbers[2]
    assert await scalar("SELECT count(*) FROM intake") == 40


async def test_from_the_scale_to_the_statement_over_http(county: County, console: Console) -> None:
    answer = await console.ask(Role.STATION_KEEPER, "POST", "/intakes", intake(county))
    assert answer.status_code == 201
    again = await console.ask(Role.STATION_KEEPER, "POST", "/intakes", intake(county))
    assert again.json()["number"] == answer.json()["number"]
    wanted = {"product": county.product, "input_gram": 10_000, "intakes": [answer.json()["number"]]}
    lot = (await console.ask(Role.MERCHANT_CLERK, "POST", "/lots", wanted)).json()["lot"]["number"]
    sealed = await console.ask(Role.MERCHANT_CLERK, "PUT", f"/lots/{lot}/seal")
    assert sealed.json()["lot"]["sealed_at"]
    await county.bind({lot: 3})
    await county.tell(county.paid(), county.packed(), county.earned())

    due = (await console.ask(Role.POVERTY_OFFICER, "GET", "/poverty/payouts/due")).json()["due"]
    # 1.5 kg × 12.00 = 18.00, and 2 % of 109.70 = 2.19
    assert due == [{"household": "示例H1", "merchant": county.merchant, "amount_fen": 2_019, "lines": 1}]
    payout = {
        "household": "示例H1",
        "merchant": county.merchant,
        "amount_fen": 2_019,
        "bank_voucher": "示例回单1",
        "paid_on": "2026-11-23",
    }
    made = await console.ask(Role.POVERTY_OFFICER, "POST", "/poverty/payouts", payout)
    confirmation = {
        "kind": "visit",
        "evidence": "示例走访1",
        "confirmed_at": "2026-11-23T16:00:00+08:00",
    }
    path = f"/poverty/payouts/{made.json()['number']}/confirmation"
    assert (await console.ask(Role.POVERTY_OFFICER, "PUT", path, confirmation)).status_code == 204
    of = f"/poverty/households/{quote('示例H1')}"
    for reader in (Role.POVERTY_OFFICER, Role.AUDITOR):
        shown = (await console.ask(reader, "GET", f"{of}/statement")).json()["figures"]
        assert shown["attributed_sales_fen"] == 10_970
        assert (shown["income_paid_fen"], shown["income_confirmed_fen"]) == (2_019, 2_019)
        apart = (await console.ask(reader, "GET", f"{of}/figures/income_paid")).json()
        assert apart["total_fen"] == 2_019
        assert [part["order"] for part in apart["parts"]] == ["O1", "O1"]
        table = (await console.ask(reader, "GET", "/poverty/figures")).json()
        assert table["totals"]["income_paid_fen"] == 2_019
        balance = (await console.ask(reader, "GET", "/poverty/trial-balance")).json()
        assert balance["totals_fen"] == {"cash": 0, "statistics": 0}
        assert (await console.ask(reader, "GET", "/poverty/ledger-chain")).json()["is_whole"]
        tied = (await console.ask(reader, "GET", "/poverty/reconciliation")).json()
        assert [m["reference"] for m in tied["mismatches"]] == ["O1"]  # no payment was told in this test
    assert (await console.ask(Role.AUDITOR, "GET", f"{of}/figures/nonsense")).status_code == 404


async def test_stations_and_merchants_never_learn_a_status_nor_auditors_a_name(
    county: County, console: Console
) -> None:
    await console.ask(Role.STATION_KEEPER, "POST", "/intakes", intake(county))
    for role in (Role.STATION_KEEPER, Role.MERCHANT_CLERK):
        for path in ("/suppliers", "/intakes"):
            answer = await console.ask(role, "GET", path)
            assert answer.status_code == 200
            for forbidden in ("household", "status", "registered", "示例H1"):
                assert forbidden not in answer.text
    audited = (await console.ask(Role.AUDITOR, "GET", "/intakes")).json()["intakes"]
    assert [i["supplier_name"] for i in audited] == ["供****"]
    assert (await console.ask(Role.AUDITOR, "GET", "/suppliers")).status_code == 403
    listed = (await console.ask(Role.AUDITOR, "GET", "/poverty/households")).json()["households"]
    assert [(h["code"], h["name_masked"], h["status"]) for h in listed] == [
        ("示例H1", "示*****", "registered"), ("示例H2", "示*****", "registered"),
    ]  # fmt: skip
    card = (await console.ask(Role.AUDITOR, "GET", "/poverty/households/示例H1")).json()
    assert card["statuses"][0]["document"], "by which paper it counts is what an auditor asks"
    assert [span["supplier"] for span in card["suppliers"]] == [county.suppliers["H1"]]


async def test_every_poverty_route_refuses_everybody_else(county: County, console: Console) -> None:
    before = await scalar("SELECT count(*) FROM ledger_journal")
    others = set(Role) - {Role.POVERTY_OFFICER, Role.AUDITOR}
    for endpoint in console.endpoints:
        if "/poverty/" not in endpoint.path:
            continue
        path = endpoint.path.removeprefix(door.prefix)
        for placeholder, value in (
            ("<code:str>", "x"),
            ("<number:str>", "x"),
            ("<supplier:str>", "x"),
            ("<member:str>", "x"),
            ("<account:str>", "x"),
        ):
            path = path.replace(placeholder, value)
        path = path.replace("<figure:str>", "income_paid").replace("<rule:str>", "x")
        for role in others:
            answer = await console.ask(role, endpoint.method, path, {} if endpoint.body else None)
            assert answer.status_code == 403, (role, path)
        nobody = await console.http.request(endpoint.method, f"/v1/console{path}")
        assert nobody.status_code == 401, path
        if endpoint.method != "GET" and endpoint.name != "console.find_leak":  # which changes nothing
            answer = await console.ask(Role.AUDITOR, endpoint.method, path, {} if endpoint.body else None)
            assert answer.status_code == 403, path
    assert await scalar("SELECT count(*) FROM ledger_journal") == before


async def test_an_identity_needs_a_purpose_and_leaves_a_record(county: County, console: Console) -> None:
    new = {"name": "示例王五", "township": TOWNSHIP, "village": VILLAGE, "id_number": "999999197001010017"}
    made = await console.ask(Role.POVERTY_OFFICER, "POST", "/poverty/households", new)
    assert list(made.json()) == ["code"], "what is kept under the key names nobody"
    of = f"/poverty/households/{made.json()['code']}"
    for said in ({}, CHECK | {"document": ""}, CHECK | {"document": " "}, CHECK | {"document": "\u3000"}):
        assert (await console.ask(Role.POVERTY_OFFICER, "POST", f"{of}/identity-views", said)).status_code == 422, said
    assert await rows("SELECT 1 FROM access_log") == []
    shown = await console.ask(Role.POVERTY_OFFICER, "POST", f"{of}/identity-views", CHECK)
    assert shown.json()["id_number"] == "999999197001010017"
    (record,) = await rows("SELECT subject, purpose FROM access_log")
    assert record == {"subject": f"household:{made.json()['code']}", "purpose": "identity_check"}
    assert (await console.ask(Role.AUDITOR, "POST", f"{of}/identity-views", CHECK)).status_code == 403


async def test_bad_input_is_refused_and_changes_nothing(county: County, console: Console) -> None:
    for changes in (
        {"mass_gram": 0},
        {"mass_gram": -1},
        {"mass_gram": 2**63},
        {"mass_gram": "10"},
        {"mass_gram": 1.5},
        {"unit_price_fen": -1},
        {"amount_fen": 5},
        {"weighed_at": "2026-11-20T08:00:00"},
        {"mode": "gift"},
        {"client_id": "x"},
        {"grade": "a\u0000b"},
    ):
        answer = await console.ask(Role.STATION_KEEPER, "POST", "/intakes", intake(county, **changes))
        assert answer.status_code == 422, changes
        assert answer.headers["content-type"] == "application/problem+json"
    for body in (
        {"household": "示例H1", "merchant": county.merchant, "amount_fen": 0},
        {"household": "示例H1", "merchant": county.merchant, "amount_fen": 2**70},
        {"paid_at": "2026-11-23"},
    ):
        answer = await console.ask(Role.POVERTY_OFFICER, "POST", "/poverty/payouts", body)
        assert answer.status_code == 422, body
    assert await scalar("SELECT count(*) FROM intake") == 0
    async with household_rights():
        assert await scalar("SELECT count(*) FROM payout") == 0


async def test_a_month_is_closed_over_http_by_two_offices(county: County, console: Console) -> None:
    await county.tell(county.paid(), captured(county, "O1", 10_970))
    county.now = datetime(2026, 12, 2, tzinfo=UTC)
    path = "/ledger/periods/2026-11"
    shown = (await console.ask(Role.COUNTY_OFFICER, "GET", path)).json()
    assert (shown["is_ready"], [m["key"] for m in shown["matters"]]) == (False, ["O1-1"])
    refused = await console.ask(Role.POVERTY_OFFICER, "PUT", f"{path}/closing")
    assert (refused.status_code, refused.json()["open"]) == (409, {"line_provisional": 1})
    item = {"kind": "line_provisional", "keys": ["O1-1"], "reason": "预售，十二月发货"}
    assert (await console.ask(Role.COUNTY_OFFICER, "POST", f"{path}/items", item)).status_code == 204
    begun = (await console.ask(Role.POVERTY_OFFICER, "PUT", f"{path}/closing")).json()
    for role, state in ((Role.POVERTY_OFFICER, "closing"), (Role.COUNTY_OFFICER, "closed")):
        signed = await console.ask(role, "PUT", f"{path}/signature", {"digest": begun["digest"]})
        assert signed.status_code == 200
        assert (await console.ask(Role.AUDITOR, "GET", "/ledger/periods")).json()["periods"][0]["state"] == state
    proof = (await console.ask(Role.AUDITOR, "GET", f"{path}/certificate")).json()
    assert sha256(proof["document"].encode()).hexdigest() == proof["digest"] == begun["digest"]
    assert [s["signatory"] for s in proof["signatures"]] == ["poverty_office", "operator"]
    assert "预售，十二月发货" in proof["text"]
    assert "示例H" not in json.dumps(proof, ensure_ascii=False)
    for role in (Role.AUDITOR, Role.HOST, Role.MERCHANT_CLERK, Role.STATION_KEEPER, Role.ADMINISTRATOR):
        again = await console.ask(role, "PUT", f"{path}/signature", {"digest": begun["digest"]})
        assert again.status_code == 403, role


async def test_an_auditor_takes_the_books_away_and_it_is_noted(county: County, console: Console) -> None:
    await county.tell(county.paid(), captured(county, "O1", 10_970))
    await seal_journals(Sealer())
    for role in set(Role) - {Role.POVERTY_OFFICER, Role.AUDITOR}:
        for path in ("/ledger/export", "/ledger/journals"):
            assert (await console.ask(role, "GET", path)).status_code == 403, (role, path)
    assert await rows("SELECT 1 FROM access_log") == []
    export = await console.ask(Role.AUDITOR, "GET", "/ledger/export")
    assert export.headers["content-disposition"].endswith('.jsonl"')
    kinds = [json.loads(line)["kind"] for line in export.text.splitlines()]
    assert kinds == ["manifest", "journal", "account", "account", "end"]
    (noted,) = await rows("SELECT subject, acting_as FROM access_log")
    assert noted == {"subject": "ledger", "acting_as": "Auditor"}
    page = (await console.ask(Role.AUDITOR, "GET", "/ledger/journals", limit=1)).json()
    assert [each["source_id"] for each in page["journals"]] == ["O1"]
