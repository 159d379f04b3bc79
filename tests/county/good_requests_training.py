"""Requests about training, incubation, staff and shares of them that succeed."""

from itertools import count

from county.training.persons import Persons
from county.training.retention import PersonRetention
from kit.clock import china_day, utc_now
from poverty_alleviation.retention.models import ErasureGround
from tests.county.belongings import (
    CLASS,
    CLASS_PAPER,
    OTHER,
    a_person,
    a_post,
    a_shop,
    a_site,
    a_waiting_share,
    refuse_waiting_share,
)
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good, mall_of
from tests.poverty_alleviation.good_requests_confirming import unseen
from tests.products.shelf import TOWNSHIP

PAPER = {"document": "示例文件 9 号"}
_SERIALS = count(1)


def somebody() -> dict[str, object]:
    """Somebody new."""
    serial = next(_SERIALS)
    return a_person(serial % 1000, 1982 + serial // 1000)


def named(owner: Owner, kind: str) -> str:
    """The number of the class, shop or person among the belongings."""
    return owner.found.by_pattern[f"/v1/console/{kind}/"]["number"]


@good("console.plan_training_class")
async def plan(owner: Owner) -> GoodRequest:
    return GoodRequest(body=CLASS | {"division": TOWNSHIP, "site": await a_site()})


@good("console.archive_class_paper")
async def archive(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": named(owner, "training-classes")}, body=CLASS_PAPER)


async def a_paper_file(owner: Owner) -> str:
    """A photographed list of who came."""
    at = f"/v1/console/training-classes/{named(owner, 'training-classes')}/paper-files?kind=sign_in&name=示例签到表"
    headers = owner.house.headers("county_officer") | {"content-type": "image/jpeg"}
    reply = await owner.http.post(at, headers=headers, content=unseen())
    assert reply.status_code == 201, reply.text
    return str(reply.json()["number"])


@good("console.take_class_paper")
async def take_paper(owner: Owner) -> GoodRequest:
    return GoodRequest(
        names={"number": named(owner, "training-classes")}, query={"kind": "sign_in", "name": "示例签到表"},
        body=unseen(), headers={"content-type": "image/jpeg"},
    )  # fmt: skip


@good("console.look_at_class_paper")
async def look_at_paper(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_paper_file(owner)}, body={"document": "示例核对"})


async def a_leaver(owner: Owner) -> str:
    """The number of somebody new who works nowhere."""
    at = f"/v1/console/training-classes/{named(owner, 'training-classes')}/attendances"
    await owner.ask("county_officer", "POST", at, {"attendances": [somebody()]})
    found = await owner.ask("county_officer", "GET", "/v1/console/training-attendances")
    return str(found["attendances"][0]["person"])


def retention_of(owner: Owner) -> PersonRetention:
    return PersonRetention(Persons(mall_of(owner.house).cipher))


@good("console.hold_project_person")
async def hold(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_leaver(owner)}, body=PAPER)


@good("console.release_project_person_hold")
async def release(owner: Owner) -> GoodRequest:
    held = await retention_of(owner).hold(await a_leaver(owner), PAPER["document"], OTHER)
    return GoodRequest(names={"number": held}, body=PAPER)


@good("console.propose_person_erasure")
async def propose_erasure(owner: Owner) -> GoodRequest:
    return GoodRequest(body=PAPER | {"person": await a_leaver(owner), "ground": "request"})


@good("console.decide_person_erasure")
async def decide_erasure(owner: Owner) -> GoodRequest:
    person = await a_leaver(owner)
    number = await retention_of(owner).propose(person, ErasureGround.REQUEST, PAPER["document"], OTHER)
    return GoodRequest(names={"number": number}, body={"is_approved": True, "note": "示例核对"})


@good("console.enter_attendances")
async def attend(owner: Owner) -> GoodRequest:
    came = {"attendances": [somebody() | {"is_satisfied": False}, somebody()]}
    return GoodRequest(names={"number": named(owner, "training-classes")}, body=came)


@good("console.enter_follow_ups")
async def follow_up(owner: Owner) -> GoodRequest:
    (came, *_) = (await owner.ask("county_officer", "GET", "/v1/console/training-attendances"))["attendances"]
    said = {
        "attendance": came["number"], "step": 2, "done_on": china_day(utc_now()).isoformat(), "has_shop": True,
        "has_sold": True, "has_job": False, "monthly_sales_fen": 100_000,
    }  # fmt: skip
    return GoodRequest(body={"follow_ups": [said]})


@good("console.enter_incubatee")
async def take_in(owner: Owner) -> GoodRequest:
    return GoodRequest(body={"person": somebody(), "plan": "示例计划", "document": "示例文件"})


@good("console.enter_milestone")
async def reach(owner: Owner) -> GoodRequest:
    said = {"person": somebody(), "plan": "示例计划", "document": "示例文件"}
    number = (await owner.ask("county_officer", "POST", "/v1/console/incubatees", said))["number"]
    reached = {"kind": "graduated", "reached_on": "2020-07-01", "document": "示例文件"}
    return GoodRequest(names={"number": number}, body=reached)


@good("console.enter_incubated_shop")
async def open_shop(owner: Owner) -> GoodRequest:
    return GoodRequest(body=a_shop(somebody(), f"{next(_SERIALS)}-{utc_now().timestamp()}"))


@good("console.prove_incubated_shop")
async def prove(owner: Owner) -> GoodRequest:
    name = f"{next(_SERIALS)}-{utc_now().timestamp()}"
    number = await owner.ask("county_officer", "POST", "/v1/console/incubated-shops", a_shop(somebody(), name))
    return GoodRequest(names={"number": number["number"]}, body={"order": f"示例-{name}", "paid_on": "2020-07-02"})


@good("console.enter_site_employment")
async def employ(owner: Owner) -> GoodRequest:
    await a_site()
    return GoodRequest(body=a_post(somebody()))


@good("console.end_site_employment")
async def end(owner: Owner) -> GoodRequest:
    await a_site()
    number = (await owner.ask("county_officer", "POST", "/v1/console/site-employments", a_post(somebody())))["number"]
    return GoodRequest(names={"number": number}, body={"valid_until": "2020-08-01"})


@good("console.correct_project_person")
async def correct(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": named(owner, "project-persons")}, body={"name": "示例学员"})


@good("console.propose_assisted_share")
async def propose(owner: Owner) -> GoodRequest:
    await refuse_waiting_share(owner)
    return GoodRequest(body={"circle": "staff", "day": china_day(utc_now()).isoformat()})


@good("console.decide_assisted_share")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_waiting_share(owner)}, body={"is_approved": True, "note": "示例核对"})
