"""The wire of reminders."""

from api_kit.schemas import View


class ReminderView(View):
    """The template of WeChat's for which the client asks ``wx.requestSubscribeMessage``: one accept is one message.

    None while the county has set none: then nothing is sent.
    """

    template: str | None
