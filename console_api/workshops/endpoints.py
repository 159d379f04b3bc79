"""Workshops: the poverty office registers them; the county reads them without small numbers."""

import msgspec

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.workshops.schemas import (
    WorkshopEndInput,
    WorkshopInput,
    WorkshopRegistered,
    WorkshopsQuery,
    WorkshopsView,
)
from kit.clock import china_day, utc_now
from poverty_alleviation.help.workshops import WorkshopDraft, Workshops, workshops


@door.post("/poverty/workshops")
async def register_workshop(
    actor: PovertyOfficer, body: WorkshopInput, key: IdempotencyKey, register: Workshops
) -> WorkshopRegistered:
    """登记帮扶车间：所在站点、运营单位、闲置资产与租赁文件。"""
    draft = msgspec.convert(body, WorkshopDraft, from_attributes=True)
    return WorkshopRegistered(await register.register(draft, actor.caller))


@door.put("/poverty/workshops/<number:str>/end", status=204)
async def end_workshop(actor: PovertyOfficer, number: str, body: WorkshopEndInput, register: Workshops) -> None:
    """自某日起不再是帮扶车间。"""
    await register.end(number, body.valid_until, actor.caller)


@door.get("/workshops")
async def list_workshops(actor: PovertyOfficer | Auditor | CountyOfficer, query: WorkshopsQuery) -> WorkshopsView:
    """帮扶车间及某季度在岗的在册人数与工资；户数不足的不显示，也不能由减法推出。"""
    return WorkshopsView(*await workshops(query.quarter, china_day(utc_now()), query.cursor, query.limit))
