"""A viewer wants to be told when a session begins."""

from accounts.actors import Consumer
from live.reminders.service import MOMENTS, Reminders
from messages.outgoing import templates
from miniapp_api import door
from miniapp_api.live_reminders.schemas import ReminderView


@door.put("/live/sessions/<number:str>/reminder")
async def ask_for_reminder(actor: Consumer, number: str, reminders: Reminders) -> ReminderView:
    """开播提醒：开播或取消时发一条订阅消息；返回需征得同意的模板，重复提交仍是一条。"""
    await reminders.ask(number, actor.number)
    set_ones = {each.moment: each.template for each in await templates(active_only=True)}
    return ReminderView(list(dict.fromkeys(set_ones[moment] for moment in MOMENTS if moment in set_ones)))


@door.delete("/live/sessions/<number:str>/reminder")
async def take_reminder_back(actor: Consumer, number: str, reminders: Reminders) -> None:
    """取消开播提醒。"""
    await reminders.take_back(number, actor.number)
