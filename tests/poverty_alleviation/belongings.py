"""What the poverty office keeps."""

from datetime import UTC, datetime

import msgspec

from kit.clock import china_day, utc_now
from kit.database import row, rows, scalar, transaction
from kit.numbers import public_number
from ledger.chart import HOUSEHOLD, MERCHANT, State
from ledger.periods import certificate
from ledger.service import Entry, JournalDraft, Journals
from poverty_alleviation.contracts import Contracts, RuleTerms
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.postings import settled_entries
from poverty_alleviation.statements.service import HouseholdStatements
from poverty_alleviation.vault import household_rights
from tests.doors.belongings import Owner
from tests.doors.good_requests import mall_of
from tests.poverty_alleviation.exports_of_house import asked, taken_template
from tests.poverty_alleviation.good_requests import RULE, concluded
from tests.poverty_alleviation.good_requests_of_lineage import a_change
from tests.poverty_alleviation.good_requests_of_matching import a_match
from tests.poverty_alleviation.good_requests_transfers import a_wallet
from tests.products.shelf import ANOTHER_VILLAGE, TOWNSHIP, VILLAGE

STATEMENTS = "/v1/console/poverty/household-statements"
QUARTER = {"township": TOWNSHIP, "village": VILLAGE, "quarter": "2021-Q2"}
UNISSUED = QUARTER | {"village": ANOTHER_VILLAGE}


async def give(owner: Owner) -> None:
    """A household, and a contract of the company that buys from it; a month that is closed, and a statement of it."""
    code = await _a_household(owner, QUARTER["village"])
    owner.found.by_pattern["/v1/console/poverty/households/"] = {"code": code, "figure": "income_paid"}
    owner.found.bodies["console.show_household_identity"] = {"purpose": "own_request", "document": "示例申请 1 号"}
    await _members_and_accounts(owner, code)
    owner.found.by_pattern["/v1/console/poverty/corrections/"] = {"number": await _a_correction(owner)}
    owner.found.by_pattern["/v1/console/poverty/clawbacks/"] = {"number": await _a_claim(code)}
    owner.found.by_pattern["/v1/console/poverty/household-changes/"] = {"number": await a_change(owner)}
    owner.found.by_pattern["/v1/console/poverty/match-proposals/"] = {"number": await a_match(owner)}
    owner.found.by_pattern["/v1/console/poverty/contracts/"] = await _a_contract(owner, code)
    await _a_lease(owner, code)
    shown = {
        "kind": "household", "named": code, "criteria": "示例标准", "document": "示例公示 2 号",
        "valid_from": "2026-01-01",
    }  # fmt: skip
    number = (await owner.ask("poverty_officer", "POST", "/v1/console/poverty/demonstrations", shown))["number"]
    owner.found.by_pattern["/v1/console/poverty/demonstrations/"] = {"number": number}
    await _help(owner, code)
    await _retention(owner, code)
    owner.found.by_pattern["/v1/console/ledger/periods/"] = {"period": await _a_closed_month(owner, code)}
    owner.found.by_pattern["/c/"] = {"digest": (await certificate("2021-06")).digest}
    await owner.ask("poverty_officer", "POST", STATEMENTS, QUARTER)
    number = await an_issued_one()
    owner.found.by_pattern[f"{STATEMENTS}/"] = {"number": number}
    owner.found.by_pattern["/h/"] = {"token": token_of(owner, number)}
    await _evidence_and_words(owner)
    await _a_story(owner)
    owner.found.by_pattern["/v1/console/poverty/exports/"] = {"number": await asked(owner)}
    owner.found.by_pattern["/v1/console/poverty/export-templates/"] = {"number": await taken_template(owner)}
    run = await _a_run(owner, code)
    owner.found.by_pattern["/v1/console/poverty/payout-runs/"] = {"number": run, "position": "1"}


@household_rights()
async def an_issued_one() -> str:
    """The number of the first statement."""
    return str(await scalar("SELECT number FROM household_statement ORDER BY id LIMIT 1"))


async def _a_household(owner: Owner, village: str) -> str:
    new = {"name": "示例农户", "township": TOWNSHIP, "village": village, "phone": "19900000077"}
    return str((await owner.ask("poverty_officer", "POST", "/v1/console/poverty/households", new))["code"])


