"""The wire of reminders."""

from api_kit.schemas import View


class ReminderView(View):
    """For which templates of WeChat's the client asks ``wx.requestSubscribeMessage`` at once: of a beginning, and of a
    session that was called off. One accept of one is one message.

    Empty while the county has set none: then nothing is sent. One when one template serves both.
    """

    templates: list[str]
