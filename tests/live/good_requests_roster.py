"""Requests about the roster of hosts that succeed."""

import itertools
from datetime import timedelta

from county.hosts.retention import HostRetention
from kit.clock import china_day, utc_now
from poverty_alleviation.retention.models import ErasureGround
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.live.belongings import CARDS, PAPER, a_consent, a_leaver, a_proposal, on_roster
from tests.live.hosts import TWO, card, presenting_account
from tests.poverty_alleviation.good_requests_confirming import unseen

SERIALS = itertools.count(1)


@good("console.enter_host")
async def enter(owner: Owner) -> GoodRequest:
    host = await presenting_account(f"UGOOD{next(SERIALS):012d}")
    return GoodRequest(body={"host": host, "name": "示例主播", "id_number": card(next(CARDS))})


@good("console.show_own_host_record")
async def own_record(owner: Owner) -> GoodRequest:
    await on_roster(owner)
    return GoodRequest()


async def a_paper(owner: Owner, **told: str) -> GoodRequest:
    """Words about a paper of the house's host, and its photograph."""
    names, headers = {"number": await on_roster(owner)}, {"content-type": "image/jpeg"}
    return GoodRequest(names=names, query=told, body=unseen(), headers=headers)


@good("console.check_host_identity")
async def check(owner: Owner) -> GoodRequest:
    return await a_paper(owner, document="示例核验记录", checked_on=str(china_day(utc_now())))


@good("console.add_host_contract")
async def contract(owner: Owner) -> GoodRequest:
    today = china_day(utc_now())
    until = str(today + timedelta(days=30))
    number = f"ZB-G{next(SERIALS)}"
    return await a_paper(owner, contract_number=number, document="示例合同", valid_from=str(today), valid_until=until)


@good("console.add_host_training")
async def training(owner: Owner) -> GoodRequest:
    today = str(china_day(utc_now()))
    return await a_paper(owner, title="示例主播培训", completed_on=today, hours="4", document="示例结业证")


@good("console.take_guardian_consent")
async def consent(owner: Owner) -> GoodRequest:
    return await a_paper(owner, document="示例同意书", signed_on=str(china_day(utc_now())))


@good("console.look_at_host_paper")
async def look(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_consent(owner)}, body=PAPER)


@good("console.hold_host")
async def hold(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_leaver(owner)}, body=PAPER)


@good("console.release_host_hold")
async def release(owner: Owner) -> GoodRequest:
    held = await HostRetention().hold(await a_leaver(owner), PAPER["document"], TWO)
    return GoodRequest(names={"number": held}, body=PAPER)


@good("console.propose_host_erasure")
async def propose_erasure(owner: Owner) -> GoodRequest:
    return GoodRequest(body=PAPER | {"person": await a_leaver(owner), "ground": "request"})


@good("console.decide_host_erasure")
async def decide_erasure(owner: Owner) -> GoodRequest:
    number = await HostRetention().propose(await a_leaver(owner), ErasureGround.REQUEST, PAPER["document"], TWO)
    return GoodRequest(names={"number": number}, body={"is_approved": True, "note": "示例核对"})


@good("console.propose_blacklisting")
async def propose(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"kind": "listing", "reason": "示例原因", "id_number": card(next(CARDS))})


@good("console.decide_blacklisting")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_proposal(owner)}, body={"is_approved": False})
