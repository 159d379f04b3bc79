"""The wire of subscribe messages."""

from api_kit.schemas import View
from messages.models import MessageMoment


class MomentView(View):
    """A moment that is told by a message, and the template to ask consent for."""

    moment: MessageMoment
    template: str


class MomentListView(View):
    """What may be agreed to."""

    items: list[MomentView]
