"""The wire of sharing a room."""

from api_kit.schemas import View
from live.listing import Phase


class ShareCodeView(View):
    """The caller's own code of a session; ``path`` is what ``wx.onShareAppMessage`` hands on."""

    code: str
    path: str


class SharedRoomView(View):
    """The room that a code leads to, and where it stands."""

    session: str
    phase: Phase