def token_of(owner: Owner, number: str) -> str:
    """What the code of a statement says."""
    statements = mall_of(owner.house).built.services[HouseholdStatements]
    assert isinstance(statements, HouseholdStatements)
    return statements.token(number)


async def _a_closed_month(owner: Owner, code: str) -> str:
    """A month long ago in which two households were paid, closed by both offices."""
    path, month = "/v1/console/ledger/periods/2021-06", datetime(2021, 6, 10, tzinfo=UTC)
    if await row("SELECT 1 FROM ledger_journal WHERE source_type = 'test.month' AND source_id = '1'"):
        return "2021-06"
    other = await _a_household(owner, UNISSUED["village"])
    async with transaction():
        paid = [Entry(HOUSEHOLD, each, -100, State.PAID, "production", "示例收购") for each in (code, other)]
        entries = [Entry(MERCHANT, "M", 200), *paid]
        await Journals().post(JournalDraft("test.month", "1", month, entries, booked_at=month))
    begun = await owner.ask("poverty_officer", "PUT", f"{path}/closing")
    for role in ("poverty_officer", "county_officer"):
        await owner.ask(role, "PUT", f"{path}/signature", {"digest": begun["digest"]})
    return "2021-06"


async def _members_and_accounts(owner: Owner, code: str) -> None:
    """Somebody who lives with the household, and the account that it is paid to."""
    at = f"/v1/console/poverty/households/{code}"
    new: dict[str, object] = {"valid_from": "2020-01-01", "document": "示例文件 4 号"}
    member = await owner.ask(
        "poverty_officer", "POST", f"{at}/members", new | {"name": "示例成员", "birth_year": 1990, "relation": "child"}
    )
    held = {"bank": "示例银行", "number": "6200000000000001", "holder_relation": "child", "member": member["code"]}
    account = await owner.ask("poverty_officer", "POST", f"{at}/accounts", new | held)
    pattern = "/v1/console/poverty/households/<code:str>/"
    owner.found.by_pattern[f"{pattern}members/"] = {"code": code, "member": member["code"]}
    owner.found.by_pattern[f"{pattern}accounts/"] = {"code": code, "account": account["code"]}
    wallet = await a_wallet(owner, code, member["code"])
    owner.found.by_pattern[f"{pattern}wallets/"] = {"code": code, "wallet": wallet}
    for name in ("console.show_member_identity", "console.show_account_number"):
        owner.found.bodies[name] = {"purpose": "own_request", "document": "示例申请 1 号"}


async def _help(owner: Owner, code: str) -> None:
    """Who helps the household, a measure that goes on, a need that waits, and a workshop."""
    # Those requests are about what this module gives, so they are asked for late.
    from tests.poverty_alleviation.good_requests_help import a_helper, a_measure, a_need, a_workshop
    from tests.products.good_requests import recognised

    at, helper = "/v1/console/poverty", await a_helper(owner, code)
    owner.found.by_pattern[f"{at}/helpers/"] = {"helper": helper}
    owner.found.by_pattern[f"{at}/households/<code:str>/helpers/"] = {"code": code, "helper": helper}
    owner.found.by_pattern[f"{at}/measures/"] = {"number": await a_measure(owner, code)}
    owner.found.by_pattern[f"{at}/needs/"] = {"number": await a_need(owner, code)}
    owner.found.by_pattern[f"{at}/workshops/"] = {"number": await a_workshop(owner)}
    owner.found.by_pattern[f"{at}/recognised-products/"] = {"number": await recognised(owner)}
    owner.found.bodies["console.show_helper_identity"] = {"purpose": "visit", "document": "示例申请 1 号"}


async def _retention(owner: Owner, code: str) -> None:
    """A hold of the household, and an erasure of another one that waits."""
    from tests.poverty_alleviation.good_requests_retention import held, proposed

    owner.found.by_pattern["/v1/console/poverty/household-holds/"] = {"number": await held(owner, code)}
    owner.found.by_pattern["/v1/console/poverty/household-erasures/"] = {"number": await proposed(owner)}


async def _a_correction(owner: Owner) -> str:
    """That waits for its decision: a settlement booked twice."""
    name, now = f"belongings-{owner.turn}", utc_now()
    async with transaction():
        entries = settled_entries(name, "test", 100, 1)
        await Journals().post(JournalDraft("orders.channel_settled", name, now, entries, booked_at=now))
    return await Corrections().propose(
        CorrectionKind.CHANNEL_SETTLEMENT, name, None, CorrectionReason.RECORDED_TWICE, "示例对账单 2 号", "staff:other"
    )


