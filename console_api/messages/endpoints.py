"""Which template of WeChat's tells buyers of which moment."""

from accounts.actors import Auditor, CountyOfficer
from console_api import door
from console_api.messages.schemas import TemplateInput, TemplateListView
from kit.errors import NotFound
from messages.models import MessageMoment
from messages.outgoing import Outgoing, TemplateRecord, templates


@door.get("/message-templates")
async def list_message_templates(actor: CountyOfficer | Auditor) -> TemplateListView:
    """订阅消息模板：每个时刻一个。"""
    return TemplateListView(await templates(active_only=False))


@door.put("/message-templates/<moment:str>")
async def set_message_template(
    actor: CountyOfficer, moment: str, body: TemplateInput, outgoing: Outgoing
) -> TemplateListView:
    """设置某一时刻（发货、退款到账、订单将过期、优惠券将过期）的订阅消息模板。"""
    if moment not in list(MessageMoment):
        raise NotFound()
    given = TemplateRecord(MessageMoment(moment), body.template, body.page, body.fields_by_name, body.active)
    await outgoing.set_template(given, actor.caller)
    return TemplateListView(await templates(active_only=False))
