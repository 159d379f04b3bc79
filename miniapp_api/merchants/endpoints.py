"""Shops, and a consumer's way to become a merchant."""

import msgspec

from accounts.actors import Consumer
from accounts.clerks import Invited
from api_kit.doors import IdempotencyKey
from merchants.applications import Application, Applications
from merchants.errors import MerchantUnknown
from merchants.paper_queries import papers_of
from merchants.papers import Paper, Papers
from merchants.queries import ShopFront, application_of, history, shop_front
from miniapp_api import door
from miniapp_api.merchants.schemas import (
    ApplicationInput,
    ApplicationsView,
    ApplicationView,
    OwnPaperView,
    PaperInput,
    StepView,
)


@door.get("/merchants/<number:str>", public=True)
async def show_shop(number: str) -> ShopFront:
    """店铺公示：名称、执照信息、客服电话。"""
    return await shop_front(number)


async def _own(consumer: str) -> list[ApplicationView]:
    card = await application_of(consumer)
    if card is None:
        return []
    steps = [StepView(step.state, step.reviewed_at, step.reason) for step in await history(card.number)]
    papers = [
        OwnPaperView(p.number, p.kind, p.document_number, p.valid_until, p.state, p.reviews[-1].reason)
        for p in await papers_of(card.number)
    ]
    return [ApplicationView(card, steps, papers)]


async def _own_one(consumer: str, number: str) -> ApplicationView:
    """The own application. Raises :class:`MerchantUnknown` for anybody else's."""
    for found in await _own(consumer):
        if found.merchant.number == number:
            return found
    raise MerchantUnknown()


@door.get("/merchant-applications")
async def list_own_applications(actor: Consumer) -> ApplicationsView:
    """我的入驻申请：审核进度、退回理由、证照。"""
    return ApplicationsView(await _own(actor.number))


@door.post("/merchant-applications")
async def apply_as_merchant(
    actor: Consumer, body: ApplicationInput, key: IdempotencyKey, applications: Applications
) -> ApplicationView:
    """申请入驻；须先绑定手机号，同一账号同时只有一份申请。"""
    application = msgspec.convert(body, Application, from_attributes=True)
    return await _own_one(actor.number, await applications.apply(actor.number, application))


@door.put("/merchant-applications/<number:str>")
async def correct_application(
    actor: Consumer, number: str, body: ApplicationInput, applications: Applications
) -> ApplicationView:
    """修改被退回的申请并重新提交。"""
    application = msgspec.convert(body, Application, from_attributes=True)
    await applications.correct(actor.number, number, application)
    return await _own_one(actor.number, number)


@door.post("/merchant-applications/<number:str>/papers")
async def hand_in_paper(
    actor: Consumer, number: str, body: PaperInput, key: IdempotencyKey, desk: Papers
) -> ApplicationView:
    """为我的申请提交证照。"""
    await _own_one(actor.number, number)
    await desk.submit(number, msgspec.convert(body, Paper, from_attributes=True), actor.caller)
    return await _own_one(actor.number, number)


@door.post("/merchant-applications/<number:str>/console-invitation")
async def invite_applicant(actor: Consumer, number: str, applications: Applications) -> Invited:
    """审核通过后领取工作台负责人邀请码；邀请码只显示一次。

    Without an Idempotency-Key, because the kept answer would hold the code.
    """
    return await applications.enter_console(actor.number, number)
