"""Requests about retention and erasure that succeed."""

from datetime import timedelta

from accounts.service import AccessLogs
from kit.clock import china_day, utc_now
from poverty_alleviation.households import Households, Identity
from poverty_alleviation.retention.models import ErasureGround
from poverty_alleviation.retention.service import Retention
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.good_requests import DECISION, NEW
from tests.poverty_alleviation.good_requests_income import OTHER

PAPER = {"document": "示例文件 9 号"}
TERM = {"kept": "register", "days": 1826, "valid_from": "2026-01-01", "basis": "示例法条", "source": "示例文件 9 号"}


async def forgotten_household(owner: Owner) -> str:
    """Entered ten years ago, and never looked after."""
    registry = Households(mall_of(owner.house).cipher, AccessLogs(), lambda: utc_now() - timedelta(days=3650))
    return await registry.enter(Identity(name=NEW["name"]), NEW["township"], NEW["village"], OTHER)


async def held(owner: Owner, code: str = "") -> str:
    """The number of a hold that somebody else has placed."""
    return await Retention().hold(code or await forgotten_household(owner), PAPER["document"], OTHER)


async def proposed(owner: Owner, code: str = "") -> str:
    """The number of an erasure that somebody else has proposed."""
    household = code or await forgotten_household(owner)
    return await Retention().propose(household, ErasureGround.REQUEST, PAPER["document"], OTHER)


@good("console.set_retention_term")
async def set_term(owner: Owner) -> GoodRequest:
    return GoodRequest(body=TERM | {"valid_from": china_day(utc_now()).isoformat()})


@good("console.hold_household")
async def hold(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await forgotten_household(owner)}, body=PAPER)


@good("console.release_household_hold")
async def release(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await held(owner)}, body=PAPER)


@good("console.propose_erasure")
async def propose(owner: Owner) -> GoodRequest:
    return GoodRequest(body=PAPER | {"household": await forgotten_household(owner), "ground": "request"})


@good("console.decide_erasure")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await proposed(owner)}, body=DECISION)
