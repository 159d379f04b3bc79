"""What the mini-program asks wx.requestSubscribeMessage for."""

from accounts.actors import Consumer
from messages.outgoing import templates
from miniapp_api import door
from miniapp_api.messages.schemas import MomentListView, MomentView


@door.get("/message-templates")
async def list_subscribable_messages(actor: Consumer) -> MomentListView:
    """可订阅的消息：同意一次发送一条，同意与否由微信推送告知。"""
    return MomentListView([MomentView(t.moment, t.template) for t in await templates(active_only=True)])