@household_rights()
async def _a_claim(code: str) -> str:
    """On a household, that waits for its decision."""
    number = f"K-{code}"[:32]
    await rows(
        "INSERT INTO clawback (number, state, household_id, order_line, merchant, amount_fen, fault, finding, made_by,"
        " made_at, decision_note) SELECT $1, 'proposed', id, 'line of another', 'M', 100, 'adulterated',"
        " '示例报告 1 号', 'staff:other', now(), '' FROM household WHERE code = $2 RETURNING 1",
        number,
        code,
    )
    return number


async def _a_contract(owner: Owner, code: str) -> dict[str, str]:
    """That holds, with a new version of its rule that waits."""
    number = await concluded(owner, RULE, code=code)
    rule = str(await scalar("SELECT code FROM benefit_rule ORDER BY id DESC LIMIT 1"))
    await Contracts().change_rule(number, rule, msgspec.convert(RULE, RuleTerms), "staff:other")
    return {"number": number, "rule": rule}


async def _evidence_and_words(owner: Owner) -> None:
    """A photograph that proves something, a photographed sheet, and an objection."""
    # Those requests are about what this module gives, so they are asked for late.
    from tests.poverty_alleviation.good_requests_confirming import a_dispute, a_sheet, some_evidence

    owner.found.by_pattern["/v1/console/poverty/evidence/"] = {"number": await some_evidence(owner)}
    owner.found.by_pattern["/v1/console/poverty/statement-sheets/"] = {"number": await a_sheet(owner)}
    owner.found.by_pattern["/v1/console/poverty/disputes/"] = {"number": await a_dispute(owner)}


async def _a_story(owner: Owner) -> None:
    """A story to which somebody in it has agreed."""
    from tests.poverty_alleviation.good_requests_stories import agreed

    story, consent = await agreed(owner)
    shown = await owner.ask("poverty_officer", "GET", f"/v1/console/poverty/stories/{story}")
    owner.found.by_pattern["/v1/console/poverty/stories/"] = {"number": story}
    owner.found.by_pattern["/v1/console/poverty/story-persons/"] = {"number": shown["story_persons"][0]["number"]}
    owner.found.by_pattern["/v1/console/poverty/story-consents/"] = {"number": consent}


async def _a_lease(owner: Owner, code: str) -> None:
    """What the household lets to the merchant, and a sheet by which the rent of this month was paid."""
    at, day, payer = "/v1/console/poverty", china_day(utc_now()), owner.house.merchant
    lease = {
        "kind": "lease", "household": code, "payer": payer, "about": "示例仓库", "document": "示例租约 1 号",
        "valid_from": "2020-01-01", "rent_fen": 30_000, "every_months": 1,
    }  # fmt: skip
    agreement = (await owner.ask("poverty_officer", "POST", f"{at}/agreements", lease))["number"]
    owner.found.by_pattern[f"{at}/agreements/"] = {"number": agreement}
    paid = {
        "payer": payer, "period": day.isoformat()[:7], "document": "示例通知 1 号", "slip": "示例回单 1 号",
        "paid_on": day.isoformat(), "leases": [agreement],
    }  # fmt: skip
    sheet = (await owner.ask("poverty_officer", "POST", f"{at}/rent-sheets", paid))["number"]
    owner.found.by_pattern[f"{at}/income-sheets/"] = {"number": sheet}
    owner.found.by_pattern[f"{at}/income-lines/"] = {"number": f"{sheet}-1"}


@household_rights()
async def _a_run(owner: Owner, code: str) -> str:
    """A list for the bank whose one line waits for a decision."""
    number = public_number(utc_now(), "R")
    run = await scalar(
        "INSERT INTO payout_run (number, merchant, way, state, drafted_by, drafted_at, note, exports)"
        " VALUES ($1, $2, 'bank', 'drafted', 'staff:other', now(), '', 0) RETURNING id",
        number,
        owner.house.merchant,
    )
    await scalar(
        "INSERT INTO payout_line (run_id, position, household_id, state, is_own_account, amount_fen, reason)"
        " SELECT $1, 1, h.id, 'stopped', false, 100, 'no_account' FROM household h WHERE h.code = $2 RETURNING id",
        run,
        code,
    )
    return number
