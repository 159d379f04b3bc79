"""The wire of recordings and clips."""

from api_kit.schemas import View
from live.replays.clips import ClipCard
from live.replays.queries import RecordingCard


class ReplayFilesView(View):
    """The recording, null as long as the session goes on, and the clips of what was explained."""

    recording: RecordingCard | None
    clips: list[ClipCard]
