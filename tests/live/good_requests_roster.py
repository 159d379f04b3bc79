"""Requests about the roster of hosts that succeed."""

import itertools
from datetime import timedelta

from kit.clock import china_day, utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.belongings import CARDS, a_proposal, on_roster
from tests.live.hosts import card, presenting_account

SERIALS = itertools.count(1)


@good("console.enter_host")
async def enter(owner: Owner) -> GoodRequest:
    host = await presenting_account(f"UGOOD{next(SERIALS):012d}")
    return GoodRequest(body={"host": host, "name": "示例主播", "id_number": card(next(CARDS))})


@good("console.show_own_host_record")
async def own_record(owner: Owner) -> GoodRequest:
    await on_roster(owner)
    return GoodRequest()


@good("console.check_host_identity")
async def check(owner: Owner) -> GoodRequest:
    body = {"document": "示例核验记录", "checked_on": str(china_day(utc_now()))}
    return GoodRequest(names={"number": await on_roster(owner)}, body=body)


@good("console.add_host_contract")
async def contract(owner: Owner) -> GoodRequest:
    today = china_day(utc_now())
    body = {
        "contract_number": f"ZB-G{next(SERIALS)}", "document": "示例合同", "valid_from": str(today),
        "valid_until": str(today + timedelta(days=30)),
    }  # fmt: skip
    return GoodRequest(names={"number": await on_roster(owner)}, body=body)


@good("console.add_host_training")
async def training(owner: Owner) -> GoodRequest:
    body = {"title": "示例主播培训", "completed_on": str(china_day(utc_now())), "hours": 4, "document": "示例结业证"}
    return GoodRequest(names={"number": await on_roster(owner)}, body=body)


@good("console.add_guardian_consent")
async def consent(owner: Owner) -> GoodRequest:
    body = {"document": "示例同意书", "sha256": "0" * 64, "signed_on": str(china_day(utc_now()))}
    return GoodRequest(names={"number": await on_roster(owner)}, body=body)


@good("console.propose_blacklisting")
async def propose(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"kind": "listing", "reason": "示例原因", "id_number": card(next(CARDS))})


@good("console.decide_blacklisting")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_proposal(owner)}, body={"is_approved": False})
